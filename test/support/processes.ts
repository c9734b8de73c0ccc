/**
 * @file The command line as processes: `kinora serve` that can be killed and started again on the same port, and whatever else a test starts. What a test leaves running,
 * {@link endProcesses} ends.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type OpenAI from 'openai';
import { PROGRAM, PROGRAMS } from './program.ts';
import { clientOf } from './server.ts';

/** How a process is started. */
export interface ProcessOptions {
  /** A command that runs the program which its last arguments are. Default: none. */
  readonly through?: readonly string[];
  /** Default: that of all tests. */
  readonly program?: keyof typeof PROGRAMS;
  /** Beside those of this process; DATABASE_URL is not handed on. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Waits for what must come. */
export async function until(what: string, seen: () => boolean | Promise<boolean>, ms = 120_000): Promise<void> {
  for (const end = Date.now() + ms; !await seen(); await sleep(10)) if (Date.now() > end) throw new Error(`${what} did not come in ${ms} ms`);
}

const started = new Set<KinoraProcess>();
/** Kills what still runs. */
export async function endProcesses(): Promise<void> { for (const process of started) await process.end('SIGKILL'); }

/** One process of the command line. */
export class KinoraProcess {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  /** What it exits with; null when a signal ended it. */
  readonly ended: Promise<number | null>;

  constructor(argv: readonly string[], { through = [], program = PROGRAM, env = {} }: ProcessOptions = {}) {
    const { DATABASE_URL: _, ...inherited } = process.env, [command, ...rest] = [...through, process.execPath, ...PROGRAMS[program], ...argv];
    const child = this.child = spawn(command!, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...inherited, ...env } });
    child.stdout!.on('data', (bytes: Buffer) => { this.stdout += bytes.toString(); });
    child.stderr!.on('data', (bytes: Buffer) => { this.stderr += bytes.toString(); });
    started.add(this);
    this.ended = new Promise((resolve) => { child.once('close', (code) => { started.delete(this); resolve(code); }); });
  }

  get pid(): number { return this.child.pid!; }
  get running(): boolean { return this.child.exitCode === null && this.child.signalCode === null; }
  /** Sends a signal, unless it is gone already; resolves when it is. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.running) this.child.kill(signal);
    return this.ended;
  }
}

/** A line of a server's log. */
export type LogLine = Readonly<Record<string, unknown>>;

/** `kinora serve`. */
export class ServeProcess {
  readonly #argv: readonly string[];
  readonly #o: ProcessOptions;
  #process: KinoraProcess | undefined;
  /** What earlier processes said. */
  #before = '';
  url = '';

  constructor(argv: readonly string[], o: ProcessOptions = {}) { this.#argv = argv; this.#o = o; }

  /** Starts it, on a free port or, after the first time, the same one; resolves when it listens, which it must within `ms`. */
  async start(ms?: number): Promise<this> {
    if (this.#process) this.#before += this.#process.stderr;
    const port = this.url === '' ? '0' : new URL(this.url).port, server = this.#process = new KinoraProcess(['serve', '--port', port, ...this.#argv], this.#o);
    const url = (): string | undefined => /(http:\/\/\S+)\/v1/.exec(server.stdout)?.[1];
    await until('the server', () => { if (!server.running) throw new Error(`the server did not start: ${server.stderr}`); return url() !== undefined; }, ms);
    this.url = url()!;
    return this;
  }

  get process(): KinoraProcess { return this.#process!; }
  get pid(): number { return this.process.pid; }
  /** The openai package, pointed at it. */
  get client(): OpenAI { return clientOf(this.url); }
  /** Its log. `all`: that of earlier processes too. */
  log(all = false): LogLine[] {
    const text = all ? this.#before + this.process.stderr : this.process.stderr;
    return text.split('\n').filter((line) => line.startsWith('{')).flatMap((line) => { try { return [JSON.parse(line) as LogLine]; } catch { return []; } });
  }
  /** Processes of its workers that run, as its log tells. */
  workers(): number[] {
    const pids = (event: string): number[] => this.log().filter((line) => line['event'] === event).map((line) => line['pid'] as number);
    return pids('worker_started').filter((pid) => !pids('worker_gone').includes(pid));
  }
  /** Jobs that were told to be done, as often as they were, by all its processes. */
  completed(): string[] { return this.log(true).filter(({ event }) => event === 'job_completed').map(({ job }) => job as string); }
  /** See {@link KinoraProcess.end}. */
  async end(signal: NodeJS.Signals): Promise<number | null> { return this.#process ? this.#process.end(signal) : null; }
}
