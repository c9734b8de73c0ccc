/**
 * @file Hard cuts in a stream of small frames: a frame differs from the one before much more than its neighbours do among themselves (adaptive
 * threshold after Zhang, Kankanhalli, Smoliar 1993, section 3, and PySceneDetect's AdaptiveDetector), in brightness by place and in its histogram.
 * A flash is no cut: what follows it resembles what came before. A fade through black or white ends a shot. Dissolves are not found.
 */
import type { Luma } from '../../media/film-stream.ts';
import { difference, resizeLuma } from './plane.ts';

/** Frames that are looked at on each side; answers come so many frames late. */
export const LOOK_AHEAD = 2;
/** Bytes: below it nothing is a cut, however still the surroundings. */
const LEAST = 12;
/** A cut stands out from the differences around it by this factor. */
const RATIO = 3;
/** Histograms (32 bins) of two shots share less than this. */
const SHARED = 0.85;
/** A place by place difference that counts without the histogram. */
const STRONG = 40;
const THUMB = { width: 32, height: 18 }, BINS = 32;

interface Signature { readonly thumb: Luma; readonly histogram: Float32Array; readonly flat: boolean }

function signature(luma: Luma): Signature {
  const thumb = resizeLuma(luma, THUMB.width, THUMB.height), { data } = luma, counts = new Uint32Array(BINS);
  let low = 255, high = 0;
  for (let i = 0; i < data.length; i++) counts[data[i]! >> 3]!++;
  for (const v of thumb.data) { low = Math.min(low, v); high = Math.max(high, v); }
  return { thumb, histogram: Float32Array.from(counts, (n) => n / data.length), flat: high - low < 6 && (low < 24 || high > 236) };
}

/** Share of pixels that two histograms have in common (Swain, Ballard 1991). */
const shared = (a: Signature, b: Signature): number => a.histogram.reduce((s, v, i) => s + Math.min(v, b.histogram[i]!), 0);

/** Tells for each frame whether a shot begins with it. */
export interface CutDetector {
  /** Takes the next frame; answers for the frame {@link LOOK_AHEAD} before it (undefined until there is one). */
  push(luma: Luma): boolean | undefined;
  /** The answers that are left. */
  finish(): boolean[];
}

/** A detector; one a film. */
export function cutDetector(): CutDetector {
  const seen: Signature[] = [];                                 // the last 2·LOOK_AHEAD + 1; the frame in question stands before the last LOOK_AHEAD
  const answer = (at: number): boolean => {
    const now = seen[at]!, before = seen[at - 1];
    if (!before) return false;
    if (now.flat !== before.flat) return true;
    const step = difference(before.thumb, now.thumb), others: number[] = [];
    for (let i = 1; i < seen.length; i++) if (i !== at) others.push(difference(seen[i - 1]!.thumb, seen[i]!.thumb));
    others.sort((a, b) => a - b);
    const around = others[others.length >> 1] ?? 0;
    if (step < LEAST || step < RATIO * around) return false;
    if (step < STRONG && shared(before, now) > SHARED) return false;
    for (let i = at + 1; i < seen.length; i++) if (difference(before.thumb, seen[i]!.thumb) < step / 3) return false;    // a flash begins
    for (let i = at - 2; i >= 0; i--) if (difference(now.thumb, seen[i]!.thumb) < step / 3) return false;               // a flash ends
    return true;
  };
  let pushed = 0, answered = 0;
  return {
    push(luma) {
      seen.push(signature(luma));
      pushed++;
      if (seen.length > 2 * LOOK_AHEAD + 1) seen.shift();
      if (pushed <= LOOK_AHEAD) return undefined;
      answered++;
      return answer(seen.length - 1 - LOOK_AHEAD);
    },
    finish() {
      const left: boolean[] = [];
      for (; answered < pushed; answered++) left.push(answer(seen.length - (pushed - answered)));
      return left;
    },
  };
}
