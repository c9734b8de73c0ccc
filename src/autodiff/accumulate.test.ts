import { expect, test } from 'vitest';
import { evaluate } from '../backend/reference/reference.ts';
import { matmul, mul, rmsNorm, slice, softmax, split, sum } from '../graph/build.ts';
import { Graph, reachable, type Tensor } from '../graph/graph.ts';
import { gradients } from './gradients.ts';

/** Gradient of Σ f(x) · weights in x by the graph, the ops it takes, and the same by central differences in float64. */
function check(shape: readonly number[], f: (x: Tensor) => Tensor): { ops: string[]; error: number } {
  const graph = new Graph(), x = graph.input('x', shape), size = shape.reduce((a, b) => a * b, 1);
  const loss = sum(f(x)), [grad] = gradients(loss, [x]), values = Float64Array.from({ length: size }, (_, i) => Math.sin(3 * i + 1));
  const lossAt = (i: number, h: number): number => evaluate(graph, [loss], { x: values.map((v, j) => (j === i ? v + h : v)) })[0]!.data[0]!;
  const [got] = evaluate(graph, [grad!], { x: values });
  const error = Math.max(...Array.from(got!.data, (g, i) => Math.abs(g - (lossAt(i, 1e-5) - lossAt(i, -1e-5)) / 2e-5)));
  return { ops: reachable(graph, [grad!]).map((id) => graph.nodes[id]!.op), error };
}

const square = (x: Tensor): Tensor => mul(x, x);
const cubeSum = (parts: readonly Tensor[]): Tensor => parts.map((p, i) => sum(mul(square(p), mul(p, i + 1)))).reduce((a, b) => mul(a, b));

test('slices that tile an axis give one concat: no pads', () => {
  const { ops, error } = check([2, 6], (x) => cubeSum(split(x, 1, [2, 1, 3])));
  expect(error).toBeLessThan(1e-7);
  expect([ops.includes('pad'), ops.filter((op) => op === 'concat').length]).toEqual([false, 1]);
});

test('a gap, an overlap, another axis and a reader of the whole are all counted', () => {
  const gap = check([2, 6], (x) => cubeSum([slice(x, 1, 1, 3), slice(x, 1, 3, 5)]));
  expect([gap.error < 1e-7, gap.ops.filter((op) => op === 'pad').length, gap.ops.filter((op) => op === 'concat').length]).toEqual([true, 1, 1]);
  expect(check([4, 6], (x) => cubeSum([slice(x, 1, 0, 4), slice(x, 1, 2, 6), slice(x, 0, 1, 3), slice(slice(x, 0, 0, 2), 1, 0, 3), x])).error).toBeLessThan(1e-6);
});

test('attention and scaled norms take the short way to the sum of grad · output', () => {
  const attention = check([4, 6], (x) => mul(matmul(softmax(matmul(x, x, { transB: true })), x), square(x)));
  expect(attention.error).toBeLessThan(1e-7);
  const products = (ops: readonly string[]): number => ops.filter((op) => op === 'matmul').length;
  const gain = check([5, 4], (x) => square(mul(rmsNorm(slice(x, 0, 0, 4)), slice(x, 0, 4, 5))));
  expect([gain.error < 1e-7, products(gain.ops)]).toEqual([true, 1]);
  const perRun = check([3, 5, 4], (x) => square(mul(rmsNorm(slice(x, 1, 0, 4)), slice(x, 1, 4, 5))));
  expect([perRun.error < 1e-7, products(perRun.ops)]).toEqual([true, 1]);
  const perRow = check([4, 4], (x) => square(mul(rmsNorm(x), square(x))));
  expect([perRow.error < 1e-7, products(perRow.ops)]).toEqual([true, 0]);
});
