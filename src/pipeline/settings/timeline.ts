/**
 * @file In which pieces a film is made, and what each sees of its neighbours: the one formulation behind films longer than the model makes in one piece, films
 * that go on from others, lead up to them, connect them or run into themselves, and films of several shots. Some frames are known; every run of unknown ones is
 * filled by windows, each with the nearest known frames before and after it as context. Pure: numbers in, numbers out. (Rolling windows over a film:
 * Chen et al. 2024, "Diffusion Forcing", section 3.3, arXiv:2407.01392v4; given frames at both ends: decision 003.) Long runs can be made in two stages, coarse to
 * fine, as in Brooks et al. 2022, "Generating Long Videos of Dynamic Scenes", section 3, arXiv:2206.03429v1, here with one model (decision 015).
 */
import { InputError } from '../../core/errors.ts';

/** Frames `[start, end)` of a film. */
export interface Span { readonly start: number; readonly end: number }

/**
 * How a shot goes on from the one before. `free`: the new words act on the running film. `cut`: it starts anew. `blend`: it starts anew, and then the frames
 * around the cut are made again as a passage between both.
 */
export const JOINS = ['free', 'cut', 'blend'] as const;
export type Join = (typeof JOINS)[number];

/**
 * How a run that is longer than a window is made. `rolling`: from one window to the next, each of which sees the end of the one before. `stages`: first anchors, short
 * pieces far apart that all go on from the run's first window; then each gap by a window that sees the anchors on both sides. What is wrong in one piece is handed
 * on by every window that rolls, but by two at most in stages.
 */
export const LONG_WAYS = ['rolling', 'stages'] as const;
export type LongWay = (typeof LONG_WAYS)[number];

/** Where a shot begins, in frames, and how. */
export interface ShotStart { readonly start: number; readonly join: Join }

/** A piece that the model makes at once: frames `[start, end)`, of which the first `before` and the last `after` are known. Each is 0 or 4n + 1. */
export interface FilmWindow extends Span {
  readonly before: number;
  readonly after: number;
  /** Index of the shot whose words it follows. */
  readonly shot: number;
  /** Of an anchor: its `before` known frames are those of the film from `from` on, and its first `lead` new frames are let go. */
  readonly anchor?: { readonly from: number; readonly lead: number };
}

/** The frames that a window adds to the film. */
export const madeBy = ({ start, end, before, after, anchor }: FilmWindow): Span => ({ start: start + before + (anchor?.lead ?? 0), end: end - after });

/** What a film's pieces follow from. */
export interface TimelineOptions {
  readonly frames: number;
  /** Frames that are there already, in order, without overlap. */
  readonly known: readonly Span[];
  /** In order; the first begins at 0. */
  readonly shots: readonly ShotStart[];
  /** Most frames of a window. */
  readonly window: number;
  /** Most known frames that a window sees on one side. */
  readonly overlap: number;
  /** Whether the film's end runs into its start. */
  readonly loop: boolean;
  /** Here `rolling` unless said; what films have by default, settings.ts says. */
  readonly longBy?: LongWay;
}

/** Frames on either side of a blended cut that are made again. */
const BLEND = 4;
/** Known frames that a passage must see of what it comes from. */
const FEWEST_BEFORE = 5;
/** Frames of the passage that closes a loop, at most, and the shortest film that can have one. */
const LOOP_PASSAGE = 16, SHORTEST_LOOP = 10;
/** Frames in which what is repeated comes round: a step of the walk, 1 s at 8 fps. An anchor stands a whole number of them later than it would by itself. */
const CYCLE = 8;

/** The greatest 4n + 1 that is at most `frames`; 0 for none. */
export const wholeLatents = (frames: number): number => (frames < 1 ? 0 : Math.floor((frames - 1) / 4) * 4 + 1);

