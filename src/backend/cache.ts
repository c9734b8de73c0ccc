/**
 * @file A bounded cache of compiled programs, least recently used out first. Each onnxruntime session has its own memory pool and threads, so the bounds, on their number and
 * on what they hold, are what keeps memory flat when many layouts come by. Who runs a program as soon as it is given may do so even if it makes room meanwhile; who keeps one
 * longer asks again.
 */
import type { Program } from './backend.ts';

/** Bounds of a {@link ProgramCache}. */
export interface CacheBounds {
  /** Programs at most. */
  readonly programs: number;
  /** Bytes of working memory that all of them may hold together. Default: any. */
  readonly bytes?: number;
  /** So many, those used last, are kept whatever they hold: what goes on in turns must not be compiled in turns. Default 1. */
  readonly kept?: number;
}

/** Compiled programs by key. */
export class ProgramCache implements Disposable {
  readonly #programs = new Map<string, Promise<Program>>();
  readonly #sizes = new WeakMap<Promise<Program>, number>();
  readonly #bounds: Required<CacheBounds>;

  constructor(bounds: number | CacheBounds) { this.#bounds = { bytes: Infinity, kept: 1, ...(typeof bounds === 'number' ? { programs: bounds } : bounds) }; }

  /** The program of `key`, compiled when it is not there. One that fails to compile is forgotten, so that the next call tries again. */
  async get(key: string, compile: () => Promise<Program>): Promise<Program> {
    const known = this.#programs.get(key), program = known ?? compile();
    if (!known) program.catch(() => { if (this.#programs.get(key) === program) this.#programs.delete(key); });
    this.#programs.delete(key);
    this.#programs.set(key, program);
    while (this.#programs.size > this.#bounds.programs) await this.#evict();
    if (known) return program;
    this.#sizes.set(program, (await program).bytes ?? 0);
    while (this.#programs.size > this.#bounds.kept && this.#held() > this.#bounds.bytes) await this.#evict();
    return program;
  }

  /** Bytes of the programs that are there and compiled. */
  #held(): number { return [...this.#programs.values()].reduce((sum, program) => sum + (this.#sizes.get(program) ?? 0), 0); }

  async #evict(): Promise<void> {
    const [oldest, evicted] = this.#programs.entries().next().value!;
    this.#programs.delete(oldest);
    await release(evicted);
  }

  [Symbol.dispose](): void {
    for (const program of this.#programs.values()) void release(program);
    this.#programs.clear();
  }
}

/** Disposes of a program once it is compiled and those who wait for it had their turn; one that failed has nothing to dispose of, and its caller was told. */
const release = (program: Promise<Program>): Promise<void> => program.then(async (p) => {
  await new Promise((resolve) => { setTimeout(resolve, 0); });
  p[Symbol.dispose]();
}, () => undefined);
