/**
 * @file A bounded cache of compiled programs, least recently used out first. Each onnxruntime session has its own memory pool and threads,
 * so the bound is what keeps memory flat when many layouts come by. Who runs a program as soon as it is given may do so even if it makes room meanwhile; who keeps one longer
 * asks again.
 */
import type { Program } from './backend.ts';

/** Compiled programs by key. */
export class ProgramCache implements Disposable {
  readonly #programs = new Map<string, Promise<Program>>();
  readonly #limit: number;

  constructor(limit: number) { this.#limit = limit; }

  /** The program of `key`, compiled when it is not there. One that fails to compile is forgotten, so that the next call tries again. */
  async get(key: string, compile: () => Promise<Program>): Promise<Program> {
    const known = this.#programs.get(key), program = known ?? compile();
    if (!known) program.catch(() => { if (this.#programs.get(key) === program) this.#programs.delete(key); });
    this.#programs.delete(key);
    this.#programs.set(key, program);
    while (this.#programs.size > this.#limit) {
      const [oldest, evicted] = this.#programs.entries().next().value!;
      this.#programs.delete(oldest);
      await release(evicted);
    }
    return program;
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
