import { expect, test } from 'vitest';
import { InputError } from '../core/errors.ts';
import { chartFilm, rampFilm, walkFilm } from './fixtures.ts';
import { checkFrames, concatFrames, dropOpaqueAlpha, type Frames, fromModel, sliceFrames, toModel, toRgb, toRgba, upscaleNearest } from './frames.ts';
import { fitFrames } from './resize.ts';

test('slice and concat are inverse', () => {
  const film = walkFilm(12, 7);
  expect(concatFrames([sliceFrames(film, 0, 3), sliceFrames(film, 3, 4), sliceFrames(film, 4)])).toEqual(film);
  expect(() => sliceFrames(film, 3, 3)).toThrow(InputError);
  expect(() => sliceFrames(film, 0, 8)).toThrow('[0, 8)');
  expect(() => concatFrames([film, walkFilm(8, 1)])).toThrow('8×8×3 beside 12×12×3');
});

test('every byte survives toModel and fromModel; axes are moved; out of range is clamped', () => {
  const data = Uint8Array.from({ length: 2 * 16 * 8 * 3 }, (_, i) => (i * 7) % 256);
  const film: Frames = { data, count: 2, height: 16, width: 8, channels: 3, fps: 8 };
  const model = toModel(film);
  expect(fromModel(model, film)).toEqual(film);
  const [c, t, y, x] = [2, 1, 5, 3];
  expect(model[((c * 2 + t) * 16 + y) * 8 + x]).toBe(Math.fround(data[((t * 16 + y) * 8 + x) * 3 + c]! / 127.5 - 1));
  const pixel = { count: 1, height: 1, width: 2, channels: 3, fps: 8 } as const;
  const values = Float32Array.of(-1.5, NaN, 1.5, Infinity, -1, 0);       // channels: [−1.5, NaN], [1.5, ∞], [−1, 0]
  expect([...fromModel(values, pixel).data]).toEqual([0, 255, 0, 0, 255, 128]);
});

test('upscaleNearest repeats pixels exactly', () => {
  const film = rampFilm(5, 2), big = upscaleNearest(film, 3);
  expect([big.width, big.height, big.count]).toEqual([15, 15, 2]);
  for (let t = 0; t < 2; t++) for (let y = 0; y < 15; y++) for (let x = 0; x < 15; x++) for (let c = 0; c < 3; c++) {
    const from = ((t * 5 + Math.floor(y / 3)) * 5 + Math.floor(x / 3)) * 3 + c;
    if (big.data[((t * 15 + y) * 15 + x) * 3 + c] !== film.data[from]) throw new Error(`differs at ${[t, y, x, c].join(' ')}`);
  }
  expect(() => upscaleNearest(film, 1.5)).toThrow('1.5');
});

test('alpha is laid over a background with rounding, and dropped only when opaque', () => {
  const film: Frames = { data: Uint8Array.of(200, 100, 0, 128, 10, 20, 30, 255), count: 1, height: 1, width: 2, channels: 4, fps: 8 };
  expect([...toRgb(film, [0, 0, 255]).data]).toEqual([100, 50, 127, 10, 20, 30]); // 200·128/255 = 100.39; 255·127/255 = 127
  expect(dropOpaqueAlpha(film)).toBe(film);
  const opaque = walkFilm(4, 2);
  expect(dropOpaqueAlpha(toRgba(opaque))).toEqual(opaque);
});

test('checkFrames names what is wrong', () => {
  const film = walkFilm(4, 1);
  expect(() => checkFrames({ ...film, data: film.data.subarray(1) })).toThrow('needs 48 bytes, got 47');
  expect(() => checkFrames({ ...film, width: 0 })).toThrow('width must be an integer ≥ 1, got 0');
  expect(() => checkFrames({ ...film, fps: NaN })).toThrow('fps');
});

test('crop cuts evenly, letterbox adds bars; both exact with nearest at integer factors', async () => {
  const chart = chartFilm(2, 1);                                        // 12 × 8
  const cropped = await fitFrames(chart, { width: 8, height: 8, kernel: 'nearest' });
  for (let y = 0; y < 8; y++) expect(cropped.data.subarray(y * 24, y * 24 + 24)).toEqual(chart.data.subarray((y * 12 + 2) * 3, (y * 12 + 10) * 3));
  const boxed = await fitFrames(chart, { width: 12, height: 12, mode: 'letterbox', kernel: 'nearest', background: [1, 2, 3] });
  expect([...boxed.data.subarray(0, 3)]).toEqual([1, 2, 3]);
  expect(boxed.data.subarray(2 * 36, 10 * 36)).toEqual(chart.data);
  const halved = await fitFrames(rampFilm(64, 2), { width: 32, height: 32 });
  expect([halved.count, halved.width, halved.channels]).toEqual([2, 32, 3]);
  await expect(fitFrames(chart, { width: 8, height: 8, mode: 'stretch' as 'crop' })).rejects.toThrow('allowed: crop, letterbox');
});
