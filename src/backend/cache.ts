/**
 * @file A bounded cache of compiled programs, least recently used out first. Each onnxruntime session has its own memory pool and threads,
 * so the bound is what keeps memory flat when many layouts come by.
 */
import type { Program } from './backend.ts';

/** Compiled programs by key. */
export class ProgramCache implements Disposable {
  readonly #programs = new Map<string, Promise<Program>>();
  readonly #limit: number;

  constructor(limit: number) { this.#limit = limit; }

  /** The program of `key`, compiled when it is not there. */
  async get(key: string, compile: () => Promise<Program>): Promise<Program> {
    const known = this.#programs.get(key);
    const program = known ?? compile();
    this.#programs.delete(key);
    this.#programs.set(key, program);
    while (this.#programs.size > this.#limit) {
      const [oldest, evicted] = this.#programs.entries().next().value!;
      this.#programs.delete(oldest);
      (await evicted)[Symbol.dispose]();
    }
    return program;
  }

  [Symbol.dispose](): void {
    for (const program of this.#programs.values()) void program.then((p) => { p[Symbol.dispose](); }, () => undefined);
    this.#programs.clear();
  }
}
