/**
 * @file A worker: takes jobs, makes their films, several at a time, and brings each back when it is done. It holds a lease for each and renews it while it works. What it cannot
 * finish it hands back, to others alone where its machine cannot; what it lost it throws away. Knows neither databases nor models: a source of jobs and
 * a maker of films are given to it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CancelledError, KinoraError, ResourceError } from '../../core/errors.ts';
import { isDiskFull } from '../../media/pending.ts';
import type { FilmSigner } from '../../media/signer.ts';
import { jobError } from '../contract/errors.ts';
import type { FilmMaker } from './film-maker.ts';
import type { Log } from '../watch/log.ts';
import type { ClaimedJob, JobProgress, JobSource } from '../contract/spec.ts';
import type { Store } from '../state/store.ts';

/** Options of {@link Worker}. */
export interface WorkerOptions {
  readonly source: JobSource;
  readonly make: FilmMaker;
  readonly store: Store;
  /** Signs films. Default: nobody does. */
  readonly signer?: FilmSigner | undefined;
  /** Milliseconds between renewals. */
  readonly renewMs: number;
  /** Films at a time. Default 1. */
  readonly batch?: number;
  /** Milliseconds between looks for a job when nobody calls. Default 500. */
  readonly pollMs?: number;
  readonly log: Log;
}

/** Milliseconds between tellings of how far a film is. */
const TELL_MS = 500;

/** Why a film is stopped. */
type Stop = 'lost' | 'hand back';

/** Makes films until it is told to stop. */
export class Worker {
  readonly #o: WorkerOptions;
  readonly #current = new Set<{ readonly id: string; readonly stop: AbortController }>();
  #wake: (() => void) | undefined;

  constructor(o: WorkerOptions) { this.#o = o; }

  /** Looks for a job now. */
  wake(): void { this.#wake?.(); }
  /** Stops making this job's film: it is cancelled. */
  drop(id: string): void { for (const job of this.#current) if (job.id === id) job.stop.abort('lost' satisfies Stop); }

  /** Works until the signal; resolves when the jobs in hand are handed back. */
  async run(signal: AbortSignal): Promise<void> {
    const { source, log, pollMs = 500, batch = 1 } = this.#o, making = new Set<Promise<void>>();
    const handBack = (): void => { for (const { stop } of this.#current) stop.abort('hand back' satisfies Stop); this.#wake?.(); };
    signal.addEventListener('abort', handBack);
    try {
      while (!signal.aborted) {
        if (making.size >= batch) { await Promise.race(making); continue; }
        const woken = new Promise<void>((resolve) => { this.#wake = resolve; });                 // from now on: a call between the look and the wait counts
        const job = await source.claim().catch((error: unknown) => { log('claim_failed', { error }); return null; });
        if (job && signal.aborted) { await source.release(job).catch(() => undefined); break; }
        if (job) {
          const made: Promise<void> = this.#work(job, signal).finally(() => { making.delete(made); });
          making.add(made);
        } else await Promise.race([woken, sleep(pollMs)]);
      }
    } finally {
      await Promise.all(making);
      signal.removeEventListener('abort', handBack);
    }
  }

  async #work(job: ClaimedJob, signal: AbortSignal): Promise<void> {
    const { source, make, store, signer, renewMs, log } = this.#o, stop = new AbortController(), { id } = job, current = { id, stop };
    this.#current.add(current);
    if (signal.aborted) stop.abort('hand back' satisfies Stop);
    let progress: JobProgress = { stage: 'starting', progress: 0 }, told = progress, toldAt = 0, renewing = Promise.resolve(), showing: Promise<unknown> = renewing;
    const renew = (): void => {
      told = progress;
      toldAt = performance.now();
      renewing = renewing.then(async () => {
        if (!await source.renew(job, progress)) stop.abort('lost' satisfies Stop);
      }).catch((error: unknown) => { log('renew_failed', { job: id, error }); });                 // the database is away: the fence decides in the end
    };
    const timer = setInterval(renew, renewMs);
    log('job_started', { job: id, fence: job.fence });
    try {
      await store.fetchInputs(id, job.spec, { signal: stop.signal });
      const made = await make(job, { store, signer, signal: stop.signal, onProgress: (p) => {
        progress = p;
        if (p.stage !== told.stage || (p.progress > told.progress && performance.now() - toldAt > TELL_MS)) renew();
      }, onPreview: (image) => {
        const show = (): Promise<unknown> | undefined => (stop.signal.aborted ? undefined : source.preview(job, Buffer.from(image).toString('base64')));
        showing = showing.then(show).catch((error: unknown) => { log('preview_failed', { job: id, error }); });
      } });
      clearInterval(timer);
      await Promise.all([renewing, showing]);                         // a preview that comes after the end would stay
      if (await this.#insist(() => source.publish(job, made), stop.signal)) {
        await store.tidy(id, made.assets).catch((error: unknown) => { log('tidy_failed', { job: id, error }); });
        log('job_completed', { job: id, reused: made.facts.reused });
      } else await this.#lost(id);
    } catch (error) {
      clearInterval(timer);
      await renewing;
      await this.#unfinished(job, error, stop.signal);
    } finally { this.#current.delete(current); }
  }

  async #unfinished(job: ClaimedJob, error: unknown, stopped: AbortSignal): Promise<void> {
    const { source, store, log } = this.#o, { id } = job;
    if (stopped.aborted && (stopped.reason as Stop) === 'lost') { await this.#lost(id); return; }
    if (stopped.aborted || error instanceof CancelledError) {
      await source.release(job).catch((cause: unknown) => { log('release_failed', { job: id, error: cause }); });
      log('job_handed_back', { job: id });
      return;
    }
    if (error instanceof ResourceError && !isDiskFull(error)) {
      log('job_refused', { job: id, error });                                                    // memory, or a part of the engine: another machine may have it
      await this.#insist(async () => { await source.refuse(job, jobError(error)); return true; }, stopped).catch(() => false);
      await store.leave(id).catch((cause: unknown) => { log('tidy_failed', { job: id, error: cause }); });
      return;
    }
    log('job_failed', { job: id, error });
    const again = !(error instanceof KinoraError || isDiskFull(error)), failed = await this.#insist(() => source.fail(job, jobError(error), again), stopped).catch(() => false);
    if (failed && !again) await store.dropWork(id).catch((cause: unknown) => { log('tidy_failed', { job: id, error: cause }); });
  }

  /** A shared folder goes with the job, or when the film of the other is there. */
  async #lost(id: string): Promise<void> {
    this.#o.log('job_lost', { job: id });
    await this.#o.store.leave(id).catch((error: unknown) => { this.#o.log('tidy_failed', { job: id, error }); });
  }

  /** Tries until the answer is there: a film that is made is not thrown away because the database is away for a minute. */
  async #insist(call: () => Promise<boolean>, signal: AbortSignal): Promise<boolean> {
    for (let wait = 100; ; wait = Math.min(5000, 2 * wait)) {
      try { return await call(); } catch (error) {
        this.#o.log('publish_failed', { error });
        if (signal.aborted) throw error;
        await sleep(wait);
      }
    }
  }
}
