/** @file What a server gives out is signed: film, thumbnail and sheet, by credentials in its data folder or where it is told; by the worker's process too. */
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type OpenAI from 'openai';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openCredentials } from '../../src/provenance/credentials.ts';
import { verifyFilm, type FilmVerdict } from '../../src/provenance/verify.ts';
import { serverConfig, type ServerConfigInput } from '../../src/server/contract/config.ts';
import { startServer } from '../../src/server/server.ts';
import { clientOf, finished, testServer } from '../support/server.ts';
import { writeTinyModel } from '../support/tiny-model.ts';

const VARIANTS = { video: 'mp4', thumbnail: 'webp', spritesheet: 'jpg' } as const;
let dir: string;
beforeAll(async () => { dir = await mkdtemp(join(tmpdir(), 'kinora-signing-')); });
afterAll(async () => { await rm(dir, { recursive: true, force: true }); });

/** Has a film made, downloads all of it, and looks whether it is signed. */
async function verdicts(client: OpenAI, model: string): Promise<FilmVerdict[]> {
  const { id } = await client.videos.create({ prompt: 'a knight', model, size: '128x128', seconds: '1', seed: 7 } as unknown as OpenAI.VideoCreateParams);
  expect(await finished(client, id, 500_000)).toMatchObject({ status: 'completed' });
  return Promise.all((Object.keys(VARIANTS) as (keyof typeof VARIANTS)[]).map(async (variant) => {
    const file = join(dir, `${id}.${VARIANTS[variant]}`);
    await writeFile(file, Buffer.from(await (await client.videos.downloadContent(id, { variant })).arrayBuffer()));
    if (variant !== 'video') expect((await sharp(await readFile(file)).stats()).isOpaque).toBe(true);         // images stay what others read
    return verifyFilm(file);
  }));
}

const SIGNED = { valid: true, problems: [], generator: { name: 'Kinora', version: '0' }, sources: ['trainedAlgorithmicMedia'], signature: { selfMade: true } };

test('all that clients download is signed; credentials are made at the first start', async () => {
  const data = join(dir, 'data'), server = await testServer({ data });
  try {
    expect(await verdicts(server.client, 'sora-2')).toMatchObject([SIGNED, SIGNED, SIGNED]);
    expect(server.logged.map(({ event }) => event).filter((event) => ['signing', 'listening'].includes(String(event)))).toEqual(['signing', 'listening']);
    const { issuer } = await openCredentials(join(data, 'provenance'));
    expect(server.logged.find(({ event }) => event === 'signing')).toMatchObject({ folder: join(data, 'provenance'), issuer, self_made: true });
  } finally { await server.close(); }
}, 600_000);

test('a server that does not get its data folder makes no credentials, and does not say that it signs', async () => {
  const data = join(dir, 'taken'), logged: string[] = [];
  await mkdir(data);
  await writeFile(join(data, 'lock.json'), JSON.stringify({ pid: process.ppid }));                  // another process, which runs
  await expect(startServer(serverConfig({ port: 0, data }), { version: '0', log: (event) => { logged.push(event); } })).rejects.toThrow('is in use by process');
  expect([logged, await stat(join(data, 'provenance')).catch(() => 'not there')]).toEqual([[], 'not there']);
});

test.each<[string, ServerConfigInput['provenance'], boolean]>([['a folder that is named', 'named', true], ['none', false, false]])('%s', async (_, provenance, signed) => {
  const data = join(dir, `data-${String(provenance)}`), folder = typeof provenance === 'string' ? join(dir, provenance) : provenance;
  const server = await testServer({ data, provenance: folder });
  try {
    const films = await verdicts(server.client, 'sora-2');
    expect(films.map(({ valid, signature }) => [valid, signature !== null])).toEqual(Array.from({ length: 3 }, () => [signed, signed]));
    if (signed) expect(films[0]!.signature!.issuer).toBe((await openCredentials(String(folder))).issuer);
    expect(await stat(join(data, 'provenance')).catch(() => 'not there')).toBe('not there');
  } finally { await server.close(); }
}, 600_000);

test('the worker\'s process signs as the server does', async () => {
  const model = join(dir, 'tiny');
  await writeTinyModel(model);
  const server = await startServer(serverConfig({ port: 0, data: join(dir, 'pool'), models: [model] }), { version: '0', log: () => {} });
  try {
    const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
    const signed = { ...SIGNED, generator: { name: 'Kinora', version } };
    expect(await verdicts(clientOf(server.url), model)).toMatchObject([signed, signed, signed]);
  } finally { await server.close(); }
}, 600_000);
