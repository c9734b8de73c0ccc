/** @file What clients are told of the queue is what the claim then does: forecasts of seeded queues beside the real statements, in an embedded database. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { draws } from '../../core/random.ts';
import { serverConfig } from '../contract/config.ts';
import type { ClaimedJob, FilmSpec } from '../contract/spec.ts';
import type { Database } from './db/database.ts';
import { openPglite } from './db/pglite.ts';
import { migrate } from './db/schema.ts';
import { forecast, type InLine } from './forecast.ts';
import { Jobs } from './jobs.ts';
import { WaitingJobs } from './waiting.ts';

let db: Database;
beforeAll(async () => { db = await openPglite('memory://'); await migrate(db); });
afterAll(async () => { await db.close(); });

const size = { width: 64, height: 64, frames: 5, fps: 8 };
const made = { assets: 'film-1', facts: { frames: 1, bytes: 1, ignored: [], notes: [], reused: 0, ms: {} } };
let number = 0;
async function queue(jobs: Jobs, owner: string, model = 'm'): Promise<string> {
  const id = `job-${++number}`, spec: FilmSpec = { kind: 'create', model, prompt: 'a', seed: 1, native: size, deliver: size };
  await jobs.queue({ id, owner, kind: 'create', askedModel: model, size: '64x64', seconds: '1', spec, work: 100, source: null },
    { route: 'r', key: null, hash: id, retry: 0, since: () => 0 });
  return id;
}

test.each([1, 2, 3])('the places that are told are those in which jobs are taken: %i at a time, 6 seeded queues', async (places) => {
  for (let seed = 0; seed < 6; seed++) {
    await db.script('delete from kinora_jobs; delete from kinora_requests');
    const d = draws({ seed, stream: 'forecast', step: places }), jobs = new Jobs(db, serverConfig({})), waiting = new WaitingJobs(db, () => {});
    const makers = { models: ['m', 'n'], places };
    const running: ClaimedJob[] = [], ids: string[] = [], claim = async (): Promise<string | undefined> => {
      const job = await jobs.claim('w', makers.models);
      if (job) running.push(job);
      return job?.id;
    };
    for (let i = 0; i < 4 + d.int(12); i++) {
      ids.push(await queue(jobs, d.pick(['ann', 'ann', 'ann', 'bob', 'cid']), d.pick(['m', 'm', 'n', 'other'])));
      if (d.chance(0.2) && running.length < places) await claim();
      if (d.chance(0.2)) await waiting.move(d.pick(ids), { position: d.int(3) });
      if (d.chance(0.1)) await waiting.pause(d.pick(ids), true);
    }
    const line = await jobs.line(), told = new Map<number, string>();
    for (const { id, model, status } of line.jobs) if (status === 'queued' && model !== 'other') told.set(forecast(line, { id, model }, makers)!.position, id);
    const taken: string[] = [];
    for (let free = places - running.length; ; free = 1) {
      for (let i = 0; i < free; i++) { const id = await claim(); if (id !== undefined) taken.push(id); }
      const first = running.shift();                              // all are equally long: the first that was taken ends first
      if (!first) break;
      await jobs.publish(first, made);
    }
    expect([seed, taken]).toEqual([seed, [...told].sort(([a], [b]) => a - b).map(([, id]) => id)]);
  }
});

test('time: what runs ends first, places work side by side, each model has its own pace', () => {
  const job = (id: string, o: Partial<InLine> = {}): InLine => ({ id, owner: 'a', model: 'm', status: 'queued', place: Number(id), started: null, latest: 0, work: 10, ...o });
  const jobs = [job('1', { status: 'in_progress', started: 1, work: 4 }), job('2', { model: 'n' }), job('3'), job('4')], pace = new Map([['m', 2], ['n', 5]]);
  const told = (places: number, id: string): unknown => forecast({ jobs, pace }, jobs.find((one) => one.id === id)!, { models: ['m', 'n'], places });
  expect([told(1, '2'), told(1, '3'), told(1, '4')]).toEqual([{ position: 0, ms: 8 }, { position: 1, ms: 58 }, { position: 2, ms: 78 }]);
  expect([told(2, '2'), told(2, '3'), told(2, '4')]).toEqual([{ position: 0, ms: 0 }, { position: 1, ms: 8 }, { position: 2, ms: 28 }]);
  expect(told(1, '1')).toBeUndefined();
  expect(forecast({ jobs: [...jobs, job('5', { model: 'gone' })], pace }, { id: '5', model: 'gone' }, { models: ['m', 'n'], places: 1 })).toEqual({ position: 0, ms: 8 });
});
