/**
 * @file The films that a worker was asked for: one after the other, in order. One that is cancelled stops in between two runs of a program; one that still waits for its turn is
 * out at once.
 */
import { CancelledError } from '../core/errors.ts';
import type { MakeFilmOptions } from './film-maker.ts';
import { errorData, type FromWorker, type WebFilmFacts, type WebFilmOptions } from './messages.ts';

/** What is said of films. */
type Said = Extract<FromWorker, { readonly kind: 'progress' | 'frame' | 'done' | 'failed' }>;

/** Makes a film, as FilmMaker does. */
type Make = (options: WebFilmOptions, told: MakeFilmOptions) => Promise<WebFilmFacts>;

/** Films that wait, and the one that is made. */
export class FilmQueue {
  readonly #make: Make;
  readonly #say: (said: Said, transfer?: Transferable[]) => void;
  /** Those asked for and neither done nor cancelled. */
  readonly #asked = new Map<number, AbortController>();
  #made: number | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(make: Make, say: (said: Said, transfer?: Transferable[]) => void) { this.#make = make; this.#say = say; }

  add(id: number, options: WebFilmOptions): void {
    const cancel = new AbortController();
    this.#asked.set(id, cancel);
    this.#last = this.#last.then(() => (this.#asked.has(id) ? this.#film(id, options, cancel.signal) : undefined));
  }

  /** Cancels a film; one that is not there any more stays as it is. */
  cancel(id: number): void {
    this.#asked.get(id)?.abort();
    if (id === this.#made || !this.#asked.delete(id)) return;
    this.#say({ kind: 'failed', id, error: errorData(new CancelledError('cancelled')) });
  }

  async #film(id: number, options: WebFilmOptions, signal: AbortSignal): Promise<void> {
    this.#made = id;
    try {
      const film = await this.#make(options, {
        signal, onProgress: (progress) => { this.#say({ kind: 'progress', id, progress }); },
        onFrame: (frame, index) => { this.#say({ kind: 'frame', id, frame, index }, [frame.data.buffer as ArrayBuffer]); },
      });
      this.#say({ kind: 'done', id, film });
    } catch (error) { this.#say({ kind: 'failed', id, error: errorData(error) }); }
    this.#asked.delete(id);
    this.#made = undefined;
  }
}
