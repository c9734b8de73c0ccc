/**
 * @file A disk that is full in earnest, under the data folder with its embedded database: films that find no room fail and say so, uploads are refused, the server lives, and
 * what was kept stays whole.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { KinoraClient, type VideosApiError } from '../../src/client/index.ts';
import { endProcesses, ServeProcess } from '../support/processes.ts';
import { makeSmallDisk, smallDiskReason } from '../support/small-disk.ts';
import { writeTinyModel } from '../support/tiny-model.ts';

const reason = await smallDiskReason(), MIB = 2 ** 20;
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kinora-full-'));
  await writeTinyModel(join(dir, 'tiny'), { window: 33, maxFrames: 200, minSide: 64 });
  await mkdir(join(dir, 'disk'));
});
afterEach(endProcesses);
afterAll(async () => { await rm(dir, { recursive: true, force: true }); });

const name = 'a full disk: films fail and say so, no half file is served, and all goes on when there is room';
test.skipIf(reason)(`${name}${reason ? ` (skipped: ${reason})` : ''}`, async () => {
  const disk = await makeSmallDisk(join(dir, 'disk'), 160 * MIB), data = join(dir, 'disk', 'data'), config = join(dir, 'config.json');
  try {
    await writeFile(config, JSON.stringify({
      data, models: [join(dir, 'tiny')], workers: 1, batch: 2, threads: 1, provenance: false, limits: { waiting: 2000, waitingPerKey: 2000 },
    }));
    const server = await new ServeProcess(['--config', config], { through: disk.through }).start(), client = new KinoraClient({ url: server.url, retries: 0 });
    const ask = (key: string): ReturnType<KinoraClient['create']> =>
      client.create({ prompt: 'a man walks', size: '64x64', num_frames: 57, seed: 1, num_inference_steps: 2 }, { idempotencyKey: key });
    const hash = async (id: string): Promise<string> => createHash('sha256').update(new Uint8Array(await (await client.download(id)).arrayBuffer())).digest('hex');
    const refusal = async (call: Promise<unknown>): Promise<Pick<VideosApiError, 'status' | 'code' | 'message'> | undefined> =>
      call.then(() => undefined, ({ status, code, message }: VideosApiError) => ({ status, code, message }));
    const whole = await hash((await client.wait((await ask('calm')).id)).id), [calm] = (await readdir(disk.seen(join(data, 'jobs')))) as [string];
    const noise = await sharp(randomBytes(3 * 512 * 512), { raw: { width: 512, height: 512, channels: 3 } }).png().toBuffer();
    const pictured = (): Promise<unknown> => client.create({ prompt: 'a man walks', size: '64x64', num_frames: 5, num_inference_steps: 1 },
      { image: new File([new Uint8Array(noise)], 'a.png', { type: 'image/png' }) });

    await disk.fill(96 * 1024);
    const full = (await Promise.all(Array.from({ length: 4 }, (_, i) => ask(`full-${i}`).catch((error: unknown) => error as VideosApiError)))), told: string[] = [];
    for (const answer of full) {
      if (!('object' in answer)) { expect(answer).toMatchObject({ status: 503, code: 'disk_full' }); continue; }
      told.push(answer.id);
      await client.wait(answer.id).catch(() => undefined);
      expect(await client.get(answer.id)).toMatchObject({ status: 'failed', error: { code: 'disk_full', message: expect.stringContaining('the disk is full') as string } });
      expect(await refusal(client.download(answer.id))).toMatchObject({ status: 404, code: 'video_failed' });
    }
    expect(told.length).toBeGreaterThan(0);
    expect(await refusal(pictured())).toEqual({ status: 503, code: 'disk_full', message: "the server's disk is full: what you sent could not be kept" });
    expect(await hash(calm)).toBe(whole);
    const left = async (): Promise<string[]> => (await readdir(disk.seen(join(data, 'jobs')), { recursive: true })).filter((path) => !path.startsWith(calm)).toSorted();
    await expect.poll(left, { timeout: 30_000 }).toEqual(told.flatMap((id) => [id, `${id}/inputs`]).toSorted());      // what was under way gives its room back
    await disk.clear();
    expect(await hash((await client.wait((await ask('room')).id)).id)).toBe(whole);
    expect(await refusal(pictured())).toBeUndefined();
    expect([await client.ready(), server.log().filter(({ event }) => event === 'worker_gone')]).toEqual([{ ready: true, reasons: [] }, []]);
    expect(await server.end('SIGTERM')).toBe(0);
  } finally { await endProcesses(); await disk.remove(); }
}, 900_000);
