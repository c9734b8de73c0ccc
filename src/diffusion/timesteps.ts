/**
 * @file Which σ: draws for training and grids for sampling, both with a shift for the number of tokens.
 * Esser et al. 2024, "Scaling Rectified Flow Transformers" (SD3), section 3.1 (logit-normal) and 5.3.2 (shift,
 * equation 23), arXiv:2403.03206v1. A draw is a pure function of its key; only + − × ÷ √ touch the numbers.
 */
import { InputError } from '../core/errors.ts';
import { normals, type RandomKey } from '../core/random.ts';

/** shared: one σ for all frames of a sample. independent: one for each frame (Diffusion Forcing, arXiv:2407.01392v4). */
export const FRAME_SIGMA_MODES = ['shared', 'independent'] as const;
export type FrameSigmaMode = (typeof FRAME_SIGMA_MODES)[number];

/**
 * Where the shift is 1: the default film, 17 frames of 64×64 = 5 latent frames × 8 × 8. Counted in latent positions
 * before patching, so that the noise level does not depend on the patch size.
 */
export const BASE_TOKENS = 5 * 8 * 8;

/** Shift a = √(tokens / base): larger films need more noise to be destroyed as much (SD3, equation 23). */
export function shiftForTokens(tokens: number, baseTokens: number = BASE_TOKENS): number {
  if (!(tokens >= 1 && baseTokens >= 1)) throw new InputError(`tokens ${tokens} and base tokens ${baseTokens} must be ≥ 1`);
  return Math.sqrt(tokens / baseTokens);
}

/** σ′ = a·σ / (1 + (a − 1)·σ): moves σ up for a > 1; keeps 0, 1 and the order. */
export function shiftSigma(sigma: number, shift: number): number {
  return shift * sigma / (1 - sigma + shift * sigma);                        // so written, 1 stays exactly 1
}

/** Options of {@link drawSigmas}. */
export interface SigmaDrawOptions {
  /** See shiftForTokens; > 0, default 1 (none). */
  readonly shift?: number;
}

/** `count` training σ in the open interval (0, 1): logit σ is a standard Gaussian (SD3's rf/lognorm(0.00, 1.00)), then the shift. */
export function drawSigmas(key: RandomKey, count: number, { shift = 1 }: SigmaDrawOptions = {}): Float32Array {
  if (!(shift > 0)) throw new InputError(`sigma draw: shift ${shift} must be > 0`);
  return Float32Array.from(normals(key, count), (n) => inside(shiftSigma(logistic(n), shift)));
}

/** σ of each of `frames` latent frames of one sample. `shared` draws one number, `independent` one for each frame. */
export function drawFrameSigmas(
  key: RandomKey, frames: number, o: SigmaDrawOptions & { readonly mode: FrameSigmaMode },
): Float32Array {
  switch (o.mode) {
    case 'shared': return new Float32Array(frames).fill(drawSigmas(key, 1, o)[0]!);
    case 'independent': return drawSigmas(key, frames, o);
    default: return o.mode satisfies never;
  }
}

/** The `steps + 1` levels from `from` to exactly 0 that a sampler visits: even in σ, then shifted; from 1, unless told otherwise, which the shift keeps. */
export function sigmaGrid(steps: number, shift = 1, from = 1): Float64Array {
  if (!Number.isInteger(steps) || steps < 1) throw new InputError(`steps is ${steps}; it must be an integer ≥ 1`);
  if (!(shift > 0 && Number.isFinite(shift))) throw new InputError(`shift is ${shift}; it must be a number > 0`);
  if (!(from >= 0 && from <= 1)) throw new InputError(`the first level is ${from}; it must be within [0, 1]`);
  return Float64Array.from({ length: steps + 1 }, (_, i) => shiftSigma(from * ((steps - i) / steps), shift));
}

/** Keeps σ inside (0, 1) after rounding to float32: 2⁻²⁴ is half of the spacing below 1. */
function inside(sigma: number): number {
  return Math.min(Math.max(sigma, 2 ** -24), 1 - 2 ** -24);
}

const LN2 = 0.6931471805599453;

/** 1 / (1 + e⁻ˣ) from + − × ÷ alone (`Math.exp` differs between engines): e^r by Taylor for |r| ≤ ln 2 / 2, then × 2ᵏ. */
function logistic(x: number): number {
  const y = Math.min(Math.max(-x, -700), 700);
  const k = Math.round(y / LN2), r = y - k * LN2;
  let exp = 1;
  for (let n = 14; n >= 1; n--) exp = 1 + exp * r / n;                       // 0.347¹⁵/15! < 1e-19
  return 1 / (1 + exp * 2 ** k);
}
