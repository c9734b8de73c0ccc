/** @file Workers that die over a film: when that is told of the film, and when it is not. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, memoryDatabase } from '../../../test/support/queue.ts';
import { serverConfig } from '../contract/config.ts';
import { clock, type Database } from './db/database.ts';
import { Jobs } from './jobs.ts';

let db: Database, jobs: Jobs;
beforeAll(async () => { db = await memoryDatabase(); jobs = new Jobs(db, serverConfig({})); });
afterAll(async () => { await db.close(); });
const state = async (id: string): Promise<string> => { const job = await jobs.get(id, null); return job!.error_code ?? job!.status; };
/** Claims the film, says how far it is, and lets something happen to it. */
async function turn(id: string, progress: number, then: () => Promise<unknown>): Promise<string> {
  const lease = (await jobs.claim('one', ['m']))!;
  expect(lease.id).toBe(id);
  await jobs.renew(lease, { stage: 'sample', progress });
  await then();
  return state(id);
}
const runOut = async (): Promise<void> => { await db.script("update kinora_jobs set lease_until = lease_until - 3600000 where status = 'in_progress'"); };

test('a film that kills its worker fails after five in a row that got no further, whether the server sees the worker die or the lease runs out', async () => {
  for (const dies of [() => jobs.lose('one'), async () => { await runOut(); await jobs.expire(); }]) {
    const id = await ask(jobs), seen: string[] = [];
    for (let i = 0; i < 5; i++) seen.push(await turn(id, 20, dies));
    expect(seen).toEqual(['queued', 'queued', 'queued', 'queued', 'worker_lost']);
  }
});

test('after a worker died over several films each is made alone until it gets further, so that one alone fails for it', async () => {
  const [poison, good] = [await ask(jobs), await ask(jobs)], claim = async (name: string): Promise<string | undefined> => (await jobs.claim(name, ['m']))?.id;
  expect([await claim('one'), await claim('one')]).toEqual([poison, good]);
  await jobs.lose('one');
  const alone = (await jobs.claim('one', ['m']))!, beside = (await jobs.claim('two', ['m']))!, next = await ask(jobs);
  expect([alone.id, beside.id, await claim('one'), await claim('two')]).toEqual([poison, good, undefined, undefined]);
  await jobs.renew(beside, { stage: 'sample', progress: 10 });
  expect(await claim('two')).toBe(next);
  for (let i = 0; i < 4; i++) { await jobs.lose('one'); await claim('one'); }
  expect([await state(poison), await state(good), await state(next)]).toEqual(['worker_lost', 'in_progress', 'in_progress']);
  for (const id of [good, next]) await jobs.cancel(id);
});

test('a film that gets further each time, and one whose servers were killed or whose workers were told to stop, goes on for ever', async () => {
  const id = await ask(jobs);
  for (let i = 0; i < 20; i++) expect(await turn(id, i + 1, () => jobs.lose('one'))).toBe('queued');
  for (let i = 0; i < 20; i++) expect(await turn(id, 20, () => jobs.releaseEverything())).toBe('queued');
  for (let i = 0; i < 20; i++) expect(await turn(id, 20, () => jobs.releaseAll('one'))).toBe('queued');
  for (let i = 0; i < 20; i++) expect(await turn(id, 20, async () => { await runOut(); await jobs.expire(await clock(db)); })).toBe('queued');
  const [row] = await db.query<{ lost: number }>('select lost from kinora_jobs where id = $1::text', [id]);
  expect(row).toEqual({ lost: 1 });                                                               // the one at its furthest
  await jobs.cancel(id);
});
