/** @file Evaluates a model folder's films of two characters. */
import type { Frames } from '../media/frames.ts';
import { openEvaluated, openSheets, type EvaluatedOptions, type SheetOptions } from './evaluated.ts';
import { evalPairs, type PairsReport } from './pairs.ts';

/** Options of {@link evalModelPairs}. */
export interface EvalModelPairsOptions extends EvaluatedOptions, SheetOptions {
  /** Films. Default 64. */
  readonly pairs?: number;
  /** After each film; `done` of `total`. */
  readonly onFilm?: (event: { readonly film: Frames; readonly crossing: boolean; readonly done: number; readonly total: number }) => void;
}

/** Measures films of pairs. Throws a FileError when the model has no judge. */
export async function evalModelPairs(o: EvalModelPairsOptions): Promise<PairsReport> {
  const { pairs = 64 } = o, world = await openSheets(o);
  using evaluated = await openEvaluated(o);
  let done = 0;
  return await evalPairs({                                      // what it uses is disposed of when this returns
    model: evaluated.model.info.id, world, judge: evaluated.judge, pairs, environment: evaluated.environment({ pairs }),
    make: ({ prompt, index }, size) => evaluated.make({ prompt, expand: evaluated.model.info.regions ?? false, seed: index, ...size }),
    onFilm: (film, { spec }) => { o.onFilm?.({ film, crossing: spec.relation === 'crossing', done: ++done, total: pairs }); },
  });
}
