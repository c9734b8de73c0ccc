/** @file `kinora/client` against a server: all that it can do, repetitions that make no second film, lost lines, errors. */
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import sharp from 'sharp';
import { KinoraClient, VideosApiError, type Video, type VideoPreview } from '../../src/client/index.ts';
import { testServer, type TestServer } from '../support/server.ts';

const SMALL = { size: '128x72', seconds: '1' } as const;
let server: TestServer, client: KinoraClient;
beforeAll(async () => {
  server = await testServer();
  client = new KinoraClient({ url: `${server.url}/v1` });
});
afterAll(async () => { await server.close(); await rm(server.dir, { recursive: true, force: true }); });

test('make, watch, download, change, delete and bring back', async () => {
  const seen: string[] = [], { id } = await client.create({ prompt: 'a knight walks', ...SMALL, seed: 3 });
  const video = await client.wait(id, { onChange: ({ status }) => { if (seen.at(-1) !== status) seen.push(status); } });
  expect(video).toMatchObject({ id, status: 'completed', progress: 100, seed: 3, num_frames: 8 });
  expect(seen.at(-1)).toBe('completed');
  const film = await client.download(id), sheet = await client.download(id, { variant: 'spritesheet' });
  expect([film.type, sheet.type]).toEqual(['video/mp4', 'image/jpeg']);
  expect(new TextDecoder().decode((await film.arrayBuffer()).slice(4, 8))).toBe('ftyp');
  const remixed = await client.remix(id, { prompt: 'a knight falls' }), edited = await client.edit({ prompt: 'a red knight', video: { id }, strength: 0.4 });
  const longer = await client.extend({ prompt: 'he goes on', seconds: '1', video: { id } }), uploaded = await client.edit({ prompt: 'an upload', strength: 0.5 }, { video: film });
  for (const { id: made } of [remixed, edited, longer, uploaded]) expect(await client.wait(made)).toMatchObject({ status: 'completed' });
  expect(await client.get(remixed.id)).toMatchObject({ remixed_from_video_id: id, seed: 3 });
  expect(await client.delete(id)).toMatchObject({ deleted: true });
  expect(await client.get(id).catch((error: unknown) => error)).toMatchObject({ name: 'VideosApiError', status: 404, code: 'video_not_found' });
  expect(await client.restore(id)).toMatchObject({ status: 'completed' });
  const listed: string[] = [];
  for await (const one of client.list({ limit: 2, order: 'asc' })) listed.push(one.id);
  expect(listed).toEqual([id, remixed.id, edited.id, longer.id, uploaded.id]);
});

test('a picture and a character go with a prompt', async () => {
  const png = new Blob([new Uint8Array(await sharp({ create: { width: 64, height: 36, channels: 3, background: 'red' } }).png().toBuffer())], { type: 'image/png' });
  const storyboard = [{ at: 0, prompt: 'a' }, { at: 1.5, prompt: 'b', join: 'free' as const }];
  const film = await client.wait((await client.create({ prompt: 'from a picture', ...SMALL, seconds: '3', storyboard }, { image: png })).id);
  expect(film.notes).toEqual(['began with a picture']);
  const { id } = await client.createCharacter('Ada', await client.download(film.id));
  expect(await client.character(id)).toMatchObject({ id, name: 'Ada' });
  expect((await client.wait((await client.create({ prompt: 'with Ada', ...SMALL, characters: [{ id }] })).id)).notes).toEqual(['began with a picture']);
  expect((await client.characters()).map((one) => one.id)).toContain(id);
  expect(await client.deleteCharacter(id)).toEqual({ id, object: 'character.deleted', deleted: true });
  expect(await client.characters()).toEqual([]);
});

test('films that wait are held, moved, changed, stopped and tried again', async () => {
  const holder = await client.create({ prompt: 'hold', ...SMALL }), [a, b] = [await client.create({ prompt: 'a', ...SMALL }), await client.create({ prompt: 'b', ...SMALL })];
  expect(await client.pause(a.id)).toMatchObject({ paused: true });
  expect(await client.resume(a.id)).toMatchObject({ paused: false });
  await client.move(b.id, { position: 0 });
  expect(await client.update(b.id, { prompt: 'fail later' })).toMatchObject({ prompt: 'fail later', queue_position: expect.any(Number) });
  expect(await client.cancel(holder.id)).toMatchObject({ status: 'failed', error: { code: 'cancelled' } });
  const failed = await client.wait(b.id).catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(VideosApiError);
  expect(failed).toMatchObject({ status: 0, code: 'internal_error' });
  expect(await client.retry(b.id)).toMatchObject({ retry_of_video_id: b.id, attempt: 2 });
  expect((await client.capabilities()).models.map((m) => m.id)).toEqual(['sprites-64']);
  expect(await client.ready()).toEqual({ ready: true, reasons: [] });
});

