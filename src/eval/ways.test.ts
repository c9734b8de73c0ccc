import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeFixture } from '../data/sprites/testing-fixture.ts';
import { loadSpriteWorld, type SpriteWorld } from '../data/sprites/world.ts';
import { concatFrames, sliceFrames, type Frames } from '../media/frames.ts';
import type { FilmWays } from '../pipeline/settings/ways.ts';
import { EVAL_WAYS, evalWays, type EvalWay, type MakeWay } from './ways.ts';

let dir: string, world: SpriteWorld;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'kinora-eval-ways-'));
  await writeFixture(path.join(dir, 'lpc'));
  world = await loadSpriteWorld(path.join(dir, 'lpc'));
}, 60_000);
afterAll(() => rm(dir, { recursive: true, force: true }));

const asked: FilmWays[] = [];
const filmOf = (source: FilmWays['video']): Frames => (source as { film: Frames }).film;
const repeat = (frame: Frames, count: number): Frames => concatFrames(Array.from({ length: count }, () => frame));

/** A model that holds still: what is given stands in place, the rest is its nearest frame repeated. `spoil` changes one byte of what should stay. */
const still = (spoil = false): MakeWay => (o) => {
  asked.push(o);
  const added = (seconds = 0): number => Math.round(seconds * 8), copy = (f: Frames): Frames => ({ ...f, data: f.data.slice() });
  let film: Frames;
  if (o.connect) {
    const [a, b] = o.connect.map((s) => filmOf(s)) as [Frames, Frames];
    film = concatFrames([a, repeat(sliceFrames(a, a.count - 1), added(o.seconds)), b]);
  } else if (o.video) {
    const own = filmOf(o.video), before = added(o.extendBefore), after = added(o.extend);
    film = concatFrames([...(before > 0 ? [repeat(sliceFrames(own, 0, 1), before)] : []), own, ...(after > 0 ? [repeat(sliceFrames(own, own.count - 1), after)] : [])]);
  } else if (o.images) film = repeat((o.images[0] as { image: Frames }).image, o.frames!);
  else film = repeat({ data: new Uint8Array(64 * 64 * 3).fill(90), count: 1, width: 64, height: 64, channels: 3, fps: 8 }, o.frames!);
  film = copy(film);
  if (spoil) film.data[film.data.length - 1]! ^= 64;
  return Promise.resolve(film);
};
const evaluate = (make: MakeWay, ways: readonly EvalWay[] = EVAL_WAYS) => evalWays({
  model: 'test', world, make, ways, clips: 4, strength: 0.7, reconstruct: (films) => Promise.resolve([...films]), environment: { config: {}, threads: 1, now: new Date(0) },
  judge: { read: (films) => Promise.resolve(films.map((film) => ({ action: 'walk', facing: 'left', hair: film.count > 1 ? 'red' : 'blue', garment: 'robe' }))) },
});

test('each way is asked of the model with what it needs, and reported with the figures that apply to it', async () => {
  asked.length = 0;
  const { ways } = await evaluate(still());
  expect(Object.keys(ways)).toEqual([...EVAL_WAYS]);
  expect(ways.image).toMatchObject({ films: 4, given_psnr: 100, seam: null, outside_error: null, obedience: null });
  expect(ways.image!.identity).toMatchObject({ hair: { films: { share: 0 } }, garment: { films: { share: 1 }, of_ceiling: 1 } });   // this judge calls stills blue
  expect(ways.keyframes!.given_psnr).toBeLessThan(100);          // the last frame is not what was given
  for (const way of ['extend', 'extend_before', 'connect'] as const) {
    expect(ways[way]).toMatchObject({ outside_error: 0, given_psnr: null, identity: { hair: { films: { share: 1, count: 4 } } } });
    expect(ways[way]!.seam_real).not.toBeNull();
  }
  for (const way of ['edit', 'mask', 'remix'] as const)
    expect(ways[way]).toMatchObject({ identity: { hair: null, garment: { films: { share: 1 } } }, obedience: { films: { count: 4 } } });
  const { retell } = ways, deeds = asked.filter((o) => o.video && o.extend !== undefined).map(({ prompt }) => prompt);
  expect(retell).toMatchObject({ outside_error: 0, identity: { hair: { films: { share: 1 } } }, obedience: { films: { count: 4 }, real: { count: 4 } } });
  expect(deeds).toHaveLength(8);                                 // of the same deed and of another
  expect(deeds.every((deed) => !/red|blue|hair|发/.test(deed!))).toBe(true);
  expect(asked.filter((o) => o.mask).every((o) => new Set((o.mask as { image: Frames }).image.data).size === 2)).toBe(true);
  expect(asked.filter((o) => o.loop)).toHaveLength(4);
  expect(asked.filter((o) => o.strength !== undefined).map((o) => o.strength)).toEqual([0.7, 0.7, 0.7, 0.7]);
});

test('a byte that should have stayed is noticed', async () => {
  const { ways } = await evaluate(still(true), ['extend_before', 'connect', 'mask']);
  for (const way of ['extend_before', 'connect', 'mask'] as const) expect(ways[way]!.outside_error).toBe(64);
});
