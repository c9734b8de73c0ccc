/**
 * @file Euler's method: z ← z + (σ′ − σ)·v(z, σ). First order, one evaluation per step. The step to σ = 0 on the linear
 * path lands on the model's x. (Karras et al. 2022, algorithm 1 without its correction, arXiv:2206.00364v2.)
 */
import { runSteps, type Sampler } from './contract.ts';

/** The sampler. */
export const euler: Sampler = {
  order: 1,
  evaluationsPerStep: 1,
  sample: (o) => runSteps(o, async ({ z, spans, sigma, next, velocity }) => {
    const v = await velocity(z, sigma);
    for (const [frame, { start, end }] of spans.entries()) {
      const h = next[frame]! - sigma[frame]!;
      if (h !== 0) for (let i = start; i < end; i++) z[i] = z[i]! + h * v[i]!;
    }
  }),
};
