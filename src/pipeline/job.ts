/**
 * @file One film's job: its clock by phase, progress and cancellation. Where it goes on disk is outlet.ts.
 */
import { CancelledError } from '../core/errors.ts';
import type { Frames } from '../media/frames.ts';
import type { FilmSigner } from '../media/signer.ts';
import type { PartsOptions } from './parts.ts';

/** Stages of the work, in order. */
export const PHASES = ['load', 'text', 'sample', 'decode', 'encode'] as const;
export type Phase = (typeof PHASES)[number];

/** How far a film is. */
export interface FilmProgress {
  readonly phase: Phase;
  /** Finished steps of this phase, from 0 to `steps`. */
  readonly step: number;
  readonly steps: number;
  /** Index of the film, of `count`. */
  readonly film: number;
  readonly count: number;
  /** Windows of the film that were there from an earlier run; absent when there are none. */
  readonly reused?: number;
}

/** A frame of a film that is being made, as the model takes it to be so far. */
export interface FilmPreview {
  /** One, from the middle of what is being made, in the model's pixels. */
  readonly frame: Frames;
  /** Index of the film, of several. */
  readonly film: number;
}

/** Where a film goes, and who is told. */
export interface JobOptions extends PartsOptions {
  /**
   * .mp4, .webm, .mov, .mkv (these three need the optional package node-av), .gif, .webp, .apng, .png (one frame, or a sprite sheet with a JSON beside it) or a folder of
   * PNGs; with several films each name gets the film's seed. Default: none, the frames are returned.
   */
  readonly output?: string;
  /** Signs the film that goes to `output`: a C2PA manifest within it, or beside what holds none. Default: it is not signed. */
  readonly signer?: FilmSigner;
  /** Called often; must not throw. */
  readonly onProgress?: (progress: FilmProgress) => void;
  /** Is shown what the film is becoming, three times a window; the film is the same to the byte. Must not throw. */
  readonly onPreview?: (preview: FilmPreview) => void;
  /** Stops the work; no half film remains, of several windows those that are done are kept for `resume`. */
  readonly signal?: AbortSignal;
}

/** Milliseconds of each phase. What several films share is counted in the first one. */
export type PhaseTimes = Readonly<Record<Phase, number>>;

/** The clock, progress and cancellation of one film. */
export class Job {
  readonly signal: AbortSignal | undefined;
  /** Shows the forming film; undefined when nobody looks. */
  readonly show: ((frame: Frames) => void) | undefined;
  readonly #o: Pick<JobOptions, 'onProgress' | 'signal'>;
  readonly #film: number;
  readonly #count: number;
  readonly #ms: Record<Phase, number> = { load: 0, text: 0, sample: 0, decode: 0, encode: 0 };
  #since = performance.now();
  /** Who knows how many windows were there from an earlier run. */
  parts: { readonly reused: number } | null = null;

  constructor(o: Pick<JobOptions, 'onProgress' | 'onPreview' | 'signal'>, film = 0, count = 1) {
    this.#o = o;
    this.#film = film;
    this.#count = count;
    this.signal = o.signal;
    this.show = o.onPreview && ((frame) => { o.onPreview?.({ frame, film }); });
  }

  check(): void {
    if (this.signal?.aborted) throw new CancelledError('cancelled', { cause: this.signal.reason });
  }
  report(phase: Phase, step: number, steps: number): void {
    const reused = this.parts?.reused ?? 0;
    this.#o.onProgress?.({ phase, step, steps, film: this.#film, count: this.#count, ...(reused > 0 ? { reused } : {}) });
  }
  start(phase: Phase, steps: number): void {
    this.check();
    this.#since = performance.now();
    this.report(phase, 0, steps);
  }
  /** Counts the time since the last lap to a phase. */
  lap(phase: Phase): void {
    const now = performance.now();
    this.#ms[phase] += now - this.#since;
    this.#since = now;
  }
  async time<T>(phase: Phase, steps: number, run: (done: (step: number) => void) => Promise<T>): Promise<T> {
    this.start(phase, steps);
    let last = 0;
    const result = await run((step) => { last = step; this.report(phase, step, steps); });
    if (last < steps) this.report(phase, steps, steps);
    this.lap(phase);
    return result;
  }
  times(): PhaseTimes {
    return Object.fromEntries(PHASES.map((phase) => [phase, Math.round(this.#ms[phase] * 10) / 10])) as PhaseTimes;
  }
}
