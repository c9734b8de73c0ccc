/**
 * @file A job's changes as server-sent events. The first one is the job as it stands, so a late listener needs no history; ids are the job's own count of changes, so one
 * that comes again with `Last-Event-ID` is told when there is something new. Changes in this process are told at once, those of others are looked for.
 */
import { EventEmitter } from 'node:events';
import type { Video, VideoPreview } from '../contract/contract.ts';
import type { JobRow } from '../state/job-row.ts';

/** Milliseconds between looks for what other processes changed, and of silence before a comment keeps the line open. */
const LOOK_MS = 1000, HEARTBEAT_MS = 15_000;

/** Where changes in this process are told. */
export class Changes {
  readonly #emitter = new EventEmitter().setMaxListeners(0);

  tell(id: string): void { this.#emitter.emit(id); }
  /**
   * Resolves with the next change of the job, or after so many milliseconds, or with the signal. A timer of its own: `AbortSignal.any` holds what it is made of only weakly,
   * so that a signal of `AbortSignal.timeout` may be collected before its time, and nobody is called any more.
   */
  next(id: string, ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => { clearTimeout(timer); this.#emitter.off(id, done); signal.removeEventListener('abort', done); resolve(); }, timer = setTimeout(done, ms);
      this.#emitter.on(id, done);
      signal.addEventListener('abort', done);
    });
  }
}

/** Options of {@link eventStream}. */
export interface EventStreamOptions {
  readonly id: string;
  readonly changes: Changes;
  readonly read: () => Promise<JobRow | undefined>;
  readonly object: (row: JobRow) => Promise<Video>;
  /** The newest preview after one of a number. */
  readonly preview: (after: number) => Promise<VideoPreview | undefined>;
  /** `Last-Event-ID`. */
  readonly after: string | null;
  /** The client is gone; the server stops. */
  readonly signals: readonly AbortSignal[];
}

/** The number that a `Last-Event-ID` is. */
const numberOf = (after: string | null): number => (after !== null && /^\d+$/.test(after) ? Number(after) : -1);

/** Whether a job has ended, and who comes again was told. */
export const knowsTheEnd = ({ status, rev }: JobRow, after: string | null): boolean => (status === 'completed' || status === 'failed') && numberOf(after) >= rev;

/** The stream; it ends with the job. */
export function eventStream({ id, changes, read, object, preview, after, signals }: EventStreamOptions): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder(), stop = new AbortController(), ended = stop.signal, end = (): void => { stop.abort(); };
  for (const signal of signals) if (signal.aborted) end(); else signal.addEventListener('abort', end);
  const leave = (): void => { for (const signal of signals) signal.removeEventListener('abort', end); };   // the server's outlives the line by far
  let last = numberOf(after), shown = 0, told = Date.now();
  const events = async function* (): AsyncGenerator<string> {
    yield 'retry: 1000\n\n';
    while (!ended.aborted) {
      const waiting = changes.next(id, LOOK_MS, ended), row = await read();                        // listening before looking: nothing falls in between
      if (!row) { yield 'event: video.deleted\ndata: {}\n\n'; return; }
      if (row.rev > last) {
        last = row.rev;
        told = Date.now();
        yield `id: ${row.rev}\nevent: video.${row.status}\ndata: ${JSON.stringify(await object(row))}\n\n`;
      }
      if (row.status === 'completed' || row.status === 'failed') return;
      const seen = row.status === 'in_progress' ? await preview(shown) : undefined;
      if (seen) {
        shown = seen.number;
        told = Date.now();
        yield `event: video.preview\ndata: ${JSON.stringify(seen)}\n\n`;                         // without an id: a line that is taken up again shows the newest one
      }
      if (Date.now() - told > HEARTBEAT_MS) { told = Date.now(); yield ': still here\n\n'; }
      await waiting;
    }
  }();
  return new ReadableStream({
    async pull(controller) {
      try {
        const { value, done } = await events.next();
        if (!done) { controller.enqueue(encoder.encode(value)); return; }
        leave();
        controller.close();
      } catch (error) { leave(); throw error; }
    },
    async cancel() { end(); leave(); await events.return(undefined); },
  });
}
