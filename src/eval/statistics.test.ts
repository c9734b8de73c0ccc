import { expect, test } from 'vitest';
import { chanceOf, meanOf, shareOf } from './statistics.ts';

// scipy 1, binomtest(k, n).proportion_ci(method='wilson').
test.each([
  [90, 100, 0.8256343384950865, 0.9447708629393249], [0, 10, 0, 0.2775327998628892],
  [10, 10, 0.7224672001371107, 1], [1, 2, 0.09453120573423074, 0.9054687942657693],
])('%i of %i', (k, n, low, high) => {
  const { share, interval } = shareOf(k, n);
  expect(share).toBe(k / n);
  expect(Math.abs(interval[0] - low)).toBeLessThan(1e-9);
  expect(Math.abs(interval[1] - high)).toBeLessThan(1e-9);
});

test('nothing counted is no share; more successes than trials is an error', () => {
  expect(shareOf(0, 0)).toEqual({ share: null, count: 0, interval: [0, 1] });
  expect(() => shareOf(3, 2)).toThrow(RangeError);
  expect([meanOf([]), meanOf([1, 2])]).toEqual([null, 1.5]);
});

test('the interval holds the truth about 95 times in 100', () => {
  let state = 1, inside = 0;
  const random = (): number => (state = (state * 48271) % 2147483647) / 2147483647;
  for (let run = 0; run < 2000; run++) {
    const hits = Array.from({ length: 50 }, random).filter((u) => u < 0.85).length, [low, high] = shareOf(hits, 50).interval;
    if (low <= 0.85 && 0.85 <= high) inside++;
  }
  expect(inside / 2000).toBeGreaterThan(0.92);
  expect(inside / 2000).toBeLessThan(0.98);
});

test('chance: agreement of independent pairs', () => {
  expect(chanceOf(['a', 'a', 'b', 'b'], ['a', 'b', 'a', 'b'])).toBe(0.5);
  expect(chanceOf(['a', 'a', 'a', 'a'], ['a', 'b', 'c', 'd'])).toBe(0.25);
  expect(chanceOf(['x'], ['y'])).toBe(0);
});
