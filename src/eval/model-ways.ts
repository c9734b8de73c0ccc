/**
 * @file Evaluates a model folder's ways into a film: warm pipeline, native size, no palette, the model's own judge, held-out clips of the sprite sheets.
 */
import { availableParallelism } from 'node:os';
import { ortBackend } from '../backend/ort/ort.ts';
import { CancelledError } from '../core/errors.ts';
import { loadSpriteWorld } from '../data/sprites/world.ts';
import type { Frames } from '../media/frames.ts';
import { findModel, readModelWeights } from '../pipeline/model-store.ts';
import { Pipeline } from '../pipeline/pipeline.ts';
import { reconstructor } from '../train/reconstruct.ts';
import { loadJudge } from './judge.ts';
import { judgeFile } from './judge-file.ts';
import { EVAL_WAYS, evalWays, type EvalWay, type WaysReport } from './ways.ts';

/** Options of {@link evalModelWays}. */
export interface EvalModelWaysOptions {
  /** Id of an installed model, or a folder. Default: sprites-64. */
  readonly model?: string;
  /** Checkout of the Liberated Pixel Cup layers. */
  readonly lpc: string;
  /** Folder of decoded layers. Default: none, they are decoded each time. */
  readonly cacheDir?: string;
  /** Clips a way. Default 64. */
  readonly clips?: number;
  /** Default: all. */
  readonly ways?: readonly EvalWay[];
  /** CPU threads. Default: physical cores. */
  readonly threads?: number;
  readonly signal?: AbortSignal;
  /** After each film; `done` of `total`. */
  readonly onFilm?: (event: { readonly film: Frames; readonly way: EvalWay; readonly done: number; readonly total: number }) => void;
}

/** Measures the ways of a model. Throws a FileError when it has no judge. */
export async function evalModelWays(o: EvalModelWaysOptions): Promise<WaysReport> {
  const model = await findModel(o.model), { id } = model.info, { clips = 64, ways = EVAL_WAYS } = o;
  const judgeIn = await judgeFile(model);
  const backend = ortBackend(o.threads === undefined ? {} : { threads: o.threads }), world = await loadSpriteWorld(o.lpc, o.cacheDir === undefined ? {} : { cacheDir: o.cacheDir });
  using reconstruct = reconstructor({ config: model.info.vae.config, weights: await readModelWeights(model, 'vae.safetensors') }, backend);
  using judge = await loadJudge(judgeIn, backend);
  using pipeline = new Pipeline(model, o.threads);
  let done = 0;
  return await evalWays({                                      // what it uses is disposed of when this returns
    model: id, world, judge, reconstruct, clips, ways,
    environment: { config: { model: model.info, clips, ways }, threads: o.threads ?? availableParallelism(), now: new Date() },
    make: async (options) => {
      if (o.signal?.aborted) throw new CancelledError('cancelled', { cause: o.signal.reason });
      for await (const { film } of pipeline.films({ ...options, expand: false, palette: 0, scale: 1, ...(o.signal ? { signal: o.signal } : {}) })) return film!;
      throw new RangeError('no film was made');
    },
    onFilm: (film, way) => { o.onFilm?.({ film, way, done: ++done, total: clips * ways.length }); },
  });
}
