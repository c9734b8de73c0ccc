/**
 * @file The anomaly loop: one film from a picture to its download and removal, again and again, while the N-th call to the database, the data folder, the decoder or the
 * picture's host fails, for N = 1, 2, 3 … until it goes through untouched. A call fails before it does anything, or after it has done everything and only the answer is
 * lost. The client does what SDKs do: it sends again what was answered by a 5xx. In the end there is one film, whose bytes are those of the calm run, or one that says why it
 * failed; and no other, and no half file.
 */
import { readdir, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Video } from '../../src/server/contract/contract.ts';
import type { FetchImageOptions } from '../../src/server/http/public-address.ts';
import type { Database, Queryable } from '../../src/server/state/db/database.ts';
import { decode } from '../../src/server/workers/decode.ts';
import { openDatabase } from '../../src/server/server.ts';
import { Store } from '../../src/server/state/store.ts';
import { testServer, type TestServer } from '../support/server.ts';

const TARGETS = ['database', 'folder', 'decoder', 'fetch'] as const, WHEN = ['before', 'after'] as const;
type Target = (typeof TARGETS)[number];
/** Which call fails; counted from when it is set. */
const fault: { target: Target | null; when: (typeof WHEN)[number]; at: number; calls: number; fired: boolean } = { target: null, when: 'before', at: 0, calls: 0, fired: false };

// The host of the picture is on this machine, from which nothing is fetched otherwise.
vi.mock('../../src/server/http/public-address.ts', async (original) => {
  const actual = await original<typeof import('../../src/server/http/public-address.ts')>();
  return { ...actual, fetchImage: (url: string, o: FetchImageOptions) => actual.fetchImage(url, { ...o, allowed: () => true }) };
});

/** A host that sends elsewhere, where the picture is. When it fails it breaks the connection: before it says anything, or with the last byte yet to come. */
const pictureHost = (bytes: Buffer): Server => createServer((request, response) => {
  const [status, headers, body] = request.url === '/moved' ? [302, { location: '/picture' }, Buffer.from('elsewhere')] as const : [200, {}, bytes] as const;
  void risky('fetch', async () => { response.writeHead(status, { ...headers, 'content-length': body.length }).write(body.subarray(0, -1)); await sleep(5); })
    .then(() => { response.end(body.subarray(-1)); }, () => { response.destroy(); });
});

/** A call that may be the one. */
async function risky<T>(target: Target, call: () => Promise<T>): Promise<T> {
  if (fault.target !== target || ++fault.calls !== fault.at) return call();
  fault.fired = true;
  if (fault.when === 'after') await call();
  throw Object.assign(new Error(`anomaly: ${target} call ${fault.at}, ${fault.when}`), { code: target === 'database' ? 'ECONNRESET' : 'EIO' });
}

const failing = (db: Database): Database => {
  const query = (q: Queryable): Queryable['query'] => (text, params) => risky('database', () => q.query(text, params));
  return { ...db, query: query(db), transaction: (run) => risky('database', () => db.transaction((tx) => run({ query: query(tx) }))) };
};

let server: TestServer, host: Server, picture: string, address: string, calm: Buffer;
beforeAll(async () => {
  for (const name of ['prepare', 'give', 'publish', 'discard', 'tidy', 'keepInputs', 'fetchInputs', 'read', 'jobs', 'disk', 'check'] as const) {
    const own = Store.prototype[name] as (this: Store, ...rest: unknown[]) => Promise<unknown>;
    vi.spyOn(Store.prototype, name).mockImplementation(function (this: Store, ...rest: unknown[]) { return risky('folder', () => own.apply(this, rest)) as Promise<never>; });
  }
  server = await testServer({ lease: { ms: 2000, renew: 200 } }, {
    open: async (config) => failing(await openDatabase(config)), decoder: (request) => risky('decoder', () => decode(request)),
  });
  const pixels = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#c40' } }).png().toBuffer();
  picture = `data:image/png;base64,${pixels.toString('base64')}`;
  host = pictureHost(pixels);
  await new Promise<void>((done) => { host.listen(0, '127.0.0.1', done); });
  address = `http://127.0.0.1:${(host.address() as AddressInfo).port}/moved`;
  calm = (await scenario('calm')).content!;
}, 300_000);
afterAll(async () => {
  fault.target = null;
  await server?.close();
  host?.close();
  vi.restoreAllMocks();
  if (server) await rm(server.dir, { recursive: true, force: true });
});

