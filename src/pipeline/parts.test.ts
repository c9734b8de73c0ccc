import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CancelledError, InputError } from '../core/errors.ts';
import type { Frames } from '../media/frames.ts';
import { DIT_PRESETS } from '../models/dit/config.ts';
import type { ModelInfo } from './model/model-store.ts';
import { checkResumable, keptSeed, openParts, partsFolder, windowKey, type WindowKeyOptions } from './parts.ts';
import type { FilmOptions } from './settings/film-options.ts';
import { windowsOf } from './settings/film-windows.ts';
import { filmSettings } from './settings/settings.ts';

const info = {
  vae: { config: {} }, dit: { config: DIT_PRESETS.tiny, prediction: 'velocity' }, text: {}, latent: { mean: [0], std: [1] },
  native: { width: 64, height: 64, frames: 17, fps: 8 }, limits: { minSide: 32, maxSide: 256, multiple: 8, maxFrames: 65, window: 33 },
  sampling: { sampler: 'euler', steps: 10, guidance: 3, interval: [0.2, 0.9], rescale: 0, shift: 2, palette: 32, steady: 0 },
  files: { 'vae.safetensors': { sha256: 'a', bytes: 1 }, 'dit.safetensors': { sha256: 'b', bytes: 1 } },
} as unknown as ModelInfo;

const picture = (value: number, fps = 8): Frames => ({ data: new Uint8Array(64 * 64 * 3).fill(value), count: 1, width: 64, height: 64, channels: 3, fps });
const caption = (id: number, weight = 1) => ({ ids: Int32Array.of(id, 0), present: Float32Array.of(1, 0), weights: Float32Array.of(weight, 0) });
const none = { images: [], beginning: null, ending: null, source: null };
const key = (o: Partial<FilmOptions> = {}, change: Partial<WindowKeyOptions> = {}): string => {
  const settings = filmSettings({ prompt: 'x', frames: 60, seed: 5, ...o }, info, 0);
  return windowKey({ info, settings, window: windowsOf(settings)[1]!, parts: none, region: null, captions: [caption(1), caption(2)], ...change });
};

test('a key changes with everything that its window is a function of', () => {
  const image = (value: number, frame = 3) => ({ parts: { ...none, images: [{ image: picture(value), frame, name: null }] } });
  const window = windowsOf(filmSettings({ prompt: 'x', frames: 60 }, info, 0))[1]!;
  const keys = [
    key(), key({ seed: 6 }), key({ width: 96 }), key({ steps: 11 }), key({ guidance: 2 }), key({ interval: [0.1, 0.9] }), key({ rescale: 0.1 }), key({ sampler: 'heun' }),
    key({ vary: { amount: 0.1, seed: 1 } }), key({ vary: { amount: 0.1, seed: 2 } }), key({}, image(1)), key({}, image(2)), key({}, image(1, 4)),
    key({}, { parts: { ...none, beginning: picture(1) } }), key({}, { parts: { ...none, ending: picture(1) } }), key({}, { parts: { ...none, source: picture(1) } }),
    key({}, { settings: { ...filmSettings({ prompt: 'x', frames: 60, seed: 5 }, info, 0), device: 'webgpu' } }),
    key({}, { region: Uint8Array.of(1) }), key({}, { region: Uint8Array.of(0) }), key({}, { captions: [caption(3), caption(2)] }), key({}, { captions: [caption(1), caption(3)] }),
    key({}, { captions: [caption(1, 1.5), caption(2)] }), key({}, { window: { ...window, start: window.start + 1 } }), key({}, { window: { ...window, before: 5 } }),
    key({}, { info: { ...info, files: { ...info.files, 'dit.safetensors': { sha256: 'c', bytes: 1 } } } }), key({}, { info: { ...info, latent: { mean: [1], std: [1] } } }),
  ];
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys.every((k) => /^[0-9a-f]{64}$/.test(k))).toBe(true);
});

test('and with nothing else: how the film is delivered, words of other shots, names, how long it goes on', () => {
  const named = (name: string | null, fps: number) => ({ parts: { ...none, images: [{ image: picture(1, fps), frame: 3, name }] } });
  expect(new Set([key(), key({ fps: 12 }), key({ scale: 2 }), key({ palette: 0 }), key({ steady: 4 }), key({ transparent: true }),
    key({ frames: 65 }), key({ prompt: 'y' }), key({ negative: 'z' })]).size).toBe(1);
  expect(key({}, named('a.png', 8))).toBe(key({}, named(null, 24)));
});

test('a film in one piece has no parts unless it asks; whose film goes on must be known', async () => {
  expect(await openParts({ output: 'none/a.mp4', windows: 1, seed: 1 })).toBeNull();
  expect([partsFolder('a.mp4'), partsFolder('frames/')]).toEqual(['a.mp4.parts', 'frames.parts']);
  checkResumable({}, {}, 3);
  checkResumable({ resume: true }, { output: 'a.mp4' }, 1);
  expect(() => { checkResumable({ keepParts: true }, {}, 1); }).toThrow('keep parts needs to know the film');
  expect(() => { checkResumable({ resume: true }, { output: 'a.mp4' }, 3); }).toThrow(InputError);
});

test('a store gives back what it was given, under the same key alone, and says what is kept of a film that was cancelled', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'kinora-parts-')), o = { output: join(dir, 'a.mp4'), windows: 2, seed: 9 };
  const fresh = (): Promise<Float32Array> => Promise.reject(new Error('made again'));
  try {
    const store = (await openParts(o))!, latents = Float32Array.of(0.1, -0, Number.NaN, 3e38), cancelled = new CancelledError('cancelled');
    expect([store.unfinished(cancelled), await readdir(dir)]).toEqual([cancelled, []]);
    expect(await store.latents(key(), () => Promise.resolve(latents))).toBe(latents);
    const kept = expect.stringMatching(/a\.mp4\.parts keeps 1 of 2 windows, --resume goes on from it$/) as string;
    expect(store.unfinished(cancelled)).toMatchObject({ name: 'CancelledError', kept });
    await expect(openParts(o)).rejects.toThrow('holds 1 finished window of this film');
    expect(await keptSeed(o.output)).toBe(9);
    const again = (await openParts({ ...o, resume: true }))!;
    expect(new Uint32Array((await again.latents(key(), fresh)).slice().buffer)).toEqual(new Uint32Array(latents.buffer));
    await expect(again.latents(key({ steps: 3 }), fresh)).rejects.toThrow('made again');
    await writeFile(join(partsFolder(o.output), 'film.json'), 'no JSON');
    expect(await keptSeed(o.output)).toBeUndefined();
    await again.finish();
    expect([again.reused, await readdir(dir)]).toEqual([1, []]);
  } finally { await rm(dir, { recursive: true, force: true }); }
});
