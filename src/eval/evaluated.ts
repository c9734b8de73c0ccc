/**
 * @file A model folder that is evaluated: a warm pipeline whose films come at native size and without a palette, and the model's own judge. What all evaluations share.
 */
import { availableParallelism } from 'node:os';
import type { Backend } from '../backend/backend.ts';
import { ortBackend } from '../backend/ort/ort.ts';
import { CancelledError } from '../core/errors.ts';
import { loadSpriteWorld, type SpriteWorld } from '../data/sprites/world.ts';
import type { Frames } from '../media/frames.ts';
import { openEngine, type EngineOptions } from '../pipeline/engine.ts';
import type { FilmOptions } from '../pipeline/settings/film-options.ts';
import { findModel, type InstalledModel } from '../pipeline/model/model-store.ts';
import { Pipeline } from '../pipeline/pipeline.ts';
import type { FilmWays } from '../pipeline/settings/ways.ts';
import { judgeFile } from './judge-file.ts';
import { loadJudge, type SpriteJudge } from './judge.ts';

/** How films are sampled, other than the model's defaults. */
export type EvalSampling = Pick<FilmOptions, 'guidance' | 'interval' | 'rescale' | 'steps' | 'sampler' | 'quantize' | 'describe'>;

/** Options of every evaluation of a model folder; the engine is that of films, judges stay on the CPU. */
export interface EvaluatedOptions extends EngineOptions {
  /** Id of an installed model, or a folder. Default: sprites-64. */
  readonly model?: string;
  /** CPU threads. Default: physical cores. */
  readonly threads?: number;
  /** Default: as the model is sampled. */
  readonly sampling?: EvalSampling;
  readonly signal?: AbortSignal;
}

/** Options of evaluations that need real clips. */
export interface SheetOptions {
  /** Checkout of the Liberated Pixel Cup layers. */
  readonly lpc: string;
  /** Folder of decoded layers. Default: none, they are decoded each time. */
  readonly cacheDir?: string;
}

/** Sprite sheets by their options. */
export const openSheets = ({ lpc, cacheDir }: SheetOptions): Promise<SpriteWorld> => loadSpriteWorld(lpc, cacheDir === undefined ? {} : { cacheDir });

/** A model folder with its judge and a pipeline. */
export interface Evaluated extends Disposable {
  readonly model: InstalledModel;
  readonly judge: SpriteJudge;
  readonly backend: Backend;
  /** Makes one film. Throws a CancelledError when the signal is aborted. */
  readonly make: (o: FilmWays) => Promise<Frames>;
  /** The circumstances of a report whose numbers `config` decides beside model and sampling. */
  readonly environment: (config: object) => { readonly config: unknown; readonly threads: number; readonly now: Date };
}

/** Opens a model. Throws a FileError when it has no judge. `as` changes what the pipeline takes the model to be. */
export async function openEvaluated(
  { model: name, threads, sampling = {}, signal, ...asked }: EvaluatedOptions, as = (model: InstalledModel): InstalledModel => model,
): Promise<Evaluated> {
  const engine = await openEngine({ ...(asked.device && { device: asked.device }), ...(asked.precision && { precision: asked.precision }) });
  const model = await findModel(name), backend = ortBackend(threads === undefined ? {} : { threads }), judge = await loadJudge(await judgeFile(model), backend);
  const pipeline = new Pipeline(as(model), { ...engine, ...(threads === undefined ? {} : { threads }) });
  return {
    model, judge, backend,
    make: async (options) => {
      if (signal?.aborted) throw new CancelledError('cancelled', { cause: signal.reason });
      for await (const { film } of pipeline.films({ ...options, ...sampling, palette: 0, scale: 1, ...(signal ? { signal } : {}) })) return film!;
      throw new RangeError('no film was made');
    },
    environment: (config) => ({ config: { model: model.info, sampling, ...engine, ...config }, threads: threads ?? availableParallelism(), now: new Date() }),
    [Symbol.dispose]() { pipeline[Symbol.dispose](); judge[Symbol.dispose](); },
  };
}
