/** @file A server for tests: with a film maker that draws instead of sampling, on an embedded database or a PostgreSQL server; and the unmodified openai package as its client. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI from 'openai';
import { CancelledError } from '../../src/core/errors.ts';
import type { Frames } from '../../src/media/frames.ts';
import { readFilm } from '../../src/media/read.ts';
import { writeFilm } from '../../src/media/sink.ts';
import { serverConfig, type ServerConfigInput } from '../../src/server/contract/config.ts';
import type { Video } from '../../src/server/contract/contract.ts';
import { decode } from '../../src/server/workers/decode.ts';
import { deliverFilm } from '../../src/server/workers/deliver.ts';
import type { FilmMaker } from '../../src/server/workers/film-maker.ts';
import { startServer, type RunningServer, type StartServerOptions } from '../../src/server/server.ts';
import type { FilmSpec } from '../../src/server/contract/spec.ts';
import { NATIVE_FILE } from '../../src/server/state/store.ts';

/** Native frames that a spec decides: an edge that moves, in the seed's colour; after a source, its frames first. */
export function drawn({ native: { width, height, frames, fps }, seed }: FilmSpec, before?: Frames): Frames {
  const data = new Uint8Array(3 * width * height * frames);
  for (let t = 0, at = 0; t < frames; t++) for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++, at += 3) data.set(x < width * t / frames ? [seed % 256, 255, 0] : [0, 0, 40 + y], at);
  if (before) data.set(before.data);
  return { data, count: frames, width, height, channels: 3, fps };
}

/** A maker that draws. Prompts steer it: `fail…` throws an error that is a bug, `hold…` goes on when the gate is opened or it is stopped. */
export function drawingMaker(): { readonly make: FilmMaker; readonly begun: string[]; readonly open: () => void } {
  const begun: string[] = [];
  const gate = { open: false };
  const make: FilmMaker = async ({ id, fence, spec }, { store, signer, signal, onProgress, onPreview }) => {
    begun.push(id);
    const work = store.work(id), made = join(work, 'made'), assets = `film-${fence}`;
    onProgress({ stage: 'sample', progress: 10 });
    if (spec.prompt.startsWith('fail')) throw new TypeError('no such property of /somewhere/secret');
    for (const look of ['first look', 'second look']) onPreview?.(Buffer.from(`${look} at ${spec.prompt}`));
    while (spec.prompt.startsWith('hold') && !gate.open && !signal.aborted) await sleep(10);
    if (signal.aborted) throw new CancelledError('cancelled');
    onProgress({ stage: 'sample', progress: 50 });
    await rm(made, { recursive: true, force: true });
    await mkdir(made, { recursive: true });
    const native = drawn(spec, spec.source ? await readFilm(store.input(id, 'source.png')) : undefined);
    await writeFilm(join(made, NATIVE_FILE), native);
    const bytes = await deliverFilm({ native, deliver: spec.deliver, folder: made, signer });
    await store.publish(id, made, assets, signal);
    return { assets, facts: { frames: spec.deliver.frames, bytes, ignored: [], notes: spec.image ? ['began with a picture'] : [], reused: 0,
      ms: { text: 1, sample: 2, decode: 3, encode: 4 } } };
  };
  return { make, begun, open: () => { gate.open = true; } };
}

/** A server under test. */
export interface TestServer extends RunningServer {
  readonly client: OpenAI;
  readonly dir: string;
  readonly maker: ReturnType<typeof drawingMaker>;
  readonly logged: readonly Readonly<Record<string, unknown>>[];
}

/** Starts one in this process; films are drawn. */
export async function testServer(change: ServerConfigInput = {}, parts: Pick<StartServerOptions, 'open' | 'decoder'> = {}): Promise<TestServer> {
  const dir = change.data ?? await mkdtemp(join(tmpdir(), 'kinora-server-')), maker = drawingMaker(), logged: Record<string, unknown>[] = [];
  const server = await startServer(serverConfig({ port: 0, data: dir, batch: 1, ...change }), {
    version: '0', make: maker.make, decoder: (request) => decode(request), ...parts, log: (event, fields) => { logged.push({ event, ...fields }); },
  });
  return { ...server, client: clientOf(server.url), dir, maker, logged };
}

/** The openai package, pointed at a server. */
export const clientOf = (url: string, apiKey = 'any'): OpenAI => new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0, webhookSecret: null });

/** Waits until a film is finished. */
export async function finished(client: OpenAI, id: string, ms = 150_000): Promise<Video> {
  for (const end = Date.now() + ms; ;) {
    const video = await client.videos.retrieve(id) as unknown as Video;
    if (video.status === 'completed' || video.status === 'failed') return video;
    if (Date.now() > end) throw new Error(`${id} is ${video.status} at ${video.progress} after ${ms} ms`);
    await sleep(50);
  }
}
