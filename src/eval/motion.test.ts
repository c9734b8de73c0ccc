import { expect, test } from 'vitest';
import type { Frames } from '../media/frames.ts';
import { motionEnergy, unionMask } from './motion.ts';

const film = (count: number, value: (t: number, x: number, y: number) => number): Frames => {
  const data = new Uint8Array(count * 16 * 16 * 3);
  for (let t = 0; t < count; t++) for (let y = 0; y < 16; y++) for (let x = 0; x < 16; x++) for (let c = 0; c < 3; c++) data[((t * 16 + y) * 16 + x) * 3 + c] = value(t, x, y);
  return { data, count, height: 16, width: 16, channels: 3, fps: 8 };
};

test('energy is the mean step; a mask leaves the rest out', () => {
  const blinking = film(3, (t, x) => (x < 8 ? 10 * (t % 2) : 0));
  expect(motionEnergy(blinking)).toBe(5);
  expect(motionEnergy(blinking, Uint8Array.from({ length: 256 }, (_, i) => Number(i % 16 < 8)))).toBe(10);
  expect([motionEnergy(film(1, () => 7)), motionEnergy(blinking, new Uint8Array(256))]).toEqual([0, 0]);
});

test('the union of silhouettes, grown by three pixels, clipped at the edges', () => {
  const silhouette = new Uint8Array(2 * 256);
  silhouette[5 * 16 + 8] = 1;                                  // frame 0, (8, 5)
  silhouette[256 + 0] = 1;                                     // frame 1, (0, 0)
  const mask = unionMask(silhouette, 16, 16);
  expect([...mask].filter(Boolean).length).toBe(49 + 16);
  expect([mask[5 * 16 + 11], mask[5 * 16 + 12], mask[3 * 16 + 3], mask[3 * 16 + 4]]).toEqual([1, 0, 1, 0]);
});
