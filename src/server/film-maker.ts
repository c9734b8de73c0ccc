/**
 * @file Jobs to films: what a worker does. The native film is made in the job's `work` folder, where its finished windows stay until it is done (decision 012), so that the
 * next worker goes on from those of one that was killed; from it come the files that clients download. A maker is a function, so that tests can have a quick one.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CancelledError } from '../core/errors.ts';
import type { FilmSigner } from '../media/signer.ts';
import type { EngineOptions } from '../pipeline/engine.ts';
import type { FilmProgress, Phase } from '../pipeline/job.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { FilmWays } from '../pipeline/ways.ts';
import { deliverFilm } from './deliver.ts';
import type { Policy } from './policy/policy.ts';
import { askedWords, type ClaimedJob, type FilmSpec, type JobProgress, type MadeFilm } from './spec.ts';
import { NATIVE_FILE, type Store } from './store.ts';

/** What a maker is told beside the job. */
export interface MakeOptions {
  readonly store: Store;
  /** Signs what clients download. Default: nobody does. */
  readonly signer?: FilmSigner | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: JobProgress) => void;
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

/** How a maker computes. */
export interface MakerEngine extends EngineOptions { readonly threads?: number }

/** A maker with models of its own: the last one used stays open. */
export function pipelineMaker({ policy, ...o }: MakerEngine & { readonly policy?: Pick<Policy, 'film'> | undefined } = {}): FilmMaker & Disposable {
  let open: { readonly model: string; readonly pipeline: Pipeline } | undefined;
  const pipelineOf = async (model: string): Promise<Pipeline> => {
    if (open?.model === model) return open.pipeline;
    open?.pipeline[Symbol.dispose]();
    open = undefined;
    const { openPipeline } = await import('../pipeline/pipeline.ts');
    open = { model, pipeline: await openPipeline({ model, ...o }) };
    return open.pipeline;
  };
  const make: FilmMaker = async ({ id, fence, spec }, { store, signer, signal, onProgress }) => {
    const work = store.work(id), output = join(work, NATIVE_FILE), assets = `film-${fence}`, made = join(work, assets);
    await mkdir(work, { recursive: true });
    const pipeline = await pipelineOf(spec.model);
    const film = await first(pipeline.films({
      ...filmOptions(spec, { image: store.input(id, 'image.png'), source: store.input(id, 'source.png') }), output, resume: true, signal,
      onProgress: (p) => { onProgress({ stage: p.phase, progress: percentOf(p) }); },
    }));
    const { readFilm, readMetadata } = await import('../media/read.ts'), started = performance.now(), native = await readFilm(output);
    await policy?.film({ frames: native, asked: askedWords(spec) }).catch(async (error: unknown) => { await rm(work, { recursive: true, force: true }); throw error; });
    await rm(made, { recursive: true, force: true });
    await mkdir(made);
    const { frames } = spec.deliver;
    const bytes = await deliverFilm({ native, deliver: spec.deliver, folder: made, metadata: await readMetadata(output), signer, done: (n) => {
      if (signal.aborted) throw new CancelledError('cancelled', { cause: signal.reason });
      onProgress({ stage: 'deliver', progress: DELIVERY_FROM + Math.floor(DELIVERY_SHARE * n / frames) });
    } });
    await store.link(output, join(made, NATIVE_FILE));
    await store.publish(id, made, assets, signal);
    const ms = { ...film.ms, encode: film.ms.encode + performance.now() - started };
    return { assets, facts: {
      frames, bytes, ignored: [...film.ignored], notes: [...film.notes ?? []], reused: film.reused ?? 0,
      ms: Object.fromEntries(Object.entries(ms).map(([phase, value]) => [phase, Math.round(value)])),
    } };
  };
  return Object.assign(make, { [Symbol.dispose]: () => { open?.pipeline[Symbol.dispose](); open = undefined; } });
}

async function first<T>(items: AsyncGenerator<T>): Promise<T> {
  for await (const item of items) return item;
  throw new RangeError('no film was made');
}
