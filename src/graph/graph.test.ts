import { expect, test } from 'vitest';
import { add, mul } from './build.ts';
import { Graph, printGraph, reachable } from './graph.ts';

test('equal nodes are built once, and the text shows op, inputs, parameters and shape', () => {
  const graph = new Graph(), x = graph.input('x', [2, 3]), y = graph.input('y', [3]);
  const sum = add(x, y);
  expect(add(x, y).id).toBe(sum.id);
  mul(sum, sum);
  expect(printGraph(graph).split('\n')).toEqual([
    '%0 = input() {"name":"x"} : f32[2, 3]', '%1 = input() {"name":"y"} : f32[3]', '%2 = add(%0, %1) {} : f32[2, 3]', '%3 = mul(%2, %2) {} : f32[2, 3]',
  ]);
});

test('reachable: what a root depends on, in order, and nothing else', () => {
  const graph = new Graph(), x = graph.input('x', [2]), unused = graph.input('unused', [2]), square = mul(x, x);
  add(square, unused);
  expect(reachable(graph, [square])).toEqual([x.id, square.id]);
});

test('a graph refuses a second input of one name, and tensors of another graph', () => {
  const graph = new Graph(), x = graph.input('x', [2]);
  expect(() => graph.input('x', [3])).toThrow('input "x" exists already');
  expect(() => add(x, new Graph().input('x', [2]))).toThrow('belongs to another graph');
});
