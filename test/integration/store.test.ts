/** @file Films in an S3-compatible store: a server and a worker that share a database and a bucket but no folder; all that acts on kept films; out of one store into another. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type OpenAI from 'openai';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { COMMANDS, GROUPS } from '../../src/cli/commands/index.ts';
import { runCli } from '../../src/cli/program.ts';
import { placeText } from '../../src/server/assets/assets-place.ts';
import { endProcesses, KinoraProcess, ServeProcess, until } from '../support/processes.ts';
import { freshPostgres, postgresReason } from '../support/postgres.ts';
import { finished, testServer } from '../support/server.ts';
import { testS3, type TestS3 } from '../support/s3.ts';
import { writeTinyModel } from '../support/tiny-model.ts';

const reason = await postgresReason();
let dir: string, s3: TestS3;
beforeAll(async () => { dir = await mkdtemp(join(tmpdir(), 'kinora-bucket-')); s3 = await testS3(); });
afterEach(endProcesses);
afterAll(async () => { await s3.close(); await rm(dir, { recursive: true, force: true }); });

const SMALL = { size: '64x64' as '1280x720', seconds: '2' as '4' };
const bytesOf = async (client: OpenAI, id: string): Promise<Buffer> => Buffer.from(await (await client.videos.downloadContent(id)).arrayBuffer());
const picture = async (): Promise<string> =>
  `data:image/png;base64,${(await sharp({ create: { width: 64, height: 64, channels: 3, background: 'green' } }).png().toBuffer()).toString('base64')}`;
const filesIn = async (folder: string): Promise<string[]> => (await readdir(folder, { recursive: true })).filter((name) => /\.(png|mp4|webp|jpg)$/.test(name));

test('films, what they were given and characters lie in the bucket; all that acts on them works; out of it and into another', async () => {
  const data = join(dir, 'one'), one = await testServer({ data, assets: { s3: s3.place } }), { client } = one;
  const film = await finished(client, (await client.videos.create({ prompt: 'a knight', ...SMALL, input_reference: { image_url: await picture() } })).id);
  expect(film).toMatchObject({ status: 'completed', notes: ['began with a picture'] });
  const whole = await bytesOf(client, film.id), part = await fetch(`${one.url}/v1/videos/${film.id}/content`, { headers: { range: 'bytes=100-199' } });
  expect([part.status, Buffer.from(await part.arrayBuffer())]).toEqual([206, whole.subarray(100, 200)]);
  const remix = await finished(client, (await client.videos.remix(film.id, { prompt: 'a wizard' })).id);
  const edit = await finished(client, (await client.videos.edit({ prompt: 'red', video: { id: remix.id } })).id);
  expect([remix.status, edit.status]).toEqual(['completed', 'completed']);
  // Nothing that is kept lies here. A client can see that a film is done before its worker has tidied up.
  await expect.poll(() => filesIn(data).catch(() => ['going']), { timeout: 30_000 }).toEqual([]);
  s3.away = true;
  const refused = await client.videos.downloadContent(film.id).catch((error: unknown) => error);
  expect(refused).toMatchObject({ status: 503, code: 'store_unavailable' });
  expect(await (await fetch(`${one.url}/readyz`)).json()).toEqual({ ready: false, reasons: ['the store of films does not answer'] });
  const waits = (await client.videos.create({ prompt: 'made meanwhile', ...SMALL })).id;
  for (const end = Date.now() + 30_000; !one.logged.some(({ event }) => event === 'store_failed');) { if (Date.now() > end) throw new Error('no try'); await sleep(20); }
  expect((await client.videos.retrieve(waits)).status).toBe('in_progress');
  s3.away = false;
  expect(await finished(client, waits)).toMatchObject({ status: 'completed' });
  await client.videos.delete(remix.id);
  expect(await client.post(`/videos/${remix.id}/restore`)).toEqual(remix);
  await one.close();

  const there = placeText(s3.place), other = placeText({ ...s3.place, prefix: 'other' }), backup = join(dir, 'backup');
  const kinora = async (...argv: string[]): Promise<[number, string]> => {
    let error = '';
    const exit = await runCli(argv, { version: '0', commands: COMMANDS, groups: GROUPS, signal: new AbortController().signal,
      stdout: { write: () => {} }, stderr: { write: (text) => { if (text.startsWith('kinora:')) error += text; } } });
    return [exit, error];
  };
  expect(await kinora('export', '--all', backup, '--data', data, '--assets', there)).toEqual([0, '']);
  expect(await kinora('import', backup, '--data', join(dir, 'two'), '--assets', other)).toEqual([0, '']);
  const two = await testServer({ data: join(dir, 'two'), assets: { s3: { ...s3.place, prefix: 'other' } } });
  try {
    expect(await bytesOf(two.client, film.id)).toEqual(whole);
    await two.client.videos.delete(edit.id);
    expect(await finished(two.client, (await two.client.videos.remix(film.id, { prompt: 'again' })).id)).toMatchObject({ notes: ['began with a picture'] });
  } finally { await two.close(); }
}, 120_000);

const apart = 'a server and a worker with a folder each: a film from a picture is made by the one and served by the other';
test.skipIf(reason !== undefined)(`${apart}${reason === undefined ? '' : ` (skipped: ${reason})`}`, async () => {
  const { url, drop } = await freshPostgres(), model = join(dir, 'tiny'), assets = placeText({ ...s3.place, prefix: 'apart' });
  await writeTinyModel(model, { window: 33, maxFrames: 200, minSide: 64 });
  const argv = (folder: string): string[] => ['--database', url, '--assets', assets, '--model', model, '--data', join(dir, folder)];
  try {
    const { client } = await new ServeProcess(['--workers', '0', ...argv('server')]).start();
    const { id } = await client.videos.create({ prompt: 'a man walks', size: '64x64', num_frames: 9, num_inference_steps: 2, seed: 7,
      input_reference: { image_url: await picture() } } as unknown as OpenAI.VideoCreateParams);
    const worker = new KinoraProcess(['worker', ...argv('worker')]);
    expect(await finished(client, id)).toMatchObject({ status: 'completed', num_frames: 9 });
    expect((await bytesOf(client, id)).subarray(4, 8).toString()).toBe('ftyp');
    await until('the line of the completed job', () => worker.stderr.includes('"job_completed"'));
    expect([await filesIn(join(dir, 'server')), await filesIn(join(dir, 'worker'))]).toEqual([[], []]);
    expect(await worker.end('SIGTERM')).toBe(0);
  } finally { await endProcesses(); await drop(); }
}, 300_000);
