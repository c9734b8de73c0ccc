/**
 * @file How latents lie in one flat array, and the σ of each latent frame.
 * A pack is one sample after another; a sample is frame-major `[frames, perFrame]` (the tokens by frame group `[G, g, D]`
 * of docs/concepts/axes.md, perFrame = g·D). A σ vector has one entry per frame of the pack. Frame-wise noise levels:
 * Chen et al. 2024, "Diffusion Forcing", section 3.1, arXiv:2407.01392v4.
 */
import { InputError } from '../core/errors.ts';

/** One sample of a pack. Both are integers ≥ 1. */
export interface FrameLayout {
  /** Latent frames. */
  readonly frames: number;
  /** Values in one latent frame: rows × columns × channels. */
  readonly perFrame: number;
}

/** One latent frame of a pack: values `[start, end)`, and the sample it belongs to. */
export interface FrameSpan {
  readonly start: number;
  readonly end: number;
  readonly sample: number;
}

/** The frames of a pack in order, one span for each. */
export function frameSpans(pack: readonly FrameLayout[]): FrameSpan[] {
  if (pack.length === 0) throw new InputError('a pack needs at least one sample');
  const spans: FrameSpan[] = [];
  let start = 0;
  for (const [sample, { frames, perFrame }] of pack.entries()) {
    if (!Number.isInteger(frames) || frames < 1 || !Number.isInteger(perFrame) || perFrame < 1) {
      throw new InputError(`sample ${sample} has ${frames} frames of ${perFrame} values; both must be integers ≥ 1`);
    }
    for (let frame = 0; frame < frames; frame++, start += perFrame) spans.push({ start, end: start + perFrame, sample });
  }
  return spans;
}

/** One σ for everything, or one for each frame. */
export type SigmaOf = number | ArrayLike<number>;

/** σ of one frame; throws when the vector is too short or σ lies outside [0, 1]. */
export function sigmaAt(sigma: SigmaOf, frame: number): number {
  const value = typeof sigma === 'number' ? sigma : sigma[frame];
  if (value === undefined || !(value >= 0 && value <= 1)) {
    throw new InputError(`sigma of frame ${frame} is ${value}; it must be within [0, 1]`);
  }
  return value;
}

/** Throws unless every array has as many values as the spans cover. */
export function checkLengths(spans: readonly FrameSpan[], arrays: Readonly<Record<string, Float32Array>>): void {
  const expected = spans[spans.length - 1]!.end;
  for (const [name, array] of Object.entries(arrays)) {
    if (array.length !== expected) throw new InputError(`${name} has ${array.length} values, the pack has ${expected}`);
  }
}

/** The σ of each frame at each point of a grid that all frames follow: `[steps + 1][frames]`. */
export function frameSigmas(grid: ArrayLike<number>, frames: number): Float32Array[] {
  return Array.from(grid, (sigma) => new Float32Array(frames).fill(sigma));
}
