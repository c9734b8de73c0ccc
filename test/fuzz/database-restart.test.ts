/**
 * @file A PostgreSQL server that goes away for some seconds and comes back, twice, as after a crash, while films wait and run: in a worker of the server's own and in one apart.
 * Meanwhile the server lives and says what is wrong; afterwards each film that was acknowledged is there once, to the byte that of a calm run, and those who watched go on.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { KinoraClient } from '../../src/client/index.ts';
import { clusterReason, makeCluster } from '../support/cluster.ts';
import { endProcesses, KinoraProcess, ServeProcess, until } from '../support/processes.ts';
import { writeTinyModel } from '../support/tiny-model.ts';

const reason = await clusterReason(), KINDS = 3, AWAY_MS = 4000, FILMS = 10;
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kinora-restart-'));
  await writeTinyModel(join(dir, 'tiny'), { window: 33, maxFrames: 200, minSide: 64 });
});
afterEach(endProcesses);
afterAll(async () => { await rm(dir, { recursive: true, force: true }); });

const name = 'the database crashes and comes back, twice: no film is lost or made twice, the server lives and says so';
test.skipIf(reason)(`${name}${reason ? ` (skipped: ${reason})` : ''}`, async () => {
  const cluster = await makeCluster(), config = join(dir, 'config.json');
  try {
    await writeFile(config, JSON.stringify({
      data: join(dir, 'data'), models: [join(dir, 'tiny')], database: cluster.url, workers: 1, batch: 1, threads: 1, provenance: false,
      lease: { ms: 10_000, renew: 500, lost: 1000 },
    }));
    const server = await new ServeProcess(['--config', config]).start(), worker = new KinoraProcess(['worker', '--config', config]);
    const client = new KinoraClient({ url: server.url, retries: 0 }), patient = new KinoraClient({ url: server.url, retries: 60 });
    const ask = (by: KinoraClient, i: number, key: string): ReturnType<KinoraClient['create']> =>
      by.create({ prompt: 'a man walks', size: '64x64', num_frames: 57, seed: i % KINDS, num_inference_steps: 40 }, { idempotencyKey: key });
    const hash = async (id: string): Promise<string> => createHash('sha256').update(new Uint8Array(await (await client.download(id)).arrayBuffer())).digest('hex');
    const get = async (path: string, init: RequestInit = {}): Promise<{ status: number; body: unknown; ms: number }> => {
      const began = performance.now(), answer = await fetch(`${server.url}${path}`, init);
      return { status: answer.status, body: await answer.json(), ms: performance.now() - began };
    };
    const calm = await Promise.all(Array.from({ length: KINDS }, async (_, i) => hash((await patient.wait((await ask(client, i, `calm-${i}`)).id)).id)));
    expect(new Set(calm).size).toBe(KINDS);

    const told: string[] = [], waited: ReturnType<KinoraClient['wait']>[] = [];
    for (let round = 0; round < 2; round++) {
      const batch = await Promise.all(Array.from({ length: FILMS / 2 }, (_, i) => ask(client, i, `film-${round}-${i}`)));
      for (const { id } of batch) { told.push(id); waited.push(patient.wait(id)); }
      await until('films in both workers', async () => (await Promise.all(batch.map(({ id }) => client.get(id)))).filter(({ status }) => status === 'in_progress').length === 2);
      await cluster.crash();
      const away = Date.now(), slow: number[] = [], mine = ask(patient, round, `away-${round}`);
      while (Date.now() - away < AWAY_MS) {
        const [ready, live, list, create] = await Promise.all([get('/readyz'), get('/livez'), get('/v1/videos'),
          get('/v1/videos', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"prompt":"a man walks","seconds":"1"}' })]);
        const refused = { status: 503, body: { error: { code: 'database_unavailable', type: 'server_error' } } };
        expect(ready).toMatchObject({ status: 503, body: { ready: false, reasons: ['the database does not answer'] } });
        expect(live).toMatchObject({ status: 200 });
        expect(list).toMatchObject(refused);
        expect(create).toMatchObject(refused);
        slow.push(list.ms, create.ms, ready.ms);
        await sleep(200);
      }
      expect(Math.max(...slow)).toBeLessThan(5000);
      await cluster.start();
      const back = performance.now();
      await until('readiness', async () => (await get('/readyz')).status === 200);
      expect(performance.now() - back).toBeLessThan(5000);
      const { id } = await mine;                                  // asked while it was away, once
      told.push(id);
      waited.push(patient.wait(id));
    }
    const films = await Promise.all(waited);
    expect(films.map(({ id, status }) => [id, status])).toEqual(told.map((id) => [id, 'completed']));
    for (const film of films) expect(await hash(film.id)).toBe(calm[film.seed!]);
    const all: string[] = [];
    for await (const { id } of client.list({ order: 'asc' })) all.push(id);
    expect(all.slice(KINDS).toSorted()).toEqual(told.toSorted());
    expect([server.process.running, worker.running]).toEqual([true, true]);
    expect([await worker.end('SIGTERM'), await server.end('SIGTERM')]).toEqual([0, 0]);
    const completed = [...server.completed(), ...[...worker.stderr.matchAll(/"job_completed","job":"(\w+)"/g)].map(([, id]) => id!)];
    expect(completed.toSorted()).toEqual(all.toSorted());
    expect(new Set(server.completed()).size).toBeLessThan(all.length);       // both had a share
  } finally { await endProcesses(); await cluster.remove(); }
}, 600_000);
