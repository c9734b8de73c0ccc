/**
 * @file Schedules: pure functions of the step, so that a resumed run needs the step alone.
 */

/** Options of {@link learningRate}. */
export interface RateOptions {
  /** Highest rate. */
  readonly peak: number;
  /** Steps of linear warm-up. */
  readonly warmup: number;
  /** Step at which the run ends. */
  readonly total: number;
  /** Share of the steps, at the end, over which the rate falls to `floor` × peak along a cosine. Before it is flat. */
  readonly decayShare: number;
  /** Default 0.01. */
  readonly floor?: number;
}

/** Warm-up, flat, cosine decay ("warmup–stable–decay", Hu et al. 2024, MiniCPM, arXiv:2404.06395v3, section 4). `step` counts from 0. */
export function learningRate({ peak, warmup, total, decayShare, floor = 0.01 }: RateOptions, step: number): number {
  if (step < warmup) return peak * (step + 1) / warmup;
  const start = total * (1 - decayShare);
  if (step <= start) return peak;
  const x = Math.min(1, (step - start) / Math.max(1, total - start));
  return peak * (floor + (1 - floor) * 0.5 * (1 + Math.cos(Math.PI * x)));
}

/** Decay of a running average that reaches back about `share` of the steps so far, at most `limit` (Karras et al. 2024, section 3, power-law EMA). */
export const emaDecay = (step: number, limit: number, share = 0.1): number => Math.min(limit, 1 - 1 / (share * step + 1));
