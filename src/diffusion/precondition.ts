/**
 * @file What a network's raw output F means: x̂ = skip·z + out·F per latent frame and channel, on the linear path z = (1 − σ)·x + σ·ε.
 * `preconditioned` is Karras et al. 2022, "EDM", section 5, arXiv:2206.00364v2, carried over to this path and to each channel's own deviation s:
 * skip·z is the best linear guess of x (Wiener), out its remaining deviation, so that F has unit variance at every level, in every channel, and a
 * network that has learnt nothing denoises as well as a linear filter. Not for: paths and samplers, which know velocities only.
 */
import { InputError } from '../core/errors.ts';
import { SAMPLING_FLOOR, TRAINING_FLOOR } from './prediction.ts';

/** `velocity`: F = ε − x. `x`: F = x (Li & He 2025, "JiT", arXiv:2511.13720v1). */
export const OUTPUT_KINDS = ['velocity', 'x', 'preconditioned'] as const;
export type OutputKind = (typeof OUTPUT_KINDS)[number];

/** Factors of z and F in x̂. */
export interface OutputFactors { readonly skip: number; readonly out: number }

/** The factors at level `sigma` in [0, 1] for a channel of standard deviation `std` > 0. */
export function outputFactors(kind: OutputKind, sigma: number, std: number): OutputFactors {
  switch (kind) {
    case 'velocity': return { skip: 1, out: -sigma };
    case 'x': return { skip: 0, out: 1 };
    case 'preconditioned': {
      const a = 1 - sigma, variance = (a * std) ** 2 + sigma ** 2;                              // of z
      return { skip: a * std ** 2 / variance, out: std * sigma / Math.sqrt(variance) };
    }
    default: return kind satisfies never;
  }
}

/** Rows of tokens `[rows, channels]` of one latent frame at one level. */
export interface FrameRows {
  readonly kind: OutputKind;
  readonly sigma: number;
  /** Standard deviation of each value of a token, `channels` long. */
  readonly std: ArrayLike<number>;
}

function checkRows(length: number, { sigma, std }: FrameRows): void {
  if (!(sigma >= 0 && sigma <= 1)) throw new InputError(`sigma is ${sigma}; it must be within [0, 1]`);
  if (std.length < 1 || length % std.length !== 0) throw new InputError(`${length} values are no rows of ${std.length} channels`);
}

/**
 * Writes the raw output that would be perfect into `target`, and the factor per channel that turns an error of F into one of the velocity into
 * `factor`: ε − x for `velocity` (factor 1); for the others the velocity's divisor is at least {@link TRAINING_FLOOR}.
 */
export function outputTarget(o: FrameRows, x: Float32Array, eps: Float32Array, target: Float32Array, factor: Float32Array): void {
  checkRows(x.length, o);
  const { kind, sigma, std } = o, channels = std.length;
  for (let c = 0; c < channels; c++) {
    if (kind === 'velocity') { factor[c] = 1; continue; }
    factor[c] = outputFactors(kind, sigma, std[c]!).out / Math.max(sigma, TRAINING_FLOOR);
  }
  for (let c = 0; c < channels; c++) {
    const { skip, out } = outputFactors(kind, Math.max(sigma, 1e-4), std[c]!);
    for (let i = c; i < x.length; i += channels) {
      const z = (1 - sigma) * x[i]! + sigma * eps[i]!;
      target[i] = kind === 'velocity' ? eps[i]! - x[i]! : (x[i]! - skip * z) / out;
    }
  }
}

/** Velocity (z − x̂)/σ of raw outputs F at z, written over F; the divisor is at least {@link SAMPLING_FLOOR}. */
export function outputToVelocity(o: FrameRows, z: Float32Array, f: Float32Array): void {
  checkRows(z.length, o);
  const { kind, sigma, std } = o, channels = std.length, divisor = Math.max(sigma, SAMPLING_FLOOR);
  if (kind === 'velocity') return;
  for (let c = 0; c < channels; c++) {
    const { skip, out } = outputFactors(kind, sigma, std[c]!), keep = (1 - skip) / divisor, turn = -out / divisor;
    for (let i = c; i < z.length; i += channels) f[i] = keep * z[i]! + turn * f[i]!;
  }
}
