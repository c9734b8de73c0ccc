/**
 * @file Frame rates as exact fractions: containers count time in integers, and 23.976 is 24000 / 1001. Where they count in coarse units, durations are rounded so that
 * their sums are right.
 */
import { InputError } from '../core/errors.ts';

/** numerator / denominator, both positive integers. */
export interface Rational {
  readonly numerator: number;
  readonly denominator: number;
}

/** Within 2e-6 of a multiple of 1000 / 1001: 23.976 and 29.97 as people write them. */
function ntsc(fps: number): Rational | undefined {
  const thousands = Math.round((fps * 1001) / 1000);
  return thousands > 0 && Math.abs((thousands * 1000) / 1001 / fps - 1) < 2e-6 ? { numerator: thousands * 1000, denominator: 1001 } : undefined;
}

/** The fraction that `fps` stands for: an integer, an NTSC rate, or the smallest denominator ≤ 1000 within 1e-7. */
export function rationalFps(fps: number): Rational {
  if (!(fps > 0) || fps > 1000) throw new InputError(`fps must be above 0 and at most 1000, got ${fps}`);
  if (Number.isInteger(fps)) return { numerator: fps, denominator: 1 };
  const television = ntsc(fps);
  if (television) return television;
  for (let denominator = 1; denominator <= 1000; denominator++) {
    const numerator = Math.round(fps * denominator);
    if (numerator > 0 && Math.abs(numerator / denominator / fps - 1) < 1e-7) return { numerator, denominator };
  }
  throw new InputError(`fps ${fps} is not a fraction with a denominator of at most 1000`);
}

/** Durations of frames in units of 1 / `units` s: differences of rounded times, so that none drifts. 8 fps in hundredths is 13, 12, 13, 12 … (12.5 rounds up). */
export const roundedDuration = (index: number, fps: number, units: number): number => Math.round((units * (index + 1)) / fps) - Math.round((units * index) / fps);

/** Browsers show frames of 10 ms and less as if they lasted 100: an animated image has so many a second at most. */
export const IMAGE_MAX_FPS = 90;
