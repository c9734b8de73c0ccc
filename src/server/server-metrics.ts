/**
 * @file The numbers that a server shows: names, and where they come from. What became of jobs is read from the database, whoever made them: a worker on another machine counts
 * nothing by itself. Servers of one database show the same jobs: take the greatest of theirs, not the sum.
 */
import { readdir } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { ago, type Database } from './state/db/database.ts';
import type { Jobs } from './state/jobs.ts';
import { Metrics } from './watch/metrics.ts';
import type { ServedModels } from './workers/plan.ts';
import { madeFacts } from './contract/spec.ts';
import type { Store } from './state/store.ts';

/** What a job can come to: `rejected`, by the policy after it was made; who is turned away before is in kinora_rejected_total. */
const OUTCOMES = ['completed', 'failed', 'cancelled', 'rejected'] as const;
type Outcome = (typeof OUTCOMES)[number];

/** A job that ended. Times in milliseconds. */
interface Ended {
  readonly id: string; readonly status: 'completed' | 'failed'; readonly error_code: string | null; readonly errors: number;
  readonly seconds: number; readonly facts: string | null;
  readonly created: number; readonly started: number | null; readonly previewed: number | null; readonly completed: number;
}

/** Milliseconds for which an end may come to light after others that are later; and for which the bytes of films are not asked for again. */
const LATE_MS = 60_000, BYTES_MS = 60_000;

const outcomeOf = ({ status, error_code: code }: Ended): Outcome =>
  (status === 'completed' ? 'completed' : code === 'cancelled' ? 'cancelled' : code === 'moderation_blocked' ? 'rejected' : 'failed');

/** Metrics of a server. */
export class ServerMetrics extends Metrics {
  readonly #began = performance.now();
  readonly #delay = monitorEventLoopDelay({ resolution: 20 });
  /** Ends that were counted, of the last minute; when the latest was; when this server began, by the clock of the database. */
  readonly #counted = new Map<string, number>();
  #until = 0;
  #from: number | undefined;
  #bytesAt = -Infinity;

