/** @file Evaluates a model folder's ways into a film, on held-out clips of the sprite sheets. */
import type { Frames } from '../media/frames.ts';
import { readModelWeights } from '../pipeline/model/model-store.ts';
import { reconstructor } from '../train/tasks/reconstruct.ts';
import { openEvaluated, openSheets, type EvaluatedOptions, type SheetOptions } from './evaluated.ts';
import { EVAL_WAYS, evalWays, type EvalWay, type WaysReport } from './ways.ts';

/** Options of {@link evalModelWays}. */
export interface EvalModelWaysOptions extends EvaluatedOptions, SheetOptions {
  /** Clips a way. Default 64. */
  readonly clips?: number;
  /** How much of a film is made anew by an edit, 0 to 1. Default 0.7. */
  readonly strength?: number;
  /** Default: all. */
  readonly ways?: readonly EvalWay[];
  /** After each film; `done` of `total`. */
  readonly onFilm?: (event: { readonly film: Frames; readonly way: EvalWay; readonly done: number; readonly total: number }) => void;
}

/** Measures the ways of a model. Throws a FileError when it has no judge. */
export async function evalModelWays(o: EvalModelWaysOptions): Promise<WaysReport> {
  const { clips = 64, ways = EVAL_WAYS, strength = 0.7 } = o, world = await openSheets(o);
  using evaluated = await openEvaluated(o);
  const { model, judge, backend } = evaluated;
  using reconstruct = reconstructor({ config: model.info.vae.config, weights: await readModelWeights(model, 'vae.safetensors') }, backend);
  let done = 0;
  return await evalWays({                                       // what it uses is disposed of when this returns
    model: model.info.id, world, judge, reconstruct, clips, ways, strength, environment: evaluated.environment({ clips, ways, strength }),
    make: (options) => evaluated.make({ ...options, expand: false }),
    onFilm: (film, way) => { o.onFilm?.({ film, way, done: ++done, total: clips * ways.length }); },
  });
}
