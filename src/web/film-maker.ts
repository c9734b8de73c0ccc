/**
 * @file Words → frames on a fetched model: the pipeline's own steps, from settings to delivered frames, with nothing of files in between. Makes no difference between a
 * browser's worker and a test in Node: the backend is handed in.
 */
import type { Backend } from '../backend/backend.ts';
import { ProgramCache } from '../backend/cache.ts';
import { noInt8 } from '../backend/ort/devices.ts';
import type { WebDevice } from '../backend/ort/web.ts';
import { InputError } from '../core/errors.ts';
import type { Frames } from '../media/frames.ts';
import type { GivenParts } from '../pipeline/sampling/context.ts';
import { deliveredFrames } from '../pipeline/delivery/deliver.ts';
import { expandShots } from '../pipeline/prompt/expand.ts';
import { encodeText, nativeFrames, prepareFilm, type Runtime } from '../pipeline/film.ts';
import { windowsOf } from '../pipeline/settings/film-windows.ts';
import { int8Runtime } from '../pipeline/sampling/int8.ts';
import { Job, type JobOptions } from '../pipeline/job.ts';
import { checkMemory } from '../pipeline/memory.ts';
import { filmSettings } from '../pipeline/settings/settings.ts';
import { steadied } from '../pipeline/delivery/steady.ts';
import type { FetchedModel } from './fetch-model.ts';
import { WEB_FILM_OPTIONS, type WebFilmFacts, type WebFilmOptions } from './messages.ts';

/** Programs kept compiled: those of one size of film and some of another. */
const PROGRAMS = 8;
/** Bytes that WebAssembly can address. */
const ADDRESSABLE = 2 ** 32;
const NOTHING_GIVEN: GivenParts = { images: [], clips: [], source: null, notes: [] };

/** Who is told of a film under way. */
export interface MakeFilmOptions extends Pick<JobOptions, 'onProgress' | 'signal'> {
  /** A frame as delivered, in order; its bytes are the caller's. */
  readonly onFrame: (frame: Frames, index: number) => void;
}

/** Throws an InputError that names an option that films of a page do not have: callers without types exist. */
function checkOptions(options: object): void {
  const known: readonly string[] = WEB_FILM_OPTIONS, other = Object.keys(options).find((key) => !known.includes(key));
  if (other !== undefined) throw new InputError(`the option "${other}" is not known in a browser; allowed: ${known.join(', ')}`);
}

/** Makes films of one model. */
export class FilmMaker {
  readonly #model: FetchedModel;
  readonly #runtime: Runtime;
  readonly #device: WebDevice;
  #int8: Runtime | undefined;

  /** `device` is what the backend computes on. */
  constructor(model: FetchedModel, backend: Backend, device: WebDevice = 'wasm') {
    const { info, tokenizer, vae, dit } = model, programs = new ProgramCache(PROGRAMS);
    this.#model = model;
    this.#device = device;
    this.#runtime = {
      tokenizer, vae: { backend, programs, config: info.vae.config, weights: vae },
      dit: { backend, programs, config: info.dit.config, text: info.text.config, prediction: info.dit.prediction, weights: dit },
    };
  }

  /** Makes a film. Throws an InputError for what is not possible, a CancelledError when the signal stops it. */
  async make(options: WebFilmOptions, { onFrame, ...told }: MakeFilmOptions): Promise<WebFilmFacts> {
    checkOptions(options);
    const { expand, ...o } = options;
    const { info, tokenizer } = this.#model, job = new Job(told), asked = filmSettings({ scale: 1, ...o }, info, crypto.getRandomValues(new Uint32Array(1))[0]!);
    if (asked.quantize === 'int8' && this.#device !== 'wasm') throw noInt8(this.#device, 'wasm');
    const s = await expandShots(asked, { info, tokenizer: () => Promise.resolve(tokenizer), ...(expand === undefined ? {} : { expand }) });
    checkMemory(s, info, ADDRESSABLE);
    const windows = windowsOf(s);
    const runtime = s.quantize === 'int8' ? this.#int8 ??= { ...this.#runtime, dit: int8Runtime(this.#runtime.dit) } : this.#runtime;
    await job.time('load', 1, () => prepareFilm(runtime, s, windows, () => { job.check(); }));
    const text = await job.time('text', 1, () => encodeText(runtime, s)), { ignored, mended, truncated } = text;
    let index = 0;
    for await (const frame of deliveredFrames(steadied(nativeFrames({ runtime, latent: info.latent, s, windows, given: NOTHING_GIVEN, text, kept: null, job }), s.steady), s)) {
      onFrame({ ...frame, data: frame.data.slice() }, index++);
      job.check();
    }
    job.lap('encode');
    const { width, height, frames, fps, seed, steps, scale } = s;
    return {
      width: width * scale, height: height * scale, frames, fps, seed, model: info.id, steps, ignored, ms: job.times(), ...(Object.keys(mended).length > 0 ? { mended } : {}),
      ...(truncated ? { truncated } : {}), ...(s.shots[0]!.reads ? { expanded: s.shots[0]!.reads.prompt } : {}),
    };
  }
}
