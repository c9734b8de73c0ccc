import { expect, test } from 'vitest';
import { concatFrames, sliceFrames, type Frames } from '../../media/frames.ts';
import { joinedFrames } from './join.ts';
import { steadied } from './steady.ts';
import type { NativeFrames } from './deliver.ts';

const SIDE = 8;
/** Grey frames of 8×8: each given by a function of its pixel. */
const grey = (count: number, value: (t: number, x: number, y: number) => number): Frames => ({
  data: Uint8Array.from({ length: count * SIDE * SIDE * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3), at = pixel % (SIDE * SIDE);
    return value(Math.floor(pixel / (SIDE * SIDE)), at % SIDE, Math.floor(at / SIDE));
  }), count, width: SIDE, height: SIDE, channels: 3, fps: 8,
});
/** The decoder's pieces: 1 frame, then 4 at a time. */
async function* pieces(film: Frames): AsyncGenerator<Frames> {
  for (let at = 0; at < film.count; at += at === 0 ? 1 : 4) yield sliceFrames(film, at, at === 0 ? 1 : Math.min(at + 4, film.count));
}
async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
const all = async (parts: AsyncIterable<Frames>): Promise<Frames> => concatFrames(await collect(parts));
/** A ground with a pattern; a bright block of 3×8 that moves by a pixel a frame from `from` on. */
const ground = (x: number, y: number): number => 60 + 20 * ((x + y) % 2);
const scene = (from: number) => (t: number, x: number, y: number): number => (x >= t - from && x < t - from + 3 ? 220 : ground(x, y));

test('a ground at rest goes on to the byte after a known beginning though the decoder blurs it, and what moves is left to the model', async () => {
  const real = grey(13, scene(4)), blurred = grey(13, (t, x, y) => (scene(4)(t, x, y) === 220 ? 215 : 66));      // the decoder loses the pattern
  const joined = await all(joinedFrames(pieces(blurred), 13, { beginning: sliceFrames(real, 0, 5), ending: null }));
  expect(joined.count).toBe(8);
  for (let t = 0; t < 8; t++) {
    for (let y = 0; y < SIDE; y++) for (let x = 0; x < SIDE; x++) {
      const at = 3 * ((t * SIDE + y) * SIDE + x), block = t + 1;                                                 // film frame 5 + t, the block begins at t + 1
      if (x > block + 4) expect(joined.data[at]).toBe(ground(x, y));                                             // nothing has come near
      if (x === block + 1) expect(joined.data[at]).toBe(215);
    }
  }
});

test('before a known ending the residual is carried backwards, between two each counts by its distance', async () => {
  const made = grey(9, () => 100), beginning = grey(1, () => 104), ending = grey(1, () => 96);
  const value = (f: Frames): number[] => Array.from({ length: f.count }, (_, t) => f.data[t * 3 * SIDE * SIDE]!);
  expect(value(await all(joinedFrames(pieces(made), 9, { beginning: null, ending })))).toEqual(new Array<number>(8).fill(96));
  expect(value(await all(joinedFrames(pieces(made), 9, { beginning, ending })))).toEqual([103, 102, 101, 100, 99, 98, 97]);
  expect(value(await all(joinedFrames(pieces(made), 7, { beginning: null, ending: null })))).toEqual(new Array<number>(7).fill(100));   // nine are decoded
});

test('shimmer is stilled, motion is not, and what was given passes as it is', async () => {
  const film = grey(12, (t, x, y) => (scene(0)(t, x, y) === 220 ? 220 : ground(x, y) + (t % 4 === 0 ? 4 : 0)));
  async function* native(): AsyncGenerator<NativeFrames> {
    yield { frames: sliceFrames(film, 0, 4), given: true };
    yield { frames: sliceFrames(film, 4), given: null };
  }
  const run = async (level: number): Promise<Frames> => concatFrames((await collect(steadied(native(), level))).map(({ frames }) => frames));
  const still = await run(10), pixel = (f: Frames, t: number, x: number): number => f.data[3 * ((t * SIDE + 3) * SIDE + x)]!;
  expect((await run(0)).data).toEqual(film.data);
  expect(still.data.subarray(0, 4 * 3 * SIDE * SIDE)).toEqual(film.data.subarray(0, 4 * 3 * SIDE * SIDE));
  expect(Math.abs(pixel(still, 4, 0) - pixel(still, 3, 0))).toBeLessThanOrEqual(1);                              // the block has left, the ground is at rest but for its shimmer
  expect(pixel(film, 4, 0) - pixel(film, 3, 0)).toBe(4);
  for (let t = 4; t < 8; t++) expect(pixel(still, t, t)).toBe(220);                                              // where the block is
});

test('with a region only its pixels are steadied', async () => {
  const film = grey(2, (t) => 100 + 4 * t), region = new Uint8Array(SIDE * SIDE).fill(1, 0, SIDE);
  async function* native(): AsyncGenerator<NativeFrames> { yield { frames: film, given: region }; }
  const [{ frames }] = await collect(steadied(native(), 10)) as [NativeFrames], second = frames.data.subarray(3 * SIDE * SIDE);
  expect(second[0]).toBeLessThan(102);
  expect(second[3 * SIDE]).toBe(104);
});
