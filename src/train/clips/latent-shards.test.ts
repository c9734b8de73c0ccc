import { mkdtemp, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ortBackend } from '../../backend/ort/ort.ts';
import { normals } from '../../core/random.ts';
import { sizeOf } from '../../core/shape.ts';
import { sliceFrames } from '../../media/frames.ts';
import { VAE_PRESETS } from '../../models/vae/config.ts';
import { vaeParams } from '../../models/vae/vae.ts';
import { listParams } from '../../nn/param.ts';
import { writeDataset } from './dataset.fixture.ts';
import { footageSource, openFootage } from './footage-source.ts';
import { openShards, type ShardOptions } from './latent-shards.ts';
import { givenFrames, shapeOf } from './clip-shape.ts';
import { encoder, type FrozenVae, type LatentClips } from './latents.ts';

const CLIP = { frames: 5, width: 16, height: 16 }, COUNT = 100, SHAPE = shapeOf('5x16x16');
const weights = Object.fromEntries(listParams(vaeParams(VAE_PRESETS.tiny)).map(({ name, leaf }, step) =>
  [name, normals({ seed: 1, stream: 'vae', step }, sizeOf(leaf.shape)).map((x) => x / 8)]));
const vae: FrozenVae = { config: VAE_PRESETS.tiny, weights, hash: 'abc', mean: [0, 0, 0, 0], std: [1, 1, 1, 1] }, backend = ortBackend({ threads: 1 });
let dir: string, options: ShardOptions;
const allOf = (clips: LatentClips): Float32Array[] => Array.from({ length: clips.clips }, (_, i) => [clips.clip(i), clips.given(i, 2)]).flat();
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kinora-shards-'));
  await writeDataset(join(dir, 'set'), Array.from({ length: COUNT }, () => CLIP));
  const source = footageSource(await openFootage(join(dir, 'set'), { seed: 1, heldout: 0.1 }), SHAPE);
  options = { vae, backend, source, stock: source.stock!, dir: join(dir, 'cache'), seed: 1, split: 'train', shape: SHAPE };
});
afterAll(() => rm(dir, { recursive: true, force: true }));

test('latents are those of each clip and of single frames of it, over all shards', async () => {
  const clips = await openShards(options);
  expect([clips.clips, clips.frames, clips.perFrame, (await readdir(options.dir)).length]).toEqual([90, 2, 4 * 2 * 2, 2]);          // 64 clips, and 26
  using encode = encoder(vae, backend);
  const far = (a: Float32Array, b: Float32Array): number => a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), a.length === b.length ? 0 : Infinity);
  for (const index of [0, 1, 63, 64, 89]) {
    const film = await options.source.clip({ seed: 1, split: 'train', shape: SHAPE, index });
    expect(far(clips.clip(index), await encode([film]))).toBeLessThan(4e-3);
    for (const [which, t] of givenFrames(1, 'train', SHAPE, index).entries())
      expect(far(clips.given(index, which), await encode([sliceFrames(film, t, t + 1)]))).toBeLessThan(4e-3);
  }
  expect(far(clips.clip(0), clips.clip(1))).toBeGreaterThan(0.01);
});

test('what is there is not made again; what an interruption left out is, to the same latents', async () => {
  const whole = allOf(await openShards(options)), names = await readdir(options.dir), stop = new AbortController();
  const made: number[] = [], opened = await openShards({ ...options, onProgress: (done) => { made.push(done); } });
  expect([allOf(opened), made]).toEqual([whole, []]);
  const cut = { ...options, dir: join(dir, 'interrupted') };
  await expect(openShards({ ...cut, signal: stop.signal, onProgress: () => { stop.abort(); } })).rejects.toThrow('stopped after 64 of 90 latents of 5x16x16; the same command');
  expect(await readdir(cut.dir)).toHaveLength(1);
  expect(allOf(await openShards(cut))).toEqual(whole);
  expect(await readdir(cut.dir)).toEqual(names);
  for (const name of names) expect((await readFile(join(cut.dir, name))).equals(await readFile(join(options.dir, name)))).toBe(true);
});

test('another autoencoder\'s latents are refused, and so is a file that was cut off', async () => {
  await expect(openShards({ ...options, vae: { ...vae, hash: 'other' } })).rejects.toThrow('holds latents of autoencoder abc, this one is other');
  const broken = { ...options, dir: join(dir, 'broken') };
  await openShards(broken);
  await truncate(join(broken.dir, (await readdir(broken.dir))[0]!), 2000);
  await expect(openShards(broken)).rejects.toThrow('is not a whole safetensors file');
});

test('a dataset that has grown keeps the shards whose clips are as they were', async () => {
  await openShards(options);
  const made: number[] = [], identity = options.stock.identity('train', SHAPE);
  const more = { ...options, stock: { ...options.stock, identity: () => [...identity.slice(0, 89), 'another clip'] } };
  await openShards({ ...more, onProgress: (done) => { made.push(done); } });
  expect(made).toEqual([72, 80, 88, 90]);
});
