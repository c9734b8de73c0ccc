/**
 * @file AdamW (Loshchilov & Hutter 2019, algorithm 2, decoupled decay) and the running average of weights, in one pass over flat arrays.
 * It is bound by memory: nine reads and writes a value. As a graph, each of its 17 operations was a pass of its own and it took three times
 * as long, even over chunks that stay in cache (docs/reports/004).
 */

/** Options of {@link adamW}. */
export interface AdamWOptions {
  /** Decay of the first moment. Default 0.9. */
  readonly beta1?: number;
  /** Decay of the second moment. Default 0.99. */
  readonly beta2?: number;
  /** Added to the root of the second moment. Default 1e-8. */
  readonly eps?: number;
}

/** Scalars of one update. */
export interface AdamWScalars {
  /** Step size. */
  readonly rate: number;
  /** Weight decay. */
  readonly decay: number;
  /** Factor on gradients (clipping, averaging). */
  readonly gradScale: number;
  /** Number of this update, from 1. */
  readonly step: number;
  /** Decay of the running average, 0 … 1. */
  readonly emaDecay: number;
}

/** What an update changes: weights, moments, running average. */
export const ADAMW_STATE = ['value', 'm', 'v', 'ema'] as const;

/** Arrays of one length: what is updated, and the gradient. */
export type AdamWArrays = Readonly<Record<(typeof ADAMW_STATE)[number] | 'grad', Float32Array>>;

/** Updates elements `start` … `end` − 1 in place. Each is computed in double precision and rounded once per array, so results do not depend on the machine. */
export function adamW(
  { value, m, v, ema, grad }: AdamWArrays, start: number, end: number, { rate, decay, gradScale, step, emaDecay }: AdamWScalars,
  { beta1 = 0.9, beta2 = 0.99, eps = 1e-8 }: AdamWOptions = {},
): void {
  // rate · (m/(1 − β1ᵗ)) / (√(v/(1 − β2ᵗ)) + eps), with the bias corrections drawn out of the loop.
  const rootV = Math.sqrt(1 - beta2 ** step), rateM = rate * rootV / (1 - beta1 ** step), epsV = eps * rootV;
  const gradM = (1 - beta1) * gradScale, gradV = (1 - beta2) * gradScale ** 2, keep = 1 - rate * decay, emaRest = 1 - emaDecay;
  for (let i = start; i < end; i++) {
    const g = grad[i]!, mi = beta1 * m[i]! + gradM * g, vi = beta2 * v[i]! + gradV * g * g;
    m[i] = mi;
    v[i] = vi;
    const next = keep * value[i]! - rateM * mi / (Math.sqrt(vi) + epsV);
    value[i] = next;
    ema[i] = emaDecay * ema[i]! + emaRest * next;
  }
}
