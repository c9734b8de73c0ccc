/**
 * @file The workers of this machine: child processes of the server, started again when they die, with growing pauses when they die at once. A child that dies loses its
 * job at that moment, not when the lease runs out.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { programOf } from '../../io/program-of.ts';
import type { Log } from '../watch/log.ts';
import type { JobSource } from '../contract/spec.ts';
import { answerCalls, tell } from './worker-link.ts';

/** Options of {@link WorkerPool}. */
export interface WorkerPoolOptions {
  readonly count: number;
  /** Arguments of `kinora worker`. */
  readonly argv: readonly string[];
  /** The jobs, for the worker of this name. */
  readonly source: (name: string) => JobSource;
  /** Told when a worker is gone; whether it was told to stop. */
  readonly gone: (name: string, asked: boolean) => Promise<void>;
  readonly log: Log;
}

/** Milliseconds in which workers hand their jobs back. */
const HAND_BACK_MS = 2000;
const LONGEST_PAUSE_MS = 30_000;

/** Starts and keeps them. */
export class WorkerPool {
  readonly #o: WorkerPoolOptions;
  readonly #children = new Set<ChildProcess>();
  readonly #pauses = new Set<NodeJS.Timeout>();
  /** What is being told of those that went. */
  readonly #leaving = new Set<Promise<void>>();
  #stopped = false;
  #started = 0;

  constructor(o: WorkerPoolOptions) {
    this.#o = o;
    for (let i = 0; i < o.count; i++) this.#start(0);
  }

  /** Processes that run. */
  get pids(): number[] { return [...this.#children].flatMap(({ pid }) => pid ?? []); }
  /** There may be a job. */
  wake(): void { for (const child of this.#children) tell(child, { push: 'wake' }); }
  /** This job is cancelled. */
  drop(id: string): void { for (const child of this.#children) tell(child, { push: 'drop', id }); }

  #start(pause: number): void {
    const { log, argv, source, gone } = this.#o, name = `${process.pid}-${++this.#started}`, began = Date.now();
    const child = spawn(process.execPath, [...programOf('cli/main.ts', 'cli.mjs'), 'worker', ...argv], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.#children.add(child);
    answerCalls(child, source(name));
    child.on('error', (error) => { log('worker_error', { worker: name, error }); });
    child.on('close', (code, signal) => {
      this.#children.delete(child);
      log('worker_gone', { worker: name, pid: child.pid, code, signal });
      const told = gone(name, this.#stopped).catch((error: unknown) => { log('release_failed', { worker: name, error }); }).finally(() => this.#leaving.delete(told));
      this.#leaving.add(told);
      if (this.#stopped) return;
      const next = Date.now() - began > LONGEST_PAUSE_MS ? 0 : Math.min(LONGEST_PAUSE_MS, pause * 2 || 250);
      const timer = setTimeout(() => { this.#pauses.delete(timer); this.#start(next); }, next);
      this.#pauses.add(timer);
    });
    log('worker_started', { worker: name, pid: child.pid });
  }

  /** Lets all hand back what they have; who does not in time is killed. All that is to be told of them has been told when this returns. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#pauses) clearTimeout(timer);
    await Promise.all([...this.#children].map((child) => new Promise<void>((resolve) => {
      const late = setTimeout(() => { child.kill('SIGKILL'); }, HAND_BACK_MS);
      child.on('close', () => { clearTimeout(late); resolve(); });
      child.kill('SIGTERM');
    })));
    await Promise.all(this.#leaving);
  }
}
