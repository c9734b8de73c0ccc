import { join } from 'node:path';
import { expect, test } from 'vitest';
import { contactSheet, spreadFrames, writePng } from './contact-sheet.ts';
import { chartFilm, inFolder, METADATA, rampFilm, walkFilm } from './fixtures.ts';
import { sliceFrames } from './frames.ts';
import { psnr, ssim } from './metrics.ts';
import { readImage, readMetadata } from './read.ts';

const film = rampFilm(20, 2);
const worse = { ...film, data: film.data.map((v, i) => Math.max(0, Math.min(255, v + ((i * 31) % 21) - 10))) };

test('psnr: closed forms, and only masked pixels count', () => {
  expect(psnr(film, film)).toBe(Infinity);
  const grey = { ...film, data: film.data.map(() => 100) }, lighter = { ...film, data: film.data.map(() => 105) };
  expect(psnr(grey, lighter)).toBeCloseTo(20 * Math.log10(255 / 5), 12);
  const mask = new Uint8Array(20 * 20);
  mask[7] = 1;
  const spot = { ...grey, data: grey.data.slice() };
  spot.data.set([110, 100, 100], 7 * 3);                                // frame 0 only: mse = 100 / 6 over two frames
  expect(psnr(grey, spot, mask)).toBeCloseTo(10 * Math.log10((255 * 255 * 6) / 100), 12);
  expect(psnr(grey, spot, new Uint8Array(800))).toBeNaN();
  expect(() => psnr(grey, spot, new Uint8Array(3))).toThrow('mask of 3');
  expect(() => psnr(film, walkFilm(8, 2))).toThrow('2×20×20 and 2×8×8');
});

/** Equation 13 by its words: one window at a time, two-dimensional weights, variances about the mean. */
function ssimByHand(a: typeof film, b: typeof film): number {
  const grey = (f: typeof film, t: number, y: number, x: number): number => {
    const at = ((t * f.height + y) * f.width + x) * 3;
    return 0.299 * f.data[at]! + 0.587 * f.data[at + 1]! + 0.114 * f.data[at + 2]!;
  };
  const weights: number[] = [];
  for (let y = -5; y <= 5; y++) for (let x = -5; x <= 5; x++) weights.push(Math.exp(-(x * x + y * y) / (2 * 1.5 ** 2)));
  const total = weights.reduce((p, q) => p + q), values: number[] = [];
  for (let t = 0; t < a.count; t++) for (let y = 5; y < a.height - 5; y++) for (let x = 5; x < a.width - 5; x++) {
    const mean = (f: (k: number) => number): number => weights.reduce((s, w, k) => s + (w / total) * f(k), 0);
    const p = (k: number): number => grey(a, t, y - 5 + Math.floor(k / 11), x - 5 + (k % 11)), q = (k: number): number => grey(b, t, y - 5 + Math.floor(k / 11), x - 5 + (k % 11));
    const mp = mean(p), mq = mean(q), vp = mean((k) => (p(k) - mp) ** 2), vq = mean((k) => (q(k) - mq) ** 2), c = mean((k) => (p(k) - mp) * (q(k) - mq));
    const c1 = 2.55 ** 2, c2 = 7.65 ** 2;
    values.push(((2 * mp * mq + c1) * (2 * c + c2)) / ((mp ** 2 + mq ** 2 + c1) * (vp + vq + c2)));
  }
  return values.reduce((p, q) => p + q) / values.length;
}

test('ssim agrees with the definition window by window', () => {
  expect(ssim(film, film)).toBeCloseTo(1, 12);
  const value = ssim(film, worse);
  expect(value).toBeLessThan(0.99);
  expect(value).toBeCloseTo(ssimByHand(film, worse), 10);
  expect(() => ssim(rampFilm(10, 1), rampFilm(10, 1))).toThrow('at least 11×11');
});

test('a contact sheet holds each frame at its place', async () => {
  expect(spreadFrames(17, 5)).toEqual([0, 4, 8, 12, 16]);
  expect(spreadFrames(3, 5)).toEqual([0, 1, 2]);
  expect(spreadFrames(9, 1)).toEqual([0]);
  const chart = chartFilm(2, 2), sheet = contactSheet([chart, sliceFrames(film, 1)], { margin: 2, background: [9, 9, 9] }); // 12×8 and 20×20
  expect([sheet.width, sheet.height, sheet.count]).toEqual([2 * 22 + 2, 2 + 10 + 22, 1]);
  const pixel = (y: number, x: number): number[] => [...sheet.data.subarray((y * sheet.width + x) * 3, (y * sheet.width + x) * 3 + 3)];
  expect([pixel(0, 0), pixel(1, 45), pixel(2, 14), pixel(11, 2)]).toEqual([[9, 9, 9], [9, 9, 9], [9, 9, 9], [9, 9, 9]]);
  expect([pixel(2, 2), pixel(9, 13)]).toEqual([[115, 82, 68], [52, 52, 52]]);
  expect(pixel(12, 2)).toEqual([...film.data.subarray(400 * 3, 400 * 3 + 3)]);
  await inFolder(async (folder) => {
    const file = join(folder, 'sheet.png');
    await writePng(file, sheet, METADATA);
    expect(await readImage(file)).toEqual(sheet);
    expect(await readMetadata(file)).toEqual(METADATA);
    await expect(writePng(join(folder, 'a.gif'), sheet)).rejects.toThrow('does not end in .png');
  });
});