  /** Counts the jobs that ended since the last time, of any worker. */
  async countEnded(db: Database): Promise<void> {
    this.#from ??= (await db.query<{ at: number }>(`select ${ago('$1')} as at`, [performance.now() - this.#began]))[0]!.at;
    const rows = await db.query<Ended>(`select id, status, error_code, errors, seconds::float8 as seconds, facts, created, started, previewed, completed from kinora_jobs
      where completed > $1::float8 and status in ('completed', 'failed') order by completed`, [Math.max(this.#from, this.#until - LATE_MS)]);
    for (const row of rows) {
      if (this.#counted.has(row.id)) continue;
      this.#counted.set(row.id, row.completed);
      this.#count(row);
      this.#until = Math.max(this.#until, row.completed);
    }
    for (const [id, completed] of this.#counted) if (completed < this.#until - LATE_MS) this.#counted.delete(id);
  }

  #count(row: Ended): void {
    this.add('kinora_jobs_total', { outcome: outcomeOf(row) });
    if (row.errors > 0) this.add('kinora_job_retries_total', {}, row.errors);
    if (row.status !== 'completed' || row.facts === null || row.started === null) return;
    const { ms, frames, packs: steps } = madeFacts.parse(JSON.parse(row.facts));
    this.add('kinora_frames_total', {}, frames);
    this.add('kinora_film_seconds_total', {}, row.seconds);
    for (const [name, phase] of [['job_text', 'text'], ['job_sample', 'sample'], ['decode', 'decode'], ['encode', 'encode']] as const)
      this.observe(`kinora_${name}_seconds`, (ms[phase] ?? 0) / 1000);
    if (steps) for (const [name, sum] of [['denoise_step_seconds', steps.ms / 1000], ['batch_tokens', steps.tokens], ['batch_jobs', steps.films]] as const)
      this.observe(`kinora_${name}`, sum / steps.packs, {}, steps.packs);
    this.observe('kinora_job_queue_seconds', (row.started - row.created) / 1000);
    this.observe('kinora_job_e2e_seconds', (row.completed - row.created) / 1000);
    if (row.previewed !== null) this.observe('kinora_time_to_first_preview_seconds', (row.previewed - row.created) / 1000);
    this.observe('kinora_realtime_factor', 1000 * row.seconds / Math.max(1, row.completed - row.started));
  }

  /** Bytes of the films that are there; asked for once a minute. */
  async countBytes(db: Database): Promise<void> {
    if (performance.now() - this.#bytesAt < BYTES_MS) return;
    this.#bytesAt = performance.now();
    const [row] = await db.query<{ bytes: number }>(`select coalesce(sum((facts::json ->> 'bytes')::float8), 0)::float8 as bytes from kinora_jobs where assets is not null`);
    this.set('kinora_store_bytes', row!.bytes);
  }

  /** What this process takes. */
  async countProcess(): Promise<void> {
    const { rss, heapTotal, heapUsed, external } = process.memoryUsage(), { user, system } = process.cpuUsage();
    const values: Readonly<Record<string, number>> = {
      process_resident_memory_bytes: rss, process_cpu_seconds_total: (user + system) / 1e6,
      nodejs_heap_size_total_bytes: heapTotal, nodejs_heap_size_used_bytes: heapUsed, nodejs_external_memory_bytes: external,
      nodejs_eventloop_lag_p99_seconds: this.#delay.percentile(99) / 1e9, nodejs_active_resources_total: process.getActiveResourcesInfo().length,
    };
    for (const [name, value] of Object.entries(values)) this.set(name, Number.isFinite(value) ? value : 0);
    this.#delay.reset();
    const open = await readdir('/proc/self/fd').catch(() => null);
    if (open) this.set('process_open_fds', open.length);
  }

  /** Begins to measure the event loop; it never holds the process. */
  watch(): this { this.#delay.enable(); return this; }
}

/** Families with what they say. */
const GAUGES: Readonly<Record<string, string>> = {
  kinora_build_info: 'The version that runs', kinora_model_info: 'Models that are served',
  kinora_ready: 'Whether films can be made', kinora_draining: 'Whether the server is stopping',
  kinora_jobs_waiting: 'Jobs in the queue', kinora_jobs_running: 'Jobs under way', kinora_queue_oldest_seconds: 'How long the oldest job in the queue has waited',
  kinora_store_bytes: 'Bytes of the finished films, trash included', kinora_store_free_bytes: 'Bytes that the disk of the data folder still takes',
  kinora_store_size_bytes: 'Bytes of the disk of the data folder',
  process_resident_memory_bytes: 'Memory of the server, without its workers', process_start_time_seconds: 'Unix time when the server started',
  process_open_fds: 'Open files of the server', nodejs_version_info: 'The version of Node',
  nodejs_heap_size_total_bytes: 'Heap of the server', nodejs_heap_size_used_bytes: 'Heap in use',
  nodejs_external_memory_bytes: 'Memory of buffers outside of the heap', nodejs_eventloop_lag_p99_seconds: 'Lag of the event loop since the last scrape, 99th percentile',
  nodejs_active_resources_total: 'Timers, sockets and requests that keep the server going',
};
const COUNTERS: Readonly<Record<string, string>> = {
  kinora_jobs_total: 'Jobs that ended, by outcome', kinora_job_retries_total: 'Jobs that were queued again', kinora_http_requests_total: 'Requests',
  kinora_rejected_total: 'Requests for films that were turned away, by reason', kinora_webhook_deliveries_total: 'Webhook deliveries, by outcome',
  kinora_frames_total: 'Frames delivered', kinora_film_seconds_total: 'Seconds of film delivered', process_cpu_seconds_total: 'Seconds of a core that the server has taken',
};
const HISTOGRAMS: Readonly<Record<string, string>> = {
  kinora_job_queue_seconds: 'Seconds in the queue', kinora_job_text_seconds: 'Seconds reading the prompt', kinora_job_sample_seconds: 'Seconds sampling',
  kinora_decode_seconds: 'Seconds decoding latents', kinora_encode_seconds: 'Seconds enlarging and encoding', kinora_job_e2e_seconds: 'Seconds from the request to the film',
  kinora_time_to_first_preview_seconds: 'Seconds from the request to the first preview', kinora_realtime_factor: 'Seconds of film by seconds of making it',
  kinora_denoise_step_seconds: 'Seconds of a denoising step, of each film at its mean', kinora_batch_tokens: 'Tokens in a step, no padding among them, of each film at its mean',
  kinora_batch_jobs: 'Films that share a step, of each film at its mean',
};
/** Buckets of those that are no seconds. */
const LIMITS: Readonly<Record<string, readonly number[]>> = {
  kinora_batch_tokens: [256, 512, 768, 1024, 1536, 2048, 4096, 8192], kinora_batch_jobs: [1, 1.5, 2, 3, 4, 6, 8, 16],
};

/** All families, at zero. */
export function serverMetrics(version: string, { models }: ServedModels): ServerMetrics {
  const m = new ServerMetrics().watch();
  for (const [kind, families] of [['gauge', GAUGES], ['counter', COUNTERS], ['histogram', HISTOGRAMS]] as const)
    for (const [name, help] of Object.entries(families)) m.define(kind, name, help, LIMITS[name]);
  for (const outcome of OUTCOMES) m.add('kinora_jobs_total', { outcome }, 0);
  m.set('kinora_build_info', 1, { version });
  m.set('nodejs_version_info', 1, { version: process.version });
  m.set('process_start_time_seconds', Math.floor(performance.timeOrigin / 1000));
  for (const { info } of models.values()) m.set('kinora_model_info', 1, { name: info.id, version: info.version, sha256: info.files['dit.safetensors']?.sha256.slice(0, 12) ?? '' });
  return m;
}

/** What {@link countJobs} asks. */
export interface CountedParts {
  readonly db: Database;
  readonly jobs: Jobs;
  readonly store: Store;
  readonly draining: boolean;
  /** Why no films can be made now. */
  readonly notReady: () => Promise<readonly string[]>;
}

/** Brings the page up to date. */
export async function countJobs(m: ServerMetrics, { db, jobs, store, draining, notReady }: CountedParts): Promise<void> {
  const { waiting, running, oldest } = await jobs.load(), { free, size } = await store.disk();
  m.set('kinora_jobs_waiting', waiting);
  m.set('kinora_jobs_running', running);
  m.set('kinora_queue_oldest_seconds', oldest / 1000);
  m.set('kinora_store_free_bytes', free);
  m.set('kinora_store_size_bytes', size);
  m.set('kinora_draining', draining ? 1 : 0);
  m.set('kinora_ready', (await notReady()).length === 0 ? 1 : 0);
  await m.countEnded(db);
  await m.countBytes(db);
  await m.countProcess();
}
