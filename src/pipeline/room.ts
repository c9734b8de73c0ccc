/**
 * @file Room for films that are made at a time: places, and memory as it is predicted (memory.ts). Who finds none waits until one is done, in the order of coming; a film that
 * would not fit alone is refused. Free memory is asked for when nobody is inside, since later a part of what films will take is already taken.
 */
import { CancelledError } from '../core/errors.ts';
import { checkFits, type MemoryNeeds } from './memory.ts';

/** Options of {@link Room}. */
export interface RoomOptions {
  /** Most films at a time. */
  readonly places: number;
  /** Free bytes now. */
  readonly available: () => number;
}

/** Lets films in. */
export class Room {
  readonly #o: RoomOptions;
  readonly #inside = new Set<MemoryNeeds>();
  readonly #waiting: (() => void)[] = [];
  #free = 0;

  constructor(o: RoomOptions) { this.#o = o; }

  /** Throws a ResourceError for a film that cannot fit, where it can be known before it has a place. */
  check(needs: MemoryNeeds): void { if (this.#inside.size === 0) checkFits(needs, this.#o.available()); }

  /** Waits for a place, which is the film's until it is disposed of. Throws a ResourceError for one that cannot fit, a CancelledError when the signal ends its waiting. */
  async enter(needs: MemoryNeeds, signal?: AbortSignal): Promise<Disposable> {
    if (this.#waiting.length > 0 || !this.#fits(needs)) await this.#turn(needs, signal); else this.#admit(needs);
    return { [Symbol.dispose]: () => { if (this.#inside.delete(needs)) this.#waiting[0]?.(); } };
  }

  #fits({ process, film, shared }: MemoryNeeds): boolean {
    if (this.#inside.size === 0) return true;
    if (this.#inside.size >= this.#o.places) return false;
    return process + film + shared + [...this.#inside].reduce((sum, other) => sum + other.film + other.shared, 0) <= this.#free;
  }

  #admit(needs: MemoryNeeds): void {
    if (this.#inside.size === 0) {
      this.#free = this.#o.available();
      checkFits(needs, this.#free);
    }
    this.#inside.add(needs);
  }

  /** Until this one, the first of those that wait, is in. */
  #turn(needs: MemoryNeeds, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => { signal?.removeEventListener('abort', stopped); this.#waiting.splice(this.#waiting.indexOf(look), 1); };
      const look = (): void => {
        if (!this.#fits(needs)) return;
        leave();
        try { this.#admit(needs); resolve(); } catch (error) { reject(error as Error); }
        this.#waiting[0]?.();
      };
      const stopped = (): void => { leave(); reject(new CancelledError('cancelled', { cause: signal?.reason })); this.#waiting[0]?.(); };
      this.#waiting.push(look);
      if (signal?.aborted) stopped(); else signal?.addEventListener('abort', stopped);
    });
  }
}