/** Sends until the answer is no 5xx, as SDKs do, with the same key. */
async function send(method: string, path: string, key: string, body?: object): Promise<Response> {
  for (let attempt = 0; ; attempt++) {
    const headers = { 'content-type': 'application/json', 'idempotency-key': key, 'x-stainless-retry-count': String(attempt) };
    const response = await fetch(`${server.url}${path}`, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
    if (response.status < 500 || attempt === 4) return response;
    await response.text();
    await sleep(20);
  }
}

const jobsOf = async (name: string): Promise<number> =>
  (await server.db.query<{ n: number }>('select count(*)::int as n from kinora_jobs where prompt = $1::text', [name]))[0]!.n;

/** One film from request to removal. */
async function scenario(name: string): Promise<{ readonly video: Video; readonly content: Buffer | null; readonly removed: number }> {
  const given = { image_url: fault.target === 'fetch' ? address : picture };
  const ask = (): Promise<Response> => send('POST', '/v1/videos', name, { prompt: name, seed: 7, size: '128x72', seconds: '1', input_reference: given });
  let made = await ask();
  if (fault.target === 'fetch' && made.status === 400) {             // another's host is the client's affair: it is told, nothing stays, and it asks again
    expect([name, await made.json()]).toMatchObject([name, { error: { code: 'invalid_image_url', message: expect.stringMatching(/its host/) as string } }]);
    expect([name, fault.fired, await jobsOf(name)]).toEqual([name, true, 0]);
    made = await ask();
  }
  expect([name, made.status]).toEqual([name, 200]);
  let video = await made.json() as Video;
  for (const end = Date.now() + 60_000; video.status !== 'completed' && video.status !== 'failed'; await sleep(15)) {
    if (Date.now() > end) throw new Error(`${name}: ${video.id} is ${video.status} after a minute`);
    const got = await send('GET', `/v1/videos/${video.id}`, name);
    expect([name, got.status]).toEqual([name, 200]);
    video = await got.json() as Video;
  }
  expect([name, await readdir(join(server.dir, 'jobs', video.id, 'inputs')).catch(String)]).toEqual([name, ['image.png']]);        // what it was given is there
  const content = video.status === 'completed' ? await send('GET', `/v1/videos/${video.id}/content`, name) : null;
  if (content) expect([name, content.status]).toEqual([name, 200]);
  const bytes = content ? Buffer.from(await content.arrayBuffer()) : null, removed = await send('DELETE', `/v1/videos/${video.id}`, name);
  await removed.text();
  return { video, content: bytes, removed: removed.status };
}

test.each(TARGETS.flatMap((target) => WHEN.map((when) => [target, when] as const)))('%s, %s the call: one film, whole, or a reason', { timeout: 600_000 }, async (target, when) => {
  let reached = 0, failed = 0;
  for (let at = 1; ; at++) {
    const name = `${target} ${when} ${at}`;
    Object.assign(fault, { target, when, at, calls: 0, fired: false });
    const { video, content, removed } = await scenario(name).finally(() => { fault.target = null; });
    if (video.status === 'completed') expect([name, content!.equals(calm)]).toEqual([name, true]);
    else {
      failed++;
      expect([name, video.error]).toEqual([name, { code: expect.any(String) as string, message: expect.stringMatching(/.{10}/) as string }]);
    }
    expect([name, [200, 404].includes(removed)]).toEqual([name, true]);                                               // 404: it was removed, and the answer was lost
    expect([name, await jobsOf(name)]).toEqual([name, 1]);
    expect([name, await readdir(join(server.dir, 'incoming'))]).toEqual([name, []]);
    if (!fault.fired) { reached = at - 1; break; }
    if (at > 150) { reached = at; break; }                                                                           // housekeeping calls for as long as it likes
  }
  console.log(`anomaly loop: ${target} ${when}: ${reached} calls failed, ${failed} films ended failed with a reason`);
  expect(reached).toBeGreaterThan({ database: 20, folder: 2, decoder: 0, fetch: 1 }[target]);
});
