/**
 * @file The Adams–Bashforth method of two steps, for steps of any length: with h = σ′ − σ and h₋, v₋ of the step before,
 *   z ← z + h·(v + h/(2·h₋)·(v − v₋)).
 * Second order with one evaluation per step. Zhang & Chen 2023, "DEIS", section 3 ("AB-DEIS"; the linear path has no stiff part, so the weights are
 * those of the classical method), arXiv:2204.13902v4. A frame's first step, and the one to σ = 0, which is to land on the model's x, are Euler's.
 */
import { runSteps, type Sampler } from './contract.ts';

/** The sampler. */
export const ab2: Sampler = {
  order: 2,
  evaluationsPerStep: 1,
  sample: (o) => {
    let before: { readonly v: Float32Array; readonly sigma: Float32Array } | undefined;
    return runSteps(o, async ({ z, spans, sigma, next, velocity }) => {
      const v = (await velocity(z, sigma)).slice(), old = before?.v ?? v;
      for (const [frame, { start, end }] of spans.entries()) {
        const h = next[frame]! - sigma[frame]!, last = before ? sigma[frame]! - before.sigma[frame]! : 0;
        if (h === 0) continue;
        const lean = last !== 0 && next[frame]! > 0 ? h / (2 * last) : 0;
        for (let i = start; i < end; i++) z[i] = z[i]! + h * (v[i]! + lean * (v[i]! - old[i]!));
      }
      before = { v, sigma: sigma.slice() };
    });
  },
};
