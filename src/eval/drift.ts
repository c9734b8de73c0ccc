/**
 * @file How a long film drifts: each slice of it against its first, in colour, sharpness and motion, and the medians of films with their intervals. What a film
 * is of, and whether it still shows it, the judge says (long.ts).
 */
import { frameBytes, sliceFrames, type Frames } from '../media/frames.ts';
import { motionEnergy } from './motion.ts';

/** A slice against the first. */
export interface Drift {
  /** Mean over red, green and blue of the absolute difference of the slices' mean colours, 0 … 255. */
  readonly colour: number;
  /** Ratio of the mean gradients of luminance; null where the first slice is flat. */
  readonly sharpness: number | null;
  /** Ratio of the motion energies; null where the first slice stands still. */
  readonly motion: number | null;
}

/** Whole slices of `frames` frames in order; what is left over at the end is left out. Throws a RangeError unless `frames` is a whole number ≥ 1. */
export function slicesOf(film: Frames, frames: number): Frames[] {
  if (!Number.isInteger(frames) || frames < 1) throw new RangeError(`slices of ${frames} frames`);
  return Array.from({ length: Math.floor(film.count / frames) }, (_, i) => sliceFrames(film, i * frames, (i + 1) * frames));
}

/** Mean of each channel over all pixels and frames, 0 … 255. */
export function meanColour({ data, channels }: Frames): number[] {
  const sums = new Array<number>(channels).fill(0);
  for (let i = 0; i < data.length; i++) sums[i % channels]! += data[i]!;
  return sums.map((sum) => sum / (data.length / channels));
}

/**
 * Mean gradient magnitude √(∂x² + ∂y²) of luminance (Rec. 709 weights on the bytes) by forward differences, in bytes a pixel: blur lowers it (the gradient measure
 * of Pertuz et al. 2013, "Analysis of focus measure operators", Pattern Recognition 46). 0 for a frame of one row or column.
 */
export function meanGradient(film: Frames): number {
  const { data, width, height, count, channels } = film, size = frameBytes(film), luminance = new Float64Array(width * height);
  let sum = 0;
  for (let t = 0; t < count; t++) {
    for (let i = 0, at = t * size; i < luminance.length; i++, at += channels) luminance[i] = 0.2126 * data[at]! + 0.7152 * data[at + 1]! + 0.0722 * data[at + 2]!;
    for (let y = 0; y + 1 < height; y++) for (let x = 0; x + 1 < width; x++) {
      const i = y * width + x;
      sum += Math.hypot(luminance[i + 1]! - luminance[i]!, luminance[i + width]! - luminance[i]!);
    }
  }
  const places = count * (width - 1) * (height - 1);
  return places === 0 ? 0 : sum / places;
}

const ratio = (a: number, b: number): number | null => (b === 0 ? null : a / b);

/** Each slice against the first; the first against itself is colour 0 and ratios 1. */
export function driftOf(slices: readonly Frames[]): Drift[] {
  const measured = slices.map((s) => ({ colour: meanColour(s), gradient: meanGradient(s), motion: motionEnergy(s) })), first = measured[0];
  return measured.map(({ colour, gradient, motion }) => ({
    colour: colour.reduce((sum, c, i) => sum + Math.abs(c - first!.colour[i]!), 0) / colour.length,
    sharpness: ratio(gradient, first!.gradient), motion: ratio(motion, first!.motion),
  }));
}

/** A median. */
export interface Median {
  /** Null when nothing was measured. */
  readonly median: number | null;
  readonly count: number;
  /** Interval of 95 % and more by order statistics; of fewer than six values it is their range, and less sure. Null when nothing was measured. */
  readonly interval: readonly [low: number, high: number] | null;
}

/** The median with its interval: the widest-known ranks l, n + 1 − l between which the binomial(n, ½) says that the median lies (David & Nagaraja 2003, section 7.1). */
export function medianOf(values: readonly number[]): Median {
  const sorted = values.toSorted((a, b) => a - b), n = sorted.length;
  if (n === 0) return { median: null, count: 0, interval: null };
  let rank = 0, term = 0.5 ** n;                                 // term: P(binomial = rank)
  for (let below = term; below <= 0.025 && rank + 1 < n; below += term) term *= (n - rank) / ++rank;
  const low = Math.max(0, rank - 1);                             // with l = rank: P(fewer than l below the median) ≤ 2.5 %
  return { median: (sorted[(n - 1) >> 1]! + sorted[n >> 1]!) / 2, count: n, interval: [sorted[low]!, sorted[n - 1 - low]!] };
}
