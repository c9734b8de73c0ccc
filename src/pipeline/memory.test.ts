import { expect, test } from 'vitest';
import { ResourceError } from '../core/errors.ts';
import { peakBytes } from '../graph/memory.ts';
import { DIT_PRESETS } from '../models/dit/config.ts';
import { ditParams } from '../models/dit/dit.ts';
import { textParams } from '../models/text/tower.ts';
import { VAE_PRESETS } from '../models/vae/config.ts';
import { vaeParams } from '../models/vae/vae.ts';
import { countParams } from '../nn/param.ts';
import { checkMemory, memoryNeeds } from './memory.ts';
import type { ModelInfo } from './model/model-store.ts';
import type { FilmOptions } from './settings/film-options.ts';
import { filmSettings } from './settings/settings.ts';
import { chunkOutputs } from './sampling/vae-stream.ts';

const vae = VAE_PRESETS.large, dit = { ...DIT_PRESETS.small, channels: vae.latentChannels };
const modelOf = (length: number): ModelInfo => ({
  vae: { config: vae }, dit: { config: dit, prediction: 'x' }, text: { config: { vocabulary: 1000, length, width: dit.textWidth, depth: 3, heads: 3, mlp: 'relu2' } },
  native: { width: 64, height: 64, frames: 17, fps: 8 }, limits: { minSide: 32, maxSide: 256, multiple: 8, maxFrames: 65 },
  sampling: { sampler: 'euler', steps: 4, guidance: 3, interval: [0, 1], rescale: 0, shift: 1, palette: 32, steady: 0 },
}) as unknown as ModelInfo;
const model = modelOf(96), settings = (o: Partial<FilmOptions>) => filmSettings({ prompt: 'x', scale: 1, ...o }, model, 1);
const bytes = (o: Partial<FilmOptions> = {}, of = model): number => { const { process, film } = memoryNeeds(settings(o), of, 8); return process + film; };

test('the default film: weights, what its programs hold at once, its frames, and the rest of the process', () => {
  const weights = 4 * (countParams(vaeParams(vae)) + countParams(ditParams(dit)) + countParams(textParams(model.text.config)));
  expect(weights / 1e6).toBeGreaterThan(50);
  expect(bytes()).toBeGreaterThan(270e6 + weights);
  expect(bytes() / (270e6 + weights)).toBeLessThan(1.2);
  expect(bytes({ scale: 8 }) - bytes()).toBe(3 * 17 * 64 * 64 * (8 ** 2 - 1));
});

test('larger, longer, guided films and films of images need more', () => {
  const growing: readonly Partial<FilmOptions>[][] = [
    [{ frames: 1 }, { frames: 5 }, { frames: 17 }, { frames: 65 }],
    [{}, { width: 128 }, { width: 128, height: 128 }, { width: 256, height: 256 }], [{ guidance: 1 }, { guidance: 3 }],
    [{}, { quantize: 'int8' }], [{}, { images: [{ file: 'a' }] }, { images: [{ file: 'a' }, { file: 'b', frame: 'last' }] }],
  ];
  for (const films of growing) films.slice(1).forEach((film, i) => { expect(bytes(film), JSON.stringify(film)).toBeGreaterThan(bytes(films[i])); });
});

test('the program that encodes given images, and the one that reads the words, count', () => {
  const size = { width: 128, height: 128 }, encoder = peakBytes(chunkOutputs('encode', true, vae, size));
  // Without guidance both denoise three latent frames; four frames fewer are held, twice.
  const difference = bytes({ ...size, guidance: 1, frames: 5, images: [{ file: 'a' }] }) - bytes({ ...size, guidance: 1, frames: 9 });
  expect(difference).toBe(encoder - 2 * 3 * 4 * 128 * 128);
  const kept = 2 * 96 * 2 * dit.width * dit.depth * 4;          // 96 more tokens in each of two captions: keys and values of every block, float32
  expect(bytes({ frames: 1, guidance: 1 }, modelOf(192)) - bytes({ frames: 1, guidance: 1 })).toBeGreaterThan(kept);
});

test('what does not fit is refused with both figures', () => {
  const film = settings({}), needed = Math.round(bytes() / 1e6);
  expect(() => { checkMemory(film, model, 100e6); })
    .toThrow(new ResourceError(`17 frames of 64x64 need about ${needed} MB of memory, 100 MB are free: make it smaller or shorter`));
  expect(() => { checkMemory(film, model, bytes()); }).not.toThrow();
});
