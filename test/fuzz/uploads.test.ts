/**
 * @file Hostile uploads: damaged files of every kind, as pictures that films begin with, as films that are edited, gone on with or kept as characters, sent as form parts and
 * as data URLs. Each is taken, or refused with a sentence and a 4xx; nothing of what was refused stays on the disk, and the server is as well afterwards as before. The decoder
 * is the tests' own, in this process: one that crashed would end the test, where the server loses a process of its own.
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { draws } from '../../src/core/random.ts';
import { errorBody } from '../../src/server/contract/contract.ts';
import { mediaBases } from '../media/bases.ts';
import { DAMAGES, type Damage } from '../media/damage.ts';
import { testServer, type TestServer } from '../support/server.ts';

const FILES = Number(process.env['KINORA_FUZZ_UPLOADS'] ?? 1000), SEED = 61, AT_ONCE = 4;

let server: TestServer;
beforeAll(async () => { server = await testServer({ workers: 0, limits: { waiting: 4000, waitingPerKey: 4000, upload: 2 ** 20, seconds: 30, decoders: AT_ONCE } }); }, 120_000);
afterAll(async () => {
  await server?.close();
  if (server) await rm(server.dir, { recursive: true, force: true });
});

const WAYS = {
  picture: ['/v1/videos', 'input_reference', { prompt: 'a knight walks', size: '128x72', seconds: '1' }],
  edit: ['/v1/videos/edits', 'video', { prompt: 'in a red robe' }],
  extension: ['/v1/videos/extensions', 'video', { prompt: 'goes on', seconds: '1' }],
  character: ['/v1/videos/characters', 'video', { name: 'somebody' }],
} as const;

test(`${FILES} damaged uploads: taken, or refused with a reason`, { timeout: 1_200_000 }, async () => {
  const bases = await mediaBases(), names = [...bases.keys()], kinds = Object.keys(DAMAGES) as Damage[], ways = Object.keys(WAYS) as (keyof typeof WAYS)[];
  const counts = new Map<string, number>(), failures: string[] = [], count = (name: string): void => { counts.set(name, (counts.get(name) ?? 0) + 1); };
  const send = async (i: number): Promise<void> => {
    const d = draws({ seed: SEED, stream: 'fuzz/uploads', step: i }), base = names[i % names.length]!, damage = d.pick(kinds), way = d.pick(ways);
    const [path, field, fields] = WAYS[way];
    const whole = bases.get(base)!, bytes = DAMAGES[damage](whole, d, bases.get(d.pick(names))!), asUrl = way === 'picture' && d.chance(0.3);
    const form = new FormData();
    for (const [key, value] of Object.entries(fields)) form.append(key, value);
    form.append(field, new Blob([Uint8Array.from(bytes)]), d.pick(['x.png', '../../x.mp4', 'a\u202e.gif', '', 'x'.repeat(300)]));
    const body = asUrl ? JSON.stringify({ ...fields, [field]: { image_url: `data:image/png;base64,${bytes.toString('base64')}` } }) : form;
    const response = await fetch(`${server.url}${path}`, { method: 'POST', body, ...(asUrl ? { headers: { 'content-type': 'application/json' } } : {}) });
    const text = await response.text();
    count(`${response.status}`); count(`${way}: ${response.status}`); count(`${damage}: ${response.status === 200 ? 'taken' : 'refused'}`);
    if (response.status === 200) return;
    const told = errorBody.safeParse(JSON.parse(text)), about = `upload ${i}: ${base}, ${damage}, as ${way} → ${response.status} ${text.slice(0, 300)}`;
    if (![400, 413].includes(response.status) || !told.success || told.data.error.message.length < 10) failures.push(about);
    else if (/\/tmp|incoming|node_modules|at \w+ \(/.test(told.data.error.message)) failures.push(`tells of its inside: ${about}`);
  };
  let next = 0;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => { while (next < FILES) await send(next++); }));
  console.log(`hostile uploads: ${FILES}\n${[...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, n]) => `  ${String(n).padStart(5)}  ${name}`).join('\n')}`);
  expect(failures).toEqual([]);
  expect(counts.get('200')).toBeGreaterThan(0);
  expect(counts.get('400')).toBeGreaterThan(FILES / 4);
  expect(await readdir(join(server.dir, 'incoming')).catch(() => [])).toEqual([]);
  expect((await fetch(`${server.url}/livez`)).status).toBe(200);
});
