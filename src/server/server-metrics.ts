/** @file The numbers that a server shows: names, and where they come from. What happens in workers of other machines is counted there. */
import type { Jobs } from './state/jobs.ts';
import { Metrics } from './watch/metrics.ts';
import type { ServedModels } from './work/plan.ts';
import type { JobSource } from './contract/spec.ts';
import type { Store } from './state/store.ts';

/** Metrics of a server. */
export class ServerMetrics extends Metrics {
  /** A source of jobs that is counted. */
  counted(source: JobSource, jobs: Pick<Jobs, 'get'>): JobSource {
    return {
      ...source,
      publish: async (lease, made) => {
        const published = await source.publish(lease, made);
        if (!published) return false;
        const row = await jobs.get(lease.id, null), { ms, frames } = made.facts;
        this.add('kinora_jobs_total', { outcome: 'completed' });
        this.add('kinora_frames_total', {}, frames);
        for (const phase of ['text', 'sample', 'decode', 'encode'] as const) this.observe(`kinora_job_${phase}_seconds`, (ms[phase] ?? 0) / 1000);
        if (row) {
          this.add('kinora_film_seconds_total', {}, Number(row.seconds));
          this.observe('kinora_job_queue_seconds', (row.started! - row.created) / 1000);
          this.observe('kinora_job_e2e_seconds', (row.completed! - row.created) / 1000);
        }
        return true;
      },
      fail: async (lease, error, again) => {
        const failed = await source.fail(lease, error, again), row = await jobs.get(lease.id, null);
        if (failed && row?.status === 'failed') this.add('kinora_jobs_total', { outcome: 'failed' });
        if (failed && row?.status === 'queued') this.add('kinora_job_retries_total');
        return failed;
      },
    };
  }
}

/** All families, at zero. */
export function serverMetrics(version: string, { models }: ServedModels): ServerMetrics {
  const m = new ServerMetrics();
  m.define('gauge', 'kinora_build_info', 'The version that runs');
  m.define('gauge', 'kinora_model_info', 'Models that are served');
  m.define('gauge', 'kinora_jobs_waiting', 'Jobs in the queue');
  m.define('gauge', 'kinora_jobs_running', 'Jobs under way');
  m.define('gauge', 'kinora_queue_oldest_seconds', 'How long the oldest job in the queue has waited');
  m.define('gauge', 'kinora_store_free_bytes', 'Bytes that the disk of the data folder still takes');
  m.define('gauge', 'kinora_draining', 'Whether the server is stopping');
  m.define('gauge', 'process_resident_memory_bytes', 'Memory of the server, without its workers');
  m.define('counter', 'kinora_jobs_total', 'Jobs that ended, by outcome');
  m.define('counter', 'kinora_job_retries_total', 'Jobs that were queued again');
  m.define('counter', 'kinora_http_requests_total', 'Requests');
  m.define('counter', 'kinora_rejected_total', 'Requests for films that were turned away, by reason');
  m.define('counter', 'kinora_webhook_deliveries_total', 'Webhook deliveries, by outcome');
  m.define('counter', 'kinora_frames_total', 'Frames delivered');
  m.define('counter', 'kinora_film_seconds_total', 'Seconds of film delivered');
  for (const [name, help] of [['queue', 'in the queue'], ['text', 'reading the prompt'], ['sample', 'sampling'],
    ['decode', 'decoding'], ['encode', 'encoding'], ['e2e', 'from the request to the film']])
    m.define('histogram', `kinora_job_${name}_seconds`, `Seconds ${help}`);
  m.set('kinora_build_info', 1, { version });
  for (const { info } of models.values()) m.set('kinora_model_info', 1, { name: info.id, version: info.version, sha256: info.files['dit.safetensors']?.sha256.slice(0, 12) ?? '' });
  return m;
}

/** Brings the gauges up to date. */
export async function countJobs(m: ServerMetrics, { jobs, store, draining }: { readonly jobs: Jobs; readonly store: Store; readonly draining: boolean }): Promise<void> {
  const { waiting, running, oldest } = await jobs.load();
  m.set('kinora_jobs_waiting', waiting);
  m.set('kinora_jobs_running', running);
  m.set('kinora_queue_oldest_seconds', oldest / 1000);
  m.set('kinora_store_free_bytes', await store.free());
  m.set('kinora_draining', draining ? 1 : 0);
  m.set('process_resident_memory_bytes', process.memoryUsage.rss());
}
