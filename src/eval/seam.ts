/**
 * @file How visible a join is: the first and second difference of a film over time at the join, over the film's own median. 1 is a join like any other place.
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

/** The join between frames `at − 1` and `at`; null where the film moves too little to compare (a median of 0), or where the join has no two frames on either side. */
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
  const steps = median(first), turns = median(second);
  return steps === 0 || turns === 0 ? null : { first: first[at - 1]! / steps, second: (second[at - 2]! + second[at - 1]!) / 2 / turns };
}
