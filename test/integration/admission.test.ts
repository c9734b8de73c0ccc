/** @file What is let in: uploads have turns and a queue that is looked at first; characters have a bound and can go; a film whose file cannot be read is not told to be gone. */
import { readdir, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type OpenAI from 'openai';
import { APIError, RateLimitError, toFile } from 'openai';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decode } from '../../src/server/workers/decode.ts';
import { until } from '../support/processes.ts';
import { clientOf, finished, testServer, type TestServer } from '../support/server.ts';

const SMALL = { size: '128x72' as '1280x720', seconds: '1' as '4' };
let png: Buffer, server: TestServer, client: OpenAI, decoding = 0, gate: Promise<void> = Promise.resolve();
beforeAll(async () => {
  png = await sharp({ create: { width: 40, height: 40, channels: 3, background: 'red' } }).png().toBuffer();
  server = await testServer({ localWithoutKey: true, limits: { waiting: 2, decoders: 1, decodeWaitMs: 300, charactersPerKey: 2 } },
    { decoder: async (request) => { decoding++; await gate; return decode(request); } });
  ({ client } = server);
});
afterAll(async () => {
  await server?.close();
  if (server) await rm(server.dir, { recursive: true, force: true });
});

const caught = (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error);
/** Asks for a film that begins with a picture and is held while it is made. */
const pictured = async (by: OpenAI, headers: Record<string, string> = {}): Promise<OpenAI.Video> =>
  by.videos.create({ prompt: 'hold', ...SMALL, input_reference: await toFile(png, 'a.png') }, { headers });
const removeAll = async (): Promise<void> => { for await (const { id } of client.videos.list()) await client.videos.delete(id); };

test('a file that cannot be read is 503, not gone, and the film is served when it can be', async () => {
  const { id } = await finished(client, (await client.videos.create({ prompt: 'x', ...SMALL })).id), file = join(server.dir, 'jobs', id, 'film-1', 'video.mp4');
  await rename(file, `${file}.whole`);
  await symlink('video.mp4', file);                               // a link to itself
  const unreadable = await caught(client.videos.downloadContent(id));
  expect(unreadable).toMatchObject({ status: 503, code: 'store_unavailable', message: expect.not.stringContaining(server.dir) as string });
  expect(server.logged.find(({ event }) => event === 'request_failed')).toMatchObject({ error: { cause: { code: 'ELOOP' } } });
  await rename(`${file}.whole`, file);
  const film = await client.videos.downloadContent(id);
  expect((await film.arrayBuffer()).byteLength).toBeGreaterThan(100);
});

test('characters: so many for each key, listed, removed; a film that began with one stays', async () => {
  const { data: [film] } = await client.videos.list(), bytes = Buffer.from(await (await client.videos.downloadContent(film!.id)).arrayBuffer());
  const create = async (name: string, by = client): Promise<{ readonly id?: string | null }> => by.videos.createCharacter({ name, video: await toFile(bytes, 'a.mp4') });
  const ada = await create('Ada'), bob = await create('Bob');
  decoding = 0;
  expect(await caught(create('Cid'))).toMatchObject({ status: 400, code: 'too_many_characters' });
  expect(decoding).toBe(0);
  const list = async (by = client): Promise<unknown> => ((await by.get('/videos/characters')) as { data: { name: string }[] }).data.map(({ name }) => name);
  expect(await list()).toEqual(['Bob', 'Ada']);
  const other = clientOf(server.url, (await server.keys.add('other')).key);
  expect(await list(other)).toEqual([]);
  expect(await caught(other.delete(`/videos/characters/${ada.id}`))).toMatchObject({ status: 404, code: 'character_not_found' });
  await create('Dan', other);                                      // a limit for each key
  const begun = await client.videos.create({ prompt: 'x', ...SMALL, characters: [{ id: ada.id! }] } as unknown as OpenAI.VideoCreateParams);
  expect(await client.delete(`/videos/characters/${ada.id}`)).toEqual({ id: ada.id, object: 'character.deleted', deleted: true });
  expect(await finished(client, begun.id)).toMatchObject({ status: 'completed', notes: ['began with a picture'] });
  expect((await readdir(join(server.dir, 'characters'))).includes(ada.id!)).toBe(false);
  expect(await caught(client.videos.getCharacter(ada.id!))).toMatchObject({ status: 404 });
  await create('Eve');
  expect([await list(), bob.id]).toEqual([expect.arrayContaining(['Eve', 'Bob']), expect.any(String)]);
});

test('an upload waits for its turn, then is 503 with a time; who has a turn is served', async () => {
  let open = (): void => {};
  gate = new Promise((done) => { open = done; });
  decoding = 0;
  const first = pictured(client);
  await until('a decoder', () => decoding === 1);
  const second = await caught(pictured(client)) as APIError;
  expect(second).toMatchObject({ status: 503, code: 'decoders_busy' });
  expect(Number(second.headers?.get('retry-after'))).toBeGreaterThan(0);
  expect(decoding).toBe(1);
  open();
  expect((await first).id).toMatch(/^video_/);
  expect((await pictured(client)).id).toMatch(/^video_/);
  expect(await readdir(join(server.dir, 'incoming'))).toEqual([]);
  expect(await (await fetch(`${server.url}/metrics`)).text()).toContain('kinora_rejected_total{reason="decoders_busy"} 1\n');
  await removeAll();
});

test('a full queue, and a quota of films, are known before anything is decoded; a request that was seen still gets its film', async () => {
  const key = { 'Idempotency-Key': 'once' }, first = await pictured(client, key);
  await until('a film under way', async () => (await client.videos.retrieve(first.id)).status === 'in_progress');
  await pictured(client);
  await pictured(client);
  decoding = 0;
  const full = await caught(pictured(client));
  expect(full).toBeInstanceOf(RateLimitError);
  expect([(full as APIError).code, decoding]).toEqual(['queue_full', 0]);
  expect((await pictured(client, key)).id).toBe(first.id);
  await removeAll();
  const few = clientOf(server.url, (await server.keys.add('few', { films_per_day: 1 })).key);
  const short = clientOf(server.url, (await server.keys.add('short', { seconds_per_day: 1 })).key);
  for (const by of [few, short]) await pictured(by);
  decoding = 0;
  for (const by of [few, short]) expect(await caught(pictured(by))).toMatchObject({ status: 429, code: 'quota_exceeded' });
  expect(decoding).toBe(0);
});
