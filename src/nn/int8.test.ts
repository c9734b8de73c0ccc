/** @file Layers in 8-bit integers: weights by hand, products against float64 and against the layer in float32, and rows that do not see each other. */
import { expect, test } from 'vitest';
import { ortBackend } from '../backend/ort/ort.ts';
import { evaluate } from '../backend/reference/reference.ts';
import { normals } from '../core/random.ts';
import { matmul, reluSquared } from '../graph/build.ts';
import { Graph, type Tensor } from '../graph/graph.ts';
import { int8Linear, int8ReluSquared, quantizeWeight } from './int8.ts';

const values = (stream: string, n: number, scale = 1): Float32Array => normals({ seed: 1, stream, step: 0 }, n).map((v) => scale * v);
/** ‖a − b‖ ÷ ‖b‖. */
const difference = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let error = 0, size = 0;
  for (let i = 0; i < b.length; i++) { error += (a[i]! - b[i]!) ** 2; size += b[i]! ** 2; }
  return Math.sqrt(error / size);
};

test('a weight by hand: each column by its own greatest, a column of zeros stays one', () => {
  const { weight, scale } = quantizeWeight(Float32Array.of(1, 0, -127, -0.25, 0, 63.6, 0.251, 0, 1), 3);
  expect([...weight]).toEqual([127, 0, -127, -32, 0, 64, 32, 0, 1]);
  expect(scale).toEqual(Float32Array.of(1 / 127, 0, 1));
});

const WIDTH = 64, INNER = 256, f1 = values('fc1', WIDTH * INNER, 1 / 8), f2 = values('fc2', INNER * WIDTH, 1 / 16);
const { weight: w1, scale: s1 } = quantizeWeight(f1, INNER), { weight: w2, scale: s2 } = quantizeWeight(f2, WIDTH), weights = { w1, s1, w2, s2, f1, f2 };
const fc1 = (g: Graph) => ({ weight: g.input('w1', [WIDTH, INNER], 'i8'), scale: g.input('s1', [INNER]) });
const fc2 = (g: Graph) => ({ weight: g.input('w2', [INNER, WIDTH], 'i8'), scale: g.input('s2', [WIDTH]) });

/** Each layer in integers and in float32. */
const LAYERS: Readonly<Record<string, { readonly int8: (x: Tensor) => Tensor; readonly float: (x: Tensor) => Tensor; readonly error: number }>> = {
  linear: { int8: (x) => int8Linear(fc1(x.graph), x), float: (x) => matmul(x, x.graph.input('f1', [WIDTH, INNER])), error: 1e-6 },
  'squared ReLU': {
    int8: (x) => int8ReluSquared({ fc1: fc1(x.graph), fc2: fc2(x.graph) }, x),
    float: (x) => matmul(reluSquared(matmul(x, x.graph.input('f1', [WIDTH, INNER]))), x.graph.input('f2', [INNER, WIDTH])),
    error: 1e-3,                                                // some inner values stand at the edge of a step, and round to its other side
  },
};

test.each(Object.entries(LAYERS))('%s: onnxruntime gives what float64 gives, and both are near the layer in float32', async (_, { int8, float, error }) => {
  const graph = new Graph(), x = graph.input('x', [32, WIDTH]), y = int8(x), feeds = { ...weights, x: values('x', 32 * WIDTH) };
  using program = await ortBackend({ threads: 1 }).compile({ outputs: { y, float: float(x) } });
  const got = await program.run(feeds), [reference] = evaluate(graph, [y], feeds);
  expect(difference(got['y']!, reference!.data)).toBeLessThan(error);
  expect(difference(got['y']!, got['float']!)).toBeLessThan(0.02);
});

test.each(Object.entries(LAYERS))('%s: a row has the same bits beside any others, also beside those a thousand times as large', async (_, { int8 }) => {
  const row = values('row', WIDTH);
  const run = async (count: number, at: number, size: number, threads: number): Promise<Float32Array> => {
    const graph = new Graph(), x = values(`others ${size}`, count * WIDTH, size);
    x.set(row, at * WIDTH);
    using program = await ortBackend({ threads }).compile({ outputs: { y: int8(graph.input('x', [count, WIDTH])) } });
    const { y } = await program.run({ ...weights, x }), width = y!.length / count;
    return y!.slice(at * width, (at + 1) * width);
  };
  const alone = await run(16, 0, 0, 1);
  for (const [count, at, size, threads] of [[16, 0, 1, 1], [16, 9, 1000, 1], [48, 47, 1000, 2], [640, 333, 1, 2]] as const)
    expect(await run(count, at, size, threads)).toEqual(alone);
});
