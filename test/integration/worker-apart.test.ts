/** @file `kinora worker` beside a server on PostgreSQL that says more than the worker's own flags: policy and webhooks are the server's. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { endProcesses, KinoraProcess, until } from '../support/processes.ts';
import { freshPostgres, postgresReason } from '../support/postgres.ts';
import { finished, testServer } from '../support/server.ts';
import { writeTinyModel } from '../support/tiny-model.ts';

const reason = await postgresReason(), skipped = reason === undefined ? '' : ` (skipped: ${reason})`;
let dir: string, model: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kinora-apart-'));
  model = join(dir, 'tiny');
  await writeTinyModel(model, { window: 33, maxFrames: 200, minSide: 64 });
});
afterEach(endProcesses);
afterAll(async () => { await rm(dir, { recursive: true, force: true }); });

const whose = 'without the server\'s hook it does not start; with it, it makes films, which the server\'s policy sees and its webhooks tell';
test.skipIf(reason !== undefined)(`${whose}${skipped}`, async () => {
  const { url, drop } = await freshPostgres(), hook = join(dir, 'hook.mjs'), told: { type: string; data: { id: string } }[] = [];
  const listener = createServer((request, response) => {
    let body = '';
    request.on('data', (data: Buffer) => { body += data.toString(); }).on('end', () => { told.push(JSON.parse(body) as typeof told[0]); response.end(); });
  });
  await new Promise<void>((done) => { listener.listen(0, '127.0.0.1', done); });
  await writeFile(hook, 'export const film = ({ asked }) => (asked.prompt.includes("dances") ? "no dances" : null);');
  try {
    const server = await testServer({
      database: url, data: join(dir, 'data'), models: [model], workers: 0, policy: { hook },
      webhooks: [{ url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}/`, secret: `whsec_${'a'.repeat(24)}` }],
    });
    const argv = ['worker', '--database', url, '--data', server.dir, '--model', model], refused = new KinoraProcess(argv);
    expect([await refused.ended, refused.stderr]).toEqual([2, expect.stringContaining('this worker has no hook that looks at films: --policy-hook')]);
    const worker = new KinoraProcess([...argv, '--policy-hook', hook]), make = async (prompt: string): ReturnType<typeof finished> =>
      finished(server.client, (await server.client.videos.create({ prompt, size: '64x64', num_frames: 5, num_inference_steps: 1 } as never)).id);
    const [good, bad] = [await make('a man walks'), await make('a man dances')];
    expect([good, bad]).toMatchObject([{ status: 'completed' }, { status: 'failed', error: { code: 'moderation_blocked' } }]);
    await until('both webhooks', () => told.length >= 2);
    expect(told.map(({ type, data }) => `${type} ${data.id}`).toSorted()).toEqual([`video.completed ${good.id}`, `video.failed ${bad.id}`]);
    expect(await worker.end('SIGTERM')).toBe(0);
    await server.close();
  } finally { listener.close(); await drop(); }
}, 300_000);
