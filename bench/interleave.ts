/**
 * @file Measures two ways of doing the same work in turns, A B A B …, so that a drift of the machine's load meets both. What
 * may be claimed is the ratio; the milliseconds belong to the machine and the minute.
 */

/** One side of a comparison: does the work once. */
export type Side = () => unknown;

/** Options of {@link interleave}. */
export interface InterleaveOptions {
  /** Measured rounds of both sides. */
  readonly rounds: number;
  /** Rounds before, not counted: caches, compilation. Default 1. */
  readonly warmup?: number;
  /** Milliseconds; default `performance.now`. */
  readonly now?: () => number;
}

/** Medians of two sides, and the ratio of B to A over the rounds (above 1: A is faster). */
export interface Interleaved {
  readonly aMs: number;
  readonly bMs: number;
  /** Median over rounds of B's time divided by A's time in the same round. */
  readonly ratio: number;
  /** Smallest and largest ratio of a round: how far the claim can be trusted. */
  readonly ratioRange: readonly [number, number];
  readonly rounds: number;
}

/** Runs `a` and `b` in turns; every second round starts with the other one. */
export async function interleave(a: Side, b: Side, { rounds, warmup = 1, now = () => performance.now() }: InterleaveOptions): Promise<Interleaved> {
  if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError(`rounds ${rounds}: wanted a whole number ≥ 1`);
  const time = async (side: Side): Promise<number> => {
    const start = now();
    await side();
    return now() - start;
  };
  const aMs: number[] = [], bMs: number[] = [];
  for (let round = -warmup; round < rounds; round++) {
    const aFirst = round % 2 === 0;
    const first = await time(aFirst ? a : b), second = await time(aFirst ? b : a);
    if (round < 0) continue;
    aMs.push(aFirst ? first : second);
    bMs.push(aFirst ? second : first);
  }
  const ratios = aMs.map((ms, i) => bMs[i]! / ms);
  return { aMs: median(aMs), bMs: median(bMs), ratio: median(ratios), ratioRange: [Math.min(...ratios), Math.max(...ratios)], rounds };
}

/** The middle of a non-empty list of numbers (the mean of the two middle ones when their count is even). */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('the median of no values does not exist');
  const sorted = values.toSorted((x, y) => x - y);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
