/** @file Video autoencoder against PyTorch in float64: posterior, decoded film, and the gradient of every parameter and of the film. */
import { expect, test } from 'vitest';
import { gradients } from '../../src/autodiff/gradients.ts';
import { ortBackend } from '../../src/backend/ort/ort.ts';
import { add, mul, sum } from '../../src/graph/build.ts';
import { Graph, type Tensor } from '../../src/graph/graph.ts';
import type { VaeConfig } from '../../src/models/vae/config.ts';
import { decode, encode, reparameterise, vaeParams } from '../../src/models/vae/vae.ts';
import { bindParams, listParams } from '../../src/nn/param.ts';
import { drawn, golden, weightsOfTree } from '../support/golden.ts';

test('vae-tiny: encode, decode and every gradient', async () => {
  const g = await golden<{ config: VaeConfig; video: number[] }>('vae-tiny');
  const { config, video: shape } = g.config;
  const graph = new Graph(), specs = vaeParams(config), p = bindParams(graph, specs);
  const video = graph.input('video', shape), posterior = encode(p.encoder, video, config);
  const decoded = decode(p.decoder, reparameterise(posterior, graph.input('noise', posterior.mean.shape)), config);
  const parts: Record<string, Tensor> = { mean: posterior.mean, logVariance: posterior.logVariance, decoded };
  const feeds: Record<string, Float32Array> = { ...weightsOfTree(specs), video: drawn('video', shape), noise: drawn('noise', posterior.mean.shape) };
  const loss = Object.entries(parts).map(([name, x]) => {
    feeds[`weights/${name}`] = drawn(`weights/${name}`, x.shape);
    return sum(mul(x, graph.input(`weights/${name}`, x.shape)));
  }).reduce((a, b) => add(a, b));
  const wrt = ['video', ...listParams(specs).map(({ name }) => name)];
  const grads = gradients(loss, wrt.map((name) => graph.inputs.get(name)!));
  const named = Object.fromEntries(wrt.map((name, i) => [name === 'video' ? 'grad:video' : `grad/${name}`, grads[i]!]));
  using program = await ortBackend({ threads: 1 }).compile({ outputs: { ...parts, ...named } });
  const got = await program.run(feeds);
  for (const [name, values] of Object.entries(got)) g.expect(name, values);
  expect(g.left(), 'tensors that were not compared').toEqual([]);
});
