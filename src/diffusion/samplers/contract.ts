/**
 * @file The contract of every sampler, and the one loop they share. A sampler integrates dz/dσ = v(z, σ) from the first to
 * the last row of `sigmas`, each latent frame along its own column (Diffusion Forcing, arXiv:2407.01392v4, section 3.3);
 * a frame whose σ stays the same stays the same, bit for bit. In the manner of k-diffusion (sampling.py): plain functions.
 * Everything is elementwise and keyed per sample: a film does not depend on its neighbours in the pack.
 */
import { CancelledError, InputError } from '../../core/errors.ts';
import type { RandomKey } from '../../core/random.ts';
import { checkLengths, frameSpans, type FrameLayout, type FrameSpan } from '../frames.ts';
import type { PathName } from '../path.ts';

/** dz/dσ of the whole pack, guided already. `sigma` has one entry per frame. Neither argument may be changed or kept. */
export type VelocityFn = (z: Float32Array, sigma: Float32Array) => Promise<Float32Array>;

/** Where a sampler stands after a step. */
export interface SamplerProgress {
  /** Steps done, 1 to `steps`. */
  readonly step: number;
  readonly steps: number;
  /** Of each frame, after this step. */
  readonly sigma: Float32Array;
  /** The latents after this step: valid during the call, copy to keep. */
  readonly z: Float32Array;
}

/** What every sampler is given. */
export interface SampleOptions {
  readonly velocity: VelocityFn;
  /** z at `sigmas[0]`: Gaussian noise where σ = 1, given latents where σ is small. Not changed. */
  readonly noise: Float32Array;
  readonly pack: readonly FrameLayout[];
  /** `[steps + 1][frames]` within [0, 1], never rising: see frameSigmas and sigmaGrid. */
  readonly sigmas: readonly Float32Array[];
  /** One per sample, for samplers that draw noise; others ignore it. */
  readonly keys?: readonly RandomKey[];
  /** The path that the velocity belongs to, for samplers that need the score; default linear. */
  readonly path?: PathName;
  readonly signal?: AbortSignal;
  readonly onStep?: (progress: SamplerProgress) => void | Promise<void>;
}

/** An integrator of dz/dσ from noise to data. */
export interface Sampler {
  /** Order of convergence of the result; of a sampler that draws noise, the weak order. */
  readonly order: 1 | 2;
  /** Calls of `velocity` in a step other than the last; the last one, which ends at σ = 0, takes one. Of n steps Euler takes n, Heun 2n − 1. */
  readonly evaluationsPerStep: number;
  sample(o: SampleOptions): Promise<Float32Array>;
}

/** One step, as a sampler's rule sees it. */
export interface Step {
  /** From 0. */
  readonly index: number;
  /** At the start of the step; the rule changes it in place. */
  readonly z: Float32Array;
  readonly spans: readonly FrameSpan[];
  /** Of each frame, at the start and at the end of the step. */
  readonly sigma: Float32Array;
  readonly next: Float32Array;
  /** Calls the model, after looking at the signal. */
  readonly velocity: VelocityFn;
}

/** Runs `rule` over all steps: checks what it is given, counts, stops at an abort, reports. */
export async function runSteps(o: SampleOptions, rule: (step: Step) => Promise<void>): Promise<Float32Array> {
  const spans = frameSpans(o.pack);
  checkLengths(spans, { noise: o.noise });
  const steps = o.sigmas.length - 1;
  validateSigmas(o.sigmas, spans.length);
  const z = o.noise.slice();
  for (let index = 0; index < steps; index++) {
    const stop = (): void => {
      if (o.signal?.aborted) throw new CancelledError(`cancelled at step ${index + 1} of ${steps}`, { cause: o.signal.reason });
    };
    const velocity: VelocityFn = async (at, sigma) => {
      stop();
      const v = await o.velocity(at, sigma);
      checkLengths(spans, { velocity: v });
      stop();
      return v;
    };
    const sigma = o.sigmas[index]!, next = o.sigmas[index + 1]!;
    if (sigma.some((s, frame) => s !== next[frame])) await rule({ index, z, spans, sigma, next, velocity });
    await o.onStep?.({ step: index + 1, steps, sigma: next, z });
  }
  return z;
}

function validateSigmas(sigmas: readonly Float32Array[], frames: number): void {
  if (sigmas.length < 2) throw new InputError(`sigmas has ${sigmas.length} rows; a sampler needs at least 2`);
  for (const [row, sigma] of sigmas.entries()) {
    if (sigma.length !== frames) throw new InputError(`row ${row} of sigmas has ${sigma.length} entries, the pack ${frames} frames`);
    for (const [frame, value] of sigma.entries()) {
      const before = row === 0 ? 1 : sigmas[row - 1]![frame]!;
      if (!(value >= 0 && value <= before)) {
        throw new InputError(`sigma of frame ${frame} goes from ${before} to ${value} at row ${row}; it must fall within [0, 1]`);
      }
    }
  }
}
