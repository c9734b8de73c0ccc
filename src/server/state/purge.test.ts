/** @file Rows do not pile up: what the sweep removes and what it leaves, and statements that find their rows by an index. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serverConfig } from '../contract/config.ts';
import { NOW, type Database, type Param } from './db/database.ts';
import { openPglite } from './db/pglite.ts';
import { migrate } from './db/schema.ts';
import { Jobs } from './jobs.ts';
import { Store } from './store.ts';
import { sweep, Trash } from './trash.ts';

let db: Database, dir: string, asked: [string, readonly Param[]][] = [];
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kinora-purge-'));
  const real = await openPglite('memory://');
  await migrate(real);
  db = { ...real, query: (text, params = []) => { asked.push([text, params]); return real.query(text, params); } };
});
afterAll(async () => { await db.close(); await rm(dir, { recursive: true, force: true }); });

const HOUR = 3_600_000, DAY = 24 * HOUR;
const idOf = (n: number): string => `video_${n.toString(16).padStart(32, '0')}`;
const job = (id: string, set: string): Promise<unknown> => db.script(`insert into kinora_jobs
  (id, owner, kind, asked_model, model, size, seconds, prompt, spec, work, created, started, ${set.split('|')[0]})
  values ('${id}', 'o', 'create', 'm', 'm', '1x1', '1', 'x', '{}', 1, 1, 1, ${set.split('|')[1]})`);

test('the sweep removes requests and deliveries whose time is over, and the folders of what is gone', async () => {
  const before = (ms: number): string => `${NOW} - ${ms}`;
  await db.script(`
    insert into kinora_requests values ('o', 'r', null, 'old', 0, 'j', ${before(HOUR)}), ('o', 'r', null, 'young', 0, 'j', ${before(60_000)}),
      ('o', 'r', 'k1', 'old key', 0, 'j', ${before(2 * DAY)}), ('o', 'r', 'k2', 'young key', 0, 'j', ${before(HOUR)});
    insert into kinora_deliveries (id, url, secret_of, body, due, created, done, failed) values ('delivered', 'u', 'u', '{}', 1, 1, ${before(8 * DAY)}, null),
      ('given up', 'u', 'u', '{}', 1, 1, null, ${before(8 * DAY)}), ('lately', 'u', 'u', '{}', 1, 1, ${before(DAY)}, null), ('due', 'u', 'u', '{}', 1, 1, null, null)`);
  const store = new Store(dir), logged: unknown[] = [];
  await store.open();
  const [gone, kept, failed, stray] = [1, 2, 3, 4].map(idOf) as [string, string, string, string];
  await job(gone, "status, deleted | 'completed', 1");
  await job(kept, "status, completed, assets | 'completed', 1, 'film-1'");
  await job(failed, "status, completed | 'failed', 1");
  for (const id of [gone, kept, failed, stray]) await store.prepare(id);
  await sweep({ config: { keepDays: undefined, keepBytes: undefined, trashDays: 7 }, trash: new Trash(db), store, log: (event, fields) => { logged.push({ event, ...fields }); } });
  expect((await readdir(join(dir, 'jobs'))).sort()).toEqual([kept, failed, stray].sort());        // a folder without a job may be somebody's who is at it
  expect((await db.query<{ hash: string }>('select hash from kinora_requests order by hash')).map(({ hash }) => hash)).toEqual(['young', 'young key']);
  expect((await db.query<{ id: string }>('select id from kinora_deliveries order by id')).map(({ id }) => id)).toEqual(['due', 'lately']);
  expect(logged).toEqual([{ event: 'rows_purged', requests: 2, deliveries: 2 }]);
});

test('an expired key is free again before any sweep', async () => {
  await db.script(`delete from kinora_requests; insert into kinora_requests values ('o', 'r', 'k', 'other', 0, '${idOf(2)}', ${NOW} - ${2 * DAY})`);
  const size = { width: 64, height: 64, frames: 5, fps: 8 }, spec = { kind: 'create' as const, model: 'm', prompt: 'a', seed: 1, native: size, deliver: size };
  const queued = await new Jobs(db, serverConfig({})).queue({ id: idOf(9), owner: 'o', kind: 'create', askedModel: 'm', size: '1x1', seconds: '1', spec, work: 1, source: null },
    { route: 'r', key: 'k', hash: 'h', retry: 0, since: () => 0 });
  expect(queued).toMatchObject({ replayed: false });
});

test('what is asked again and again is found by an index', async () => {
  const trash = new Trash(db), jobs = new Jobs(db, serverConfig({})), plans: Partial<Record<string, string>> = {};
  await db.script('set enable_seqscan = off; set enable_bitmapscan = off');
  const calls = { pace: () => jobs.pace('m'), older: () => trash.older(DAY), empty: () => trash.empty(DAY), claim: () => jobs.claim('w', ['m']), purge: () => trash.purge() };
  for (const [name, call] of Object.entries(calls)) {
    asked = [];
    await call();
    const texts = await Promise.all([...asked].map(([text, params]) => db.query<Record<string, string>>(`explain ${text}`, params)));
    plans[name] = texts.flat().map((row) => Object.values(row)[0]).join('\n');
  }
  for (const [name, index] of [['pace', 'kinora_jobs_pace'], ['older', 'kinora_jobs_ended'], ['empty', 'kinora_jobs_trash'], ['claim', 'kinora_jobs_started'],
    ['purge', 'kinora_requests_old'], ['purge', 'kinora_deliveries_old']] as const)
    expect([name, plans[name]]).toEqual([name, expect.stringMatching(new RegExp(`using ${index} .*\\n.*Index Cond`))]);
});
