import { expect, test } from 'vitest';
import { fromHalf, fromHalves, toHalf, toHalves } from './half.ts';

test('every half-precision number is read alike by both ways, and written back as it was', () => {
  const all = Uint16Array.from({ length: 65536 }, (_, i) => i), floats = fromHalves(all), wrong: number[] = [];
  for (let h = 0; h < 65536; h++) {
    if (!Object.is(floats[h], fromHalf(h)) || (!Number.isNaN(floats[h]) && toHalf(floats[h]!) !== h)) wrong.push(h);
  }
  expect(wrong).toEqual([]);
});

test('many numbers at once: what no half reaches becomes the greatest one', () => {
  expect([...fromHalves(toHalves([0, -1.5, 65504, 1e9, -1e9, 1e-9]))]).toEqual([0, -1.5, 65504, 65504, -65504, 0]);
});