/** A client whose lines do as `act` says, by the number of the request from 0. */
function troubled(act: (n: number) => 'send' | 'lost before' | 'lost after' | 'busy'): { readonly client: KinoraClient; readonly sent: () => number } {
  let n = 0;
  return { sent: () => n, client: new KinoraClient({ url: server.url, fetch: async (input, init) => {
    const does = act(n++);
    if (does === 'lost before') throw new TypeError('fetch failed');
    if (does === 'busy')
      return Response.json({ error: { message: 'busy', type: 'rate_limit_error', param: null, code: 'queue_full' } }, { status: 429, headers: { 'retry-after-ms': '5' } });
    const answer = await fetch(input, init);
    if (does === 'lost after') throw new TypeError('fetch failed');
    return answer;
  } }) };
}

test('a request whose answer is lost is sent again, and makes one film', async () => {
  const before = (await server.jobs.list({ limit: 100, order: 'asc' }, null))!.length;
  const { client: lossy, sent } = troubled((n) => (n === 0 ? 'lost after' : n === 1 ? 'busy' : 'send')), made = await lossy.create({ prompt: 'once', ...SMALL, seed: 1 });
  expect(sent()).toBe(3);
  expect((await server.jobs.list({ limit: 100, order: 'asc' }, null))!.length).toBe(before + 1);
  expect(await client.wait(made.id)).toMatchObject({ prompt: 'once' });
});

test('a key of the caller makes one film of two calls', async () => {
  const asked = { prompt: 'a keyed film', ...SMALL }, [one, two] = await Promise.all([1, 2].map(() => client.create(asked, { idempotencyKey: 'my film 1' })));
  expect(two!.id).toBe(one!.id);
  expect((await client.create(asked, { idempotencyKey: 'my film 2' })).id).not.toBe(one!.id);
});

test('what another try cannot change is told at once, with code, field and the id of the request; what goes on being lost is thrown in the end', async () => {
  const { client: counted, sent } = troubled(() => 'send'), wrong: unknown = await counted.create({ prompt: 'x', size: '15x15' }).catch((error: unknown) => error);
  expect(wrong).toMatchObject({ status: 400, code: 'invalid_value', param: 'size', message: expect.stringContaining('15x15'), requestId: expect.stringMatching(/./) });
  expect(sent()).toBe(1);
  await expect(troubled(() => 'lost before').client.capabilities()).rejects.toThrow('fetch failed');
  await expect(new KinoraClient({ url: server.url, retries: 0, fetch: async () => new Response('<html>', { status: 502 }) }).capabilities())
    .rejects.toMatchObject({ status: 502, code: null, message: 'the server answered 502: <html>' });
});

test('what a film looks like so far is shown to who watches, and gone with its end', async () => {
  const { id } = await client.create({ prompt: 'hold still', ...SMALL }), seen: VideoPreview[] = [], states: string[] = [], stop = new AbortController();
  const watching = (async () => {
    for await (const { status } of client.events(id, { signal: stop.signal, onPreview: (preview) => seen.push(preview) })) states.push(status);
  })();
  await vi.waitFor(() => { expect(seen.at(-1)?.number).toBe(2); }, { timeout: 10_000 });
  const { image, ...last } = seen.at(-1)!, [type, bytes] = image.split(',') as [string, string];
  expect(last).toEqual({ id, object: 'video.preview', number: 2 });
  expect([type, Buffer.from(bytes, 'base64').toString()]).toEqual(['data:image/webp;base64', 'second look at hold still']);
  const late: VideoPreview[] = [], again = new AbortController();
  const second = client.wait(id, { signal: again.signal, onPreview: (preview) => { late.push(preview); again.abort(new Error('seen')); } });
  await expect(second).rejects.toThrow('seen');
  expect(late).toEqual([seen.at(-1)]);                                                     // who comes late sees the newest one
  expect(await server.db.query('select job from kinora_previews where job = $1::text', [id])).toHaveLength(1);
  await client.cancel(id);
  await watching;
  expect(states.at(-1)).toBe('failed');
  expect(await server.db.query('select job from kinora_previews where job = $1::text', [id])).toEqual([]);
});

test('a line of events that is cut is taken up behind the last one; a signal ends it', async () => {
  const { id } = await client.create({ prompt: 'hold it', ...SMALL });
  let lines = 0;
  const cut = new KinoraClient({ url: server.url, fetch: async (input, init) => {
    const answer = await fetch(input, init), first = lines++ === 0, reader = answer.body!.getReader();
    if (!first) expect(new Headers(init?.headers).get('last-event-id')).toMatch(/^\d+$/);
    let events = 0;
    return new Response(new ReadableStream({ async pull(c) {
      const { value, done } = await reader.read();
      if (done) { c.close(); return; }
      c.enqueue(value);
      if (first && new TextDecoder().decode(value).includes('data:') && ++events === 1) { c.close(); await reader.cancel(); }
    }, cancel: (why) => reader.cancel(why) }), answer);
  } });
  const states: Video[] = [], timer = setTimeout(() => { server.maker.open(); }, 700);
  for await (const video of cut.events(id)) states.push(video);
  clearTimeout(timer);
  expect(lines).toBeGreaterThan(1);
  expect(states.at(-1)).toMatchObject({ id, status: 'completed' });
  const stop = new AbortController(), done = (await client.create({ prompt: 'later', ...SMALL })).id;
  setTimeout(() => { stop.abort(new Error('enough')); }, 0);
  await expect(client.wait(done, { signal: stop.signal })).rejects.toThrow('enough');
});
