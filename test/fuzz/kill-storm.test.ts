/**
 * @file `kill -9` without end: server, workers and the database's connections are killed at seeded moments while clients ask for films, by a retry with the same key until they
 * are answered. Judged from what the clients saw: nothing that was acknowledged is lost, nothing is made twice, and each film is, to the byte, the one of a run that nobody
 * disturbed. With the embedded database a killed server is a killed database. KINORA_STORM says how many kills; 60 films and 100 kills are the whole storm.
 * Workers die here faster than they start, so that all kills in a row may hit one film before it gets further: `lost` allows for
 * that (at four kills it is the default) and for no more.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { KinoraClient } from '../../src/client/index.ts';
import { draws } from '../../src/core/random.ts';
import { endProcesses, ServeProcess } from '../support/processes.ts';
import { freshPostgres, postgresReason } from '../support/postgres.ts';
import { writeTinyModel } from '../support/tiny-model.ts';

const KILLS = Number(process.env['KINORA_STORM'] ?? 4), FILMS = Math.max(4, Math.ceil(0.6 * KILLS)), KINDS = 4;
const reason = await postgresReason();
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kinora-storm-'));
  await writeTinyModel(join(dir, 'tiny'), { window: 33, maxFrames: 200, minSide: 64 });
});
afterEach(endProcesses);
afterAll(async () => { await rm(dir, { recursive: true, force: true }); });

const hash = async (client: KinoraClient, id: string): Promise<string> =>
  createHash('sha256').update(new Uint8Array(await (await client.download(id)).arrayBuffer())).digest('hex');

/** Asks, and asks again, until there is an answer. */
async function insist<T>(ask: () => Promise<T>): Promise<T> {
  for (const end = Date.now() + 120_000; ;) {
    try { return await ask(); } catch (error) { if (Date.now() > end || (error as { status?: number }).status === 400) throw error; await sleep(100); }
  }
}

/** What a storm did to films, as their clients saw it. */
interface Damage { readonly lost: number; readonly madeTwice: number; readonly nobodys: number; readonly different: number }
const NONE: Damage = { lost: 0, madeTwice: 0, nobodys: 0, different: 0 };

async function storm(name: string, database: string | undefined): Promise<Damage> {
  const config = join(dir, `${name}.json`);
  await writeFile(config, JSON.stringify({
    data: join(dir, name), models: [join(dir, 'tiny')], workers: 2, batch: 2, threads: 1, provenance: false, lease: { ms: 4000, renew: 500, lost: KILLS + 1 },
    limits: { waitingPerKey: 200 }, ...(database ? { database } : {}),
  }));
  const server = new ServeProcess(['--config', config]), d = draws({ seed: 17, stream: name, step: 0 });
  await server.start();
  const client = new KinoraClient({ url: server.url, retries: 0 });
  const ask = (i: number, key: string): ReturnType<KinoraClient['create']> =>
    client.create({ prompt: 'a man walks', size: '64x64', num_frames: 57, seed: i % KINDS, num_inference_steps: 20 }, { idempotencyKey: key });

  const calm = await Promise.all(Array.from({ length: KINDS }, async (_, i) => {
    const { id } = await ask(i, `calm-${i}`);
    await client.wait(id);
    return { id, hash: await hash(client, id) };
  }));
  expect(new Set(calm.map((film) => film.hash)).size).toBe(KINDS);

  const told: string[] = [], counts: Record<string, number> = {};
  const clients = (async () => {
    for (let i = 0; i < FILMS; i++) { told.push((await insist(() => ask(i, `storm-${i}`))).id); await sleep(d.uniform() * 300); }
  })();
  for (let kills = 0; kills < KILLS;) {
    await sleep(100 + d.uniform() * 1500);
    const what = d.pick(database ? ['worker', 'worker', 'server', 'connections'] as const : ['worker', 'worker', 'server'] as const), [pid] = server.workers();
    if (what === 'worker') { if (pid === undefined) continue; try { process.kill(pid, 'SIGKILL'); } catch { continue; } }
    if (what === 'server') { await server.end('SIGKILL'); await insist(() => server.start()); }
    if (what === 'connections') {
      const admin = postgres(database!, { max: 1, onnotice: () => {} });
      await admin`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`;
      await admin.end();
    }
    counts[what] = (counts[what] ?? 0) + 1;
    kills++;
  }
  await clients;
  let lost = 0, different = 0;
  for (const [i, id] of told.entries()) {
    const ended = await insist(() => client.wait(id)).catch((error: unknown) => String(error));
    if (typeof ended === 'string') { console.log(`film ${i}: ${ended}`); lost++; continue; }
    if (await insist(() => hash(client, id)) !== calm[i % KINDS]!.hash) different++;
  }
  const all: string[] = [], known = new Set([...calm.map(({ id }) => id), ...told]), completed = server.completed();
  for await (const { id } of client.list({ order: 'asc' })) all.push(id);
  await server.end('SIGTERM');
  lost += [...known].filter((id) => !all.includes(id)).length;
  const damage = { lost, madeTwice: completed.length - new Set(completed).size, nobodys: all.length - known.size, different };
  console.log(`${name}: ${told.length} films, ${KILLS} kills ${JSON.stringify(counts)}: ${JSON.stringify(damage)}`);
  return damage;
}

test(`${KILLS} kills over ${FILMS} films, embedded database`, async () => { expect(await storm('embedded', undefined)).toEqual(NONE); }, 120_000 + 20_000 * KILLS);

test.skipIf(reason)(`${KILLS} kills over ${FILMS} films, PostgreSQL${reason ? ` (${reason})` : ''}`, async () => {
  const { url, drop } = await freshPostgres();
  try { expect(await storm('postgres', url)).toEqual(NONE); } finally { await drop(); }
}, 120_000 + 20_000 * KILLS);
