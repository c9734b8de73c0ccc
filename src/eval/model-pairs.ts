/** @file Evaluates a model folder's films on a wide canvas. */
import { drawWalk } from '../data/sprites/places.ts';
import type { Frames } from '../media/frames.ts';
import { openEvaluated, openSheets, type EvaluatedOptions, type SheetOptions } from './evaluated.ts';
import { evalPairs, type PairsReport } from './pairs.ts';

/** Options of {@link evalModelPairs}. */
export interface EvalModelPairsOptions extends EvaluatedOptions, SheetOptions {
  /** Films of two; of one who walks half as many. Default 64. */
  readonly pairs?: number;
  /** After each film; `done` of `total`. */
  readonly onFilm?: (event: { readonly film: Frames; readonly kind: 'apart' | 'passing' | 'alone'; readonly done: number; readonly total: number }) => void;
}

/** Measures films of pairs. Throws a FileError when the model has no judge. */
export async function evalModelPairs(o: EvalModelPairsOptions): Promise<PairsReport> {
  const { pairs = 64 } = o, world = await openSheets(o);
  using evaluated = await openEvaluated(o);
  const { regions = false } = evaluated.model.info, total = pairs + Math.ceil(pairs / 2);
  let done = 0;
  return await evalPairs({                                      // what it uses is disposed of when this returns
    model: evaluated.model.info.id, world, judge: evaluated.judge, pairs, environment: evaluated.environment({ pairs }),
    make: ({ prompt, index }, size) => evaluated.make({ prompt, expand: regions, seed: index, ...size }),
    ...(regions ? { walkOf: ({ index, spec: { characters: [c], canvas, frames } }) => drawWalk(index, c!.labels.facing as 'left' | 'right', { ...canvas, frames }) } : {}),
    onFilm: (film, { spec: { characters, relation } }) => {
      o.onFilm?.({ film, kind: characters.length === 1 ? 'alone' : relation === 'crossing' ? 'passing' : 'apart', done: ++done, total });
    },
  });
}
