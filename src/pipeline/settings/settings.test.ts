import { expect, test } from 'vitest';
import type { Frames } from '../../media/frames.ts';
import { DIT_PRESETS } from '../../models/dit/config.ts';
import type { ModelInfo } from '../model/model-store.ts';
import type { FilmOptions } from './film-options.ts';
import { branchesOf, windowSigmas, windowsOf } from './film-windows.ts';
import { filmSettings } from './settings.ts';
import { nearestSizes, sizeRule } from './size-rule.ts';

const model = {
  dit: { config: DIT_PRESETS.tiny, prediction: 'velocity' },
  native: { width: 64, height: 64, frames: 17, fps: 8 }, limits: { minSide: 32, maxSide: 256, multiple: 8, maxFrames: 65 },
  sampling: { sampler: 'euler', steps: 10, guidance: 3, interval: [0.2, 0.9], rescale: 0, shift: 2, palette: 32, steady: 6 },
} as unknown as ModelInfo;
const settings = (o: Partial<FilmOptions> = {}) => filmSettings({ prompt: 'x', ...o }, model, 5);

const clip = (count: number): Frames => ({ data: new Uint8Array(count * 64 * 64 * 3), count, width: 64, height: 64, channels: 3, fps: 8 });

test('the model fills in what is left out', () => {
  expect(settings()).toEqual({
    prompt: 'x', negative: '', seed: 5, frames: 17, width: 64, height: 64, fps: 8, steps: 10, guidance: 3, interval: [0.2, 0.9], rescale: 0,
    shift: 2, sampler: 'euler', quantize: 'none', loras: [], images: [], clips: [],
    source: null, shots: [{ start: 0, join: 'cut', prompt: 'x' }], loop: false, longBy: 'stages', vary: null, draftOf: null, window: 65, scale: 8, palette: 32, steady: 6,
    transparent: false,
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
  [{ seconds: 100 }, 'seconds 100 is not possible: wanted a number > 0, at most 8.125'],
  [{ seconds: 0 }, 'seconds 0 is not possible: wanted a number > 0, at most 8.125'],
  [{ frames: 3, seconds: 1 }, 'exclude each other'],
  [{ seed: -1 }, 'seed -1 is not possible: wanted a whole number ≥ 0'],
  [{ steps: 0 }, 'steps 0 is not possible: wanted a whole number from 1 to 1000'],
  [{ guidance: -1 }, 'guidance -1 is not possible: wanted a number from 0 to 30'],
  [{ sampler: 'ddim' as 'euler' }, 'sampler "ddim" is not known; allowed: euler, heun, ab2, euler-maruyama'],
  [{ quantize: 'int4' as 'int8' }, 'quantize "int4" is not known; allowed: none, int8'],
  [{ palette: 1 }, 'palette 1 is not possible: wanted a whole number from 2 to 256'],
  [{ steady: 65 }, 'steady 65 is not possible: wanted a number from 0 to 64'],
  [{ scale: 0 }, 'scale 0 is not possible'],
  [{ images: [{ file: 'a', frame: 17 }] }, 'image a cannot be frame 17: the film has frames 0 to 16'],
  [{ images: [{ file: 'a' }, { file: 'b', frame: 0 }] }, 'image b: frame 0 is given already'],
  [{ images: [{ file: 'a', frame: 'last' }], clips: [{ clip: clip(5), frame: 'end' }] }, 'image a cannot be frame 16: a given film has frames 12 to 16'],
  [{ clips: [{ clip: clip(5), frame: 13 }] }, 'a given clip of 5 frames cannot begin at frame 13: the film has frames 0 to 16'],
  [{ clips: [{ clip: clip(17) }] }, 'given clips are the whole film of 17 frames'],
  [{ clips: [{ clip: clip(9) }, { clip: clip(9), frame: 'end' }] }, 'given clips overlap: frames 0 to 8 and 8 to 16'],
  [{ source: { film: clip(9), strength: 2 } }, 'strength 2 is not possible: wanted a number from 0 to 1'],
  [{ source: { film: clip(9) }, frames: 17 }, 'a source of 9 frames cannot become a film of 17'],
  [{ source: { film: clip(9), mask: clip(2) } }, 'a mask of 2 frames is not possible: wanted one'],
  [{ source: { film: clip(9) }, clips: [{ clip: clip(5) }] }, 'a source and given clips exclude each other'],
  [{ source: { film: clip(9) }, loop: true }, 'a source and a loop exclude each other'],
  [{ loop: true, frames: 5 }, 'a loop of 5 frames is not possible: wanted at least 10'],
  [{ vary: { amount: 1.5, seed: 1 } }, 'vary 1.5 is not possible: wanted a number from 0 to 1'],
  [{ shots: [{ frame: 4, prompt: 'y' }], frames: 33 }, 'a shot cannot begin at frame 4: wanted 9 to 24, since the shot before begins at 0 and each has 9 frames'],
  [{ shots: [{ frame: 4, prompt: 'y' }], frames: 8 }, 'a shot cannot begin at frame 4: after the one at 0 there is no room in 8 frames, each has 9'],
  [{ shots: [{ frame: 9, prompt: ' ' }], frames: 33 }, 'the shot at frame 9 has an empty prompt'],
  [{ shots: [{ frame: 9, prompt: 'y', join: 'wipe' as 'cut' }], frames: 33 }, 'join "wipe" is not known; allowed: free, cut, blend'],
])('%j is refused with the allowed set', (o, text) => {
  expect(() => settings(o)).toThrow(text);
});

test('every nearest size is one that is taken', () => {
  const rule = sizeRule(model);
  for (const [width, height] of nearestSizes(rule, 100, 100, 8)) expect(settings({ width, height })).toMatchObject({ width, height });
  expect(sizeRule({ ...model, dit: { ...model.dit, config: { ...model.dit.config, patch: 2 } } })).toEqual({ step: 16, token: 16, min: 32, max: 256 });
});

const branches = (o: Partial<FilmOptions> = {}): number[] => branchesOf(settings(o), windowsOf(settings(o))[0]!);

test('packs of two branches where a noise level is guided, of one where it is not', () => {
  expect(branches()).toEqual([1, 2]);                            // σ = 1 lies above the interval
  expect(branches({ guidance: 1 })).toEqual([1]);
});

test('pictures that are given in another order are the same settings', () => {
  const images = [{ file: 'a', frame: 5 }, { file: 'b', frame: 12 }, { file: 'c', frame: 8 }], clips = [{ clip: clip(5) }, { clip: clip(4), frame: 'end' as const }];
  expect(settings({ images: images.toReversed(), clips: clips.toReversed() })).toEqual(settings({ images, clips }));
});

test('a film from another one starts at the noise level of its strength, in as many steps less; where pictures are given the prompt may be empty', () => {
  const s = settings({ prompt: '', source: { film: clip(17), strength: 0.5 } }), sigmas = [...windowSigmas(s, windowsOf(s)[0]!)];
  expect(s).toMatchObject({ prompt: '', frames: 17 });
  expect(sigmas).toHaveLength(6);
  expect(sigmas[0]).toBeCloseTo(2 / 3, 12);                      // a half, shifted by 2
  expect(settings({ source: { film: clip(9) } }).source).toMatchObject({ strength: 0.6, mask: null });
  expect(settings({ source: { film: clip(9), mask: clip(1) } }).source).toMatchObject({ strength: 1 });
});
