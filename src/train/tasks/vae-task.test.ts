import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ortBackend } from '../../backend/ort/ort.ts';
import { writeFixture } from '../../data/sprites/testing-fixture.ts';
import { loadSpriteWorld, type SpriteWorld } from '../../data/sprites/world.ts';
import { VAE_PRESETS } from '../../models/vae/config.ts';
import type { VaeRunConfig } from '../config.ts';
import type { RunOptions } from '../run/options.ts';
import { trainVae } from '../run/vae-run.ts';
import { spriteSource } from '../clips/sprite-source.ts';
import { readVae } from '../vae-file.ts';
import { vaeTask } from './vae-task.ts';

const backend = ortBackend();
const CONFIG: VaeRunConfig = {
  kind: 'vae', part: 'all', latentNoise: 0, model: 'tiny', seed: 1, kl: 1e-5, silhouette: 3, validationClips: 4, statisticsClips: 16,
  validateEvery: 2, checkpointSeconds: 60, programs: 1,
  optim: { steps: 2, rate: 0.01, warmup: 0, decayShare: 0.5, weightDecay: 0, clip: 1, emaLimit: 0, beta2: 0.99, matrices: 'adamw' },
  layouts: [{ frames: 5, width: 64, height: 64, window: { width: 32, height: 48 }, batch: 2, share: 1 }],
};
let dir: string, world: SpriteWorld;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kinora-vae-'));
  await writeFixture(join(dir, 'lpc'));
  world = await loadSpriteWorld(join(dir, 'lpc'));
}, 60_000);
afterAll(() => rm(dir, { recursive: true, force: true }));

const options = (run: string): RunOptions => ({ backend, lpc: join(dir, 'lpc'), dir: join(dir, run), cacheDir: join(dir, 'cache'), resume: false });

test('a window shows a part of the clip with a character in it', async () => {
  const { feeds, layout } = await vaeTask(VAE_PRESETS.tiny, CONFIG, spriteSource(world), backend).batch(3);
  expect([layout, feeds['video']!.length, feeds['weight']!.length]).toEqual(['5x32x48x2', 2 * 3 * 5 * 48 * 32, 2 * 5 * 48 * 32]);
  for (const clip of [0, 1]) expect((feeds['weight'] as Float32Array).subarray(clip * 5 * 48 * 32, (clip + 1) * 5 * 48 * 32).filter((w) => w === 4).length).toBeGreaterThan(100);
  const whole = await vaeTask(VAE_PRESETS.tiny, { ...CONFIG, layouts: [{ ...CONFIG.layouts[0]!, window: { width: 64, height: 64 } }] }, spriteSource(world), backend).batch(3);
  const row = (feeds['video'] as Float32Array).slice(0, 32).join(), film = whole.feeds['video'] as Float32Array;
  expect(Array.from({ length: 64 * 33 }, (_, i) => film.slice(Math.floor(i / 33) * 64 + (i % 33), Math.floor(i / 33) * 64 + (i % 33) + 32).join())).toContain(row);
});

test('a run of the decoder alone keeps encoder, hash and statistics, and changes the decoder', async () => {
  const first = await trainVae(CONFIG, options('all')), second = await trainVae({ ...CONFIG, part: 'decoder' }, { ...options('decoder'), init: first });
  const [a, b] = [await readVae(first), await readVae(second)];
  expect([b.hash, b.mean, b.std]).toEqual([a.hash, a.mean, a.std]);
  const same = (name: string): boolean => Buffer.from(a.weights[name]!.buffer).equals(Buffer.from(b.weights[name]!.buffer));
  expect(Object.keys(a.weights).filter((name) => name.startsWith('encoder.')).every(same)).toBe(true);
  expect(same('decoder.head.weight')).toBe(false);
  await expect(trainVae({ ...CONFIG, part: 'decoder' }, options('none'))).rejects.toThrow('needs the autoencoder to start from');
}, 120_000);
