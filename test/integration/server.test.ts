/** @file The Videos API as the unmodified openai package meets it, on an embedded database and on a PostgreSQL server: the same suite. Films are drawn by a quick maker. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI, { APIError, BadRequestError, ConflictError, NotFoundError, RateLimitError, toFile, UnprocessableEntityError } from 'openai';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readFilm } from '../../src/media/read.ts';
import { video as videoSchema, type Video } from '../../src/server/contract/contract.ts';
import { enlarged, shownAt } from '../../src/server/workers/deliver.ts';
import { filmSpec } from '../../src/server/contract/spec.ts';
import { freshPostgres, postgresReason } from '../support/postgres.ts';
import { drawn, finished, testServer, clientOf, type TestServer } from '../support/server.ts';

const reason = await postgresReason();
if (reason !== undefined) console.warn(`the suite on PostgreSQL is skipped: ${reason}`);
const SMALL = { size: '128x72' as '1280x720', seconds: '2' as '4' };
const told = (video: unknown): Video => videoSchema.parse(video);
const status = async (call: Promise<unknown>): Promise<unknown> => call.then(() => 'no error', (error: unknown) => error);

describe('on an embedded database', { timeout: 240_000 }, () => { suite('pglite'); });
describe.skipIf(reason !== undefined)(`on a PostgreSQL server${reason === undefined ? '' : ` (skipped: ${reason})`}`, { timeout: 240_000 }, () => { suite('postgres'); });

function suite(kind: 'pglite' | 'postgres'): void {
  let server: TestServer, client: OpenAI, drop = async (): Promise<void> => {};
  const hooks: { headers: Record<string, string>; body: string }[] = [];
  const secret = `whsec_${Buffer.from('a secret of twenty-four b').toString('base64')}`;
  const hook = createServer((request, response) => {
    let body = '';
    request.on('data', (data: Buffer) => { body += data.toString(); }).on('end', () => {
      hooks.push({ headers: request.headers as Record<string, string>, body });
      response.writeHead(hooks.filter((h) => h.headers['webhook-id'] === request.headers['webhook-id']).length > 1 ? 200 : 500).end();   // each is answered at its second try
    });
  });

  beforeAll(async () => {
    await new Promise<void>((done) => { hook.listen(0, '127.0.0.1', done); });
    const fresh = kind === 'postgres' ? await freshPostgres() : undefined;
    if (fresh) drop = fresh.drop;
    server = await testServer({
      ...(fresh ? { database: fresh.url } : {}), limits: { waiting: 4, upload: 2 ** 20, seconds: 30 }, lease: { ms: 4000, renew: 200 },
      webhooks: [{ url: `http://127.0.0.1:${(hook.address() as AddressInfo).port}/hook`, secret }],
    });
    ({ client } = server);
  });
  afterAll(async () => {
    await server?.close();
    await drop();
    hook.close();
    if (server) await rm(server.dir, { recursive: true, force: true });
  });

  test('create, retrieve, download: exactly the asked size and length, and every key of the object', async () => {
    const { data, response, request_id } = await client.videos.create({ prompt: 'a knight', model: 'sora-2', ...SMALL, seed: 7 } as OpenAI.VideoCreateParams).withResponse();
    expect(request_id).toMatch(/^req_[0-9a-f]{24}$/);
    expect(Number(response.headers.get('openai-poll-after-ms'))).toBeGreaterThanOrEqual(200);
    expect(told(data)).toMatchObject({ object: 'video', model: 'sora-2', seconds: '2', size: '128x72', native_size: '128x72',
      served_model: 'sprites-64', seed: 7, error: null, remixed_from_video_id: null });
    const done = await finished(client, data.id);
    expect(done).toMatchObject({ status: 'completed', progress: 100, num_frames: 16, fps: 8, queue_position: null, metrics: { sample_ms: 2 } });
    expect(done.completed_at).toBeGreaterThanOrEqual(done.created_at);
    const content = await client.videos.downloadContent(data.id);
    expect(content.headers.get('content-type')).toBe('video/mp4');
    const file = join(server.dir, 'got.mp4');
    await writeFile(file, Buffer.from(await content.arrayBuffer()));
    expect(await readFilm(file)).toMatchObject({ width: 128, height: 72, count: 16, fps: 8 });
    const kinds = await Promise.all((['thumbnail', 'spritesheet'] as const).map(async (variant) => {
      const answer = await client.videos.downloadContent(data.id, { variant }), { format, width } = await sharp(Buffer.from(await answer.arrayBuffer())).metadata();
      return [answer.headers.get('content-type'), format, width];
    }));
    expect(kinds).toEqual([['image/webp', 'webp', 128], ['image/jpeg', 'jpeg', 4 * 128]]);
  });

  test('old names and sizes are made in the model\'s own size of that shape; the default is that of the hosted API', async () => {
    const plain = told(await client.videos.create({ prompt: 'a knight' }));
    expect(plain).toMatchObject({ model: 'sora-2', size: '720x1280', seconds: '4', native_size: '72x128' });
    await client.videos.delete(plain.id);
    const video = told(await client.videos.create({ prompt: 'a knight', seconds: '1' as '4' }));
    await finished(client, video.id, 200_000);
    const file = join(server.dir, 'tall.mp4');
    await writeFile(file, Buffer.from(await (await client.videos.downloadContent(video.id)).arrayBuffer()));
    const film = await readFilm(file);
    expect([film.width, film.height, film.count / film.fps]).toEqual([720, 1280, 1]);
    // H.264 loses a little; the frame in the middle is still the native one, each pixel ten wide.
    const row = await server.jobs.get(video.id, null), native = drawn(filmSpec.parse(JSON.parse(row!.spec)));
    const wanted = await enlarged({ ...native, count: 1, data: native.data.subarray(4 * 3 * 72 * 128, 5 * 3 * 72 * 128) }, film),
      got = film.data.subarray(4 * wanted.data.length, 5 * wanted.data.length);
    const error = got.reduce((sum, byte, i) => sum + Math.abs(byte - wanted.data[i]!), 0) / got.length;
    expect(error).toBeLessThan(6);
    for (const [size, nativeSize] of [['1792x1024', '112x64'], ['1280x720', '128x72']]) {
      const asked = told(await client.videos.create({ prompt: 'x', size: size as '1792x1024', model: 'sora-2-pro', seconds: '8' }));
      expect([asked.native_size, asked.num_frames]).toEqual([nativeSize, 64]);
      await client.videos.delete(asked.id);
    }
  });

  test('fields under the names that others use; frames at another rate are shown for as long', async () => {
    const more = { prompt: 'x', size: '64x64', num_frames: 48, fps: 24, negative_prompt: 'a hat', num_inference_steps: 4, guidance_scale: 2, loop: true, seed: 3 };
    const video = told(await client.videos.create(more as unknown as OpenAI.VideoCreateParams));
    expect(video).toMatchObject({ num_frames: 48, fps: 24, seconds: '2', seed: 3 });
    const spec = filmSpec.parse(JSON.parse((await server.jobs.get(video.id, null))!.spec));
    expect(spec).toMatchObject({ native: { frames: 16, fps: 8 }, deliver: { frames: 48, fps: 24 }, negative: 'a hat', steps: 4, guidance: 2, loop: true });
    expect(shownAt(6, 2)).toEqual([0, 0, 0, 1, 1, 1]);
    const told2 = await client.post('/videos', { body: { prompt: 'x', seconds: 3, size: '64x64',
      storyboard: [{ at: 0, prompt: 'a knight walks' }, { at: 1.5, prompt: 'a knight falls', join: 'free' }] } });
    const board = filmSpec.parse(JSON.parse((await server.jobs.get(told(told2).id, null))!.spec));
    expect(board.shots).toEqual([{ at: 0, prompt: 'a knight walks', join: 'cut' }, { at: 1.5, prompt: 'a knight falls', join: 'free' }]);
    for (const { id } of [video, told(told2)]) await finished(client, id);
  });

  test('an image: as a file, as a data URL, never from this machine\'s own network', async () => {
    const png = await sharp({ create: { width: 40, height: 40, channels: 3, background: 'red' } }).png().toBuffer();
    const file = await client.videos.create({ prompt: 'x', ...SMALL, input_reference: await toFile(png, 'a.png') });
    const data = await client.videos.create({ prompt: 'x', ...SMALL, input_reference: { image_url: `data:image/png;base64,${png.toString('base64')}` } });
    for (const { id } of [file, data]) expect(await finished(client, id)).toMatchObject({ status: 'completed', notes: ['began with a picture'] });
    const before = hooks.length, url = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/a.png`;
    expect(await status(client.videos.create({ prompt: 'x', input_reference: { image_url: url } }))).toMatchObject({ status: 400, code: 'image_url_not_allowed' });
    expect(hooks.slice(before).filter(({ headers }) => headers['webhook-id'] === undefined)).toEqual([]);
    expect(await status(client.videos.create({ prompt: 'x', input_reference: await toFile(Buffer.from('no picture at all'), 'a.png') })))
      .toMatchObject({ status: 400, code: 'invalid_file' });
    expect(await status(client.videos.create({ prompt: 'x', input_reference: await toFile(png.subarray(0, 60), 'a.png') }))).toMatchObject({ status: 400, code: 'invalid_file' });
    expect(await readdir(join(server.dir, 'incoming'))).toEqual([]);
  });

  test('remix, edit, extend and characters', async () => {
    const first = await finished(client, (await client.videos.create({ prompt: 'a knight walks', ...SMALL })).id);
    const remix = await finished(client, (await client.videos.remix(first.id, { prompt: 'a wizard walks' })).id);
    expect(remix).toMatchObject({ status: 'completed', prompt: 'a wizard walks', remixed_from_video_id: first.id, seed: first.seed, size: first.size, seconds: first.seconds });
    const edit = await finished(client, (await client.videos.edit({ prompt: 'red', video: { id: first.id }, strength: 0.3 } as OpenAI.VideoEditParams)).id);
    expect(edit).toMatchObject({ status: 'completed', source_video_id: first.id, remixed_from_video_id: null, num_frames: 16 });
    const longer = await finished(client, (await client.videos.extend({ prompt: 'on', seconds: '4', video: { id: first.id } })).id);
    expect(longer).toMatchObject({ status: 'completed', seconds: '6', num_frames: 48 });
    const native = async (v: Video): Promise<Uint8Array> => (await readFilm(join(server.dir, 'jobs', v.id, (await server.jobs.get(v.id, null))!.assets!, 'native.png'))).data;
    const [a, b] = [await native(first), await native(longer)];
    expect(Buffer.compare(b.subarray(0, a.length), a)).toBe(0);                                    // what goes on begins with the film itself, pixel for pixel
    const bytes = Buffer.from(await (await client.videos.downloadContent(first.id)).arrayBuffer());
    const uploaded = await finished(client, (await client.videos.edit({ prompt: 'blue', video: await toFile(bytes, 'mine.mp4', { type: 'video/mp4' }) })).id);
    expect(uploaded).toMatchObject({ status: 'completed', size: '128x72', num_frames: 16, source_video_id: null });
    const character = await client.videos.createCharacter({ name: 'Ada', video: await toFile(bytes, 'ada.mp4') });
    expect(await client.videos.getCharacter(character.id!)).toMatchObject({ id: character.id, name: 'Ada', created_at: character.created_at });
    const kept = await client.videos.create({ prompt: 'x', ...SMALL, characters: [{ id: character.id }] } as unknown as OpenAI.VideoCreateParams);
    expect(await finished(client, kept.id)).toMatchObject({ notes: ['began with a picture'] });
    expect(await status(client.videos.getCharacter('char_none'))).toBeInstanceOf(NotFoundError);
  });

  test('pages, to the end and in both orders', async () => {
    const all: string[] = [];
    for await (const { id } of client.videos.list({ limit: 2 })) all.push(id);
    expect(all.length).toBeGreaterThan(4);
    expect(new Set(all).size).toBe(all.length);
    const old: string[] = [];
    for await (const { id } of client.videos.list({ limit: 3, order: 'asc' })) old.push(id);
    expect(old).toEqual(all.toReversed());
    const page = await client.videos.list({ limit: 1, after: all[1]! });
    expect([page.data.map(({ id }) => id), page.has_more, page.last_id]).toEqual([[all[2]], true, all[2]]);
    expect(await status(client.get('/videos', { query: { limit: 101 } }))).toMatchObject({ status: 400, param: 'limit' });
  });

  test('errors are of the class that clients catch', async () => {
    expect(await status(client.videos.retrieve('video_none'))).toBeInstanceOf(NotFoundError);
    expect(await status(client.videos.create({ prompt: '' }))).toBeInstanceOf(BadRequestError);
    const wrong = async (body: Readonly<Record<string, unknown>>): Promise<unknown> => status(client.post('/videos', { body }));
    expect(await wrong({})).toMatchObject({ status: 400, param: 'prompt', code: 'missing_required_parameter', requestID: expect.stringMatching(/^req_/) as string });
    expect(await wrong({ prompt: 'x', model: 'veo-3' })).toMatchObject({ status: 400, param: 'model', message: expect.stringContaining('sora-2') as string });
    expect(await wrong({ prompt: 'x', lora: 'y' })).toMatchObject({ status: 400, param: 'lora', code: 'unknown_parameter' });
    expect(await wrong({ prompt: 'x', size: '129x72' })).toMatchObject({ status: 400, param: 'size' });
    expect(await wrong({ prompt: 'x', size: '9998x9998' })).toMatchObject({ status: 400, param: 'size' });
    expect(await wrong({ prompt: 'x', seconds: '31' })).toMatchObject({ status: 400, param: 'seconds' });
    expect(await wrong({ prompt: 'x', seed: 'seven' })).toMatchObject({ status: 400, param: 'seed' });
    expect(await wrong({ prompt: 'x', storyboard: [{ at: 1, prompt: 'late' }] })).toMatchObject({ status: 400, message: expect.stringContaining('begins at 1 s') as string });
    const raw = (path: string, init: RequestInit): Promise<Response> => fetch(`${server.url}${path}`, init);
    expect((await raw('/v1/videos', { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } })).status).toBe(400);
    expect((await raw('/v1/videos', { method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' } })).status).toBe(415);
    expect((await raw('/v1/videos', { method: 'POST', body: '--a\r\ncut', headers: { 'content-type': 'multipart/form-data; boundary=a' } })).status).toBe(400);
    expect((await raw('/v1/videos', { method: 'POST', body: 'x'.repeat(2 ** 20 + 1), headers: { 'content-type': 'application/json' } })).status).toBe(413);
    const put = await raw('/v1/videos', { method: 'PUT' });
    expect([put.status, put.headers.get('allow')]).toEqual([405, 'POST, GET, HEAD']);
    expect((await raw('/v1/nothing', {})).status).toBe(404);
    expect((await raw('/v1/videos', { headers: { origin: 'https://evil.example' } })).status).toBe(403);
    expect((await raw('/v1/videos', { headers: { 'x-forwarded-for': '8.8.8.8' } })).status).toBe(401);
    const failed = await finished(client, (await client.videos.create({ prompt: 'fail', ...SMALL })).id);
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'internal_error', message: expect.not.stringContaining('secret') as string } });
    expect(server.maker.begun.filter((id) => id === failed.id)).toHaveLength(2);                 // tried once more
    expect(await status(client.videos.downloadContent(failed.id))).toBeInstanceOf(NotFoundError);
  });

  test('HEAD, ranges, tags', async () => {
    const { id } = await finished(client, (await client.videos.create({ prompt: 'x', ...SMALL })).id), url = `${server.url}/v1/videos/${id}/content`;
    const whole = Buffer.from(await (await fetch(url)).arrayBuffer()), head = await fetch(url, { method: 'HEAD' }), tag = head.headers.get('etag')!;
    expect([head.status, head.headers.get('content-length'), head.headers.get('accept-ranges'), (await head.arrayBuffer()).byteLength])
      .toEqual([200, String(whole.length), 'bytes', 0]);
    const part = async (range: string, more: Record<string, string> = {}): Promise<unknown> => {
      const answer = await fetch(url, { headers: { range, ...more } });
      return [answer.status, answer.headers.get('content-range'), Buffer.from(await answer.arrayBuffer())];
    };
    const n = whole.length;
    expect(await part('bytes=10-19')).toEqual([206, `bytes 10-19/${n}`, whole.subarray(10, 20)]);
    expect(await part('bytes=-5')).toEqual([206, `bytes ${n - 5}-${n - 1}/${n}`, whole.subarray(-5)]);
    expect(await part(`bytes=${n - 3}-`)).toEqual([206, `bytes ${n - 3}-${n - 1}/${n}`, whole.subarray(-3)]);
    expect(await part(`bytes=${n}-`)).toEqual([416, `bytes */${n}`, Buffer.alloc(0)]);
    expect(await part('bytes=1-2', { 'if-range': '"other"' })).toEqual([200, null, whole]);
    expect((await fetch(url, { headers: { 'if-none-match': tag } })).status).toBe(304);
  });

  test('a job waits, is watched, is cancelled by DELETE; content that is not there yet is not asked for again', async () => {
    const one = await client.videos.create({ prompt: 'hold', ...SMALL });
    while ((await client.videos.retrieve(one.id)).status !== 'in_progress') await sleep(20);
    const two = told(await client.videos.create({ prompt: 'hold', ...SMALL }));
    expect(two).toMatchObject({ status: 'queued', queue_position: 0 });
    const conflict = await status(client.videos.downloadContent(one.id));
    expect(conflict).toBeInstanceOf(ConflictError);
    expect((conflict as APIError).headers?.get('x-should-retry')).toBe('false');
    const watching = await fetch(`${server.url}/v1/videos/${two.id}/events`), reader = watching.body!.pipeThrough(new TextDecoderStream()).getReader();
    let seen = '';
    const until = async (text: string): Promise<void> => { while (!seen.includes(text)) { const { value, done } = await reader.read(); if (done) break; seen += value; } };
    await until('event: video.queued');
    expect(await client.videos.delete(one.id)).toEqual({ id: one.id, object: 'video.deleted', deleted: true });
    expect(await status(client.videos.retrieve(one.id))).toBeInstanceOf(NotFoundError);
    await until('event: video.in_progress');
    const cancelled = told(await client.post(`/videos/${two.id}/cancel`));
    expect(cancelled).toMatchObject({ status: 'failed', error: { code: 'cancelled' } });
    await until('event: video.failed');
    const ids = [...seen.matchAll(/^id: (\d+)$/gm)].map((m) => Number(m[1]));
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
    const late = await (await fetch(`${server.url}/v1/videos/${two.id}/events`, { headers: { 'last-event-id': '1' } })).text();
    expect([...late.matchAll(/^event: (.*)$/gm)].map((m) => m[1])).toEqual(['video.failed']);
    expect(JSON.parse(/^data: (.*)$/m.exec(late)![1]!)).toMatchObject({ id: two.id, status: 'failed' });
    const again = await fetch(`${server.url}/v1/videos/${two.id}/events`, { headers: { 'last-event-id': String(ids.at(-1)) } });
    expect([again.status, await again.text()]).toEqual([204, '']);                                 // an EventSource stops at that alone
  });

  test('a full queue is 429 with a time; what waits is not lost', async () => {
    const held = await Promise.all(Array.from({ length: 5 }, async (_, i) => { await sleep(40 * i); return client.videos.create({ prompt: `hold ${i}`, ...SMALL }); }));
    const full = await status(client.videos.create({ prompt: 'one more', ...SMALL }));
    expect(full).toBeInstanceOf(RateLimitError);
    expect(full).toMatchObject({ code: 'queue_full' });
    expect(Number((full as APIError).headers?.get('retry-after'))).toBeGreaterThan(0);
    expect((await client.videos.list({ limit: 100 })).data.filter((v) => v.status === 'queued')).toHaveLength(4);
    for (const { id } of held) await client.videos.delete(id);
  });

  test('the same request twice is one film: by key, and by the count of retries', async () => {
    const body = { prompt: 'x', ...SMALL }, key = { headers: { 'Idempotency-Key': `k-${kind}` } };
    const [a, b] = [await client.videos.create(body, key), await client.videos.create(body, key).withResponse()];
    expect([b.data.id, b.response.headers.get('idempotent-replayed')]).toEqual([a.id, 'true']);
    expect(await status(client.videos.create({ ...body, prompt: 'y' }, key))).toBeInstanceOf(UnprocessableEntityError);
    const first = await client.videos.create({ ...body, prompt: 'z' });
    const again = await client.videos.create({ ...body, prompt: 'z' }, { headers: { 'X-Stainless-Retry-Count': '1' } });
    const other = await client.videos.create({ ...body, prompt: 'z' });
    expect([again.id === first.id, other.id === first.id]).toEqual([true, false]);
    for (const { id } of [a, first, other]) await finished(client, id);
  });

  test('webhooks that unwrap accepts, again with the same id until they are answered', async () => {
    const { id } = await finished(client, (await client.videos.create({ prompt: 'x', ...SMALL })).id);
    for (const end = Date.now() + 90_000; hooks.filter((h) => h.body.includes(id)).length < 2;) {
      expect(Date.now()).toBeLessThan(end);
      await sleep(100);
    }
    const [once, twice] = hooks.filter((h) => h.body.includes(id));
    expect(twice!.headers['webhook-id']).toBe(once!.headers['webhook-id']);
    const event = await client.webhooks.unwrap(twice!.body, twice!.headers, secret) as unknown as { type: string; data: { id: string } };
    expect([event.type, event.data.id]).toEqual(['video.completed', id]);
    await expect(client.webhooks.unwrap(twice!.body.replace('completed', 'failed'), twice!.headers, secret)).rejects.toThrow('signature');
  });

  test('what there is: models, capabilities, the document, health, metrics', async () => {
    expect((await client.models.list()).data.map(({ id }) => id)).toEqual(expect.arrayContaining(['sprites-64', 'sora-2', 'sora-2-pro']));
    expect(await client.get('/capabilities')).toMatchObject({ models: [{ id: 'sprites-64', audio: false,
      native_sizes: expect.arrayContaining(['128x72']) as string[] }], limits: { max_seconds: 30 } });
    type Operation = { requestBody?: { content: Record<string, { schema: object }> } };
    const document = await (await fetch(`${server.url}/openapi.json`)).json() as { paths: Record<string, Record<string, Operation>> };
    expect(Object.keys(document.paths)).toEqual(expect.arrayContaining(['/v1/videos', '/v1/videos/{video_id}/content', '/v1/videos/edits']));
    expect(document.paths['/v1/videos']!['post']!.requestBody!.content['multipart/form-data']!.schema).toMatchObject({ required: ['prompt'], additionalProperties: false });
    for (const path of ['/livez', '/readyz', '/healthz']) expect(await (await fetch(server.url + path)).json()).toEqual({ ready: true, reasons: [] });
    const page = await (await fetch(`${server.url}/metrics`)).text();
    expect(page).toMatch(/^kinora_jobs_total\{outcome="completed"\} [1-9]/m);
    expect(page).toMatch(/^kinora_job_e2e_seconds_bucket\{le="\+Inf"\} [1-9]/m);
    expect(page).toContain('kinora_rejected_total{reason="queue_full"} 1');
  });

  test('keys: each sees its own films; a key that is revoked is of no use', async () => {
    const [a, b] = [await server.keys.add('ada'), await server.keys.add('bob', { waiting: 1 })];
    const [ada, bob] = [clientOf(server.url, a.key), clientOf(server.url, b.key)], { id } = await ada.videos.create({ prompt: 'x', ...SMALL });
    expect(await status(bob.videos.retrieve(id))).toBeInstanceOf(NotFoundError);
    expect((await bob.videos.list()).data).toEqual([]);
    expect((await ada.videos.list()).data.map((v) => v.id)).toEqual([id]);
    await finished(ada, id);
    const stored = await server.db.query<{ hash: string }>('select hash from kinora_keys');
    expect(stored.some(({ hash }) => a.key.includes(hash) || hash.includes(a.key))).toBe(false);
    await server.keys.revoke(a.id);
    const outside = { authorization: `Bearer ${a.key}`, 'x-forwarded-for': '8.8.8.8' };
    expect((await fetch(`${server.url}/v1/videos`, { headers: outside })).status).toBe(401);
    expect((await fetch(`${server.url}/v1/videos`, { headers: { ...outside, authorization: `Bearer ${b.key}` } })).status).toBe(200);
  });

  test('a lease that runs out: another worker has the job, and the first one\'s film is not seen', async () => {
    const spec = filmSpec.parse(JSON.parse((await server.db.query<{ spec: string }>('select spec from kinora_jobs limit 1'))[0]!.spec));
    const job = { owner: 'x', kind: 'create' as const, askedModel: 'none', size: '1x1', seconds: '1',
      spec: { ...spec, model: 'none' }, work: 1, source: null, id: `video_${'0'.repeat(32)}` };
    await server.jobs.queue(job, { route: 'r', key: null, hash: 'h', retry: 0, since: () => 0 });
    const one = (await server.jobs.claim('one', ['none']))!;
    expect(await server.jobs.claim('two', ['none'])).toBeNull();
    expect(await server.jobs.renew(one, { stage: 'sample', progress: 40 })).toBe(true);
    await server.db.query(`update kinora_jobs set lease_until = 0 where id = $1::text`, [job.id]);
    let two = await server.jobs.claim('two', ['none']);
    for (const end = Date.now() + 20_000; !two && Date.now() < end; two = await server.jobs.claim('two', ['none'])) await sleep(100);      // housekeeping queues it again
    expect(two).toMatchObject({ id: job.id, fence: one.fence + 1 });
    const made = { assets: 'film-1', facts: { frames: 1, bytes: 1, ignored: [], notes: [], reused: 0, ms: {} } };
    expect([await server.jobs.renew(one, { stage: 'sample', progress: 90 }), await server.jobs.publish(one, made),
      await server.jobs.fail(one, { code: 'x', message: 'y' }, false)]).toEqual([false, false, false]);
    expect(await server.jobs.renew(two!, { stage: 'text', progress: 5 })).toBe(true);
    expect(await server.jobs.get(job.id, 'x')).toMatchObject({ progress: 40, stage: 'text' });     // progress never falls
    expect(await server.jobs.publish(two!, { ...made, assets: 'film-2' })).toBe(true);
    expect(await server.jobs.get(job.id, 'x')).toMatchObject({ status: 'completed', assets: 'film-2' });
    expect(await server.jobs.publish(two!, made)).toBe(false);
  });

  test('the log names requests and jobs, and no answer was an accident', async () => {
    expect(server.logged.filter(({ event }) => event === 'request_failed')).toEqual([]);
    expect(server.logged.find(({ event }) => event === 'request')).toMatchObject({ request: expect.stringMatching(/^req_/) as string, status: 200 });
    expect((await readFile(join(server.dir, 'got.mp4'))).length).toBeGreaterThan(0);
  });
}
