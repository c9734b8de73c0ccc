/**
 * @file Heun's method: an Euler step, then the mean of the slopes at both ends. Second order, two evaluations per step;
 * frames that end at σ = 0 take Euler's step, since converting a prediction to velocity may divide by σ there.
 * Karras et al. 2022, algorithm 1 (lines 6–8), arXiv:2206.00364v2.
 */
import { runSteps, type Sampler } from './contract.ts';

/** The sampler. */
export const heun: Sampler = {
  order: 2,
  evaluationsPerStep: 2,
  sample: (o) => runSteps(o, async ({ z, spans, sigma, next, velocity }) => {
    const v = await velocity(z, sigma);
    const guess = z.slice();
    for (const [frame, { start, end }] of spans.entries()) {
      const h = next[frame]! - sigma[frame]!;
      if (h !== 0) for (let i = start; i < end; i++) guess[i] = z[i]! + h * v[i]!;
    }
    const corrected = spans.map((_, frame) => next[frame]! > 0 && next[frame] !== sigma[frame]);
    const w = corrected.includes(true) ? await velocity(guess, next) : v;
    for (const [frame, { start, end }] of spans.entries()) {
      const half = (next[frame]! - sigma[frame]!) / 2;
      if (!corrected[frame]) z.set(guess.subarray(start, end), start);
      else for (let i = start; i < end; i++) z[i] = z[i]! + half * (v[i]! + w[i]!);
    }
  }),
};
