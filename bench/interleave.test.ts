import { expect, test } from 'vitest';
import { interleave, median } from './interleave.ts';

test('a drift of the machine cancels in the ratio', async () => {
  let clock = 0, slow = 1;
  const order: string[] = [];
  const side = (name: string, ms: number) => () => { order.push(name); clock += ms * slow; slow *= 1.02; };
  const found = await interleave(side('a', 10), side('b', 30), { rounds: 20, warmup: 2, now: () => clock });
  expect(order.slice(0, 8).join('')).toBe('abbaabba');           // two rounds of warm-up, then turns
  expect(order).toHaveLength(44);
  expect(found.ratio).toBeCloseTo(3, 2);
  expect(found.bMs / found.aMs).toBeCloseTo(3, 1);
  expect(found.ratioRange[0]).toBeGreaterThan(2.9);
  expect(found.rounds).toBe(20);
});

test('median', () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([100, 20, 3])]).toEqual([2, 2.5, 20]);
  expect(() => median([])).toThrow(RangeError);
});
