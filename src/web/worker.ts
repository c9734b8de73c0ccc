/**
 * @file The worker: fetches the model, then makes the films that the page asks for. Messages are messages.ts.
 */
import { startEngine, webBackend } from '../backend/ort/web.ts';
import { InputError } from '../core/errors.ts';
import { fetchModel, modelCache, type FetchedModel } from './fetch-model.ts';
import { FilmMaker } from './film-maker.ts';
import { FilmQueue } from './film-queue.ts';
import { errorData, type FromWorker, type OpenMessage, type ToWorker } from './messages.ts';

/** Threads beyond which films of this size gain nothing. */
const MOST_THREADS = 8;

const say = (message: FromWorker, transfer: Transferable[] = []): void => { self.postMessage(message, { transfer }); };

async function fetched({ url, cache }: OpenMessage): Promise<FetchedModel> {
  const kept = cache ? await modelCache() : undefined;
  return fetchModel(url, { onProgress: (progress) => { say({ kind: 'loading', progress }); }, ...(kept ? { cache: kept } : {}) });
}

async function open(asked: OpenMessage): Promise<FilmMaker> {
  const { engine, device, precision, threads } = asked;
  if (threads !== null && threads > 1 && !self.crossOriginIsolated)
    throw new InputError(`threads ${threads} is not possible: this page is not cross-origin isolated, wanted 1 (the guide says which headers isolate it)`);
  const count = threads ?? (self.crossOriginIsolated ? Math.min(navigator.hardwareConcurrency, MOST_THREADS) : 1);
  const backend = await webBackend({ engine, device, precision, threads: count });
  const [model] = await Promise.all([fetched(asked), startEngine(backend, engine)]);
  say({ kind: 'opened', info: model.info, threads: count });
  return new FilmMaker(model, backend, device);
}

let maker: Promise<FilmMaker> | undefined;
const films = new FilmQueue(async (options, told) => (await maker!).make(options, told), say);

self.addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  switch (data.kind) {
    case 'open':
      maker = open(data);
      maker.catch((error: unknown) => { say({ kind: 'failed', id: null, error: errorData(error) }); });
      return;
    case 'generate': films.add(data.id, data.options); return;
    case 'cancel': films.cancel(data.id); return;
    default: data satisfies never;
  }
});
