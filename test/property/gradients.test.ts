/** @file Two ways to train with less memory give the same gradients: blocks computed again in the backward pass, and gradients added up over batches. */
import { expect, test } from 'vitest';
import { gradients } from '../../src/autodiff/gradients.ts';
import { flopsOf } from '../../src/backend/ort/lower.ts';
import { ortBackend } from '../../src/backend/ort/ort.ts';
import { mean, mul, silu, sub, sum } from '../../src/graph/build.ts';
import { reachable, type Graph, type Tensor } from '../../src/graph/graph.ts';
import { DIT_PRESETS } from '../../src/models/dit/config.ts';
import { linear, linearParams } from '../../src/nn/linear.ts';
import { listParams, type Bound } from '../../src/nn/param.ts';
import { compileTrainingStep, gradName } from '../../src/train/loop/step-program.ts';
import { compileDit, ditFeeds, ditGraph, learned, type DiTCase } from '../support/dit-case.ts';
import { drawn, relativeError, weightsOfTree } from '../support/golden.ts';

/** ‖a − b‖ ÷ ‖b‖ between two ways of computing the same sums in float32. Reached: 0, as long as both are fused alike. */
const SAME = 1e-6;
/** Blocks computed again meet other fusions, and tokens with places sum one product more: 1.07e-6 was measured, eight roundings of float32. */
const SAME_AGAIN = 2e-6;

const ditCase = (rematerialise: boolean): DiTCase => ({
  config: { ...DIT_PRESETS.tiny, rematerialise }, text: { vocabulary: 12, length: 6, width: 16, depth: 2, heads: 2, mlp: 'swiglu' }, captions: [[1, 7, 3], [2, 5]],
  samples: [
    { name: 'a', frames: 2, height: 4, width: 8, sigma: [0.8, 0.3], kind: [0, 1], caption: [0, 1], time: [0, 4] },
    { name: 'b', frames: 1, height: 8, width: 8, sigma: [0.6], kind: [0], caption: [1], time: [8] },
  ],
});

test('a transformer whose blocks are computed again has the same gradients', async () => {
  const [plain, again] = [ditCase(false), ditCase(true)];
  using first = await compileDit(plain, { threads: 1, gradients: true });
  using second = await compileDit(again, { threads: 1, gradients: true });
  const [a, b] = [await first.run(ditFeeds(plain)), await second.run(ditFeeds(again))];
  expect(Object.keys(a)).toEqual(Object.keys(b));
  for (const name of Object.keys(a)) expect(relativeError(b[name]!, a[name]!).error, name).toBeLessThanOrEqual(SAME_AGAIN);
});

test('and it does compute them again: the blocks\' forward products stand twice in the graph', () => {
  const flops = (c: DiTCase): { forward: number; all: number } => {
    const { graph, output, loss } = ditGraph(c);
    const count = (roots: readonly Tensor[]): number => reachable(graph, roots).reduce((n, id) => {
      const node = graph.nodes[id]!;
      return n + flopsOf(node.op, node.inputs.map((i) => graph.nodes[i]!), node.shape, node.params);
    }, 0);
    return { forward: count([output]), all: count([loss, ...gradients(loss, learned(graph).map((name) => graph.inputs.get(name)!))]) };
  };
  const plain = flops(ditCase(false)), again = flops(ditCase(true));
  expect(again.forward).toBe(plain.forward);
  const extra = (again.all - plain.all) / plain.forward;
  expect(extra, 'less than the forward pass, of which the blocks are the most').toBeLessThan(1);
  expect(extra).toBeGreaterThan(0.5);
});

test('gradients added up over two batches are the sum of both, in the memory they are in', async () => {
  const specs = { fc1: linearParams(6, 16), fc2: linearParams(16, 2) }, backend = ortBackend({ threads: 1 });
  const names = listParams(specs).map(({ name }) => name), weights = weightsOfTree(specs);
  const options = { backend, specs, build: (graph: Graph, p: Bound<typeof specs>) => {
    const error = sub(linear(p.fc2, silu(linear(p.fc1, graph.input('x', [8, 6])))), graph.input('target', [8, 2]));
    return { loss: mean(mul(error, error)), metrics: { total: sum(error) } };
  } };
  using single = await compileTrainingStep(options);
  using adding = await compileTrainingStep({ ...options, accumulate: true });
  const batch = (i: number): Record<string, Float32Array> => ({ ...weights, x: drawn(`batch/${i}/x`, [8, 6]), target: drawn(`batch/${i}/target`, [8, 2]) });
  const parts = [await single.run(batch(0)), await single.run(batch(1))];
  const sums = Object.fromEntries(names.map((name) => [name, new Float32Array(weights[name]!.length)]));
  const feeds = Object.fromEntries(names.map((name) => [`sum:${name}`, sums[name]!])), into = Object.fromEntries(names.map((name) => [gradName(name), sums[name]!]));
  let last: Record<string, Float32Array> = {};
  for (const i of [0, 1]) {
    last = await adding.run({ ...batch(i), ...feeds }, into);
    expect(last['loss']![0]).toBeCloseTo(parts[i]!['loss']![0]!, 6);
    expect(last['total']![0]).toBeCloseTo(parts[i]!['total']![0]!, 5);
  }
  let squares = 0;
  for (const name of names) {
    const want = parts[0]![gradName(name)]!.map((v, i) => v + parts[1]![gradName(name)]![i]!);
    expect(relativeError(sums[name]!, want).error, name).toBeLessThanOrEqual(SAME);
    squares += want.reduce((n, v) => n + v * v, 0);
  }
  expect(last['gradSquares']![0]! / squares, 'of the sum, for clipping').toBeCloseTo(1, 5);
});
