/** @file Films that a worker's machine cannot make, and films of a model that is served no more. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../../test/support/processes.ts';
import { ask, made, memoryDatabase } from '../../../test/support/queue.ts';
import { ResourceError } from '../../core/errors.ts';
import { serverConfig } from '../contract/config.ts';
import { filmSpec } from '../contract/spec.ts';
import { sourceFor } from '../server.ts';
import { Previews } from '../workers/previews.ts';
import { Worker } from '../workers/worker.ts';
import type { Database } from './db/database.ts';
import { Jobs } from './jobs.ts';
import { Store } from './store.ts';
import { WaitingJobs } from './waiting.ts';

let db: Database, jobs: Jobs, dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kinora-refused-'));
  db = await memoryDatabase();
  jobs = new Jobs(db, serverConfig({}));
});
afterAll(async () => { await db.close(); await rm(dir, { recursive: true, force: true }); });
const state = async (id: string): Promise<string> => {
  const { status, error_code: code, error_message: message } = (await jobs.get(id, null))!;
  return code === null ? status : `${code}: ${message}`;
};
const no = { code: 'resource', message: 'it needs 2 MB, 1 MB are free' };

test('what a small worker cannot make a large one makes; the small one goes on with others', async () => {
  const store = new Store(dir), small = new AbortController(), source = sourceFor({ jobs, previews: new Previews(db, () => {}), models: ['m'], shows: false }, 'small');
  const [large, next] = [await ask(jobs), await ask(jobs)], begun: string[] = [];
  const working = new Worker({ source, store, renewMs: 1000, pollMs: 10, log: () => {}, make: ({ id }) => {
    begun.push(id);
    return id === large ? Promise.reject(new ResourceError(no.message)) : Promise.resolve(made);
  } }).run(small.signal);
  await until('the next film', async () => (await state(next)) === 'completed');
  small.abort();
  await working;
  expect([begun, await state(large)]).toEqual([[large, next], 'queued']);
  const lease = (await jobs.claim('large', ['m']))!;
  expect([lease.id, await jobs.publish(lease, made)]).toEqual([large, true]);
});

test('when nobody takes it in time it fails with what was refused; who is busy may yet take it', async () => {
  const [id, other] = [await ask(jobs), await ask(jobs)];
  await jobs.refuse('small', (await jobs.claim('small', ['m']))!, no);
  const busy = (await jobs.claim('busy', ['m']))!;
  expect(busy.id).toBe(id);
  await jobs.release(busy);
  const elsewhere = (await jobs.claim('small', ['m']))!;
  expect(elsewhere.id).toBe(other);
  expect([await jobs.giveUp(60_000), await state(id)]).toEqual([0, 'queued']);                    // it was a moment ago
  await jobs.release(elsewhere);
  await db.query('update kinora_jobs set paused = true where id = $1::text', [id]);
  const hard = (await jobs.claim('large', ['m']))!;
  await db.query('update kinora_jobs set paused = false where id = $1::text', [id]);
  expect([hard.id, await jobs.giveUp(0), await state(id)]).toEqual([other, 0, 'queued']);         // a large one is at work elsewhere
  await jobs.publish(hard, made);
  expect([await jobs.giveUp(0), await state(id)]).toEqual([1, `resource: ${no.message}`]);
  expect(await db.query('select job from kinora_refusals')).toEqual([]);
});

test('a film that is changed while it waits is one that nobody refused', async () => {
  const id = await ask(jobs);
  await jobs.refuse('small', (await jobs.claim('small', ['m']))!, no);
  expect(await jobs.claim('small', ['m'])).toBeNull();
  const { spec } = (await jobs.get(id, null))!, plan = { askedModel: 'm', size: '64x64', seconds: '1', spec: filmSpec.parse(JSON.parse(spec)), work: 1 };
  await new WaitingJobs(db, () => {}).replan(id, spec, { ...plan, spec: { ...plan.spec, prompt: 'b' } });
  expect((await jobs.claim('small', ['m']))?.id).toBe(id);
  await jobs.cancel(id);
});

test('a server that starts without a model fails what waits for it, and nothing else', async () => {
  const [gone, stays] = [await ask(jobs, '/models/old'), await ask(jobs)];
  expect(await jobs.failUnserved(['m', 'n'])).toBe(1);
  expect([await state(gone), await state(stays)]).toEqual(['model_not_served: the server was started without the model old', 'queued']);
});
