import { expect, test } from 'vitest';
import { drawnOrder, positions } from './turns.ts';

const SHAPES: readonly (readonly string[])[] = [['a', 'b', 'a'], ['b'], ['a', 'a', 'c']];
const shapesAt = (step: number): readonly string[] => SHAPES[step % 3]!;

test('positions count the samples of each shape over all steps', () => {
  const at = positions(shapesAt);
  expect([0, 1, 2, 3].map(at)).toEqual([[0, 0, 1], [1], [2, 3, 0], [4, 2, 5]]);
});

test('a step has the positions it has, wherever the counting began', () => {
  const whole = positions(shapesAt), all = Array.from({ length: 30 }, (_, step) => whole(step));
  expect(positions(shapesAt)(17)).toEqual(all[17]);                                              // a run that is gone on with
  const back = positions(shapesAt);
  expect([back(20), back(5), back(5), back(21)]).toEqual([all[20], all[5], all[5], all[21]]);
});

test('an order is one of all numbers, by seed, name and epoch', () => {
  const key = { seed: 1, name: 'x', epoch: 0 }, order = drawnOrder(20, key);
  expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
  expect(drawnOrder(20, key)).toEqual(order);
  expect(new Set([order, drawnOrder(20, { ...key, seed: 2 }), drawnOrder(20, { ...key, name: 'y' }), drawnOrder(20, { ...key, epoch: 1 })].map(String)).size).toBe(4);
  expect(drawnOrder(1, key)).toEqual([0]);
});
