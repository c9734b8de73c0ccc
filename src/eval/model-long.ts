/** @file Evaluates a model folder's long films, of held-out prompts of the sprite sheets. */
import type { Frames } from '../media/frames.ts';
import { LONG_WAYS, type LongWay } from '../pipeline/settings/timeline.ts';
import { openEvaluated, openSheets, type EvaluatedOptions, type SheetOptions } from './evaluated.ts';
import { evalLong, type LongReport } from './long.ts';

/** Options of {@link evalModelLong}. */
export interface EvalModelLongOptions extends EvaluatedOptions, SheetOptions {
  /** Films a way, ≥ 1. Default 12. */
  readonly films?: number;
  /** Of a film, ≥ 4. Default 60. */
  readonly seconds?: number;
  /** Default: all. */
  readonly ways?: readonly LongWay[];
  /** After each film; `done` of `total`. */
  readonly onFilm?: (event: { readonly film: Frames; readonly way: LongWay; readonly done: number; readonly total: number }) => void;
}

/** Measures long films of a model. Throws a FileError when it has no judge. */
export async function evalModelLong(o: EvalModelLongOptions): Promise<LongReport> {
  const { films = 12, seconds = 60, ways = LONG_WAYS } = o, world = await openSheets(o);
  using evaluated = await openEvaluated(o);
  let done = 0;
  return await evalLong({                                       // what it uses is disposed of when this returns
    model: evaluated.model.info.id, world, judge: evaluated.judge, films, seconds, ways, environment: evaluated.environment({ films, seconds, ways }),
    make: (options) => evaluated.make({ ...options, expand: false }),
    onFilm: (film, way) => { o.onFilm?.({ film, way, done: ++done, total: films * ways.length }); },
  });
}
