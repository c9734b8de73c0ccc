import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ortBackend } from '../../backend/ort/ort.ts';
import { writeFixture } from '../../data/sprites/testing-fixture.ts';
import { LOOKS } from '../../data/sprites/looks.ts';
import { loadSpriteWorld, type SpriteWorld } from '../../data/sprites/world.ts';
import { readTensors } from '../../io/safetensors.ts';
import type { LooksConfig } from '../../models/looks/config.ts';
import { LOOKS_DEFAULTS, looksTask, SPRITES_LOOKS, trainLooks, type LooksTaskConfig } from './looks-task.ts';
import { JUDGE_DEFAULTS } from './judge-task.ts';

const TINY: LooksConfig = { ...SPRITES_LOOKS, channels: [8, 16], blocks: [1, 1], hidden: 16 };
const CONFIG: LooksTaskConfig = { ...LOOKS_DEFAULTS, looks: TINY, batch: 8, validationClips: 8 };
const backend = ortBackend();
let dir: string, world: SpriteWorld;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'kinora-looks-'));
  await writeFixture(path.join(dir, 'lpc'));
  world = await loadSpriteWorld(path.join(dir, 'lpc'));
}, 60_000);
afterAll(() => rm(dir, { recursive: true, force: true }));

test('shares no seed with the judge', () => { expect(LOOKS_DEFAULTS.seed).not.toBe(JUDGE_DEFAULTS.seed); });

test('a batch is a function of its step; its targets are distributions, of two people only their number', async () => {
  const [a, b] = [looksTask(CONFIG, { world, backend }), looksTask(CONFIG, { world, backend })];
  await a.batch(0);
  expect(await a.batch(3)).toEqual(await b.batch(3));
  let pairs = 0;
  for (let step = 0; step < 12; step++) {
    const { layout, feeds, samples } = await a.batch(step), [width, height] = layout.split('x').map(Number);
    expect(feeds['pictures']!.length).toBe(samples * 3 * width! * height!);
    for (let i = 0; i < samples; i++) {
      const row = (name: keyof typeof LOOKS): number[] => [...feeds[name]!.subarray(i * LOOKS[name].length, (i + 1) * LOOKS[name].length)];
      const total = (list: readonly number[]): number => list.reduce((x, y) => x + y), two = row('people')[1]! > 0.5;
      expect(total(row('people'))).toBeCloseTo(1, 5);
      expect(total(row('hairColour'))).toBeCloseTo(two ? 0 : 1, 5);
      pairs += Number(two);
    }
  }
  expect(pairs).toBeGreaterThan(0);
});

test('training lowers the loss and writes a file that holds the configuration', async () => {
  const losses: number[] = [], out = path.join(dir, 'looks.safetensors');
  const scores = await trainLooks({
    world, backend, dir: path.join(dir, 'run'), out, config: CONFIG, optim: { steps: 60, warmup: 5, rate: 5e-3 }, onStep: ({ loss }) => { losses.push(loss); },
  });
  const mean = (part: readonly number[]): number => part.reduce((a, b) => a + b) / part.length;
  expect(mean(losses.slice(-12))).toBeLessThan(mean(losses.slice(0, 6)) - 2);
  expect(Object.keys(scores)).toEqual(['first', 'last'].flatMap((where) => Object.keys(LOOKS).map((name) => `${where}.${name}`)));
  expect(JSON.parse((await readTensors(out)).metadata['looks']!)).toEqual(TINY);
});
