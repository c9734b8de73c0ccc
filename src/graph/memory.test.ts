import { expect, test } from 'vitest';
import { add, exp, matmul, reshape } from './build.ts';
import { Graph } from './graph.ts';
import { peakBytes } from './memory.ts';

test('the peak of a chain is two neighbours; views are free; what is read later stays', () => {
  const graph = new Graph(), x = graph.input('x', [8, 8]);
  const a = exp(x), b = exp(a), c = exp(b);
  expect(peakBytes({ c })).toBe(2 * 64 * 4);
  expect(peakBytes({ d: reshape(c, [64]) })).toBe(2 * 64 * 4);
  expect(peakBytes({ e: add(c, a) })).toBe(3 * 64 * 4);          // a waits beside b and c
  expect(peakBytes({ a, b, c })).toBe(3 * 64 * 4);
  expect(peakBytes({ x })).toBe(0);
});

test('attention counts its scores', () => {
  const graph = new Graph(), x = graph.input('x', [512, 4]);
  expect(peakBytes({ y: matmul(matmul(x, x, { transB: true }), x) })).toBe(512 * 512 * 4 + 512 * 4 * 4);
});
