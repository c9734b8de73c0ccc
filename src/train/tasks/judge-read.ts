/**
 * @file Reads films with a judge: bytes → the frames that it looks at → logits in batches of one size → the likeliest class of each attribute.
 */
import { InputError } from '../../core/errors.ts';
import type { Frames } from '../../media/frames.ts';
import { sliceFrames, toModel, toRgb } from '../../media/frames.ts';
import { ATTRIBUTES, framesSeen, type Attribute, type JudgeConfig } from '../../models/judge/config.ts';

/** What a judge reads off one film. */
export type Reading = Readonly<Record<Attribute, string>>;

/** Options of {@link readFilms}. */
export interface ReadFilmsOptions {
  readonly config: JudgeConfig;
  /** Films a run; the last batch is filled up with its first film. */
  readonly batch: number;
  /** `[batch, 3, frames, side, side]` → logits per attribute. */
  readonly run: (video: Float32Array) => Promise<Readonly<Record<string, Float32Array>>>;
}

/** The frames of a film that the judge sees, as it takes them: `[3, frames, side, side]`. */
function seenBy(c: JudgeConfig, film: Frames): Float32Array {
  if (film.width !== c.side || film.height !== c.side) throw new InputError(`the judge reads films of ${c.side}×${c.side}, got ${film.width}×${film.height}`);
  const rgb = toRgb(film), plane = c.side * c.side, out = new Float32Array(3 * c.frames * plane);
  framesSeen(film.count, c.frames).forEach((t, i) => {
    const frame = toModel(sliceFrames(rgb, t, t + 1));                                        // [3, 1, side, side]
    for (let channel = 0; channel < 3; channel++) out.set(frame.subarray(channel * plane, (channel + 1) * plane), (channel * c.frames + i) * plane);
  });
  return out;
}

/** What the judge reads off each film. */
export async function readFilms({ config: c, batch, run }: ReadFilmsOptions, films: readonly Frames[]): Promise<Reading[]> {
  const readings: Reading[] = [], size = 3 * c.frames * c.side * c.side;
  for (let first = 0; first < films.length; first += batch) {
    const part = films.slice(first, first + batch), video = new Float32Array(batch * size);
    for (let i = 0; i < batch; i++) video.set(seenBy(c, part[i] ?? part[0]!), i * size);
    const logits = await run(video);
    part.forEach((_, i) => {
      readings.push(Object.fromEntries(ATTRIBUTES.map((a) => {
        const classes = c.classes[a], row = logits[a]!.subarray(i * classes.length, (i + 1) * classes.length);
        return [a, classes[row.indexOf(row.reduce((x, y) => Math.max(x, y), -Infinity))] ?? classes[0]!];
      })) as Record<Attribute, string>);
    });
  }
  return readings;
}
