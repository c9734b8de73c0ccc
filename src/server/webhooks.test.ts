/** @file Webhooks apart from a server: who ends a film knows none of them, and each is told once of it, however many servers look. */
import { rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../test/support/processes.ts';
import { ask, made, memoryDatabase } from '../../test/support/queue.ts';
import { testServer } from '../../test/support/server.ts';
import { serverConfig } from './contract/config.ts';
import type { Database } from './state/db/database.ts';
import { Jobs } from './state/jobs.ts';
import { deliverWebhooks } from './webhooks.ts';

const secret = `whsec_${'a'.repeat(24)}`;
let db: Database, url: string, status = 200;
const got: { id: string; body: { id: string; type: string; data: { id: string } } }[] = [];
const hook = createServer((request, response) => {
  let body = '';
  request.on('data', (data: Buffer) => { body += data.toString(); }).on('end', () => {
    got.push({ id: String(request.headers['webhook-id']), body: JSON.parse(body) as (typeof got)[0]['body'] });
    response.writeHead(status).end();
  });
});
beforeAll(async () => {
  db = await memoryDatabase();
  await new Promise<void>((done) => { hook.listen(0, '127.0.0.1', done); });
  url = `http://127.0.0.1:${(hook.address() as AddressInfo).port}`;
});
afterAll(async () => { hook.close(); await db.close(); });
const o = (): Parameters<typeof deliverWebhooks>[0] => {
  const { webhooks } = serverConfig({ webhooks: [{ url: `${url}/all`, secret }, { url: `${url}/failed`, secret, events: ['video.failed'] }] });
  return { db, webhooks, log: () => {}, count: () => {} };
};

test('a worker that knows no webhooks ends films, and the server tells of each once; tries share an id; a film that is cancelled is nobody\'s news', async () => {
  const jobs = new Jobs(db, serverConfig({})), good = await ask(jobs), bad = await ask(jobs), cancelled = await ask(jobs);
  expect(await jobs.publish((await jobs.claim('apart', ['m']))!, made)).toBe(true);
  expect(await jobs.fail((await jobs.claim('apart', ['m']))!, { code: 'broken', message: 'it broke' }, false)).toBe(true);
  await jobs.cancel(cancelled);
  status = 500;
  await Promise.all([deliverWebhooks(o()), deliverWebhooks(o())]);
  expect(got.map(({ body }) => `${body.type} ${body.data.id}`).toSorted()).toEqual([`video.completed ${good}`, `video.failed ${bad}`, `video.failed ${bad}`].toSorted());
  expect(got.every(({ id, body }) => id === body.id)).toBe(true);
  expect(new Set(got.map(({ id }) => id)).size).toBe(2);                                          // an event has one id, whoever hears of it
  const first = got.splice(0).map(({ id }) => id).toSorted();
  await db.script('update kinora_deliveries set due = 0');
  status = 200;
  await deliverWebhooks(o());
  expect(got.splice(0).map(({ id }) => id).toSorted()).toEqual(first);
  await db.script('update kinora_deliveries set due = 0');
  await deliverWebhooks(o());
  expect(got).toEqual([]);
});

test('a webhook that does not answer holds up neither the end of the server nor the leases that run out; the next server tells at once', async () => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  await new Promise((done) => { silent.once('listening', done); });
  const at = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`, asked = new Promise<void>((done) => { silent.once('request', () => { done(); }); });
  const change = { workers: 0, webhooks: [{ url: at, secret }], lease: { ms: 1000, renew: 100 } }, one = await testServer(change);
  const broken = await ask(one.jobs);
  await ask(one.jobs);
  await one.jobs.fail((await one.jobs.claim('apart', ['m']))!, { code: 'broken', message: 'it broke' }, false);
  await asked;
  const { id } = (await one.jobs.claim('dies', ['m']))!, began = performance.now();
  await until('the lease to run out', async () => (await one.jobs.get(id, null))!.status === 'queued', 10_000);
  await one.close();
  expect(performance.now() - began).toBeLessThan(12_000);                                         // a delivery may take 15 s
  const next = new Promise<void>((done) => { silent.once('request', () => { done(); }); }), two = await testServer({ ...change, data: one.dir });
  await next;
  expect(await two.db.query('select attempts from kinora_deliveries where body like $1::text', [`%${broken}%`])).toEqual([{ attempts: 1 }]);  // the other one's model is not served
  await two.close();
  silent.close();
  silent.closeAllConnections();
  await rm(one.dir, { recursive: true, force: true });
}, 120_000);
