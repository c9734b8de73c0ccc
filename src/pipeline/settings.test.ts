import { expect, test } from 'vitest';
import type { Frames } from '../media/frames.ts';
import { DIT_PRESETS } from '../models/dit/config.ts';
import type { ModelInfo } from './model-store.ts';
import { branchesOf, filmSettings, nearestSizes, sizeRule, type FilmOptions } from './settings.ts';

const model = {
  dit: { config: DIT_PRESETS.tiny, prediction: 'velocity' },
  native: { width: 64, height: 64, frames: 17, fps: 8 }, limits: { minSide: 32, maxSide: 256, multiple: 8, maxFrames: 65 },
  sampling: { sampler: 'euler', steps: 10, guidance: 3, interval: [0.2, 0.9], rescale: 0, shift: 2, palette: 32 },
} as unknown as ModelInfo;
const settings = (o: Partial<FilmOptions> = {}) => filmSettings({ prompt: 'x', ...o }, model, 5);

const clip = (count: number): Frames => ({ data: new Uint8Array(count * 64 * 64 * 3), count, width: 64, height: 64, channels: 3, fps: 8 });

test('the model fills in what is left out', () => {
  expect(settings()).toEqual({
    prompt: 'x', negative: '', seed: 5, frames: 17, width: 64, height: 64, fps: 8, steps: 10, guidance: 3, interval: [0.2, 0.9], rescale: 0,
    shift: 2, sampler: 'euler', images: [], clips: [], scale: 8, palette: 32,
  });
  expect(settings({ seconds: 1, fps: 12, width: 128, height: 64 })).toMatchObject({ frames: 12, scale: 4, shift: 2 * Math.sqrt(4 * 16 * 8 / 320) });
  expect(settings({ images: [{ file: 'a' }, { file: 'b', frame: 'last' }] }).images).toEqual([{ file: 'a', frame: 0 }, { file: 'b', frame: 16 }]);
});

test.each<[Partial<FilmOptions>, string]>([
  [{ prompt: ' \n' }, 'the prompt is empty'],
  [{ prompt: undefined as unknown as string }, 'the prompt is empty'],
  [{ width: 63 }, 'size 63x64 is not possible: width and height are multiples of 8 from 32 to 256, their product a multiple of 1024; nearest: 64x64, 48x64'],
  [{ width: 72 }, 'nearest: 64x64'],
  [{ height: 512 }, 'nearest: 64x256'],
  [{ width: Number.NaN }, 'size NaNx64 is not possible'],
  [{ frames: -3 }, 'frames -3 is not possible: wanted a whole number from 1 to 65'],
  [{ frames: 1.5 }, 'frames 1.5 is not possible'],
  [{ seconds: 100 }, 'seconds 100 is not possible: wanted a number from 0 to 8.125'],
  [{ frames: 3, seconds: 1 }, 'exclude each other'],
  [{ seed: -1 }, 'seed -1 is not possible: wanted a whole number ≥ 0'],
  [{ steps: 0 }, 'steps 0 is not possible: wanted a whole number from 1 to 1000'],
  [{ guidance: -1 }, 'guidance -1 is not possible: wanted a number from 0 to 30'],
  [{ sampler: 'ddim' as 'euler' }, 'sampler "ddim" is not known; allowed: euler, heun, euler-maruyama'],
  [{ palette: 1 }, 'palette 1 is not possible: wanted a whole number from 2 to 256'],
  [{ scale: 0 }, 'scale 0 is not possible'],
  [{ images: [{ file: 'a', frame: 17 }] }, 'image a cannot be frame 17: the film has frames 0 to 16'],
  [{ images: [{ file: 'a' }, { file: 'b', frame: 0 }] }, 'image b: frame 0 is given already'],
  [{ clips: [{ clip: clip(6) }] }, 'a given clip of 6 frames is not possible: wanted 4n + 1'],
  [{ clips: [{ clip: clip(5), frame: 13 }] }, 'a given clip of 5 frames cannot begin at frame 13: the film has frames 0 to 16'],
  [{ clips: [{ clip: clip(17) }] }, 'a given clip of 17 frames is the whole film'],
  [{ clips: [{ clip: clip(9) }, { clip: clip(9), frame: 'end' }] }, 'given clips overlap: frames 0 to 8 and 8 to 16'],
])('%j is refused with the allowed set', (o, text) => {
  expect(() => settings(o)).toThrow(text);
});

test('every nearest size is one that is taken', () => {
  const rule = sizeRule(model);
  for (const [width, height] of nearestSizes(rule, 100, 100, 8)) expect(settings({ width, height })).toMatchObject({ width, height });
  expect(sizeRule({ ...model, dit: { ...model.dit, config: { ...model.dit.config, patch: 2 } } })).toEqual({ step: 16, token: 16, min: 32, max: 256 });
});

test('packs of two branches where a noise level is guided, of one where it is not', () => {
  expect(branchesOf(settings())).toEqual([1, 2]);                // σ = 1 lies above the interval
  expect(branchesOf(settings({ guidance: 1 }))).toEqual([1]);
});
