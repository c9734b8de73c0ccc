/**
 * @file How visible a join is: the first and second difference of a film over time at the join, over the film's own median. 1 is a join like any other place.
 * A film that stands still has a median near 0, beside which any change would count as a jump: so the median counts as one grey level at least.
 */
import { frameBytes, type Frames } from '../media/frames.ts';

/** A join's differences over the film's medians. */
export interface Seam {
  /** |f(t) − f(t − 1)|: a jump. */
  readonly first: number;
  /** |f(t + 1) − 2·f(t) + f(t − 1)|, the mean of both sides of the join: a jerk. */
  readonly second: number;
}

const median = (list: readonly number[]): number => list.toSorted((a, b) => a - b)[list.length >> 1]!;

/** Least median, mean grey levels (of 255) per value: a change of that size is not seen. */
const FLOOR = 1;

/** The join between frames `at − 1` and `at`; null where the join has no two frames on either side. */
export function seamOf({ data, count, ...size }: Frames, at: number): Seam | null {
  if (at < 2 || at > count - 2) return null;
  const bytes = frameBytes(size), first: number[] = [], second: number[] = [];               // first[t − 1] is the step to frame t, second[t − 1] the turn at frame t
  for (let t = 1; t < count; t++) {
    let step = 0, turn = 0;
    for (let i = t * bytes; i < (t + 1) * bytes; i++) {
      step += Math.abs(data[i]! - data[i - bytes]!);
      if (t + 1 < count) turn += Math.abs(data[i + bytes]! - 2 * data[i]! + data[i - bytes]!);
    }
    first.push(step / bytes);
    if (t + 1 < count) second.push(turn / bytes);
  }
  const steps = Math.max(FLOOR, median(first)), turns = Math.max(FLOOR, median(second));
  return { first: first[at - 1]! / steps, second: (second[at - 2]! + second[at - 1]!) / 2 / turns };
}
