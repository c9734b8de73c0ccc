/** @file What a store promises, asked of both kinds: kept in the data folder, and in a bucket of an S3-compatible store. */
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { testS3, type TestS3 } from '../../../test/support/s3.ts';
import { CancelledError, FileError } from '../../core/errors.ts';
import { parsePlace, placeText } from '../assets/assets-place.ts';
import { openS3 } from '../assets/assets-s3.ts';
import { AssetsError } from '../assets/assets.ts';
import { asApiError } from '../contract/errors.ts';
import { fileAnswer } from '../http/content.ts';
import { NATIVE_FILE, openStore, Store } from './store.ts';

const KINDS = ['folder', 's3'] as const;
let dir: string, s3: TestS3;
const logged: string[] = [];
beforeAll(async () => { dir = await mkdtemp(join(tmpdir(), 'kinora-store-')); s3 = await testS3(); });
afterAll(async () => { await s3.close(); await rm(dir, { recursive: true, force: true }); });

let number = 0;
const newId = (): string => `video_${(++number).toString(16).padStart(32, '0')}`;
const put = async (file: string, text: string | Uint8Array): Promise<void> => { await mkdir(dirname(file), { recursive: true }); await writeFile(file, text); };

describe.each(KINDS)('%s', (kind) => {
  let store: Store, other: Store;                                // of two machines
  beforeEach(async () => {
    const open = (name: string): Promise<Store> =>
      openStore({ data: join(dir, `${kind}-${number}-${kind === 's3' ? name : 'a'}`), assets: kind === 's3' ? { s3: s3.place } : undefined }, (event) => { logged.push(event); });
    [store, other] = [await open('a'), await open('b')];
    await store.open();
    await other.openWork();
  });
  /** Makes and publishes a film of this text, as a worker does. */
  const film = async (on: Store, id: string, text: string, assets = 'film-1'): Promise<void> => {
    const made = join(on.work(id), assets);
    await rm(join(on.work(id), NATIVE_FILE), { force: true });   // it may be the same file as a kept one
    await put(join(on.work(id), NATIVE_FILE), text);
    await mkdir(made, { recursive: true });
    await on.link(join(on.work(id), NATIVE_FILE), join(made, NATIVE_FILE));
    await put(join(made, 'video.mp4'), `${text} as a video`);
    await on.publish(id, made, assets);
  };
  const read = async (on: Store, file: string): Promise<string | undefined> => {
    const asset = await on.read(file);
    return asset && new Response(await asset.stream(0, asset.bytes - 1)).text();
  };

  test('what a job was given comes to who makes its film, the film to who serves it', async () => {
    const id = newId(), next = newId();
    await store.prepare(id);
    await put(store.input(id, 'image.png'), 'a picture');
    await store.keepInputs(id);
    await other.fetchInputs(id, { image: true }, {});
    expect(await readFile(other.input(id, 'image.png'), 'utf8')).toBe('a picture');
    await film(other, id, 'one');
    await film(other, id, 'late', 'film-2');
    await other.tidy(id, 'film-1');
    expect(await store.files(store.job(id))).toEqual(['film-1/native.png', 'film-1/video.mp4', 'inputs/image.png']);
    expect(await readdir(other.job(id)).catch(() => 'no folder')).toEqual(kind === 's3' ? 'no folder' : ['film-1', 'inputs']);
    expect(await read(store, store.film(id, 'film-1', 'video.mp4'))).toBe('one as a video');
    expect(await store.read(store.film(id, 'film-2', 'video.mp4'))).toBeUndefined();
    await store.prepare(next);
    await store.give(store.film(id, 'film-1', NATIVE_FILE), store.input(next, 'source.png'));
    await store.discard(id);
    expect(await store.files(store.job(id))).toEqual([]);
    await other.fetchInputs(next, { source: true }, {});
    expect(await readFile(other.input(next, 'source.png'), 'utf8')).toBe('one');
    const gone = store.give(store.film(id, 'film-1', NATIVE_FILE), store.input(next, 'image.png'));
    await expect(gone).rejects.toThrow(FileError);
    if (kind === 's3') await expect(other.fetchInputs(id, { image: true }, {})).rejects.toThrow(FileError);
  });

  test('characters, files in and out, who has files and how many bytes', async () => {
    const id = newId(), character = `char_${id.slice(6)}`;
    await put(join(store.character(character), 'first.png'), 'a face');
    await store.keep(store.character(character));
    await store.prepare(id);
    await store.give(join(store.character(character), 'first.png'), store.input(id, 'image.png'));
    await film(store, id, 'two');
    await store.tidy(id, 'film-1');
    const held = (await store.jobs()).get(id)!;
    expect(await held.bytes()).toBe('a face'.length + 'two'.length + 'two as a video'.length);
    expect(Math.abs(Date.now() - held.changed)).toBeLessThan(60_000);
    const out = join(dir, `out-${kind}.mp4`);
    await store.copyOut(store.film(id, 'film-1', 'video.mp4'), out);
    expect(await readFile(out, 'utf8')).toBe('two as a video');
    await store.copyIn(out, join(store.job(id), 'film-9', 'video.mp4'));
    expect(await read(other, other.film(id, 'film-9', 'video.mp4'))).toBe('two as a video');
    await store.discardCharacter(character);
    expect(await store.files(store.character(character))).toEqual([]);
    await store.checkAssets();
  });

  test('answers: whole, ranges, the head alone, what is not there', async () => {
    const id = newId(), text = 'x'.repeat(200_000).replaceAll(/x/g, (_, i: number) => String.fromCharCode(97 + i % 26));
    await film(store, id, text);
    const ask = async (headers: Record<string, string> = {}, method = 'GET', name: string = NATIVE_FILE): Promise<Response> =>
      fileAnswer(new Request('http://x/', { method, headers }), { file: await store.read(store.film(id, 'film-1', name)), type: 'image/png', tag: 't', name: 'n' });
    const told = async (r: Response): Promise<unknown> => [r.status, r.headers.get('content-length'), r.headers.get('content-range'), await r.text()];
    expect(await told(await ask())).toEqual([200, '200000', null, text]);
    expect(await told(await ask({ range: 'bytes=10-19' }))).toEqual([206, '10', 'bytes 10-19/200000', text.slice(10, 20)]);
    expect(await told(await ask({ range: 'bytes=-5' }))).toEqual([206, '5', 'bytes 199995-199999/200000', text.slice(-5)]);
    expect(await told(await ask({ range: 'bytes=200000-' }))).toEqual([416, null, 'bytes */200000', '']);
    expect(await told(await ask({}, 'HEAD'))).toEqual([200, '200000', null, '']);
    expect((await ask({ 'if-none-match': '"t"' })).status).toBe(304);
    await expect(ask({}, 'GET', 'video.webm')).rejects.toThrow('gone');
    const half = await ask();
    await half.body!.cancel();                                   // a client that goes
  });
});

