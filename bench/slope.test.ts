import { expect, test } from 'vitest';
import { theilSen, trend, type Sample } from './slope.ts';

const line = (n: number, value: (t: number) => number): Sample[] => Array.from({ length: n }, (_, t) => [t, value(t)]);

test('the slope of a line, whatever a few samples say', () => {
  expect(theilSen(line(20, (t) => 5 + 2 * t))).toBe(2);
  expect(theilSen(line(21, (t) => (t % 7 === 3 ? 1000 : 5 + 2 * t)))).toBeCloseTo(2, 1);
  expect(theilSen([[0, 1], [0, 9], [2, 5]])).toBe(0);
  expect(theilSen([[0, 1]])).toBe(0);
});

test('what fills a cache and stays is flat; what goes on growing is not', () => {
  const rule = { most: 0.05, least: 0 };
  expect(trend(line(40, (t) => Math.min(300, 100 + 20 * t)), rule)).toEqual({ slope: 0, rise: 0, first: 190, last: 300, flat: true });
  expect(trend(line(40, (t) => 100 + t), rule)).toMatchObject({ slope: 1, rise: 19, flat: false });
  expect(trend(line(40, (t) => 10 + t / 19), { most: 0, least: 1 })).toMatchObject({ flat: true });
  expect(trend(line(40, (t) => 10 + t / 10), { most: 0, least: 1 })).toMatchObject({ flat: false });
  expect(() => trend(line(3, () => 1), rule)).toThrow('3 samples show no trend');
});
