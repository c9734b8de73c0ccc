import { expect, test } from 'vitest';
import { add, matmul, reshape, slice } from '../src/graph/build.ts';
import { Graph } from '../src/graph/graph.ts';
import { graphStats, passBytes } from './graph-stats.ts';

test('bytes and products of a small graph, by hand', () => {
  const graph = new Graph(), x = graph.input('x', [4, 6]), w = graph.input('w', [6, 8]);
  const product = matmul(x, w);                                                               // reads 24 + 48, writes 32; 2·4·6·8 operations
  const half = slice(reshape(product, [32]), 0, 0, 16);                                       // a slice reads what it writes; a reshape is free
  const stats = graphStats([add(half, half)]);                                                // one input, read once: 16 + 16
  expect(stats).toEqual([
    { op: 'matmul', nodes: 1, bytes: 4 * (24 + 48 + 32), flop: 2 * 4 * 6 * 8 },
    { op: 'slice', nodes: 1, bytes: 4 * 32, flop: 0 }, { op: 'add', nodes: 1, bytes: 4 * 32, flop: 0 },
  ]);
  expect(passBytes(stats)).toBe(4 * 64);
});
