import { expect, test } from 'vitest';
import { chartFilm, CHART, largestDifference, rampFilm, walkFilm } from './fixtures.ts';
import { sliceFrames, toRgba, upscaleNearest } from './frames.ts';
import { psnr } from './metrics.ts';
import { oklab } from './oklab.ts';
import { ColourCounter, mapPalette, paletteIndexer, quantizePalette } from './palette.ts';

const lab = (...[r, g, b]: readonly [number, number, number]): number[] => { const out = new Float64Array(3); oklab(r, g, b, out); return [...out]; };

test('OKLab agrees with the published values and with Math.pow', () => {
  for (const [rgb, want] of [
    [[255, 255, 255], [1, 0, 0]], [[255, 0, 0], [0.627955, 0.224863, 0.125846]],
    [[0, 0, 255], [0.452014, -0.032457, -0.311528]], [[0, 0, 0], [0, 0, 0]],
  ] as const) {
    lab(...(rgb as readonly [number, number, number])).forEach((v, i) => expect(v).toBeCloseTo(want[i]!, 5));
  }
  const grey = ((128 / 255 + 0.055) / 1.055) ** 2.4;                     // equal channels: L = ∛ of linear light
  expect(lab(128, 128, 128)[0]).toBeCloseTo(Math.cbrt(grey), 7);
});

test('a film of at most N colours is exact', () => {
  const film = upscaleNearest(chartFilm(3, 4), 2);
  for (const colours of [24, 32, 256]) {
    const palette = quantizePalette(film, { colours, seed: 1 });
    expect(palette.length).toBe(3 * CHART.length);
    expect(mapPalette(film, palette)).toEqual(film);
  }
});

test('fewer colours than the film has: N of them, each pixel at its nearest', () => {
  const film = rampFilm(64, 5), palette = quantizePalette(film, { colours: 32, seed: 3 });
  expect(palette.length).toBe(96);
  const mapped = mapPalette(film, palette);
  const used = new Set<number>();
  for (let i = 0; i < mapped.data.length; i += 3) {
    used.add(mapped.data[i]! << 16 | mapped.data[i + 1]! << 8 | mapped.data[i + 2]!);
    if (i % 501 === 0) {                                                // brute force
      const p = lab(film.data[i]!, film.data[i + 1]!, film.data[i + 2]!);
      const distance = (c: ArrayLike<number>, at: number): number => lab(c[at]!, c[at + 1]!, c[at + 2]!).reduce((s, v, k) => s + (v - p[k]!) ** 2, 0);
      const least = Math.min(...Array.from({ length: 32 }, (_, j) => distance(palette, 3 * j)));
      expect(distance(mapped.data, i)).toBeCloseTo(least, 12);
    }
  }
  expect(used.size).toBe(32);
  expect(psnr(film, mapped)).toBeGreaterThan(19);
  expect(psnr(film, mapPalette(film, quantizePalette(film, { colours: 256, seed: 3 })))).toBeGreaterThan(26);
});

test('streaming equals whole; the seed decides; alpha is kept', () => {
  const film = rampFilm(48, 6), counter = new ColourCounter();
  for (let t = 0; t < 6; t++) counter.add(sliceFrames(film, t, t + 1));
  const whole = quantizePalette(film, { colours: 16, seed: 9 });
  expect(quantizePalette(counter, { colours: 16, seed: 9 })).toEqual(whole);
  expect(quantizePalette(film, { colours: 16, seed: 10 })).not.toEqual(whole);
  const glass = toRgba(film);
  glass.data[3] = 7;
  const mapped = mapPalette(glass, whole);
  expect([mapped.data[3], mapped.data[7]]).toEqual([7, 255]);
});

test('noise around a few colours is undone', () => {
  const film = chartFilm(8, 3), noisy = { ...film, data: film.data.map((v, i) => v + ((i * 7919) % 7) - 3) };
  const mapped = mapPalette(noisy, quantizePalette(noisy, { colours: 24, seed: 0 }));
  expect(largestDifference(mapped.data, film.data).difference).toBeLessThanOrEqual(4);
  expect(psnr(film, mapped)).toBeGreaterThan(psnr(film, noisy) + 3);
});

test('limits', () => {
  expect(() => quantizePalette(walkFilm(8, 1), { colours: 0, seed: 0 })).toThrow('1 to 256 colours, got 0');
  expect(() => quantizePalette(new ColourCounter(), { colours: 2, seed: 0 })).toThrow('no frame');
  expect(quantizePalette(rampFilm(8, 1), { colours: 1, seed: 0 }).length).toBe(3);
  const indexOf = paletteIndexer(Uint8Array.of(0, 0, 0, 255, 255, 255));
  expect([indexOf(0), indexOf(0xffffff), indexOf(0x101010), indexOf(0xf0f0f0)]).toEqual([0, 1, 0, 1]);
});
