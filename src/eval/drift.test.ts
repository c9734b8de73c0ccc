import { expect, test } from 'vitest';
import { concatFrames, type Frames } from '../media/frames.ts';
import { driftOf, meanColour, meanGradient, medianOf, slicesOf } from './drift.ts';

const WIDTH = 16, HEIGHT = 8;
const frame = (value: (x: number, y: number) => readonly [number, number, number]): Frames => ({
  data: Uint8Array.from(Array.from({ length: WIDTH * HEIGHT }, (_, i) => value(i % WIDTH, Math.floor(i / WIDTH))).flat()),
  count: 1, width: WIDTH, height: HEIGHT, channels: 3, fps: 8,
});
const grey = (v: number): readonly [number, number, number] => [v, v, v];
/** A ramp of `slope` bytes a pixel that shifts by `step` pixels a frame. */
const ramp = (count: number, slope: number, step: number): Frames => concatFrames(Array.from({ length: count }, (_, t) => frame((x) => grey(slope * (x + step * t)))));

test('a film is cut into whole slices', () => {
  expect(slicesOf(ramp(9, 1, 0), 4).map(({ count }) => count)).toEqual([4, 4]);
  expect(() => slicesOf(ramp(9, 1, 0), 0)).toThrow('slices of 0 frames');
});

test('a known shift of colour is the drift of colour, by channel', () => {
  const before = frame(() => [100, 100, 100]), after = frame(() => [103, 94, 100]);
  expect(meanColour(after)).toEqual([103, 94, 100]);
  expect(driftOf([before, after]).map(({ colour }) => colour)).toEqual([0, 3]);
});

test('the gradient of a ramp is its slope, and half the contrast is half the sharpness', () => {
  expect(meanGradient(ramp(2, 4, 0))).toBeCloseTo(4, 10);
  expect(meanGradient(frame((x, y) => grey(3 * x + 4 * y)))).toBeCloseTo(5, 10);
  expect(driftOf([ramp(2, 4, 0), ramp(2, 2, 0)])[1]!.sharpness).toBeCloseTo(0.5, 10);
});

test('blur lowers the sharpness', () => {
  const stripes = frame((x) => grey(x % 2 === 0 ? 0 : 200)), blurred = frame((x) => grey(x % 2 === 0 ? 50 : 150));
  expect(driftOf([stripes, blurred])[1]!.sharpness).toBeCloseTo(0.5, 10);
});

test('half the steps are half the motion; what stands still has no ratio', () => {
  expect(driftOf([ramp(4, 2, 2), ramp(4, 2, 1)])[1]!.motion).toBeCloseTo(0.5, 10);
  expect(driftOf([ramp(4, 2, 0), ramp(4, 2, 1)])[1]!.motion).toBeNull();
  expect(driftOf([frame(() => grey(9)), ramp(1, 2, 0)])[1]!.sharpness).toBeNull();
});

test('the median and its interval by order statistics', () => {
  expect(medianOf([])).toEqual({ median: null, count: 0, interval: null });
  expect(medianOf([3])).toEqual({ median: 3, count: 1, interval: [3, 3] });
  expect(medianOf([4, 1, 3, 2])).toEqual({ median: 2.5, count: 4, interval: [1, 4] });
  const ten = Array.from({ length: 10 }, (_, i) => i + 1);        // ranks 2 and 9 hold the median with 97.9 %, 3 and 8 with 89.1 %
  expect(medianOf(ten)).toEqual({ median: 5.5, count: 10, interval: [2, 9] });
  expect(medianOf(Array.from({ length: 20 }, (_, i) => i + 1)).interval).toEqual([6, 15]);   // 95.9 %
});
