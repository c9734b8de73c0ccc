import { expect, test } from 'vitest';
import { add, matmul, reshape, slice } from '../src/graph/build.ts';
import { Graph } from '../src/graph/graph.ts';
import { graphFlop, graphStats, passBytes } from './graph-stats.ts';

test('bytes and operations of a small graph, counted by hand', () => {
  const graph = new Graph(), a = graph.input('a', [2, 3]), b = graph.input('b', [3, 4]);
  const product = matmul(a, b), half = slice(reshape(product, [8]), 0, 0, 4), y = add(half, half);
  const stats = graphStats([y]);
  expect(stats).toEqual([
    { op: 'matmul', nodes: 1, bytes: 4 * (6 + 12 + 8), flop: 2 * 2 * 3 * 4 },
    { op: 'slice', nodes: 1, bytes: 4 * (4 + 4), flop: 0 },     // reads what it writes, not the whole
    { op: 'add', nodes: 1, bytes: 4 * (4 + 4), flop: 0 },       // one operand twice is read once; the reshape is free
  ]);
  expect([passBytes(stats), graphFlop([y])]).toEqual([64, 48]);
});
