/**
 * @file Optimizers against PyTorch in float64, through the programs that training runs: schedule, clipping by global norm, update in place, running
 * average. AdamW: twenty steps of torch.optim.AdamW. Muon: five steps, where the reference applies the iteration to singular values.
 */
import { expect, test } from 'vitest';
import { ortBackend } from '../../src/backend/ort/ort.ts';
import { mean, mul, silu, sub } from '../../src/graph/build.ts';
import { linear, linearParams } from '../../src/nn/linear.ts';
import { emaDecay, learningRate } from '../../src/optim/schedule.ts';
import { createOptimizer, TrainState } from '../../src/train/loop/state.ts';
import { compileTrainingStep, gradName } from '../../src/train/loop/step-program.ts';
import { drawn, golden, weightsOfTree } from '../support/golden.ts';

interface Case {
  readonly optim: { rate: number; warmup: number; decayShare: number; decay: number; beta2: number; clip: number; emaLimit: number };
  readonly sizes: { rows: number; in: number; hidden: number; out: number };
  readonly steps: number;
}

test.each(['adamw', 'muon'] as const)('%s: losses, gradient norms, weights, moments and running average', async (name) => {
  const g = await golden<Case>(name), { optim: o, sizes: n, steps } = g.config;
  const specs = { fc1: linearParams(n.in, n.hidden), fc2: linearParams(n.hidden, n.out) };
  const backend = ortBackend({ threads: 1 }), state = new TrainState(specs, name);
  for (const [param, values] of Object.entries(weightsOfTree(specs))) { state.windows('value')[param]!.set(values); state.windows('ema')[param]!.set(values); }
  using program = await compileTrainingStep({ backend, specs, build: (graph, p) => {
    const error = sub(linear(p.fc2, silu(linear(p.fc1, graph.input('x', [n.rows, n.in])))), graph.input('target', [n.rows, n.out]));
    return { loss: mean(mul(error, error)) };
  } });
  using optimizer = await createOptimizer(backend, state, { beta2: o.beta2 });
  const into = Object.fromEntries(Object.entries(state.windows('grad')).map(([param, window]) => [gradName(param), window]));
  const losses: number[] = [], norms: number[] = [];
  for (let step = 0; step < steps; step++) {
    const feeds = { x: drawn(`regression/x/${step}`, [n.rows, n.in]), target: drawn(`regression/target/${step}`, [n.rows, n.out]) };
    const { loss, gradSquares } = await program.run({ ...state.windows('value'), ...feeds }, into);
    const norm = Math.sqrt(gradSquares![0]!);
    losses.push(loss![0]!); norms.push(norm);
    const rate = learningRate({ peak: o.rate, warmup: o.warmup, total: steps, decayShare: o.decayShare }, step);
    await optimizer.step({ rate, decay: o.decay, gradScale: Math.min(1, o.clip / norm), step: step + 1, emaDecay: emaDecay(step, o.emaLimit) });
  }
  g.expect('losses', losses, 1e-3);
  g.expect('norms', norms, 1e-3);
  expect(Math.max(...norms), 'clipping must have acted').toBeGreaterThan(o.clip);
  for (const tensor of g.names) {
    const [array, param] = tensor.split('/') as [string, string];
    if (array === 'value' || array === 'ema' || array === 'm' || array === 'v') g.expect(tensor, state.windows(array)[param]!, 1e-3);
  }
  expect(g.left(), 'tensors that were not compared').toEqual([]);
});
