import { expect, test } from 'vitest';
import { concatFrames, type Frames } from '../../media/frames.ts';
import { Reel } from './reel.ts';

/** Frames of one pixel that hold their numbers. */
const film = (start: number, end: number): Frames =>
  concatFrames(Array.from({ length: end - start }, (_, i) => ({ data: new Uint8Array(3).fill(start + i), count: 1, width: 1, height: 1, channels: 3, fps: 8 })));
const numbers = (f: Frames | null): number[] => (f ? Array.from({ length: f.count }, (_, t) => f.data[3 * t]!) : []);
const drain = (reel: Reel): number[][] => [...reel.ready()].map(({ frames }) => numbers(frames));

test('frames come out in order whatever order they came in, and a window reads its neighbours, behind the end of a loop the start', () => {
  const window = { start: 4, end: 11, before: 2, after: 1, shot: 0 }, reel = new Reel({ frames: 10 }, [window]);   // frame 10 is frame 0 again
  reel.put(3, film(3, 6), null);
  expect(drain(reel)).toEqual([]);
  reel.put(0, film(0, 3), true);
  expect(drain(reel)).toEqual([[0, 1, 2], [3, 4, 5]]);           // given and made frames apart
  const { beginning, ending } = reel.read(window);
  expect([numbers(beginning), numbers(ending)]).toEqual([[4, 5], [0]]);
  reel.put(6, film(6, 10), null);
  expect(drain(reel)).toEqual([[6, 7, 8, 9]]);
  expect(reel.bytes).toBe(0);                                    // nobody reads anything any more
});

test('an anchor reads the frames that it goes on from, which are kept for it', () => {
  const anchor = { start: 6, end: 12, before: 2, after: 0, shot: 0, anchor: { from: 1, lead: 2 } }, reel = new Reel({ frames: 12 }, [anchor]);
  reel.put(0, film(0, 5), null);
  expect(drain(reel)).toEqual([[0, 1, 2, 3, 4]]);
  expect(reel.bytes).toBe(2 * 3);
  expect(numbers(reel.read(anchor).beginning)).toEqual([1, 2]);
  expect(reel.bytes).toBe(0);
});

test('a long film holds no more than its windows have yet to read', () => {
  const windows = Array.from({ length: 50 }, (_, i) => ({ start: 24 * i, end: 24 * i + 33, before: i === 0 ? 0 : 9, after: 0, shot: 0 }));
  const reel = new Reel({ frames: 24 * 49 + 33 }, windows);
  for (const w of windows) {
    reel.read(w);
    reel.put(w.start + w.before, film(0, w.end - w.start - w.before), null);
    drain(reel);
    expect(reel.bytes).toBeLessThanOrEqual(9 * 3);
  }
});