test('what cannot be read is not taken for what is not there', async () => {
  const store = await openStore({ data: join(dir, 'damaged') }, () => {}), id = newId(), file = store.film(id, 'film-1', 'video.mp4');
  await store.open();
  await mkdir(dirname(file), { recursive: true });
  await symlink('video.mp4', file);                              // a link to itself: ELOOP, for every user
  const refused: unknown = await store.read(file).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(AssetsError);
  expect(asApiError(refused)).toMatchObject({ status: 503, o: { code: 'store_unavailable' } });
  const bucket = new Store(join(dir, 'damaged-s3'), await openS3(s3.place, () => {})), made = join(bucket.work(id), 'film-1');
  await bucket.open();
  await put(made, 'a file where the folder of a film should be');
  await expect(bucket.publish(id, made, 'film-1')).rejects.toMatchObject({ code: 'ENOTDIR' });
  expect(await readFile(made, 'utf8')).toContain('a file');      // nothing was taken, so nothing goes
  await expect(bucket.publish(id, `${made}-none`, 'film-1')).rejects.toThrow(FileError);
  expect(await bucket.files(bucket.job(id))).toEqual([]);
});

describe('a store of objects that is away', () => {
  test('a film that is made waits for it; who asks is told at once', async () => {
    const store = new Store(join(dir, 'away'), await openS3(s3.place, (event) => { logged.push(event); })), id = newId(), stop = new AbortController();
    await store.open();
    const made = join(store.work(id), 'film-1');
    await put(join(made, 'video.mp4'), 'a film');
    s3.away = true;
    try {
      await expect(store.checkAssets()).rejects.toThrow(AssetsError);
      await expect(store.read(store.film(id, 'film-1', 'video.mp4'))).rejects.toThrow(/^the store of assets, s3:\/\/films\/kinora\/a\?endpoint=.* does not show jobs\/video_/);
      const cancelled = store.publish(id, made, 'film-0', stop.signal).catch((error: unknown) => error);
      await sleep(100);
      stop.abort('lost');
      expect(await cancelled).toBeInstanceOf(CancelledError);
      const published = store.publish(id, made, 'film-1', new AbortController().signal);
      for (const before = logged.length; logged.length < before + 2;) await sleep(50);
      expect(logged.at(-1)).toBe('store_failed');
      s3.away = false;
      await published;
    } finally { s3.away = false; }
    expect(await store.files(store.job(id))).toEqual(['film-1/video.mp4']);
    expect(await readdir(store.work(id))).toEqual([]);
  }, 60_000);

  test('what a machine left lying long ago goes', async () => {
    const store = new Store(join(dir, 'left'), await openS3(s3.place, () => {})), [old, young] = [newId(), newId()], long = new Date(Date.now() - 5 * 86_400_000);
    for (const id of [old, young]) await put(join(store.work(id), 'window'), 'half a film');
    for (const path of [join(store.work(old), 'window'), store.work(old), store.job(old)]) await utimes(path, long, long);
    await store.openWork();
    expect(await readdir(join(store.root, 'jobs'))).toEqual([young]);
  });
});

test('places as text', () => {
  const text = 's3://films/a/b?endpoint=http%3A%2F%2F127.0.0.1%3A9000&region=eu-central-1&pathStyle=true';
  expect(parsePlace(text)).toEqual({ bucket: 'films', prefix: 'a/b', endpoint: 'http://127.0.0.1:9000', region: 'eu-central-1', pathStyle: true });
  expect(placeText(parsePlace(text))).toBe(text);
  expect(placeText(parsePlace('s3://films/'))).toBe('s3://films');
  for (const [wrong, says] of [['films', 'wanted s3://'], ['s3://a:b@films', 'wanted s3://'], ['s3://films?x=1', '"x" is not known'],
    ['s3://F', 'bucket'], ['s3://films/a b', 'prefix'],
    ['s3://films?endpoint=ftp://x', 'endpoint'], ['s3://films?pathStyle=2', 'pathStyle']] as const) expect(() => parsePlace(wrong)).toThrow(says);
});
