import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeFixture } from '../data/sprites/testing-fixture.ts';
import { loadSpriteWorld, type SpriteWorld } from '../data/sprites/world.ts';
import type { Frames } from '../media/frames.ts';
import { evalLong, type LongReport } from './long.ts';
import type { MakeWay } from './ways.ts';

let dir: string, world: SpriteWorld;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'kinora-eval-long-'));
  await writeFixture(path.join(dir, 'lpc'));
  world = await loadSpriteWorld(path.join(dir, 'lpc'));
}, 60_000);
afterAll(() => rm(dir, { recursive: true, force: true }));

const SIDE = 64, FPS = 8;
/** A bar that moves a pixel a frame; each two seconds everything is `shift` bytes brighter, and after half of the film the bar has half of its contrast. */
const drifting = (shift: number): MakeWay => ({ seconds }) => {
  const count = seconds! * FPS, data = new Uint8Array(count * SIDE * SIDE * 3);
  for (let t = 0; t < count; t++) for (let y = 0; y < SIDE; y++) for (let x = 0; x < SIDE; x++) {
    const bar = (x + t) % SIDE < 8 ? 80 : 0;
    data.fill(100 + (t < count / 2 ? bar : bar / 2) + shift * Math.floor(t / 16), 3 * ((t * SIDE + y) * SIDE + x), 3 * ((t * SIDE + y) * SIDE + x) + 3);
  }
  return Promise.resolve({ data, count, width: SIDE, height: SIDE, channels: 3, fps: FPS } satisfies Frames);
};
const evaluate = (make: MakeWay, films = 3): Promise<LongReport> => evalLong({
  model: 'test', world, make, films, seconds: 8, ways: ['rolling'], environment: { config: {}, threads: 1, now: new Date(0) },
  judge: { read: (list) => Promise.resolve(list.map((film) => ({ action: 'walk', facing: 'left', hair: 'red', garment: film.data[0]! > 102 ? 'robe' : 'none' }))) },
});

test('drift that is known is found, slice by slice, and walks stand apart from what happens once', async () => {
  const { ways: { rolling } } = await evaluate(drifting(2)), { cycles, once } = rolling!;
  expect([cycles!.films, once!.films]).toEqual([2, 1]);
  expect(cycles!.slices.map(({ second }) => second)).toEqual([0, 2, 4, 6]);
  const median = (of: 'colour' | 'sharpness' | 'motion') => cycles!.slices.map((s) => s[of].median);
  // The bar covers 8 of 64 columns with 80, then with 40: the mean falls by 5 when the contrast is halved, and rises by 2 a slice.
  median('colour').forEach((value, i) => { expect(value).toBeCloseTo([0, 2, 1, 1][i]!, 6); });
  median('motion').forEach((value, i) => { expect(value).toBeCloseTo([1, 1, 0.5, 0.5][i]!, 6); });
  // Of 32 edges in 16 frames two stand at the border of the first slice, where no gradient is taken.
  median('sharpness').forEach((value, i) => { expect(value).toBeCloseTo([1, 32 / 30, 16 / 30, 16 / 30][i]!, 6); });
  expect(once!.slices[0]!.attributes.action.count).toBe(1);
  expect(cycles!.slices[3]!.attributes.action).toMatchObject({ share: 1, count: 2 });
  expect(cycles!.end.action.of_ceiling).toBe(1);
});

test('films that are too short for two slices are refused', async () => {
  await expect(evalLong({
    model: 'test', world, make: drifting(0), seconds: 3, judge: { read: () => Promise.resolve([]) }, environment: { config: {}, threads: 1, now: new Date(0) },
  })).rejects.toThrow('films of 3 s are not possible: wanted 4 and more, two slices');
});
