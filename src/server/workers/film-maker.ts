/**
 * @file Jobs to films: what a worker does. The native film is made in the job's `work` folder, where its finished windows stay until it is done (decision 012), so that the
 * next worker goes on from those of one that was killed; from it come the files that clients download. A maker is a function, so that tests can have a quick one.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CancelledError } from '../../core/errors.ts';
import type { Frames } from '../../media/frames.ts';
import type { FilmSigner } from '../../media/signer.ts';
import type { EngineOptions } from '../../pipeline/engine.ts';
import type { FilmProgress, Phase } from '../../pipeline/job.ts';
import type { OpenPipelineOptions, Pipeline } from '../../pipeline/pipeline.ts';
import type { FilmWays } from '../../pipeline/settings/ways.ts';
import { deliverFilm } from './deliver.ts';
import { Delivery } from './delivery.ts';
import type { Policy } from '../policy/policy.ts';
import { askedWords, type ClaimedJob, type FilmSpec, type JobProgress, type MadeFilm } from '../contract/spec.ts';
import { NATIVE_FILE, type Store } from '../state/store.ts';

/** What a maker is told beside the job. */
export interface MakeOptions {
  readonly store: Store;
  /** Signs what clients download. Default: nobody does. */
  readonly signer?: FilmSigner | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: JobProgress) => void;
  /** Is shown what the film looks like so far: a WebP file. Default: nobody looks. */
  readonly onPreview?: (image: Uint8Array) => void;
}

/** Makes a job's film; its files lie in the job's folder under `assets`. */
export type FilmMaker = (job: ClaimedJob, o: MakeOptions) => Promise<MadeFilm>;

/** Where each phase begins and how much of the whole it is, in percent. Decoding overlaps sampling in films of several windows. */
const SHARES: Readonly<Record<Phase, readonly [from: number, share: number]>> = { load: [0, 3], text: [3, 2], sample: [5, 80], decode: [5, 80], encode: [85, 5] };
const DELIVERY_FROM = 90, DELIVERY_SHARE = 9;

/** Percent of a job. */
export function percentOf({ phase, step, steps }: Pick<FilmProgress, 'phase' | 'step' | 'steps'>): number {
  const [from, share] = SHARES[phase];
  return Math.floor(from + share * (steps > 0 ? step / steps : 0));
}

/** A spec in the pipeline's words. */
export function filmOptions(spec: FilmSpec, files: { readonly image: string; readonly source: string }): FilmWays {
  const { native: { width, height, frames, fps }, shots, extend, strength } = spec, { seconds } = { seconds: frames / fps };
  return {
    seed: spec.seed, width, height, fps, scale: 1,
    ...(shots ? { storyboard: { seconds, shots } } : { prompt: spec.prompt, ...(spec.source ? {} : { frames }) }),
    ...(spec.negative === undefined ? {} : { negative: spec.negative }), ...(spec.steps === undefined ? {} : { steps: spec.steps }),
    ...(spec.guidance === undefined ? {} : { guidance: spec.guidance }), ...(spec.loop ? { loop: true } : {}),
    ...(spec.image ? { images: [{ file: files.image, frame: 0 }] } : {}),
    ...(spec.source ? { video: { file: files.source } } : {}),
    ...(extend === undefined ? {} : { extend }), ...(spec.kind === 'edit' || (strength !== undefined && spec.source) ? { strength: strength ?? 0.6 } : {}),
  };
}

/** How a maker computes, and how many films it makes at a time. */
export interface MakerEngine extends EngineOptions, Pick<OpenPipelineOptions, 'threads' | 'places'> {}

/** Models that are opened when a film needs them: one at a time, so that memory is that of one. Who needs another one waits for the films under way, and others wait behind. */
class OpenedModel implements Disposable {
  readonly #engine: MakerEngine;
  #open: { readonly model: string; readonly pipeline: Pipeline } | undefined;
  #users = 0;
  #last: Promise<unknown> = Promise.resolve();
  #left: () => void = () => {};

