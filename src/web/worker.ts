/**
 * @file The worker: fetches the model, then makes the films that the page asks for, one after the other. Messages are messages.ts; cancelling comes in between two runs of
 * a program.
 */
import { webBackend } from '../backend/ort/web.ts';
import { InputError } from '../core/errors.ts';
import { fetchModel, modelCache } from './fetch-model.ts';
import { FilmMaker } from './film-maker.ts';
import { errorData, type FromWorker, type OpenMessage, type ToWorker } from './messages.ts';

/** Threads beyond which films of this size gain nothing. */
const MOST_THREADS = 8;

const say = (message: FromWorker, transfer: Transferable[] = []): void => { self.postMessage(message, { transfer }); };

async function open({ url, engine, device, threads, cache }: OpenMessage): Promise<FilmMaker> {
  if (threads !== null && threads > 1 && !self.crossOriginIsolated)
    throw new InputError(`threads ${threads} is not possible: this page is not cross-origin isolated, wanted 1 (the guide says which headers isolate it)`);
  const count = threads ?? (self.crossOriginIsolated ? Math.min(navigator.hardwareConcurrency, MOST_THREADS) : 1);
  const backend = await webBackend({ engine, device, threads: count }), kept = cache ? await modelCache() : undefined;
  const model = await fetchModel(url, { onProgress: (progress) => { say({ kind: 'loading', progress }); }, ...(kept ? { cache: kept } : {}) });
  say({ kind: 'opened', info: model.info, threads: count });
  return new FilmMaker(model, backend);
}

const cancels = new Map<number, AbortController>();
let maker: Promise<FilmMaker> | undefined;
let last: Promise<unknown> = Promise.resolve();

async function make(id: number, options: Extract<ToWorker, { kind: 'generate' }>['options'], signal: AbortSignal): Promise<void> {
  try {
    const film = await (await maker!).make(options, {
      signal, onProgress: (progress) => { say({ kind: 'progress', id, progress }); },
      onFrame: (frame, index) => { say({ kind: 'frame', id, frame, index }, [frame.data.buffer as ArrayBuffer]); },
    });
    say({ kind: 'done', id, film });
  } catch (error) { say({ kind: 'failed', id, error: errorData(error) }); } finally { cancels.delete(id); }
}

self.addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  switch (data.kind) {
    case 'open':
      maker = open(data);
      maker.catch((error: unknown) => { say({ kind: 'failed', id: null, error: errorData(error) }); });
      return;
    case 'generate': {
      const { id, options } = data, cancel = new AbortController();
      cancels.set(id, cancel);
      last = last.then(() => make(id, options, cancel.signal));
      return;
    }
    case 'cancel': cancels.get(data.id)?.abort(); return;
    default: data satisfies never;
  }
});
