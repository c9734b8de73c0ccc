/**
 * @file The paper's presets reproduce its "Gflops" (Peebles & Xie 2022, arXiv:2212.09748v2, table 4), which count multiply-adds of one forward pass over a
 * latent of 32×32×4, that is 16×16 tokens. Counted are all products: patches, noise level, modulation, attention (q·kᵀ and the values), MLP, final layer.
 */
import { expect, test } from 'vitest';
import { flopsOf } from '../../src/backend/ort/lower.ts';
import { Graph, reachable } from '../../src/graph/graph.ts';
import { DIT_PRESETS } from '../../src/models/dit/config.ts';
import { dit, ditParams, packInputs } from '../../src/models/dit/dit.ts';
import { bindParams, countParams, type Bound } from '../../src/nn/param.ts';

/** Name, Gflops, and parameters in millions of the same table. */
const PUBLISHED = [['DiT-S/2', 6.06, 33], ['DiT-B/2', 23.01, 130], ['DiT-L/2', 80.71, 458], ['DiT-XL/2', 118.64, 675]] as const;

test.each(PUBLISHED)('%s: %d Gflops, %d million parameters', (name, gflops, millions) => {
  const config = DIT_PRESETS[name], specs = ditParams(config), graph = new Graph();
  const layout = { groups: [{ frames: 1, height: 16, width: 16, count: 1 }], captions: 0 };
  const output = dit(bindParams(graph, specs) as Bound<ReturnType<typeof ditParams>>, packInputs(graph, layout, config), layout, config);
  const macs = reachable(graph, [output]).reduce((n, id) => {
    const node = graph.nodes[id]!;
    return n + flopsOf(node.op, node.inputs.map((i) => graph.nodes[i]!), node.shape, node.params) / 2;
  }, 0);
  expect(Math.abs(macs / 1e9 / gflops - 1), `${name}: ${macs / 1e9} against ${gflops}`).toBeLessThan(0.01);
  const theirs = countParams(specs) + (1001 - 2 + 256) * config.width;                       // 1,001 rows of classes where we have two kinds; 256 of positions
  expect(Math.abs(theirs / 1e6 / millions - 1), `${name}: ${theirs / 1e6} million parameters against ${millions}`).toBeLessThan(0.01);
});
