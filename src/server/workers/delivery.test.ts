import { mkdtemp, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CancelledError, FileError } from '../../core/errors.ts';
import type { Frames } from '../../media/frames.ts';
import type { FilmSigner } from '../../media/signer.ts';
import { writeFilm } from '../../media/sink.ts';
import { deliverFilm } from './deliver.ts';
import { Delivery } from './delivery.ts';

let dir: string, native: string;
const film: Frames = { data: Uint8Array.from({ length: 3 * 64 * 64 * 9 }, (_, i) => (i * 7) % 251), count: 9, width: 64, height: 64, channels: 3, fps: 8 };
const deliver = { width: 128, height: 96, frames: 12, fps: 10 };
/** Says what it was given and hands the bytes on with one more. */
const signer = (formats: string[]): FilmSigner => ({
  sign: (bytes, { format }) => { formats.push(format); return Promise.resolve({ bytes: Buffer.concat([bytes, Buffer.of(1)]), sidecar: null }); },
  signFolder: () => Promise.reject(new Error('no folder')),
});
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kinora-delivery-'));
  native = join(dir, 'native.png');
  await writeFilm(native, film);
});
afterAll(async () => { await rm(dir, { recursive: true, force: true }); });
const folder = async (name: string): Promise<string> => { const at = join(dir, name); await mkdir(at); return at; };
const filesOf = async (at: string): Promise<(readonly [string, string])[]> =>
  Promise.all((await readdir(at)).sort().map(async (name) => [name, (await readFile(join(at, name))).toString('base64')] as const));

test('what the process delivers, signed here, is what is delivered here; progress is told; errors keep their class; one that dies is started again', async () => {
  using delivery = new Delivery();
  const { signal } = new AbortController(), told: number[] = [], [here, there, formats] = [[] as string[], [] as string[], ['mp4', 'webp', 'jpeg']];
  const bytes = await deliverFilm({ native: film, deliver, folder: await folder('here'), signer: signer(here) });
  for (const name of ['there', 'missing', 'stopped', 'unsigned', 'midway', 'killed', 'again']) await folder(name);
  const all = await Promise.allSettled([
    delivery.deliver({ native, deliver, folder: join(dir, 'there') }, { signer: signer(there), signal, done: (n) => { told.push(n); } }),
    delivery.deliver({ native: join(dir, 'none.png'), deliver, folder: join(dir, 'missing') }, { signal }),
    delivery.deliver({ native, deliver, folder: join(dir, 'stopped') }, { signal: AbortSignal.abort('enough') }),
    delivery.deliver({ native, deliver, folder: join(dir, 'unsigned') }, { signal }),
  ]);
  expect(all.map((r) => (r.status === 'fulfilled' ? 'made' : (r.reason as Error).constructor))).toEqual(['made', FileError, CancelledError, 'made']);
  expect([(all[0] as PromiseFulfilledResult<number>).value, here, there]).toEqual([bytes, formats, formats]);
  expect(told).toEqual(Array.from({ length: deliver.frames }, (_, i) => i + 1));
  expect(await filesOf(join(dir, 'there'))).toEqual(await filesOf(join(dir, 'here')));
  expect((await filesOf(join(dir, 'unsigned'))).map(([name]) => name)).toEqual(['spritesheet.jpg', 'thumbnail.webp', 'video.mp4']);

  const stop = new AbortController();
  const midway = delivery.deliver({ native, deliver, folder: join(dir, 'midway') }, { signal: stop.signal, done: () => { stop.abort('enough'); } });
  await expect(midway).rejects.toThrow(CancelledError);
  const { pid } = delivery, killed = delivery.deliver({ native, deliver, folder: join(dir, 'killed') }, { signal, done: () => { process.kill(pid!, 'SIGKILL'); } });
  await expect(killed).rejects.toThrow('the process that delivers films ended: SIGKILL');
  expect(delivery.pid).toBeUndefined();
  expect(await delivery.deliver({ native, deliver, folder: join(dir, 'again') }, { signer: signer([]), signal })).toBe(bytes);
  expect(await filesOf(join(dir, 'again'))).toEqual(await filesOf(join(dir, 'here')));
}, 120_000);
