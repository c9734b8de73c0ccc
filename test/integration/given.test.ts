/** @file Films that hold parts of other films, on a tiny model with random weights. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ortBackend } from '../../src/backend/ort/ort.ts';
import { draws } from '../../src/core/random.ts';
import { concatFrames, sliceFrames, type Frames } from '../../src/media/frames.ts';
import { readModelWeights, type InstalledModel } from '../../src/pipeline/model-store.ts';
import { openPipeline } from '../../src/pipeline/pipeline.ts';
import type { FilmOptions } from '../../src/pipeline/settings.ts';
import { reconstructor } from '../../src/train/reconstruct.ts';
import { writeTinyModel } from '../support/tiny-model.ts';

let dir: string, model: InstalledModel;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kinora-given-'));
  model = await writeTinyModel(join(dir, 'tiny'));
});
afterAll(async () => { await rm(dir, { recursive: true, force: true }); });

const noise = (count: number, step: number): Frames => {
  const d = draws({ seed: 1, stream: 'given', step });
  return { data: Uint8Array.from({ length: count * 64 * 64 * 3 }, () => d.int(256)), count, width: 64, height: 64, channels: 3, fps: 8 };
};

async function film(o: Partial<FilmOptions>): Promise<Frames> {
  using pipeline = await openPipeline({ model: model.dir, threads: 1 });
  for await (const { film: made } of pipeline.films({ prompt: 'a man walks', seed: 3, frames: 9, scale: 1, palette: 0, ...o })) return made!;
  throw new Error('no film');
}

test('a film begins with a given clip as the autoencoder gives it back, to the bit of a pixel', async () => {
  const clip = noise(5, 0), made = await film({ clips: [{ clip }] });
  const [own] = await reconstructor({ config: model.info.vae.config, weights: await readModelWeights(model, 'vae.safetensors') }, ortBackend({ threads: 1 }))([clip]);
  expect(made.count).toBe(9);
  const worst = sliceFrames(made, 0, 5).data.reduce((most, value, i) => Math.max(most, Math.abs(value - own!.data[i]!)), 0);
  expect(worst).toBeLessThanOrEqual(1);                         // chunked and whole decoding round differently
});

test('what is given decides the rest, as do its place and order', async () => {
  const clip = noise(5, 0), other = noise(5, 1);
  const rest = async (o: Partial<FilmOptions>): Promise<string> => Buffer.from(sliceFrames(await film(o), 5).data).toString('base64');
  const films = [
    await rest({}), await rest({ clips: [{ clip }] }), await rest({ clips: [{ clip: concatFrames([other]) }] }),
    await rest({ clips: [{ clip, frame: 'end' }] }), await rest({ clips: [{ clip, frame: 2 }] }),
    await rest({ clips: [{ clip: noise(1, 2) }, { clip, frame: 'end' }] }), await rest({ images: [{ image: noise(1, 2) }] }),
  ];
  expect(new Set(films).size).toBe(films.length);
  expect(await rest({ clips: [{ clip, frame: 'end' }] })).toBe(films[3]);
});
