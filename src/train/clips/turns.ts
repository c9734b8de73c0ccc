/**
 * @file Whose turn it is: samples of a run on a dataset take its clips in turns, each once an epoch. The position of a sample among those of its shape follows from what all
 * earlier steps drew, so it is a pure function of the step, whether the run was interrupted or not.
 */
import { draws } from '../../core/random.ts';

/** Positions of a step's samples, each among all samples of its shape since step 0. `shapesAt` names the shapes of a step's samples and is pure. */
export function positions(shapesAt: (step: number) => readonly string[]): (step: number) => number[] {
  const counts = new Map<string, number>();                     // before step `at`
  let at = 0;
  const take = (step: number): number[] => shapesAt(step).map((shape) => {
    const position = counts.get(shape) ?? 0;
    counts.set(shape, position + 1);
    return position;
  });
  return (step) => {
    if (step < at) { counts.clear(); at = 0; }
    for (; at < step; at++) take(at);
    at++;
    return take(step);
  };
}

/** The numbers 0 … count − 1 in an order drawn by seed, name and epoch. */
export function drawnOrder(count: number, key: { readonly seed: number; readonly name: string; readonly epoch: number }): number[] {
  const order = Array.from({ length: count }, (_, i) => i), d = draws({ seed: key.seed, stream: `turns/${key.name}`, step: key.epoch });
  for (let i = count - 1; i > 0; i--) { const j = d.int(i + 1); [order[i], order[j]] = [order[j]!, order[i]!]; }
  return order;
}
