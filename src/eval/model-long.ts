/**
 * @file Evaluates a model folder's long films: warm pipeline, native size, no palette, the model's own judge, held-out prompts of the sprite sheets.
 */
import { availableParallelism } from 'node:os';
import { ortBackend } from '../backend/ort/ort.ts';
import { CancelledError } from '../core/errors.ts';
import { loadSpriteWorld } from '../data/sprites/world.ts';
import type { Frames } from '../media/frames.ts';
import { findModel } from '../pipeline/model-store.ts';
import { Pipeline } from '../pipeline/pipeline.ts';
import { LONG_WAYS, type LongWay } from '../pipeline/timeline.ts';
import { loadJudge } from './judge.ts';
import { judgeFile } from './judge-file.ts';
import { evalLong, type LongReport } from './long.ts';

/** Options of {@link evalModelLong}. */
export interface EvalModelLongOptions {
  /** Id of an installed model, or a folder. Default: sprites-64. */
  readonly model?: string;
  /** Checkout of the Liberated Pixel Cup layers. */
  readonly lpc: string;
  /** Folder of decoded layers. Default: none, they are decoded each time. */
  readonly cacheDir?: string;
  /** Films a way, ≥ 1. Default 12. */
  readonly films?: number;
  /** Of a film, ≥ 4. Default 60. */
  readonly seconds?: number;
  /** Default: all. */
  readonly ways?: readonly LongWay[];
  /** CPU threads. Default: physical cores. */
  readonly threads?: number;
  readonly signal?: AbortSignal;
  /** After each film; `done` of `total`. */
  readonly onFilm?: (event: { readonly film: Frames; readonly way: LongWay; readonly done: number; readonly total: number }) => void;
}

/** Measures long films of a model. Throws a FileError when it has no judge. */
export async function evalModelLong(o: EvalModelLongOptions): Promise<LongReport> {
  const model = await findModel(o.model), { id } = model.info, { films = 12, seconds = 60, ways = LONG_WAYS } = o;
  const judgeIn = await judgeFile(model);
  const backend = ortBackend(o.threads === undefined ? {} : { threads: o.threads }), world = await loadSpriteWorld(o.lpc, o.cacheDir === undefined ? {} : { cacheDir: o.cacheDir });
  using judge = await loadJudge(judgeIn, backend);
  using pipeline = new Pipeline(model, o.threads);
  let done = 0;
  return await evalLong({                                       // what it uses is disposed of when this returns
    model: id, world, judge, films, seconds, ways,
    environment: { config: { model: model.info, films, seconds, ways }, threads: o.threads ?? availableParallelism(), now: new Date() },
    make: async (options) => {
      if (o.signal?.aborted) throw new CancelledError('cancelled', { cause: o.signal.reason });
      for await (const { film } of pipeline.films({ ...options, expand: false, palette: 0, scale: 1, ...(o.signal ? { signal: o.signal } : {}) })) return film!;
      throw new RangeError('no film was made');
    },
    onFilm: (film, way) => { o.onFilm?.({ film, way, done: ++done, total: films * ways.length }); },
  });
}
