import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sha256 } from '../../src/io/safetensors.ts';
import { readFilm, readMetadata } from '../../src/media/read.ts';
import { generate, type GenerateOptions } from '../../src/pipeline/generate.ts';
import { writeTinyModel } from '../support/tiny-model.ts';

let dir: string, model: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kinora-generate-'));
  model = join(dir, 'tiny');
  await writeTinyModel(model);
});
afterAll(async () => { await rm(dir, { recursive: true, force: true }); });

const prompt = 'a woman with long red hair walks to the left';
/** The delivered pixels of a film, hashed. */
async function pixels(o: Partial<Omit<GenerateOptions, 'count'>> = {}): Promise<string> {
  const { film } = await generate({ prompt, seed: 7, frames: 5, scale: 1, threads: 1, model, ...o });
  return sha256(film!.data);
}

test('the default film: 17 frames at 8 frames a second, 512 pixels, all facts told', async () => {
  const file = join(dir, 'a.mp4');
  const made = await generate({ prompt: `${prompt} on a zeppelin`, seed: 7, model, output: file });
  expect(made).toEqual({
    file, width: 512, height: 512, native: { width: 64, height: 64 }, frames: 17, fps: 8, seconds: 17 / 8, seed: 7, model: 'tiny', codec: 'h264', steps: 2, ignored: ['zeppelin'],
    ms: { load: expect.any(Number), text: expect.any(Number), sample: expect.any(Number), decode: expect.any(Number), encode: expect.any(Number) },
  });
  const again = join(dir, 'b.mp4');
  await generate({ prompt: `${prompt} on a zeppelin`, seed: 7, model, output: again });
  expect(sha256(await readFile(again))).toBe(sha256(await readFile(file)));
  const metadata = await readMetadata(file);
  expect(metadata).toMatchObject({ prompt: `${prompt} on a zeppelin`, seed: 7, model: 'tiny', settings: { frames: 17, width: 64, height: 64, steps: 2, guidance: 3, sampler: 'euler', palette: 32, scale: 8 } });
});