  constructor(engine: MakerEngine) { this.#engine = engine; }

  /** Runs something on a model. */
  async use<T>(model: string, run: (pipeline: Pipeline) => Promise<T>): Promise<T> {
    const taken = this.#last.then(() => this.#take(model));
    this.#last = taken.catch(() => undefined);
    const pipeline = await taken;
    try { return await run(pipeline); } finally { if (--this.#users === 0) this.#left(); }
  }

  async #take(model: string): Promise<Pipeline> {
    if (this.#open?.model !== model) {
      if (this.#users > 0) await new Promise<void>((resolve) => { this.#left = resolve; });
      this[Symbol.dispose]();
      const { openPipeline } = await import('../../pipeline/pipeline.ts');
      this.#open = { model, pipeline: await openPipeline({ model, ...this.#engine }) };
    }
    this.#users++;
    return this.#open.pipeline;
  }

  [Symbol.dispose](): void { this.#open?.pipeline[Symbol.dispose](); this.#open = undefined; }
}

/** A maker with models of its own: the last one used stays open. */
export function pipelineMaker({ policy, ...o }: MakerEngine & { readonly policy?: Pick<Policy, 'film'> | undefined } = {}): FilmMaker & Disposable {
  const models = new OpenedModel(o), delivery = (o.places ?? 1) > 1 ? new Delivery() : null;                // for one film at a time there is nothing to do meanwhile
  const make: FilmMaker = async ({ id, fence, spec }, { store, signer, signal, onProgress, onPreview }) => {
    const work = store.work(id), output = join(work, NATIVE_FILE), assets = `film-${fence}`, made = join(work, assets);
    await mkdir(work, { recursive: true });
    const film = await models.use(spec.model, (pipeline) => first(pipeline.films({
      ...filmOptions(spec, { image: store.input(id, 'image.png'), source: store.input(id, 'source.png') }), output, resume: true, signal,
      onProgress: (p) => { onProgress({ stage: p.phase, progress: percentOf(p) }); },
      // What a policy has not seen yet is not shown. A picture that cannot be written is one that nobody sees.
      ...(onPreview && !policy ? { onPreview: ({ frame }) => { previewImage(frame).then(onPreview, () => {}); } } : {}),
    })));
    const { readFilm, readMetadata } = await import('../../media/read.ts'), started = performance.now();
    if (policy) {
      await policy.film({ frames: await readFilm(output), asked: askedWords(spec) })
        .catch(async (error: unknown) => { await rm(work, { recursive: true, force: true }); throw error; });
    }
    await rm(made, { recursive: true, force: true });
    await mkdir(made);
    const { deliver } = spec, done = (n: number): void => {
      if (signal.aborted) throw new CancelledError('cancelled', { cause: signal.reason });
      onProgress({ stage: 'deliver', progress: DELIVERY_FROM + Math.floor(DELIVERY_SHARE * n / deliver.frames) });
    };
    const bytes = delivery
      ? await delivery.deliver({ native: output, deliver, folder: made }, { signer, signal, done: (n) => { if (!signal.aborted) done(n); } })
      : await deliverFilm({ native: await readFilm(output), deliver, folder: made, metadata: await readMetadata(output), signer, done });
    await store.link(output, join(made, NATIVE_FILE));
    await store.publish(id, made, assets, signal);
    const ms = { ...film.ms, encode: film.ms.encode + performance.now() - started };
    return { assets, facts: {
      frames: deliver.frames, bytes, ignored: [...film.ignored], notes: [...film.notes ?? []], reused: film.reused ?? 0,
      ms: Object.fromEntries(Object.entries(ms).map(([phase, value]) => [phase, Math.round(value)])),
      ...(film.packs && film.packs.packs > 0 ? { packs: film.packs } : {}),
    } };
  };
  return Object.assign(make, { [Symbol.dispose]: () => { models[Symbol.dispose](); delivery?.[Symbol.dispose](); } });
}

/** A picture for those who watch, in the model's own pixels. */
async function previewImage({ data, width, height, channels }: Frames): Promise<Uint8Array> {
  const { default: sharp } = await import('sharp');
  return sharp(data, { raw: { width, height, channels } }).webp({ quality: 80 }).toBuffer();
}

async function first<T>(items: AsyncGenerator<T>): Promise<T> {
  for await (const item of items) return item;
  throw new RangeError('no film was made');
}
