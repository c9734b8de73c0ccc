/** @file Whether a quantity that is sampled over time grows: the median of all slopes between two samples (Theil 1950, Sen 1968), which a few wild samples do not move. */
import { median } from './interleave.ts';

/** A sample: minutes since the start, and what was measured. */
export type Sample = readonly [minutes: number, value: number];

/** Median slope over all pairs of samples, in units a minute; 0 for fewer than two. */
export function theilSen(samples: readonly Sample[]): number {
  const slopes = samples.flatMap(([t, v], i) => samples.slice(i + 1).flatMap(([u, w]) => (u === t ? [] : [(w - v) / (u - t)])));
  return slopes.length === 0 ? 0 : median(slopes);
}

/** What the samples of a run say; the second half is what counts, as caches fill in the first. */
export interface Trend {
  /** Units a minute over the second half. */
  readonly slope: number;
  /** Slope times the second half's minutes. */
  readonly rise: number;
  /** Medians of the run's first and last quarter. */
  readonly first: number;
  readonly last: number;
  /** Whether `rise` is at most the share `most` of the second half's median, or `least` units. */
  readonly flat: boolean;
}

/** The trend of samples in the order of time. */
export function trend(samples: readonly Sample[], { most, least }: { readonly most: number; readonly least: number }): Trend {
  if (samples.length < 4) throw new RangeError(`${samples.length} samples show no trend: wanted four or more`);
  const n = samples.length, half = samples.slice(n >> 1), values = (part: readonly Sample[]): number => median(part.map(([, value]) => value));
  const slope = theilSen(half), rise = slope * (half.at(-1)![0] - half[0]![0]), quarter = Math.ceil(n / 4);
  return { slope, rise, first: values(samples.slice(0, quarter)), last: values(samples.slice(-quarter)), flat: rise <= Math.max(most * values(half), least) };
}
