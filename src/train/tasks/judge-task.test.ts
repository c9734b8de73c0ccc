import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ortBackend } from '../../backend/ort/ort.ts';
import { draws } from '../../core/random.ts';
import { writeFixture } from '../../data/sprites/testing-fixture.ts';
import { drawClip, loadSpriteWorld, renderClip, splitOf, type SpriteWorld } from '../../data/sprites/world.ts';
import { readTensors } from '../../io/safetensors.ts';
import { toModel } from '../../media/frames.ts';
import type { JudgeConfig } from '../../models/judge/config.ts';
import { augmentInto } from './augment.ts';
import { JUDGE_DEFAULTS, judgeTask, SPRITES_JUDGE, STILL, trainJudge, truthOf, type JudgeTaskConfig } from './judge-task.ts';

const TINY: JudgeConfig = { ...SPRITES_JUDGE, frames: 3, channels: [8, 8, 8], blocks: [1, 1], features: 16, hidden: 16 };
const CONFIG: JudgeTaskConfig = { ...JUDGE_DEFAULTS, judge: TINY, batch: 8, clipFrames: 9, validationClips: 8 };
const backend = ortBackend();
let dir: string, world: SpriteWorld;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'kinora-judge-'));
  await writeFixture(path.join(dir, 'lpc'));
  world = await loadSpriteWorld(path.join(dir, 'lpc'));
}, 60_000);
afterAll(() => rm(dir, { recursive: true, force: true }));

test('a batch is a function of its step, and its targets are distributions', async () => {
  const [a, b] = [judgeTask(CONFIG, { world, backend }), judgeTask(CONFIG, { world, backend })];
  await a.batch(0);
  expect(await a.batch(3)).toEqual(await b.batch(3));
  expect((await a.batch(4)).feeds).not.toEqual((await a.batch(3)).feeds);
  const { feeds } = await a.batch(3), hair = feeds['hair']!;
  for (let i = 0; i < 8; i++) {
    const row = [...hair.subarray(i * 10, (i + 1) * 10)];
    expect(row.reduce((x, y) => x + y)).toBeCloseTo(1, 5);
    expect(Math.max(...row)).toBeCloseTo(0.955, 5);
  }
});

test('frozen clips repeat one frame and are labelled still', async () => {
  const task = judgeTask({ ...CONFIG, stillShare: 1 }, { world, backend });
  const { action } = (await task.batch(0)).feeds as { action: Float32Array };
  for (let i = 0; i < 8; i++) expect(action[i * 7 + TINY.classes.action.indexOf(STILL)]).toBeGreaterThan(0.9);
});

test('the judge sees train combinations only, and what a helmet hides is none', () => {
  for (let step = 0; step < 50; step++) {
    const { labels } = drawClip(world, { key: { seed: 77, stream: 'judge/clip', step }, split: 'train', width: 64, height: 64, frames: 9 }).characters[0]!;
    expect(splitOf(labels.garment, labels.hairColour, labels.action)).toBe('train');
    expect(truthOf({ ...labels, hairColour: null }).hair).toBe('none');
  }
});

test('augmentation: mostly near the clip, sometimes the clip itself, and a function of the draws', () => {
  const { frames } = renderClip(world, drawClip(world, { key: { seed: 1, stream: 'x', step: 0 }, split: 'train', width: 64, height: 64, frames: 5 }));
  const exact = toModel(frames), out = new Float32Array(exact.length), seen = [0, 1, 2, 3, 4];
  const distances = Array.from({ length: 60 }, (_, step) => {
    augmentInto(out, frames, seen, draws({ seed: 2, stream: 'augment', step }));
    expect(out.every((x) => Number.isFinite(x) && Math.abs(x) < 2)).toBe(true);
    return Math.sqrt(out.reduce((sum, x, i) => sum + (x - exact[i]!) ** 2, 0) / out.length);
  });
  expect(Math.min(...distances)).toBe(0);
  expect(distances.filter((x) => x < 0.35).length).toBeGreaterThan(50);
  augmentInto(out, frames, seen, draws({ seed: 2, stream: 'augment', step: 59 }));
  expect(Math.sqrt(out.reduce((sum, x, i) => sum + (x - exact[i]!) ** 2, 0) / out.length)).toBe(distances[59]);
});

test('training lowers the loss and writes a file that holds the configuration', async () => {
  const losses: number[] = [], out = path.join(dir, 'judge.safetensors');
  const scores = await trainJudge({
    world, backend, dir: path.join(dir, 'run'), out, config: CONFIG, optim: { steps: 60, warmup: 5, rate: 5e-3 },
    onStep: ({ loss }) => { losses.push(loss); },
  });
  const mean = (part: readonly number[]): number => part.reduce((a, b) => a + b) / part.length;
  expect(mean(losses.slice(-10))).toBeLessThan(mean(losses.slice(0, 5)) - 0.7);
  expect(Object.keys(scores)).toEqual(['real.action', 'real.facing', 'real.hair', 'real.garment']);
  expect(JSON.parse((await readTensors(out)).metadata['judge']!)).toEqual(TINY);
});
