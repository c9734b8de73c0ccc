/** @file `kinora data ingest` as a shell sees it: made, killed without warning and gone on with, wrong inputs; captions by an endpoint (a local one). */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CODECS, encodeFilm, scene } from '../../src/data/footage/film.fixture.ts';
import { endpointCaptioner, ingest, readManifest } from '../../src/index.ts';
import { kinora } from '../support/cli.ts';
import { PROGRAM, PROGRAMS } from '../support/program.ts';

let dir: string, films: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kinora-ingest-cli-'));
  films = join(dir, 'films');
  await mkdir(films);
  for (let i = 1; i <= 6; i++) await encodeFilm(join(films, `texture ${i}.mp4`), scene(i, 50), CODECS.mp4);
});
afterAll(async () => { await rm(dir, { recursive: true, force: true }); });

async function hashes(folder: string): Promise<[string, string][]> {
  const names = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name)).sort();
  return Promise.all(names.map(async (name) => [name.slice(folder.length), createHash('sha256').update(await readFile(name)).digest('hex')]));
}

test('killed without warning again and again, it goes on to the same dataset, and originals stay as they were', async () => {
  const whole = join(dir, 'whole'), killed = join(dir, 'killed'), originals = await hashes(films), made = await kinora('data', 'ingest', films, '--out', whole);
  expect([made.exit, made.errors, made.out]).toEqual([0, '', `12 clips of 6 files, 0 parts refused\n${join(whole, 'clips.jsonl')}\n${join(whole, 'report.html')}\n`]);
  const rows = async (): Promise<number> => (await readFile(join(killed, 'journal.jsonl'), 'utf8').catch(() => '')).split('\n').length - 1;
  let kills = 0;
  for (const enough of [2, 5, 9]) {
    const child = spawn(process.execPath, [...PROGRAMS[PROGRAM], 'data', 'ingest', films, '--out', killed], { stdio: 'ignore' });
    const ended = new Promise<void>((resolve) => { child.on('close', () => { resolve(); }); });
    while (child.exitCode === null && child.signalCode === null && await rows() < enough) await new Promise((resolve) => { setTimeout(resolve, 2); });
    child.kill('SIGKILL');
    await ended;
    if (child.signalCode === 'SIGKILL') kills++;
  }
  expect(kills).toBeGreaterThan(0);
  expect((await kinora('data', 'ingest', films, '--out', killed)).exit).toBe(0);
  const left = (await hashes(killed)).filter(([name]) => !name.includes('.kinora-'));        // a temporary file may be left, by its name
  expect(left).toEqual(await hashes(whole));
  expect(await hashes(films)).toEqual(originals);
}, 120_000);

test('stages are shown and left out by name; wrong inputs are one line', async () => {
  const help = await kinora('data', 'ingest', '--help');
  for (const text of ['--skip <stages>', '--caption-with <url>', 'flicker', 'ends a shot at a hard cut']) expect(help.out).toContain(text);
  const out = join(dir, 'skipped'), json = await kinora('data', 'ingest', join(films, 'texture 1.mp4'), '--out', out, '--skip', 'cuts, motion', '--max-frames', '17', '--json');
  expect(JSON.parse(json.out)).toMatchObject({ clips: 3, refused: 0, files: 1, unread: [], notes: [], manifest: join(out, 'clips.jsonl') });
  expect((await readManifest(out)).map((c) => [c.frames, c.motion])).toEqual([[17, null], [17, null], [13, null]]);
  expect(await kinora('data', 'ingest', films, '--out', out, '--skip', 'sound'))
    .toEqual({ exit: 2, out: '', errors: expect.stringContaining('--skip "sound" is not known; allowed: cuts, bars') });
  expect(await kinora('data', 'ingest', films, '--out', join(dir, 'x'), '--max-frames', '32')).toEqual({ exit: 2, out: '', errors: expect.stringContaining('wanted 4n + 1') });
  expect(await kinora('data', 'ingest', films)).toMatchObject({ exit: 2, errors: expect.stringContaining('--out') });
  const empty = join(dir, 'empty');
  await mkdir(empty);
  expect(await kinora('data', 'ingest', empty, '--out', join(dir, 'y'))).toMatchObject({ exit: 2, errors: expect.stringContaining('no footage in') });
  await writeFile(join(empty, 'a.mp4'), 'text');
  expect(await kinora('data', 'ingest', empty, '--out', join(dir, 'y')))
    .toMatchObject({ exit: 2, errors: expect.stringContaining('no clip is kept: 1 file (the files have to be films or images)') });
});

test('an endpoint that sees writes captions; one that fails stops the work, which goes on when it answers', async () => {
  const asked: { model: string; messages: { role: string; content: { type: string; text?: string; image_url?: { url: string } }[] }[] }[] = [];
  let broken = false;
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (data: Buffer) => { body += data.toString(); });
    request.on('end', () => {
      asked.push(JSON.parse(body) as (typeof asked)[number]);
      broken = asked.length === 2;
      response.writeHead(broken ? 500 : 200).end(broken ? 'no' : JSON.stringify({ choices: [{ message: { content: `A texture, number ${asked.length}.` } }] }));
    });
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1#eyes`, out = join(dir, 'seen');
    await writeFile(join(dir, 'given.jsonl'), JSON.stringify({ file: 'films/texture 2.mp4', caption: 'given' }));
    const failed = await kinora('data', 'ingest', films, '--out', out, '--captions', join(dir, 'given.jsonl'), '--caption-with', url);
    expect(failed).toMatchObject({ exit: 1, errors: expect.stringContaining('did not caption a clip: it answered 500') });
    const { clips } = await ingest({ inputs: [films], out, captions: join(dir, 'given.jsonl'), captioner: endpointCaptioner(url) });
    expect(clips.map((c) => [c.captionFrom, c.caption]).slice(0, 4))
      .toEqual([['endpoint', 'A texture, number 1.'], ['endpoint', 'A texture, number 3.'], ['given', 'given'], ['given', 'given']]);
    const [brief, question] = asked[0]!.messages;
    expect([asked[0]!.model, brief!.role, question!.content.map((c) => c.type)]).toEqual(['eyes', 'system', ['text', 'image_url', 'image_url', 'image_url']]);
    expect(question!.content[0]!.text).toMatch(/^Measured: the camera pans right.* Name of the file: texture\. Caption the clip\.$/);
    expect(question!.content[1]!.image_url!.url).toMatch(/^data:image\/jpeg;base64,/);
  } finally { server.close(); }
});
