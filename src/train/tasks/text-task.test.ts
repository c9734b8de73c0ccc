import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ortBackend } from '../../backend/ort/ort.ts';
import { writeFixture } from '../../data/sprites/testing-fixture.ts';
import { loadSpriteWorld, type SpriteWorld } from '../../data/sprites/world.ts';
import type { TextConfig } from '../../models/text/tower.ts';
import { loadTokenizer } from '../../pipeline/prompt/tokenizer.ts';
import { runTraining } from '../loop/loop.ts';
import { textTask, type TextTaskConfig } from './text-task.ts';

const tokenizer = await loadTokenizer(fileURLToPath(new URL('../../../models/sprites-64/', import.meta.url)), { length: 48 });
const TEXT: TextConfig = { vocabulary: tokenizer.vocabulary, length: tokenizer.length, width: 64, depth: 1, heads: 2, mlp: 'relu2' };
const CONFIG: TextTaskConfig = { seed: 5, batch: 32, noisyCaption: 0.1, validationCaptions: 128 };
const backend = ortBackend();
let dir: string, world: SpriteWorld;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'kinora-text-'));
  await writeFixture(path.join(dir, 'lpc'));
  world = await loadSpriteWorld(path.join(dir, 'lpc'));
}, 60_000);
afterAll(() => rm(dir, { recursive: true, force: true }));

test('a batch is a function of its step, with one right class per field', async () => {
  const [a, b] = [textTask(TEXT, CONFIG, { world, tokenizer, backend }), textTask(TEXT, CONFIG, { world, tokenizer, backend })];
  expect(await a.batch(3)).toEqual(await b.batch(3));
  expect((await a.batch(4)).feeds).not.toEqual((await a.batch(3)).feeds);
  const { feeds, samples } = await a.batch(3), target = feeds['target'] as Float32Array;
  expect([samples, target.length % CONFIG.batch]).toEqual([CONFIG.batch, 0]);
  const fields = 2 * 17 + 4;                                    // labels of two characters; relation and ground
  expect(target.reduce((x, y) => x + y)).toBe(CONFIG.batch * fields);
});

test('a minute tower reads facing far above chance, and its captions stay apart', async () => {
  const task = textTask(TEXT, CONFIG, { world, tokenizer, backend });
  const state = await runTraining(task, {
    backend, seed: 5, dir: path.join(dir, 'run'), configHash: 'test', resume: false, programs: 1, checkpointSeconds: 1000, validateEvery: 1000,
    optim: { steps: 300, rate: 4e-3, warmup: 20, decayShare: 0.5, weightDecay: 0, clip: 1, emaLimit: 0.9, beta2: 0.99, matrices: 'adamw' },
  });
  const { facing, alike } = await task.validate!(state.windows('ema'), 300, dir) as { facing: number; alike: number };
  expect(facing).toBeGreaterThan(0.6);                          // chance 0.3
  expect(alike).toBeLessThan(0.9);                              // a collapsed tower: 0.99
}, 120_000);
