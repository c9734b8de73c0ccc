import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ortBackend } from '../backend/ort/ort.ts';
import { writeFixture } from '../data/sprites/testing-fixture.ts';
import { loadSpriteWorld } from '../data/sprites/world.ts';
import { DIT_PRESETS } from '../models/dit/config.ts';
import { loadTokenizer } from '../pipeline/prompt/tokenizer.ts';
import type { DiTTaskParts } from './tasks/dit-task.ts';
import { shapeOf } from './clips/clip-shape.ts';
import { cacheLatents, type LatentClips } from './clips/latents.ts';
import type { OptimConfig } from './loop/loop.ts';
import { assertSelfTest, overfitOneClip, SELF_TEST_PSNR } from './self-test.ts';
import { spriteSource } from './clips/sprite-source.ts';
import { readVae } from './vae-file.ts';

const MODEL = fileURLToPath(new URL('../../models/sprites-64/', import.meta.url));
const optim: OptimConfig = { steps: 600, rate: 0.006, warmup: 15, decayShare: 0.7, weightDecay: 0, clip: 1, emaLimit: 0.9, beta2: 0.95, matrices: 'muon', plainShare: 0.25 };
const backend = ortBackend();
let dir: string, clips: LatentClips, parts: Omit<DiTTaskParts, 'latents'>;

beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'kinora-self-test-'));
  await writeFixture(path.join(dir, 'lpc'));
  const source = spriteSource(await loadSpriteWorld(path.join(dir, 'lpc')));
  const vae = await readVae(path.join(MODEL, 'vae.safetensors')), tokenizer = await loadTokenizer(MODEL, { length: 32 });
  clips = await cacheLatents({ vae, source, backend, dir, seed: 1, split: 'train', shape: shapeOf('5x64x64'), clips: 1 });
  parts = {
    config: { ...DIT_PRESETS.tiny, channels: vae.config.latentChannels, width: 192, heads: 3, depth: 2, textWidth: 32 },
    text: { vocabulary: tokenizer.vocabulary, length: tokenizer.length, width: 32, depth: 1, heads: 2, mlp: 'relu2' },
    data: { seed: 1, prediction: 'x', shift: 1, tokens: 0, layouts: 1, stages: [], dropCaption: 0, noisyCaption: 0, deedCaption: 0, independent: 0, prefix: 0 },
    source, vae, tokenizer, backend,
  };
}, 60_000);
afterAll(() => rm(dir, { recursive: true, force: true }));

test('a clip is learnt by heart to more than 35 dB against the autoencoder\'s own reconstruction', async () => {
  const decibels = await overfitOneClip(parts, { optim, dir: path.join(dir, 'run'), clips, copies: 2 });
  expect(decibels).toBeGreaterThan(SELF_TEST_PSNR);
  expect(() => { assertSelfTest(decibels); }).not.toThrow();
  expect(() => { assertSelfTest(34.9); }).toThrow('comes back at 34.9 dB, wanted more than 35');
}, 300_000);
