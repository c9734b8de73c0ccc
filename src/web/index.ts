/**
 * @file `kinora/web`: films from words in a browser, with no server behind them. The page talks to a worker that fetches the model, checks and caches its files, and runs the
 * library's own pipeline on onnxruntime-web. Exported are also what a page saves films with. Not for Node: that is `kinora`.
 */
import { CancelledError, ResourceError } from '../core/errors.ts';
import { concatFrames, type Frames } from '../media/frames.ts';
import type { Precision } from '../backend/ort/devices.ts';
import type { WebDevice } from '../backend/ort/web.ts';
import type { FilmProgress } from '../pipeline/job.ts';
import type { ModelInfo } from '../pipeline/model/model-info.ts';
import { errorOf, type FromWorker, type LoadProgress, type ToWorker, type WebFilmFacts, type WebFilmOptions } from './messages.ts';

export { CancelledError, FileError, InputError, KinoraError, ResourceError } from '../core/errors.ts';
export { encodeGif } from '../media/gif.ts';
export { packSheet } from '../media/sheet-grid.ts';
export { toRgba } from '../media/frames.ts';
export type { Frames, FilmProgress, LoadProgress, ModelInfo, Precision, WebDevice, WebFilmFacts, WebFilmOptions };

/** Options of {@link openWebModel}. */
export interface OpenWebModelOptions {
  /** Address of the model's folder, in which model.json lies; relative ones are the page's. */
  readonly url: string | URL;
  /** Address of the folder with onnxruntime-web's `ort-wasm-simd-threaded*.mjs` and `.wasm`. Default: `ort/` beside the page. */
  readonly engine?: string | URL;
  /** `webgpu` where the browser has it. Default `wasm`. */
  readonly device?: WebDevice;
  /** In which numbers: `fp16` halves weights and activations on `webgpu`, where its adapter has `shader-f16`; not on `wasm`. Default `fp32`. */
  readonly precision?: Precision;
  /** Threads of `wasm`; more than one need a page that is cross-origin isolated. Default: there as many as the machine has, up to 8, elsewhere 1. */
  readonly threads?: number;
  /** Whether files are kept in the browser's Cache for the next visit. Default true. */
  readonly cache?: boolean;
  /** A worker that runs `worker.mjs` of this package. Default: the one beside this module. */
  readonly worker?: Worker;
  /** Called often; must not throw. */
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Stops fetching and opening; what was fetched whole is kept. Of no consequence once the model is open. */
  readonly signal?: AbortSignal;
}

/** What to make, and who is told. */
export type WebGenerateOptions = WebFilmOptions & {
  /** Called often; must not throw. */
  readonly onProgress?: (progress: FilmProgress) => void;
  /** Each frame in order, as soon as it is as it will stay: under one palette (`palette` not 0) that is when all are decoded. */
  readonly onFrame?: (frame: Frames, index: number) => void;
  /** Stops the work between two steps. */
  readonly signal?: AbortSignal;
};

/** A film that was made. */
export interface WebFilm extends WebFilmFacts { readonly film: Frames }

/** A film that is waited for. */
interface Waiting {
  readonly options: WebGenerateOptions;
  readonly frames: Frames[];
  readonly resolve: (film: WebFilm) => void;
  readonly reject: (error: unknown) => void;
  /** Stops listening to the signal. */
  readonly deafen: () => void;
}

const cancelled = ({ reason }: AbortSignal): CancelledError => new CancelledError('cancelled', { cause: reason });

/** A worker's error event: one with no message tells that the module, or one that it imports, did not come. */
const workerError = ({ message }: { readonly message?: string }): ResourceError => new ResourceError(message ? `the worker failed: ${message}`
  : 'the worker cannot be loaded: worker.mjs has to be served beside index.mjs, with what stands beside them, from the origin of the page');

/** An opened model. Films are made one after the other, in the order in which they are asked for. */
export class WebModel implements Disposable {
  readonly info: ModelInfo;
  /** Threads that compute. */
  readonly threads: number;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;
  #closed: Error | undefined;

