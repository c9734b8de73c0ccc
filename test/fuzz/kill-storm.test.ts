/**
 * @file `kill -9` without end: server, workers and the database's connections are killed at seeded moments while clients ask for films, by a retry with the same key until they
 * are answered. Judged from what the clients saw: nothing that was acknowledged is lost, nothing is made twice, and each film is, to the byte, the one of a run that nobody
 * disturbed. With the embedded database a killed server is a killed database. KINORA_STORM says how many kills; 60 films and 100 kills are the whole storm.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import postgres from 'postgres';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { KinoraClient } from '../../src/client/index.ts';
import { draws } from '../../src/core/random.ts';
import { freshPostgres, postgresReason } from '../support/server.ts';
import { writeTinyModel } from '../support/tiny-model.ts';

const KILLS = Number(process.env['KINORA_STORM'] ?? 4), FILMS = Math.max(4, Math.ceil(0.6 * KILLS)), KINDS = 4;
const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url)), reason = await postgresReason();
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kinora-storm-'));
  await writeTinyModel(join(dir, 'tiny'), { window: 33, maxFrames: 200, minSide: 64 });
});
let running: Served | undefined;
afterEach(async () => { await running?.end('SIGKILL'); });
afterAll(async () => { await rm(dir, { recursive: true, force: true }); });

/** A server that comes again whenever it is gone, on the same port. */
class Served {
  readonly #argv: readonly string[];
  #child: ChildProcess | undefined;
  #log = '';
  #from = 0;
  url = '';
  constructor(argv: readonly string[]) { this.#argv = argv; }

  async start(): Promise<void> {
    const { DATABASE_URL: _, ...env } = process.env, port = this.url === '' ? '0' : new URL(this.url).port;
    const child = spawn(process.execPath, ['--import', 'tsx', main, 'serve', '--port', port, ...this.#argv], { stdio: ['ignore', 'pipe', 'pipe'], env });
    let out = '';
    this.#child = child;
    this.#from = this.#log.length;
    child.stdout.on('data', (bytes: Buffer) => { out += bytes.toString(); });
    child.stderr.on('data', (bytes: Buffer) => { this.#log += bytes.toString(); });
    const url = (): string | undefined => /(http:\/\/\S+)\/v1/.exec(out)?.[1];
    for (; url() === undefined; await sleep(20)) if (child.exitCode !== null) throw new Error(`the server did not start: ${this.#log.slice(this.#from)}`);
    this.url = url()!;
  }
  #lines(from = 0): Readonly<Record<string, unknown>>[] {
    return this.#log.slice(from).split('\n').flatMap((line) => { try { return [JSON.parse(line) as Record<string, unknown>]; } catch { return []; } });
  }
  workers(): number[] {
    const pids = (event: string): number[] => this.#lines(this.#from).filter((line) => line['event'] === event).map((line) => line['pid'] as number);
    return pids('worker_started').filter((pid) => !pids('worker_gone').includes(pid));
  }
  /** Jobs that were told to be done, as often as they were. */
  completed(): string[] { return this.#lines().filter(({ event }) => event === 'job_completed').map(({ job }) => job as string); }
  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child && child.exitCode === null && child.signalCode === null) await new Promise((resolve) => { child.once('close', resolve); child.kill(signal); });
  }
}

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
    data: join(dir, name), models: [join(dir, 'tiny')], workers: 2, batch: 2, threads: 1, provenance: false, lease: { ms: 4000, renew: 500, lost: 1000 },
    limits: { waitingPerKey: 200 }, ...(database ? { database } : {}),
  }));
  const server = running = new Served(['--config', config]), d = draws({ seed: 17, stream: name, step: 0 });
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
