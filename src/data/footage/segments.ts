/**
 * @file A film's frames, one after the other, to parts of shots: the shot ends at a cut, a part after `most` frames on the training clock. Memory is that of one part.
 * Brightness planes come at the film's own rate, pictures on the clock: frame k shows what the film shows at k / fps seconds.
 */
import type { Frames } from '../../media/frames.ts';
import type { FilmStream, Luma, StreamedFrame } from '../../media/film-stream.ts';
import { fillsFrame } from './filters.ts';
import { cutDetector } from './shots.ts';

/**
 * What the film shows at one tick of the clock. `fitted` is the clip's frame where the film has no bars, made in one step; without it there is a `picture`, and beside it
 * where this frame alone does not show that there are none.
 */
export type Sample = { readonly luma: Luma } & ({ readonly picture: Frames; readonly fitted?: Frames } | { readonly picture?: Frames; readonly fitted: Frames });

/** A part of a shot. */
export interface Segment {
  /** Number of the shot in the film, from 0. */
  readonly shot: number;
  /** Number of the part in the shot, from 0. */
  readonly part: number;
  /** Seconds from the film's first frame. */
  readonly start: number;
  readonly end: number;
  /** At the film's own rate; at least one. */
  readonly planes: readonly Luma[];
  /** On the clock; none where the part is shorter than a tick. */
  readonly samples: readonly Sample[];
}

/** Options of {@link segments}. */
export interface SegmentOptions {
  /** Ticks a second of the clock. */
  readonly fps: number;
  /** Most samples of a part. */
  readonly most: number;
  /** Whether shots end at cuts. */
  readonly cuts: boolean;
  /** Whether bars are cut off: then frames that may have some come with a `picture`. */
  readonly bars: boolean;
}

interface Held { readonly frame: StreamedFrame; readonly sample: Sample | undefined; readonly ticks: number }

/** Planes of a part are at most so many times its samples: films of a thousand frames a second are thinned. */
const PLANES_A_SAMPLE = 32;
/** Numbers of seconds are sums of float32-like timestamps. */
const EPSILON = 1e-4;

async function sampleOf({ luma, picture, fitted }: StreamedFrame, bars: boolean): Promise<Sample> {
  if (!fitted) return { luma, picture: await picture() };
  return { luma, fitted: await fitted(), ...(bars && !fillsFrame(luma) ? { picture: await picture() } : {}) };
}

/** Cuts a stream into parts, in order. A picture that lasts longer than a part is shortened to one. A stream that fails gives what came before, then its error. */
export async function* segments(stream: FilmStream, { fps, most, cuts, bars }: SegmentOptions): AsyncGenerator<Segment> {
  const detector = cutDetector(), waiting: Held[] = [];          // frames of which it is not known yet whether a shot begins with them
  let shot = -1, part = 0, tick = 0, planes: Luma[] = [], samples: Sample[] = [], start = 0, end = 0;

  /** The next frame, with its picture where a tick falls on it: ticks k with time ≤ k / fps < time + duration. */
  const nextHeld = async (): Promise<IteratorResult<Held, void>> => {
    const read = await stream.frames.next();
    if (read.done) return { done: true, value: undefined };
    const frame = read.value, next = Math.max(tick, Math.ceil((frame.time + frame.duration) * fps - EPSILON)), ticks = Math.min(most, next - tick);
    tick = next;
    return { value: { frame, ticks, sample: ticks > 0 ? await sampleOf(frame, bars) : undefined } };
  };
  /** What there is of a part; after a whole one, frames that reach no further tick are nothing that is lost. */
  const rest = (): Segment[] => (planes.length > 0 && (part === 0 || samples.length > 0) ? [{ shot, part, start, end, planes, samples }] : []);
  const take = function* (begins: boolean): Generator<Segment> {
    const { frame, sample, ticks } = waiting.shift()!;
    if (begins || shot < 0) {
      yield* rest();
      shot++; part = 0; planes = []; samples = []; start = frame.time;
    }
    if (planes.length < PLANES_A_SAMPLE * most) planes.push(frame.luma);
    end = frame.time + frame.duration;
    for (let i = 0; i < ticks; i++) {
      samples.push(sample!);
      if (samples.length < most) continue;
      yield { shot, part, start, end, planes, samples };
      part++; planes = i + 1 < ticks ? [frame.luma] : []; samples = []; start = end;
    }
  };

  let failure: { readonly cause: unknown } | undefined;
  for (;;) {
    let read: IteratorResult<Held, void>;
    try { read = await nextHeld(); } catch (cause) { failure = { cause }; break; }
    if (read.done) break;
    waiting.push(read.value);
    const answer = cuts ? detector.push(read.value.frame.luma) : false;
    if (answer !== undefined) yield* take(answer);
  }
  for (const answer of cuts ? detector.finish() : []) yield* take(answer);
  yield* rest();
  if (failure) throw failure.cause;
}
