/**
 * @file Where frames that the model made meet frames that were there: the autoencoder returns what is known with an error of its own, and at the join that error appears
 * all at once. So the window's own version of the last known frame is taken from the known one, and this residual is carried into the made frames wherever they still
 * show what was there: at pixels whose neighbourhood differs from that version by no more than the decoder's flicker. What stands still goes on to the byte,
 * what moves is the model's. From a known end it is carried backwards; between two joins each counts by its distance.
 */
import { concatFrames, sliceFrames, type Frames } from '../../media/frames.ts';
import { stillness } from './steady.ts';

/** Known frames at a window's ends. */
export interface KnownEnds { readonly beginning: Frames | null; readonly ending: Frames | null }

/** Difference of a neighbourhood, in bytes, at which a residual counts by 1/e: the decoder's flicker is 1 to 7, a limb that moves 20 and more. */
const STILL = 10;

/** One side of the window. */
interface Residual {
  /** The window's version of the known frame. */
  readonly made: Uint8Array;
  /** Known − made. */
  readonly error: Int16Array;
}

function residualOf(known: Frames, made: Frames): Residual {
  return { made: made.data, error: Int16Array.from(known.data, (value, i) => value - made.data[i]!) };
}

/** A made frame with the residuals carried into it; `position` in 0 (at the beginning) to 1 (at the ending). */
function carried(frame: Frames, position: number, before: Residual | null, after: Residual | null): Frames {
  const sum = new Float32Array(frame.data);
  for (const [side, share] of [[before, after ? 1 - position : 1], [after, before ? position : 1]] as const) {
    if (!side) continue;
    const still = stillness(frame.data, side.made, frame, STILL);
    for (let i = 0; i < sum.length; i++) sum[i]! += share * still[Math.floor(i / 3)]! * side.error[i]!;
  }
  return { ...frame, data: Uint8Array.from(sum, (value) => Math.max(0, Math.min(255, Math.round(value)))) };
}

/**
 * Decoded pieces of one window, known frames included, RGB → its made frames, in order, joined to what is known. With a known ending all of the window is
 * held until its end is there, otherwise one piece.
 */
export async function* joinedFrames(decoded: AsyncIterable<Frames>, frames: number, { beginning, ending }: KnownEnds): AsyncGenerator<Frames> {
  const first = beginning?.count ?? 0, end = frames - (ending?.count ?? 0), held: Frames[] = [];
  let before: Residual | null = null, at = 0;
  const settled = (film: Frames, start: number, after: Residual | null): Frames =>
    (before || after ? concatFrames(Array.from({ length: film.count }, (_, i) =>
      carried(sliceFrames(film, i, i + 1), (start + i + 1 - first) / (end - first + 1), before, after))) : film);
  for await (const piece of decoded) {
    if (beginning && at < first && first <= at + piece.count) before = residualOf(sliceFrames(beginning, first - 1), sliceFrames(piece, first - 1 - at, first - at));
    const from = Math.max(at, first), to = Math.min(at + piece.count, ending ? frames : end);
    if (from < to) {
      const made = sliceFrames(piece, from - at, to - at);
      if (ending) held.push(made); else yield settled(made, from, null);
    }
    at += piece.count;
  }
  if (!ending) return;
  const whole = concatFrames(held), after = residualOf(sliceFrames(ending, 0, 1), sliceFrames(whole, end - first, end - first + 1));
  yield settled(sliceFrames(whole, 0, end - first), first, after);
}
