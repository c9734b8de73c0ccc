/** @file Everything out of a server and into an empty one: the same films, lineage, trash and queue; what is half-written, damaged or foreign is refused before that. */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { COMMANDS, GROUPS } from '../../src/cli/commands/index.ts';
import { runCli } from '../../src/cli/program.ts';
import { clientOf, finished, testServer } from '../support/server.ts';

let dir: string;
beforeAll(async () => { dir = await mkdtemp(join(tmpdir(), 'kinora-archive-')); });
afterAll(async () => { await rm(dir, { recursive: true, force: true }); });

async function kinora(...argv: string[]): Promise<{ readonly exit: number; readonly out: string; readonly error: string }> {
  let out = '', error = '';
  const exit = await runCli(argv, { version: '0', commands: COMMANDS, groups: GROUPS, signal: new AbortController().signal,
    stdout: { write: (text) => { out += text; } }, stderr: { write: (text) => { if (text.startsWith('kinora:')) error += text; } } });
  return { exit, out, error };
}

test('a server goes out and comes in again', async () => {
  const data = join(dir, 'data'), backup = join(dir, 'backup'), SMALL = { size: '64x64' as '1280x720', seconds: '2' as '4' };
  const one = await testServer({ data, localWithoutKey: true }), { client } = one;
  const film = await finished(client, (await client.videos.create({ prompt: 'a knight', ...SMALL })).id);
  const remix = await finished(client, (await client.videos.remix(film.id, { prompt: 'a wizard' })).id);
  const edit = await finished(client, (await client.videos.edit({ prompt: 'red', video: { id: remix.id } })).id);
  const failed = await finished(client, (await client.videos.create({ prompt: 'fail', ...SMALL })).id);
  await client.videos.delete(film.id);
  const { key, id: owner } = await one.keys.add('ada', { films_per_day: 9 }), ada = clientOf(one.url, key);
  const held = await ada.videos.create({ prompt: 'hold', ...SMALL }), waits = await client.videos.create({ prompt: 'waits', ...SMALL });
  const paused = await client.post<{ id: string }>(`/videos/${waits.id}/pause`);
  const content = async (c: typeof client, id: string): Promise<Buffer> => Buffer.from(await (await c.videos.downloadContent(id)).arrayBuffer());
  const bytes = await content(client, edit.id);
  await one.close();

  expect(await kinora('export', backup, '--data', data)).toMatchObject({ exit: 2, error: 'kinora: say what to export: --all\n' });
  expect(await kinora('export', '--all', backup, '--data', join(dir, 'none'))).toMatchObject({ exit: 2, error: expect.stringContaining('no data folder') as string });
  expect(await kinora('export', '--all', backup, '--data', data)).toMatchObject({ exit: 0, error: '', out: expect.stringMatching(/^3 films, 2 waiting; \d+ files/) as string });
  expect((await readdir(dir)).sort()).toEqual(['backup', 'data']);
  expect(await kinora('export', '--all', backup, '--data', data)).toMatchObject({ exit: 2, error: expect.stringContaining('is not empty') as string });

  // Refused, before anything is there: each damage by its name.
  const target = join(dir, 'target'), bad = join(dir, 'bad'), list = join(bad, 'kinora-export.json');
  const refused = async (change: () => Promise<unknown>): Promise<string> => {
    await rm(bad, { recursive: true, force: true });
    await cp(backup, bad, { recursive: true });
    await change();
    const { exit, error } = await kinora('import', bad, '--data', target);
    expect([exit, error.split('\n').length, await readdir(join(target, 'jobs'))]).toEqual([1, 2, []]);
    return error;
  };
  const listed = JSON.parse(await readFile(join(backup, 'kinora-export.json'), 'utf8')) as { files: { path: string }[] };
  const video = listed.files.find(({ path }) => path.endsWith('video.mp4'))!.path;
  expect(await refused(() => rm(list))).toContain('no export of Kinora, or half of one');
  expect(await refused(() => writeFile(list, '{"format":"other"}'))).toContain('of format "other"');
  expect(await refused(() => writeFile(list, '{"format":'))).toContain('not JSON');
  expect(await refused(() => writeFile(list, JSON.stringify({ ...listed, version: 99 })))).toContain('version 99');
  expect(await refused(() => writeFile(list, JSON.stringify({ ...listed, files: [{ ...listed.files[0], path: '../x' }] })))).toContain('files.0.path');
  expect(await refused(() => rm(join(bad, video)))).toContain(`${video} is missing`);
  expect(await refused(async () => { const b = await readFile(join(bad, video)); b[100]! ^= 1; await writeFile(join(bad, video), b); })).toContain('not as it was written');
  expect(await refused(() => writeFile(join(bad, 'jobs.jsonl'), ''))).toContain('jobs.jsonl has 0 bytes');

  await mkdir(join(target, 'jobs', film.id, 'inputs'), { recursive: true });                      // as an import that was killed leaves it
  expect(await kinora('import', backup, '--data', target)).toMatchObject({ exit: 0, error: '', out: expect.stringMatching(/^3 films, 2 waiting/) as string });
  expect(await kinora('import', backup, '--data', target)).toMatchObject({ exit: 2, error: expect.stringContaining('jobs already') as string });
  const two = await testServer({ data: target, localWithoutKey: true });
  try {
    two.maker.open();
    const get = (id: string): Promise<unknown> => two.client.videos.retrieve(id);
    expect(await Promise.all([remix, edit, failed].map(({ id }) => get(id)))).toEqual([remix, edit, failed]);
    expect(await content(two.client, edit.id)).toEqual(bytes);
    expect(await get(waits.id)).toMatchObject({ ...paused, queue_position: null });
    expect(await finished(clientOf(two.url, key), held.id)).toMatchObject({ status: 'completed', prompt: 'hold' });
    expect(await two.client.post(`/videos/${film.id}/restore`)).toEqual(film);
    expect((await two.keys.list()).map(({ id, films_per_day: films }) => [id, films])).toEqual([[owner, 9]]);
    const next = await two.client.videos.create({ prompt: 'next', ...SMALL });
    expect((await two.client.videos.list({ limit: 1 })).data[0]!.id).toBe(next.id);               // numbers go on behind what came in
    await finished(two.client, next.id);
  } finally { await two.close(); }
}, 300_000);