/** The windows in the order in which they are made. */
export function planWindows(o: TimelineOptions): FilmWindow[] {
  const { frames, shots, window, overlap, loop, longBy = 'rolling' } = o, gap = window - 2 * overlap;
  if (frames > window && window < 2 * overlap + 2 * BLEND) throw new InputError(`windows of ${window} frames are too short for ${overlap} known ones on either side`);
  if (loop && frames < SHORTEST_LOOP) throw new InputError(`a loop of ${frames} frames is not possible: wanted at least ${SHORTEST_LOOP}`);
  const known = new Uint8Array(frames), windows: FilmWindow[] = [];
  for (const { start, end } of o.known) known.fill(1, start, end);
  const shotAt = (frame: number): number => shots.findLastIndex(({ start }) => start <= frame);

  /** Known frames in a row, from `at` backwards or forwards and within the bounds; behind the end of a loop stands its start. */
  const seen = (at: number, step: 1 | -1, bounds: Span): number => {
    let n = 0;
    for (let i = at; n < overlap && i >= bounds.start; i += step, n++) {
      if (i < bounds.end ? !known[i] : !(loop && bounds.end === frames && known[i - frames])) break;
    }
    return wholeLatents(n);
  };
  const add = (start: number, end: number, before: number, after: number): void => {
    windows.push({ start: start - before, end: end + after, before, after, shot: shotAt(start) });
    known.fill(1, start, end);
  };
  /** Makes the unknown run `[start, end)`; no window reaches over a shot's beginning, none looks beyond `bounds`. */
  const fill = (start: number, end: number, bounds: Span): void => {
    let home = { shot: -1, end: 0 };                                                           // the known frames from which this shot's anchors go on
    for (let at = start; at < end;) {
      const stop = Math.min(end, shots[shotAt(at) + 1]?.start ?? end), last = stop === end;
      const after = last ? seen(stop, 1, bounds) : 0, most = seen(at - 1, -1, bounds);
      const less = wholeLatents(window - after - (stop - at));                                 // a passage is made in one piece if it sees a little less of what it comes from
      const before = after > 0 && less >= FEWEST_BEFORE ? Math.min(most, less) : most;
      if (before === 0 && after > 0 && stop - at + after > window) {                           // nothing but an end is known: from there backwards
        const from = stop - (window - after);
        add(from, stop, 0, after);
        fill(at, from, bounds);
        return;
      }
      const closes = loop && last && end === frames && after === 0 && bounds.end === frames;   // the start is not there yet: leave room for the passage to it
      const limit = closes ? Math.max(at + 1, stop - Math.min(LOOP_PASSAGE, frames >> 1)) : stop;
      const fits = limit - at + before + after <= window, anchored = at + gap + overlap;
      if (longBy === 'stages' && !fits && most === overlap && gap > 0 && shotAt(at - 1) === shotAt(at) && anchored <= limit - (after > 0 ? BLEND : 0)) {
        if (home.shot !== shotAt(at)) home = { shot: shotAt(at), end: at };
        const lead = gap % CYCLE, from = anchored - overlap - lead;                            // it is made as frames home.end + lead and on
        windows.push({ start: from - overlap, end: anchored, before: overlap, after: 0, shot: home.shot, anchor: { from: home.end - overlap, lead } });
        known.fill(1, anchored - overlap, anchored);
        add(at, anchored - overlap, overlap, overlap);
        at = anchored;
        continue;
      }
      const next = fits ? limit : Math.min(after > 0 ? stop - BLEND : limit, at + window - before);   // what cannot see the known end must not reach it
      add(at, next, before, fits ? after : 0);
      at = next;
    }
  };
  const runs = (bounds: Span): Span[] => {
    const out: Span[] = [];
    for (let i = bounds.start; i < bounds.end; i++) {
      if (known[i]) continue;
      const start = i;
      while (i < bounds.end && !known[i]) i++;
      out.push({ start, end: i });
    }
    return out;
  };

  // Stretches between cuts know nothing of each other; around a blend room is left that is filled last.
  const cuts = shots.filter(({ start, join }) => start > 0 && join !== 'free');
  const edges = [0, ...cuts.map(({ start }) => start), frames];
  for (let i = 0; i + 1 < edges.length; i++) {
    const room = (edge: number): number => (cuts.some((c) => c.start === edge && c.join === 'blend') ? BLEND : 0);
    const bounds = { start: edges[i]! + room(edges[i]!), end: edges[i + 1]! - room(edges[i + 1]!) };
    for (const run of runs(bounds)) fill(run.start, run.end, bounds);
  }
  for (const { start, end } of runs({ start: 0, end: frames })) {
    const before = seen(start - 1, -1, { start: 0, end: frames }), after = seen(end, 1, { start: 0, end: frames });
    windows.push({ start: start - before, end: end + after, before, after, shot: shotAt(end - 1) });
    known.fill(1, start, end);
  }
  return windows;
}
