/** @file Films that wait, are tried again, are thrown away and brought back, and quotas of keys: over HTTP, on an embedded database and on a PostgreSQL server. */
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI, { APIError, BadRequestError, ConflictError, NotFoundError } from 'openai';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { serverConfig } from '../../src/server/contract/config.ts';
import { video as videoSchema, type Video } from '../../src/server/contract/contract.ts';
import { filmSpec, type FilmSpec } from '../../src/server/contract/spec.ts';
import { Store } from '../../src/server/state/store.ts';
import { sweep, Trash } from '../../src/server/state/trash.ts';
import { freshPostgres, postgresReason } from '../support/postgres.ts';
import { clientOf, finished, testServer, type TestServer } from '../support/server.ts';

const reason = await postgresReason();
if (reason !== undefined) console.warn(`the suite on PostgreSQL is skipped: ${reason}`);
const SMALL = { size: '128x72', seconds: '2' };
const status = async (call: Promise<unknown>): Promise<unknown> => call.then(() => 'no error', (error: unknown) => error);

describe('on an embedded database', { timeout: 240_000 }, () => { suite('pglite'); });
describe.skipIf(reason !== undefined)(`on a PostgreSQL server${reason === undefined ? '' : ` (skipped: ${reason})`}`, { timeout: 240_000 }, () => { suite('postgres'); });

