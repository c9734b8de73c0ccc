import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeTinyModel } from '../../test/support/tiny-model.ts';
import { ortBackend } from '../backend/ort/ort.ts';
import { CancelledError, FileError, InputError } from '../core/errors.ts';
import { concatFrames, type Frames } from '../media/frames.ts';
import type { InstalledModel } from '../pipeline/model/model-store.ts';
import { openPipeline } from '../pipeline/pipeline.ts';
import { fetchModel, type FetchModelOptions } from './fetch-model.ts';
import { FilmMaker } from './film-maker.ts';

type Bytes = Uint8Array<ArrayBuffer>;
const SITE = 'https://site.test/models/', URL_OF = `${SITE}tiny/`;
let folder: string, model: InstalledModel;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kinora-fetch-'));
  model = await writeTinyModel(join(folder, 'tiny'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const addressOf = (request: RequestInfo | URL): string => (request instanceof Request ? request.url : request instanceof URL ? request.href : request);

/** A site of the folder; `change` alters what it sends. */
function site(change: (path: string, bytes: Bytes) => Bytes = (_, bytes) => bytes): { readonly asked: string[]; readonly fetch: typeof fetch } {
  const asked: string[] = [];
  return {
    asked,
    fetch: async (address) => {
      const path = addressOf(address).slice(SITE.length);
      asked.push(path);
      const bytes = await readFile(join(folder, path)).catch(() => null);
      return bytes ? new Response(change(path, new Uint8Array(bytes))) : new Response(null, { status: 404 });
    },
  };
}

/** As much of a browser's cache as is used. */
function memoryCache(): { readonly kept: Map<string, Bytes>; readonly cache: NonNullable<FetchModelOptions['cache']> } {
  const kept = new Map<string, Bytes>(), key = addressOf;
  return {
    kept,
    cache: {
      match: (request) => { const bytes = kept.get(key(request!)); return Promise.resolve(bytes && new Response(bytes)); },
      put: async (request, response) => { kept.set(key(request), new Uint8Array(await response.arrayBuffer())); },
      delete: (request) => Promise.resolve(kept.delete(key(request!))),
      keys: () => Promise.resolve([...kept.keys()].map((url) => new Request(url))),
    },
  };
}

const silent = { onProgress: () => undefined };
const NAMES = ['tokenizer.json', 'words.json', 'vae.safetensors', 'dit.safetensors'];

test('a second visit asks for model.json alone; what a cache damaged is fetched again, and an earlier version goes', async () => {
  const { kept, cache } = memoryCache(), first = site(), told: [string, boolean][] = [];
  await fetchModel(URL_OF, { ...silent, cache, fetch: first.fetch });
  expect(first.asked).toEqual(['model.json', ...NAMES].map((name) => `tiny/${name}`));

  const dit = `${URL_OF}dit.safetensors?sha256=`, now = [...kept.keys()].find((key) => key.startsWith(dit))!;
  const second = site();
  await fetchModel(URL_OF, { cache, fetch: second.fetch, onProgress: ({ file, cached }) => { told.push([file, cached]); } });
  expect(second.asked).toEqual(['tiny/model.json']);
  expect(told).toEqual(NAMES.map((name) => [name, true]));

  kept.set(now, kept.get(now)!.map((v, i) => (i === 900 ? v ^ 1 : v)));
  kept.set(`${dit}${'0'.repeat(64)}`, new Uint8Array(1));
  const third = site();
  await fetchModel(URL_OF, { ...silent, cache, fetch: third.fetch });
  expect(third.asked).toEqual(['tiny/model.json', 'tiny/dit.safetensors']);
  expect([...kept.keys()].filter((key) => key.startsWith(dit))).toEqual([now]);
});

test.each([
  ['cut off', (bytes: Bytes) => bytes.slice(0, -1), /vae\.safetensors has \d+ bytes, model\.json says \d+: it is cut off$/],
  ['changed', (bytes: Bytes) => bytes.map((v, i) => (i === 900 ? v ^ 1 : v)),
    /vae\.safetensors is not the file that model\.json describes \(its SHA-256 differs\)$/],
] as const)('a file that is %s is refused, and not kept', async (_what, change, message) => {
  const { kept, cache } = memoryCache(), sent = site((path, bytes) => (path.endsWith('vae.safetensors') ? change(bytes) : bytes));
  const fetching = fetchModel(URL_OF, { ...silent, cache, fetch: sent.fetch });
  await expect(fetching).rejects.toThrow(FileError);
  await expect(fetching).rejects.toThrow(message);
  expect([...kept.keys()].some((key) => key.includes('vae'))).toBe(false);
});

const offline: typeof fetch = () => Promise.reject(new TypeError('Failed to fetch'));

test('without a network the model that was kept whole is opened; one that is not there is not', async () => {
  const { kept, cache } = memoryCache();
  await expect(fetchModel(URL_OF, { ...silent, cache, fetch: offline })).rejects.toThrow('cannot fetch https://site.test/models/tiny/model.json: Failed to fetch');
  const halfway = site((path, bytes) => (path.endsWith('dit.safetensors') ? bytes.slice(1) : bytes));
  await expect(fetchModel(URL_OF, { ...silent, cache, fetch: halfway.fetch })).rejects.toThrow(/cut off$/);
  await expect(fetchModel(URL_OF, { ...silent, cache, fetch: offline })).rejects.toThrow('model.json: Failed to fetch');           // its files are not all there
  await fetchModel(URL_OF, { ...silent, cache, fetch: site().fetch });
  const { info } = await fetchModel(URL_OF, { ...silent, cache, fetch: offline });
  expect(info).toEqual(model.info);
  const gone: typeof fetch = () => Promise.resolve(new Response(null, { status: 404 }));
  await expect(fetchModel(URL_OF, { ...silent, cache, fetch: gone })).rejects.toThrow('model.json: status 404');                   // an answer, not the lack of one
  expect(kept.size).toBe(NAMES.length + 1);
});

test('a cache that fails in everything is as good as none', async () => {
  const broken = (): Promise<never> => Promise.reject(new DOMException('Unexpected internal error.', 'UnknownError'));
  const { info } = await fetchModel(URL_OF, { ...silent, cache: { match: broken, put: broken, delete: broken, keys: broken }, fetch: site().fetch });
  expect(info.id).toBe('tiny');
});

test('what films of a page do not have is refused by name, 8-bit integers on the GPU too', async () => {
  const fetched = await fetchModel(URL_OF, { ...silent, fetch: site().fetch }), backend = ortBackend({ threads: 1 }), told = { onFrame: () => undefined };
  const make = (asked: object, maker = new FilmMaker(fetched, backend)) => maker.make({ prompt: 'a knight walks', ...asked }, told);
  await expect(make({ transparent: true })).rejects.toThrow(InputError);
  await expect(make({ images: [] })).rejects.toThrow(/^the option "images" is not known in a browser; allowed: prompt, negative, /);
  await expect(make({ quantize: 'int8' }, new FilmMaker(fetched, backend, 'webgpu')))
    .rejects.toThrow('quantize int8 is not possible on the device webgpu, which has no kernels for it: wanted none, or the device wasm');
});

test('files of another model are taken from its folder', async () => {
  const from = site((path, bytes) => {
    if (path !== 'student/model.json') return bytes;
    const info = structuredClone(model.info) as { files: Record<string, object> };
    info.files['vae.safetensors'] = { ...info.files['vae.safetensors'], from: 'tiny' };
    return new TextEncoder().encode(JSON.stringify(info));
  });
  await cp(join(folder, 'tiny'), join(folder, 'student'), { recursive: true });
  await fetchModel(`${SITE}student/`, { ...silent, fetch: from.fetch });
  expect(from.asked).toContain('tiny/vae.safetensors');
  expect(from.asked).not.toContain('student/vae.safetensors');
});

test('on one engine a fetched model makes the very bytes of an installed one, as frames and in int8', async () => {
  const maker = new FilmMaker(await fetchModel(URL_OF, { ...silent, fetch: site().fetch }), ortBackend({ threads: 1 }));
  using pipeline = await openPipeline({ model: join(folder, 'tiny'), threads: 1 });
  for (const asked of [{ prompt: 'a knight walks', seed: 3, frames: 9 }, { prompt: 'a knight walks', seed: 3, frames: 5, quantize: 'int8', palette: 0, scale: 2 }] as const) {
    const frames: Frames[] = [];
    const facts = await maker.make(asked, { onFrame: (frame, index) => { expect(index).toBe(frames.length); frames.push(frame); } });
    for await (const { film, seed, steps } of pipeline.films({ scale: 1, ...asked })) {
      expect([facts.seed, facts.steps, facts.width]).toEqual([seed, steps, film!.width]);
      expect(concatFrames(frames).data).toEqual(film!.data);
    }
  }
  const cancel = new AbortController();
  const making = maker.make({ prompt: 'a knight walks', steps: 40 }, {
    signal: cancel.signal, onFrame: () => undefined,
    onProgress: ({ phase, step }) => { if (phase === 'sample' && step === 1) cancel.abort(); },
  });
  await expect(making).rejects.toThrow(CancelledError);
});
