import { expect, test } from 'vitest';
import type { Frames } from '../media/frames.ts';
import { seamOf } from './seam.ts';

/** One pixel whose brightness is `values` over time. */
const film = (values: readonly number[]): Frames => ({ data: Uint8Array.from(values.flatMap((v) => [v, v, v])), count: values.length, width: 1, height: 1, channels: 3, fps: 8 });

test('a join like any other place is 1, a jump counts its size in steps', () => {
  const swing = [0, 2, 6, 8, 6, 2, 0, 2, 6, 8, 6, 2];             // steps 2 4 2 2 4 2 2 4 2 2 4, turns 2 2 4 2 2 4 2 2 4 2
  expect(seamOf(film(swing), 2)).toEqual({ first: 2, second: 1 });
  const jump = [...swing.slice(0, 6), ...swing.slice(6).map((v) => v + 100)];
  expect(seamOf(film(jump), 6)!.first).toBe(98 / 2);
  expect(seamOf(film(jump), 6)!.second).toBeGreaterThan(40);
});

test('in a film that stands still a change counts in grey levels; a join at the edge has no figure', () => {
  expect(seamOf(film([5, 5, 5, 5, 5, 9]), 3)).toEqual({ first: 0, second: 0 });
  expect(seamOf(film([5, 5, 5, 5, 8, 8, 8, 8]), 4)).toEqual({ first: 3, second: 3 });
  expect(seamOf(film([1, 2, 4, 8, 16]), 1)).toBeNull();
});