function suite(kind: 'pglite' | 'postgres'): void {
  let server: TestServer, client: OpenAI, drop = async (): Promise<void> => {}, holder = '';
  const make = async (prompt: string, more: Readonly<Record<string, unknown>> = {}): Promise<Video> =>
    videoSchema.parse(await client.post('/videos', { body: { prompt, ...SMALL, ...more } }));
  const act = async (id: string, what: string, body: object = {}): Promise<Video> => videoSchema.parse(await client.post(`/videos/${id}/${what}`, { body }));
  const get = async (id: string): Promise<Video> => videoSchema.parse(await client.get(`/videos/${id}`));
  const spec = async (id: string): Promise<FilmSpec> => filmSpec.parse(JSON.parse((await server.jobs.get(id, null))!.spec));
  /** Waits until the one worker has a film in hand that does not end. */
  const hold = async (): Promise<void> => {
    holder = (await make('hold')).id;
    while ((await get(holder)).status !== 'in_progress') await sleep(20);
  };
  const letGo = async (): Promise<void> => { await client.post(`/videos/${holder}/cancel`); };
  afterEach(async () => { if (holder) await letGo(); });                                            // a test that failed holds up no other

  beforeAll(async () => {
    const fresh = kind === 'postgres' ? await freshPostgres() : undefined;
    if (fresh) drop = fresh.drop;
    server = await testServer({ ...(fresh ? { database: fresh.url } : {}), limits: { seconds: 30 }, localWithoutKey: true, lease: { ms: 4000, renew: 200 } });
    ({ client } = server);
  });
  afterAll(async () => {
    await server?.close();
    await drop();
    if (server) await rm(server.dir, { recursive: true, force: true });
  });

  test('a paused film is passed by, stays queued, and is made when it is let go', async () => {
    await hold();
    const [a, b] = [await make('a'), await make('b')];
    expect(await act(a.id, 'pause')).toMatchObject({ status: 'queued', paused: true, queue_position: null, eta_seconds: null });
    expect(await act(a.id, 'pause')).toMatchObject({ paused: true });
    expect((await get(b.id)).queue_position).toBe(0);
    await letGo();
    expect(await finished(client, b.id)).toMatchObject({ status: 'completed' });
    expect(await get(a.id)).toMatchObject({ status: 'queued', paused: true });
    expect(await act(a.id, 'resume')).toMatchObject({ paused: false });
    expect(await finished(client, a.id)).toMatchObject({ status: 'completed' });
    for (const what of ['pause', 'resume', 'move', 'update']) {
      const refused = await status(act(a.id, what, { move: { position: 0 }, update: { prompt: 'x' } }[what] ?? {}));
      expect([what, refused]).toEqual([what, expect.any(ConflictError)]);
      expect(refused).toMatchObject({ code: 'video_not_waiting', message: expect.stringContaining('it is completed') as string });
      expect((refused as APIError).headers?.get('x-should-retry')).toBe('false');
      expect(await status(act('video_none', what, { move: { position: 0 }, update: { prompt: 'x' } }[what] ?? {}))).toBeInstanceOf(NotFoundError);
    }
  });

  test('films are moved, by place and beside others, and made in that order; two who move at once lose none', async () => {
    await hold();
    const ids: string[] = [];
    for (const prompt of ['0', '1', '2', '3']) ids.push((await make(prompt)).id);
    const [a, b, c, d] = ids as [string, string, string, string];
    const order = async (): Promise<unknown[]> => (await Promise.all(ids.map(get))).sort((x, y) => x.queue_position! - y.queue_position!).map(({ id }) => id);
    expect((await act(d, 'move', { position: 0 })).queue_position).toBe(0);
    expect(await order()).toEqual([d, a, b, c]);
    await act(a, 'move', { after: c });
    expect(await order()).toEqual([d, b, c, a]);
    await act(c, 'move', { before: b });
    await act(d, 'move', { position: 99 });
    expect(await order()).toEqual([c, b, a, d]);
    await Promise.all([...ids, ...ids.toReversed(), ...ids].map((id, i) => act(id, 'move', { position: i % 4 })));
    expect((await Promise.all(ids.map(get))).map((v) => v.queue_position!).sort((x, y) => x - y)).toEqual([0, 1, 2, 3]);
    await act(b, 'move', { position: 0 });
    const wanted = await order();
    expect(await status(act(a, 'move', { before: holder }))).toMatchObject({ status: 409, param: 'before' });
    expect(await status(act(a, 'move', { after: 'video_none' }))).toBeInstanceOf(NotFoundError);
    expect(await status(act(a, 'move', {}))).toMatchObject({ status: 400, message: expect.stringContaining('position, before, after') as string });
    expect(await status(act(a, 'move', { position: 1, after: b }))).toMatchObject({ status: 400, param: 'after' });
    const late = await make('late');
    expect(late.queue_position).toBe(4);
    await letGo();
    await finished(client, late.id);
    expect(server.maker.begun.filter((id) => ids.includes(id))).toEqual(wanted);
    expect(server.maker.begun.at(-1)).toBe(late.id);
  });

  test('a waiting film is changed: words, seed, size, length; changes at once are all in it', async () => {
    await hold();
    const film = await make('a knight', { seed: 5, num_inference_steps: 4, negative_prompt: 'a hat' }), before = await spec(film.id);
    expect(await act(film.id, 'update', { prompt: 'a wizard' })).toMatchObject({ prompt: 'a wizard', seed: 5, size: '128x72', seconds: '2' });
    expect(await spec(film.id)).toEqual({ ...before, prompt: 'a wizard' });
    expect(await act(film.id, 'update', { size: '64x64', fps: 16 })).toMatchObject({ size: '64x64', fps: 16, num_frames: 32, seconds: '2', native_size: '64x64' });
    expect(await act(film.id, 'update', { seconds: '3', negative_prompt: '' })).toMatchObject({ seconds: '3', num_frames: 48 });
    expect(await spec(film.id)).not.toHaveProperty('negative');
    await Promise.all([act(film.id, 'update', { seed: 77 }), act(film.id, 'update', { prompt: 'a dragon' }), act(film.id, 'update', { guidance_scale: 3 })]);
    expect(await spec(film.id)).toMatchObject({ seed: 77, prompt: 'a dragon', guidance: 3, steps: 4 });
    await act(film.id, 'update', { storyboard: [{ at: 0, prompt: 'one' }, { at: 1.5, prompt: 'two' }] });
    expect(await status(act(film.id, 'update', { prompt: 'lost' }))).toMatchObject({ status: 400, param: 'prompt', message: expect.stringContaining('storyboard') as string });
    await act(film.id, 'update', { prompt: 'plain', storyboard: [] });
    expect(await spec(film.id)).not.toHaveProperty('shots');
    expect(await status(act(film.id, 'update', {}))).toMatchObject({ status: 400, message: expect.stringContaining('wanted one of prompt, seed') as string });
    expect(await status(act(film.id, 'update', { strength: 0.5 })))
      .toMatchObject({ status: 400, param: 'strength', message: expect.stringContaining('possible: prompt') as string });
    expect(await status(act(film.id, 'update', { seconds: '31' }))).toMatchObject({ status: 400, param: 'seconds' });
    expect(await status(act(film.id, 'update', { lora: 'x' }))).toBeInstanceOf(BadRequestError);
    expect(await spec(film.id)).toMatchObject({ prompt: 'plain', deliver: { frames: 48 } });
    await letGo();
    expect(await finished(client, film.id)).toMatchObject({ status: 'completed', prompt: 'plain', num_frames: 48 });
  });

  test('what is made from a film is changed in what does not depend on it', async () => {
    const first = await finished(client, (await make('a knight')).id);
    await hold();
    const edit = await client.videos.edit({ prompt: 'red', video: { id: first.id } });
    expect(await act(edit.id, 'update', { strength: 0.2, prompt: 'blue' })).toMatchObject({ prompt: 'blue', size: first.size, source_video_id: first.id });
    expect(await spec(edit.id)).toMatchObject({ strength: 0.2, source: true });
    expect(await status(act(edit.id, 'update', { size: '64x64' }))).toMatchObject({ status: 400, param: 'size', message: expect.stringContaining('of kind edit') as string });
    await letGo();
    expect(await finished(client, edit.id)).toMatchObject({ status: 'completed' });
  });

  test('a film that failed is tried again, once, with its settings; two who ask at once get one attempt', async () => {
    const failed = await finished(client, (await make('fail', { seed: 9 })).id);
    await hold();
    const [one, two] = await Promise.all([act(failed.id, 'retry'), act(failed.id, 'retry')]);
    expect(one).toMatchObject({ status: 'queued', prompt: 'fail', seed: 9, attempt: 2, retry_of_video_id: failed.id });
    expect([one.id === failed.id, two.id]).toEqual([false, one.id]);
    expect(await status(act(one.id, 'retry'))).toMatchObject({ status: 409, code: 'video_not_failed' });
    await act(one.id, 'update', { prompt: 'better now' });
    await letGo();
    expect(await finished(client, one.id)).toMatchObject({ status: 'completed', attempt: 2 });
    expect((await act(failed.id, 'retry')).id).toBe(one.id);
    expect(await status(act('video_none', 'retry'))).toBeInstanceOf(NotFoundError);
    const again = await act(holder, 'retry');                                                       // a cancelled one too
    expect(again).toMatchObject({ attempt: 2, retry_of_video_id: holder });
    await client.videos.delete(again.id);
    const last = await act(holder, 'retry');
    expect(last.id).not.toBe(again.id);
    await client.post(`/videos/${last.id}/cancel`);                                                 // it would hold the worker as the first one did
  });

  test('a finished film that is deleted is gone for all, comes back whole, and is gone for good when the trash is emptied', async () => {
    const film = await finished(client, (await make('a knight', { seed: 3 })).id), remix = await client.videos.remix(film.id, { prompt: 'a wizard' });
    await finished(client, remix.id);
    const bytes = async (): Promise<Buffer> => Buffer.from(await (await client.videos.downloadContent(film.id)).arrayBuffer()), before = await bytes();
    expect(await Promise.all([client.videos.delete(film.id), status(client.videos.delete(film.id))])).toContainEqual({ id: film.id, object: 'video.deleted', deleted: true });
    const { videos } = client, calls = [videos.retrieve(film.id), videos.downloadContent(film.id), videos.delete(film.id), videos.remix(film.id, { prompt: 'x' })];
    for (const refused of await Promise.all(calls.map(status))) expect(refused).toBeInstanceOf(NotFoundError);
    expect((await client.videos.list({ limit: 100 })).data.map(({ id }) => id)).not.toContain(film.id);
    const store = new Store(server.dir), trash = new Trash(server.db), log = (): void => {};
    await sweep({ config: serverConfig({}), trash, store, log });                                   // seven days are not over
    expect(await Promise.all([act(film.id, 'restore'), act(film.id, 'restore')])).toEqual([film, film]);
    expect(await bytes()).toEqual(before);
    await client.videos.delete(film.id);
    await sweep({ config: serverConfig({ trashDays: 0 }), trash, store, log });
    expect(await status(act(film.id, 'restore'))).toBeInstanceOf(NotFoundError);
    expect((await store.jobs()).has(film.id)).toBe(false);
    expect(await get(remix.id)).toMatchObject({ status: 'completed', remixed_from_video_id: film.id });
    const failed = (await make('fail')).id;
    await finished(client, failed);
    await client.videos.delete(failed);
    expect(await status(act(failed, 'restore'))).toBeInstanceOf(NotFoundError);
  });

  test('bytes that films may take: the trash goes first, then the oldest; age ends a film too', async () => {
    const ids: string[] = [];
    for (const prompt of ['old', 'young', 'trash']) ids.push((await finished(client, (await make(prompt)).id)).id);
    const [old, young, trashed] = ids as [string, string, string], store = new Store(server.dir), trash = new Trash(server.db), log = (): void => {};
    await client.videos.delete(trashed);
    for (const { id } of await trash.withFiles()) if (!ids.includes(id)) await trash.end({ id, trashed: false });
    expect(await trash.withFiles()).toEqual([{ id: trashed, trashed: true }, { id: old, trashed: false }, { id: young, trashed: false }]);
    const held = await store.jobs(), sizes = await Promise.all(ids.map((id) => held.get(id)!.bytes()));
    expect(Math.min(...sizes)).toBeGreaterThan(1000);
    await sweep({ config: serverConfig({ keepBytes: sizes[0]! + sizes[1]! }), trash, store, log });
    expect(await status(act(trashed, 'restore'))).toBeInstanceOf(NotFoundError);
    expect((await get(old)).status).toBe('completed');
    await sweep({ config: serverConfig({ keepBytes: sizes[1]! }), trash, store, log });
    expect(await status(client.videos.retrieve(old))).toBeInstanceOf(NotFoundError);
    expect((await get(young)).status).toBe('completed');
    await server.db.query(`update kinora_jobs set completed = completed - 86400000 where id = $1::text`, [young]);
    await sweep({ config: serverConfig({ keepDays: 0.9 }), trash, store, log });
    expect((await store.jobs()).has(young)).toBe(false);
    expect(await trash.end({ id: young, trashed: false })).toBe(false);
  });

  test('a key has a quota of films and of seconds; beyond is 429 with the time until there is room', async () => {
    const { key } = await server.keys.add('ada', { films_per_day: 3, seconds_per_day: 7 }), ada = clientOf(server.url, key);
    const ask = (seconds: string): Promise<{ id: string }> => ada.post('/videos', { body: { prompt: 'x', size: '64x64', seconds } });
    await hold();
    const [first, second] = [await ask('2'), await ask('4')];
    const over = await status(ask('2'));
    expect(over).toMatchObject({ status: 429, code: 'quota_exceeded', message: expect.stringContaining('3 films, 7 seconds') as string });
    expect(Number((over as APIError).headers?.get('retry-after'))).toBeGreaterThan(86_000);
    expect(await status(ask('8'))).toMatchObject({ status: 400, param: 'seconds' });
    await ada.videos.delete(second.id);                                                             // it was never begun
    const asked = await Promise.all(['1', '1', '1', '1'].map((s) => status(ask(s))));
    expect(asked.filter((a) => a instanceof APIError && a.status === 429)).toHaveLength(2);         // of films at once no more than three
    await server.db.query('update kinora_jobs set created = created - 86400000 where id = $1::text', [first.id]);
    expect(await status(ask('1'))).toBe('no error');
    await letGo();
  });
}