  constructor(worker: Worker, { info, threads }: { readonly info: ModelInfo; readonly threads: number }) {
    this.info = info;
    this.threads = threads;
    this.#worker = worker;
    worker.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => { this.#hear(data); });
    worker.addEventListener('error', (event) => { this.#end(workerError(event)); });
  }

  /** Makes a film. Rejects with an InputError for what is not possible, with a CancelledError when the signal stops it. */
  generate(options: WebGenerateOptions): Promise<WebFilm> {
    const { onProgress: _, onFrame: __, signal, ...film } = options, id = ++this.#last;
    return new Promise<WebFilm>((resolve, reject) => {
      if (this.#closed) throw this.#closed;
      if (signal?.aborted) throw cancelled(signal);
      this.#say({ kind: 'generate', id, options: film });       // throws where an option cannot be sent
      const cancel = (): void => { this.#say({ kind: 'cancel', id }); };
      signal?.addEventListener('abort', cancel, { once: true });
      this.#waiting.set(id, { options, frames: [], resolve, reject, deafen: () => { signal?.removeEventListener('abort', cancel); } });
    });
  }

  /** Ends the worker; films that are waited for are cancelled. */
  [Symbol.dispose](): void { this.#end(new CancelledError('the model was closed')); }

  /** As `[Symbol.dispose]`, where `using` is not at hand. */
  close(): void { this[Symbol.dispose](); }

  #say(message: ToWorker): void { tell(this.#worker, message); }

  #end(error: Error): void {
    this.#closed ??= error;
    this.#worker.terminate();
    for (const id of this.#waiting.keys()) this.#settled(id)!.reject(error);
  }

  /** The film that is waited for no more. */
  #settled(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.deafen();
    return waiting;
  }

  #hear(said: FromWorker): void {
    if (said.kind === 'loading' || said.kind === 'opened' || said.id === null) return;
    const waiting = this.#waiting.get(said.id);
    if (!waiting) return;
    switch (said.kind) {
      case 'progress': waiting.options.onProgress?.(said.progress); return;
      case 'frame': waiting.frames.push(said.frame); waiting.options.onFrame?.(said.frame, said.index); return;
      case 'done': this.#settled(said.id); waiting.resolve({ ...said.film, film: concatFrames(waiting.frames) }); return;
      case 'failed': {
        const { signal } = this.#settled(said.id)!.options;
        waiting.reject(errorOf(said.error, signal?.aborted ? { cause: signal.reason } : {}));
        return;
      }
      default: said satisfies never;
    }
  }
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker's postMessage has no target origin, only a window's has
const tell = (worker: Worker, message: ToWorker): void => { worker.postMessage(message); };

/** The worker beside this module; written so that bundlers see it. */
const ownWorker = (): Worker => new Worker(new URL('./worker.mjs', import.meta.url), { type: 'module' });

/**
 * Fetches a model and opens it. Rejects with a FileError when a file is missing or is not what model.json says, with a ResourceError when browser or engine lack something, with
 * an InputError for what is not possible.
 */
export async function openWebModel({
  url, engine = 'ort/', device = 'wasm', precision = 'fp32', threads, cache = true, worker = ownWorker(), onProgress, signal,
}: OpenWebModelOptions): Promise<WebModel> {
  const folder = (address: string | URL): string => new URL(address, document.baseURI).href.replace(/\/*$/, '/');
  try {
    return await new Promise<WebModel>((resolve, reject) => {
      if (signal?.aborted) throw cancelled(signal);
      signal?.addEventListener('abort', () => { reject(cancelled(signal)); }, { once: true });
      worker.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => {
        if (data.kind === 'loading') onProgress?.(data.progress);
        if (data.kind === 'opened') resolve(new WebModel(worker, data));
        if (data.kind === 'failed' && data.id === null) reject(errorOf(data.error));
      });
      worker.addEventListener('error', (event) => { reject(workerError(event)); }, { once: true });
      tell(worker, { kind: 'open', url: folder(url), engine: folder(engine), device, precision, threads: threads ?? null, cache });
    });
  } catch (error) {
    worker.terminate();
    throw error;
  }
}
