/** @file What became of jobs is counted from the database, once each, whoever made them. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NOW, type Database } from './state/db/database.ts';
import { openPglite } from './state/db/pglite.ts';
import { migrate } from './state/db/schema.ts';
import { serverMetrics } from './server-metrics.ts';

let db: Database;
beforeAll(async () => { db = await openPglite('memory://'); await migrate(db); });
afterAll(async () => { await db.close(); });

const FACTS = JSON.stringify({
  frames: 16, bytes: 700, ignored: [], notes: [], reused: 0, ms: { text: 500, sample: 3000, decode: 200, encode: 300 }, packs: { packs: 18, ms: 2700, tokens: 18 * 640, films: 27 },
});
/** A job that ended so many milliseconds ago, after it waited 1 s and was made for 4 s. */
const ended = (id: string, ago: number, { status = 'completed', code = 'null', errors = 0 } = {}): Promise<void> => db.script(`insert into kinora_jobs
  (id, owner, kind, status, asked_model, model, size, seconds, prompt, spec, work, created, started, previewed, completed, error_code, errors, facts, assets)
  values ('${id}', 'o', 'create', '${status}', 'm', 'm', '1x1', '2', 'x', '{}', 1, ${NOW} - ${ago} - 5000, ${NOW} - ${ago} - 4000, ${NOW} - ${ago} - 3000, ${NOW} - ${ago}, ${code},
    ${errors}, ${status === 'completed' ? `'${FACTS}', 'film-1'` : 'null, null'})`);

test('ends since the server began, by outcome, with their times; each once, late ones too', async () => {
  await ended('before', 3_600_000);
  const m = serverMetrics('1', { models: new Map(), names: {}, first: 'm' }), counts = async (): Promise<string> => { await m.countEnded(db); return m.page(); };
  const total = (page: string): unknown => [...page.matchAll(/^kinora_jobs_total\{outcome="(\w+)"\} (\d+)$/gm)].map(([, outcome, n]) => `${outcome} ${n}`);
  expect(total(await counts())).toEqual(['completed 0', 'failed 0', 'cancelled 0', 'rejected 0']);
  await ended('one', 0);
  await ended('two', 0, { errors: 1 });
  await ended('wrong', 0, { status: 'failed', code: "'internal_error'", errors: 1 });
  await ended('stopped', 0, { status: 'failed', code: "'cancelled'" });
  await ended('refused', 0, { status: 'failed', code: "'moderation_blocked'" });
  const page = await counts();
  expect(total(page)).toEqual(['completed 2', 'failed 1', 'cancelled 1', 'rejected 1']);
  for (const line of ['kinora_job_retries_total 2', 'kinora_frames_total 32', 'kinora_film_seconds_total 4', 'kinora_decode_seconds_sum 0.4', 'kinora_decode_seconds_count 2',
    'kinora_job_queue_seconds_bucket{le="1"}', 'kinora_time_to_first_preview_seconds_bucket{le="2.5"} 2', 'kinora_realtime_factor_bucket{le="0.5"}',
    'kinora_denoise_step_seconds_bucket{le="0.1"} 0', 'kinora_denoise_step_seconds_bucket{le="0.5"} 36', 'kinora_denoise_step_seconds_count 36',
    'kinora_batch_tokens_bucket{le="512"} 0', 'kinora_batch_tokens_bucket{le="768"} 36', 'kinora_batch_jobs_bucket{le="1"} 0',
    'kinora_batch_jobs_sum 54'])
    expect(page).toContain(line);
  expect(await counts()).toBe(page);                              // none twice
  await db.query(`update kinora_jobs set completed = completed - 1 where id = 'two'`);
  await ended('late', 10);                                        // its transaction came through after those of the others
  expect(total(await counts())).toEqual(['completed 3', 'failed 1', 'cancelled 1', 'rejected 1']);
  await m.countBytes(db);
  await m.countProcess();
  const numbers = new Map([...m.page().matchAll(/^(\w+) ([\d.e+-]+)$/gm)].map(([, name, value]) => [name!, Number(value)]));
  expect(numbers.get('kinora_store_bytes')).toBe(4 * 700);
  for (const name of ['process_resident_memory_bytes', 'process_cpu_seconds_total', 'nodejs_heap_size_used_bytes', 'process_start_time_seconds'])
    expect([name, numbers.get(name)! > 0]).toEqual([name, true]);
});
