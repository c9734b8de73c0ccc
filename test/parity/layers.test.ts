/** @file Each layer against PyTorch in float64: output and the gradients of inputs and parameters. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gradients } from '../../src/autodiff/gradients.ts';
import { ortBackend } from '../../src/backend/ort/ort.ts';
import type { HostArray } from '../../src/backend/backend.ts';
import type { Shape } from '../../src/core/shape.ts';
import { concat, layerNorm, mul, reshape, rmsNorm, rope, slice, sum } from '../../src/graph/build.ts';
import { Graph, type Tensor } from '../../src/graph/graph.ts';
import { ropeTables } from '../../src/models/dit/rope.ts';
import { textKv, textKvParams, textParams, textTower, type TextConfig } from '../../src/models/text/tower.ts';
import { attention, fromHeads, toHeads } from '../../src/nn/attention.ts';
import { convParams, convPoint, convSpace, convTime, WHOLE } from '../../src/nn/conv3d.ts';
import { linear, linearParams } from '../../src/nn/linear.ts';
import { mlp, mlpParams, MLP_KINDS } from '../../src/nn/mlp.ts';
import { bindParams, listParams, type Bound } from '../../src/nn/param.ts';
import { channelsToSpace, channelsToTime, spaceToChannels, timeToChannels } from '../../src/nn/resample.ts';
import { drawn, golden, weightsOfTree, type Golden } from '../support/golden.ts';

interface Layer {
  readonly shapes: readonly Shape[];
  readonly build: (graph: Graph, inputs: Tensor[]) => Tensor;
  /** Parameters that `build` binds. */
  readonly specs?: unknown;
  readonly feeds?: Readonly<Record<string, HostArray>>;
}

/** A layer with parameters. */
function layer<T>(shapes: readonly Shape[], specs: T, build: (p: Bound<T>, inputs: Tensor[], graph: Graph) => Tensor, feeds: Layer['feeds'] = {}): Layer {
  return { shapes, specs, feeds, build: (graph, inputs) => build(bindParams(graph, specs), inputs, graph) };
}
const plain = (shapes: readonly Shape[], build: (...inputs: Tensor[]) => Tensor): Layer => ({ shapes, build: (_, inputs) => build(...inputs) });

const HEADS: Shape[] = [[2, 2, 6, 4], [2, 2, 5, 4], [2, 2, 5, 4]];
const MASK = [0, 0, 0, -1e9, -1e9, 0, 0, 0, 0, 0];
const POSITIONS = [0, 4, 20].flatMap((t) => [0, 1].flatMap((y) => [0, 1, 2].map((x) => [t, y, x])));
const IDS = [[3, 1, 4], [1, 5, 9, 2, 6]];
const TEXT: TextConfig = { vocabulary: 10, length: 5, width: 16, depth: 1, heads: 2, mlp: 'gelu' };

