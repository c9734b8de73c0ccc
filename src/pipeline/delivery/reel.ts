/**
 * @file The frames of a film while it is being made, in any order, at native size: windows read their neighbours from it, and it gives out what is ready from the
 * first frame on. Frames that no later window reads are let go of, so a film of any length takes little.
 */
import { concatFrames, frameBytes, sliceFrames, type Frames } from '../../media/frames.ts';
import type { NativeFrames } from './deliver.ts';
import type { FilmSettings } from '../settings/film-options.ts';
import type { FilmWindow } from '../settings/timeline.ts';

interface Held { readonly frame: Frames; readonly given: NativeFrames['given'] }

/** A film under way. */
export class Reel {
  readonly #held = new Map<number, Held>();
  readonly #frames: number;
  /** Of each frame, how many windows have yet to read it. */
  readonly #readers: Uint16Array;
  #next = 0;

  constructor({ frames }: Pick<FilmSettings, 'frames'>, windows: readonly FilmWindow[]) {
    this.#frames = frames;
    this.#readers = new Uint16Array(frames);
    for (const w of windows) for (const at of this.#context(w)) this.#readers[at]!++;
  }

  /** Puts frames in their place. */
  put(start: number, film: Frames, given: NativeFrames['given']): void {
    for (let t = 0; t < film.count; t++) this.#held.set(start + t, { frame: sliceFrames(film, t, t + 1), given });
  }

  /** Known frames at the window's beginning and end; the caller is the one time that they are read for this window. */
  read(w: FilmWindow): { readonly beginning: Frames | null; readonly ending: Frames | null } {
    const cut = (start: number, count: number): Frames | null => (count === 0 ? null
      : concatFrames(Array.from({ length: count }, (_, i) => this.#held.get(this.#index(start + i))!.frame)));
    const parts = { beginning: cut(w.anchor?.from ?? w.start, w.before), ending: cut(w.end - w.after, w.after) };
    for (const at of this.#context(w)) {
      this.#readers[at]!--;
      this.#letGo(at);
    }
    return parts;
  }

  /** Frames from the first one not yet given out to the last that is ready without a gap, parts of one kind together. */
  *ready(): Generator<NativeFrames> {
    while (this.#held.has(this.#next)) {
      const { given } = this.#held.get(this.#next)!, list: Frames[] = [];
      for (let held = this.#held.get(this.#next); held && held.given === given; held = this.#held.get(this.#next)) {
        list.push(held.frame);
        this.#letGo(this.#next++);
      }
      yield { frames: concatFrames(list), given };
    }
  }

  /** Bytes that are held. */
  get bytes(): number { return [...this.#held.values()].reduce((sum, { frame }) => sum + frameBytes(frame), 0); }

  #index(frame: number): number { return frame < this.#frames ? frame : frame - this.#frames; }   // behind a loop's end stands its start

  *#context(w: FilmWindow): Generator<number> {
    for (let i = 0; i < w.before; i++) yield (w.anchor?.from ?? w.start) + i;
    for (let i = w.end - w.after; i < w.end; i++) yield this.#index(i);
  }

  #letGo(at: number): void { if (at < this.#next && this.#readers[at] === 0) this.#held.delete(at); }
}
