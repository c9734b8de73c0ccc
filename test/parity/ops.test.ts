/**
 * @file Every op of the vocabulary, forward and backward (see check-op.ts). The last test fails when an op has no case here.
 */
import { afterAll, expect, test } from 'vitest';
import { gradients } from '../../src/autodiff/gradients.ts';
import { REFERENCE_OPS } from '../../src/backend/reference/reference.ts';
import * as g from '../../src/graph/build.ts';
import { Graph, rematerialise, type Tensor } from '../../src/graph/graph.ts';
import { checkOp, type OpCase } from '../support/check-op.ts';

const positive = (x: number): number => Math.abs(x) + 0.2;
const awayFromZero = (x: number): number => x + Math.sign(x) * 0.1;

const cases: OpCase[] = [
  ...(['neg', 'exp', 'sin', 'cos', 'tanh', 'sigmoid', 'silu', 'erf', 'reluSquared'] as const).map((op): OpCase => ({ name: op, shapes: [[3, 5]], build: ([x]) => g[op](x!) })),
  ...(['log', 'sqrt', 'reciprocal'] as const).map((op): OpCase => ({ name: op, shapes: [[3, 5]], build: ([x]) => g[op](x!), domain: positive })),
  ...(['abs', 'relu'] as const).map((op): OpCase => ({ name: op, shapes: [[3, 5]], build: ([x]) => g[op](x!), domain: awayFromZero })),
  ...(['add', 'sub', 'mul', 'maximum', 'minimum'] as const).flatMap((op): OpCase[] => [
    { name: `${op} same`, shapes: [[2, 3], [2, 3]], build: ([a, b]) => g[op](a!, b!) },
    { name: `${op} broadcast`, shapes: [[2, 1, 3], [4, 1]], build: ([a, b]) => g[op](a!, b!) },
    { name: `${op} scalar`, shapes: [[2, 3]], build: ([a]) => g[op](0.3, a!) },
  ]),
  { name: 'div', shapes: [[2, 1, 3], [4, 1]], build: ([a, b]) => g.div(a!, b!), domain: positive },
  { name: 'greater', shapes: [[2, 3], [3]], build: ([a, b]) => g.greater(a!, b!), differentiable: false },
  { name: 'geluTanh', shapes: [[2, 7]], build: ([x]) => g.geluTanh(x!) },
  { name: 'constant', shapes: [[2, 3]], build: ([x], graph) => g.mul(x!, graph.constant([1, -2, 3], [3])) },
  { name: 'reshape', shapes: [[2, 6]], build: ([x]) => g.reshape(x!, [3, -1]) },
  { name: 'transpose', shapes: [[2, 3, 4]], build: ([x]) => g.transpose(x!, [2, 0, 1]) },
  { name: 'broadcast', shapes: [[3, 1]], build: ([x]) => g.broadcast(x!, [2, 3, 4]) },
  { name: 'slice', shapes: [[4, 5]], build: ([x]) => g.slice(g.slice(x!, 0, 1, 3), -1, 2, 5) },
  { name: 'pad', shapes: [[2, 3]], build: ([x]) => g.pad(x!, [1, 0], [0, 2]) },
  { name: 'flip', shapes: [[2, 3, 4]], build: ([x]) => g.flip(x!, [0, -1]) },
  { name: 'concat', shapes: [[2, 3], [2, 1]], build: ([a, b]) => g.concat([a!, b!, a!], -1) },
  { name: 'sum', shapes: [[2, 3, 4]], build: ([x]) => g.sum(x!, [0, 2]) },
  { name: 'sumSquares', shapes: [[2, 3, 4]], build: ([x]) => g.sumSquares(x!, [1]) },
  { name: 'reduceMax', shapes: [[2, 3, 4]], build: ([x]) => g.reduceMax(x!, [1]), differentiable: false },
  { name: 'mean', shapes: [[2, 3, 4]], build: ([x]) => g.mean(x!, [-1]) },
  ...[false, true].flatMap((transA) => [false, true].map((transB): OpCase => ({
    name: `matmul ${transA} ${transB}`, shapes: [transA ? [2, 5, 3] : [2, 3, 5], transB ? [4, 5] : [5, 4]], build: ([a, b]) => g.matmul(a!, b!, { transA, transB, alpha: 0.7 }),
  }))),
  { name: 'matmul batched', shapes: [[2, 1, 3, 5], [4, 5, 2]], build: ([a, b]) => g.matmul(a!, b!) },
  { name: 'int8Scale', shapes: [[5, 7]], build: ([x]) => g.int8Scale(x!), differentiable: false },
  { name: 'int8Scale positive', shapes: [[5, 7]], build: ([x]) => g.int8Scale(x!, true), domain: Math.abs, differentiable: false },
  { name: 'int8Scale of zeros', shapes: [[3, 4]], build: ([x]) => g.int8Scale(g.mul(x!, 0)), differentiable: false },
  ...[false, true].map((positive): OpCase => ({
    name: `int8Matmul${positive ? ' positive' : ''}`, shapes: [[17, 33], [19]], differentiable: false, ...(positive ? { domain: Math.abs } : {}),
    build: ([x, columns], graph) => g.int8Matmul(x!, { rows: g.int8Scale(x!, positive), weight: graph.input('w', [33, 19], 'i8'), columns: columns!, positive }),
    integers: { w: Array.from({ length: 33 * 19 }, (_, i) => ((i * 89) % 255) - 127) },
  })),
  { name: 'int8Matmul beyond its grid', shapes: [[16, 32]], differentiable: false, integers: { w: Array.from({ length: 32 * 16 }, (_, i) => (i % 3 === 0 ? -127 : 127)) },
    build: ([x], graph) => g.int8Matmul(x!, {                    // steps four times too fine: most values are held to the grid's ends
      rows: g.mul(g.int8Scale(x!), 0.25), weight: graph.input('w', [32, 16], 'i8'), columns: graph.constant(new Array<number>(16).fill(1 / 127), [16]) }) },
  { name: 'conv spatial', shapes: [[2, 3, 3, 5, 4], [4, 3, 1, 3, 3]], build: ([x, w]) => g.conv(x!, w!, [0, 0, 1, 1, 1, 1]) },
  { name: 'conv bias', shapes: [[2, 3, 2, 3, 3], [4, 3, 1, 3, 3], [4]], build: ([x, w, b]) => g.conv(x!, w!, [0, 0, 1, 1, 1, 1], b) },
  { name: 'conv temporal', shapes: [[2, 3, 5, 2, 2], [4, 3, 3, 1, 1]], build: ([x, w]) => g.conv(x!, w!, [2, 0, 0, 0, 0, 0]) },
  { name: 'conv full', shapes: [[1, 2, 3, 4, 4], [2, 2, 2, 3, 2]], build: ([x, w]) => g.conv(x!, w!, [1, 0, 0, 1, 0, 0]) },
  { name: 'gather', shapes: [[5, 3]], build: ([x], graph) => g.gather(x!, graph.input('i', [4], 'i32')), integers: { i: [4, 0, 4, 2] } },
  { name: 'gather blocks', shapes: [[4, 2, 3]], build: ([x], graph) => g.gather(x!, graph.input('i', [2, 2], 'i32')), integers: { i: [1, 1, 3, 0] } },
  { name: 'scatterAdd', shapes: [[4, 3]], build: ([x], graph) => g.scatterAdd(x!, graph.input('i', [4], 'i32'), 5), integers: { i: [4, 0, 4, 2] } },
  { name: 'softmax', shapes: [[3, 6]], build: ([x]) => g.softmax(x!) },
  { name: 'rmsNorm', shapes: [[3, 6]], build: ([x]) => g.rmsNorm(x!, 1e-3) },
  { name: 'layerNorm', shapes: [[3, 6]], build: ([x]) => g.layerNorm(x!, 1e-3) },
  { name: 'rope', shapes: [[2, 3, 4, 6]], build: ([x], graph) => {
    const angles = Array.from({ length: 24 }, (_, i) => i * 0.37);
    return g.rope(x!, graph.constant(angles.map(Math.cos), [2, 4, 3]), graph.constant(angles.map(Math.sin), [2, 4, 3]));
  } },
  { name: 'after', shapes: [[2, 3], [4]], build: ([x, y]) => g.add(g.after(x!, g.exp(y!)), g.sum(y!)) },
  { name: 'rematerialised block', shapes: [[3, 4], [4, 4]], build: ([x, w], graph) => {
    const block = (h: typeof x): typeof x => rematerialise(graph, () => g.add(h!, g.silu(g.matmul(g.rmsNorm(h!, 1e-3), w!))));
    return block(block(x))!;
  } },
];

test.each([
  ['int8Scale', (x: Tensor) => g.int8Scale(x)],
  ['int8Matmul', (x: Tensor) => {
    const { graph } = x;
    return g.int8Matmul(x, { rows: graph.constant([1, 1], [2, 1]), weight: graph.input('w', [3, 4], 'i8'), columns: graph.constant([1, 1, 1, 1], [4]) });
  }],
])('%s refuses to be differentiated', (name, build) => {
  const x = new Graph().input('x', [2, 3]);
  expect(() => gradients(g.sum(build(x)), [x])).toThrow(`${name} has no gradient: train without quantization`);
});

const seen = new Set<string>(['input']);
test.each(cases)('$name', async (c) => {
  await checkOp({ ...c, build: (inputs, graph) => {
    const y = c.build(inputs, graph);
    graph.nodes.forEach((n) => seen.add(n.op));
    return y;
  } });
});

afterAll(() => { expect(REFERENCE_OPS.filter((op) => !seen.has(op)), 'ops without a case').toEqual([]); });