const layers: Record<string, Layer> = {
  linear: layer([[3, 2, 5]], { linear: linearParams(5, 7) }, (p, [x]) => linear(p.linear, x!)),
  convSpace: layer([[2, 3, 2, 5, 4]], { conv: convParams(3, 4, [1, 3, 3]) }, (p, [x]) => convSpace(p.conv, x!)),
  convTime: layer([[2, 3, 5, 2, 3]], { conv: convParams(3, 3, [3, 1, 1]) }, (p, [x]) => convTime(p.conv, x!, 'conv', WHOLE)),
  convPoint: layer([[2, 3, 2, 3, 2]], { conv: convParams(3, 4, [1, 1, 1]) }, (p, [x]) => convPoint(p.conv, x!)),
  spaceToChannels: plain([[2, 3, 2, 4, 6]], (x) => spaceToChannels(x!, 2)),
  channelsToSpace: plain([[2, 8, 2, 3, 2]], (x) => channelsToSpace(x!, 2)),
  timeToChannels: plain([[2, 3, 5, 2, 2]], (x) => timeToChannels(x!, true)),
  channelsToTime: plain([[2, 6, 3, 2, 2]], (x) => channelsToTime(x!, true)),
  rmsNorm: plain([[4, 6]], (x) => rmsNorm(x!)),
  layerNorm: plain([[4, 6]], (x) => layerNorm(x!)),
  attention: plain(HEADS, (q, k, v) => attention(q!, k!, v!)),
  attentionBias: { shapes: HEADS, build: (graph, [q, k, v]) => attention(q!, k!, v!, graph.constant(MASK, [2, 1, 1, 5])) },
  rope: {
    shapes: [[1, 2, 18, 16]], feeds: ropeTables(Float32Array.from(POSITIONS.flat()), 16) as unknown as Record<string, Float32Array>,
    build: (graph, [x]) => rope(x!, reshape(graph.input('cos', [18, 8]), [1, 18, 8]), reshape(graph.input('sin', [18, 8]), [1, 18, 8])),
  },
  ...Object.fromEntries(MLP_KINDS.map((kind) => [
    `mlp/${kind}`, layer([[5, 16]], { mlp: mlpParams(16, { kind, ratio: 4, bias: kind !== 'relu2' }) }, (p, [x]) => mlp(p.mlp, x!, kind)),
  ])),
  textTower: layer([], textParams(TEXT), (p, _, graph) => {
    const { states, pooled } = textTower(p, graph.input('ids', [2, 5], 'i32'), graph.input('present', [2, 5]), TEXT);
    const real = IDS.map((ids, i) => reshape(slice(slice(states, 0, i, i + 1), 1, 0, ids.length), [-1]));
    return concat([...real, reshape(pooled, [-1])], 0);
  }, { ids: Int32Array.from([3, 1, 4, 0, 0, 1, 5, 9, 2, 6]), present: Float32Array.from([1, 1, 1, 0, 0, 1, 1, 1, 1, 1]) }),
  crossAttention: layer([[6, 8], [4, 12]], textKvParams(12, 8), (p, [x, states]) => {
    const { k, v } = textKv(p, reshape(states!, [1, 4, 12]));
    return fromHeads(attention(toHeads(x!, 1, 2), toHeads(reshape(k, [4, 8]), 1, 2), toHeads(reshape(v, [4, 8]), 1, 2)));
  }),
};

let g: Golden<{ positions: number[][]; ids: number[][]; text: TextConfig }>;
beforeAll(async () => {
  g = await golden('layers');
  expect(g.config).toEqual({ positions: POSITIONS, ids: IDS, text: TEXT });
});

test.each(Object.entries(layers))('%s', async (name, { shapes, build, specs, feeds = {} }) => {
  const graph = new Graph();
  const inputs = shapes.map((shape, i) => graph.input(`x${i}`, shape));
  const y = build(graph, inputs);
  const loss = sum(mul(y, graph.input('weights', y.shape)));
  const params = specs === undefined ? [] : listParams(specs).map((p) => p.name);
  const grads = gradients(loss, [...inputs, ...params.map((param) => graph.inputs.get(param)!)]);
  const names = [...inputs.map((_, i) => `grad:x${i}`), ...params.map((param) => `grad/${param}`)];
  using program = await ortBackend({ threads: 1 }).compile({ outputs: { y, ...Object.fromEntries(names.map((n, i) => [n, grads[i]!])) } });
  const got = await program.run({
    ...Object.fromEntries(shapes.map((shape, i) => [`x${i}`, drawn(`${name}/x${i}`, shape)])), weights: drawn(`${name}/weights`, y.shape),
    ...(specs === undefined ? {} : weightsOfTree(specs)), ...feeds,
  });
  expect(Object.keys(got).map((n) => `${name}/${n}`).sort()).toEqual(g.names.filter((n) => n.startsWith(`${name}/`)).sort());
  for (const [n, values] of Object.entries(got)) g.expect(`${name}/${n}`, values, 1e-5);
});

afterAll(() => { expect(g.left(), 'tensors that were not compared').toEqual([]); });
