/**
 * @file Frame rates as exact fractions: containers count time in integers, and 23.976 is 24000 / 1001.
 */
import { InputError } from '../core/errors.ts';

export interface Rational {
  readonly numerator: number;
  readonly denominator: number;
}

/** The fraction with the smallest denominator ≤ 1001 that is `fps` to within 1e-6 relative. */
export function rationalFps(fps: number): Rational {
  if (!(fps > 0) || fps > 1000) throw new InputError(`fps must be above 0 and at most 1000, got ${fps}`);
  for (let denominator = 1; denominator <= 1001; denominator++) {
    const numerator = Math.round(fps * denominator);
    if (numerator > 0 && Math.abs(numerator / denominator / fps - 1) < 1e-6) return { numerator, denominator };
  }
  throw new InputError(`fps ${fps} is not a fraction with a denominator of at most 1001`);
}
