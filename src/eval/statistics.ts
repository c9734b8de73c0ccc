/**
 * @file Shares and how sure they are: Wilson's interval (1927), and the share that guessing would reach.
 */

/** A counted share. */
export interface Share {
  /** Successes ÷ count; null when nothing was counted. */
  readonly share: number | null;
  readonly count: number;
  /** 95 % interval of Wilson's score. */
  readonly interval: readonly [low: number, high: number];
}

const Z = 1.959963984540054;                                    // 97.5 % of a Gaussian lie below

/** Successes of `count` trials as a share with Wilson's 95 % interval: (p + z²/2n ± z√(p(1−p)/n + z²/4n²)) / (1 + z²/n). */
export function shareOf(successes: number, count: number): Share {
  if (!(successes >= 0 && successes <= count)) throw new RangeError(`${successes} successes of ${count}`);
  if (count === 0) return { share: null, count, interval: [0, 1] };
  const p = successes / count, scale = 1 + Z * Z / count, middle = p + Z * Z / (2 * count);
  const half = Z * Math.sqrt(p * (1 - p) / count + Z * Z / (4 * count * count));
  return { share: p, count, interval: [Math.max(0, (middle - half) / scale), Math.min(1, (middle + half) / scale)] };
}

/** The share of agreement when answers and truths are paired at random: Σ over classes of one's frequency times the other's. */
export function chanceOf(answers: readonly string[], truths: readonly string[]): number {
  const frequency = (list: readonly string[], name: string): number => list.filter((x) => x === name).length / list.length;
  return [...new Set(truths)].reduce((sum, name) => sum + frequency(answers, name) * frequency(truths, name), 0);
}

/** Mean of numbers; null of none. */
export const meanOf = (values: readonly number[]): number | null => (values.length === 0 ? null : values.reduce((a, b) => a + b, 0) / values.length);
