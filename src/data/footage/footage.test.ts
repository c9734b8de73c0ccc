import { expect, test } from 'vitest';
import type { Luma } from '../../media/film-stream.ts';
import { clipHash, DuplicateIndex, hashDistance, isNearDuplicate } from './duplicates.ts';
import { activeArea, cropPlanes, fillsFrame, measureShot, refuseShot, SHOT_FILTERS, textCoverage } from './filters.ts';
import { HEIGHT, pan, plane, texture, WIDTH, withText } from './footage.fixture.ts';
import { areaResize, lumaOf, resizeLuma } from './plane.ts';
import { cutDetector } from './shots.ts';

/** Frames with which a shot begins, the first one aside. */
function cutsOf(frames: readonly Luma[]): number[] {
  const detector = cutDetector(), answers = [...frames.map((f) => detector.push(f)).filter((a) => a !== undefined), ...detector.finish()];
  expect(answers).toHaveLength(frames.length);
  return answers.flatMap((cut, t) => (cut ? [t] : []));
}
const reasons = (frames: readonly Luma[]): string[] => { const m = measureShot(frames); return SHOT_FILTERS.filter((f) => refuseShot(m, f) !== undefined); };
const dim = (f: Luma, k: number): Luma => ({ ...f, data: f.data.map((v) => v * k) });

test('areas are averaged exactly, whole or between pixels', () => {
  const source = { data: Uint8Array.from([0, 100, 200, 40]), width: 4, height: 1 };
  expect([...areaResize(source, { x: 0, y: 0, width: 4, height: 1 }, { width: 2, height: 1, channels: 1 })]).toEqual([50, 120]);
  expect([...areaResize(source, { x: 0.5, y: 0, width: 2, height: 1 }, { width: 1, height: 1, channels: 1 })]).toEqual([100]);
  expect([...lumaOf({ data: Uint8Array.from([255, 0, 0, 0, 255, 0]), count: 1, width: 2, height: 1, channels: 3, fps: 1 }, 0).data]).toEqual([54, 182]);
});

test('hard cuts are found at their frame, also near the ends and one after the other', () => {
  expect(cutsOf([...pan(1, 20), ...pan(2, 20)])).toEqual([20]);
  expect(cutsOf([...pan(1, 3), ...pan(2, 12), ...pan(3, 9), ...pan(4, 3)])).toEqual([3, 15, 24]);
});

test('movement, exposure and flashes are no cuts; black between scenes is one', () => {
  expect(cutsOf(pan(1, 40, 6))).toEqual([]);
  expect(cutsOf(pan(1, 40).map((f, t) => dim(f, 0.6 + 0.01 * t)))).toEqual([]);
  expect(cutsOf(pan(1, 30).map((f, t) => (t === 14 ? plane((x, y) => 0.7 + 0.3 * texture(1, x, y)) : f)))).toEqual([]);
  expect(cutsOf([...pan(1, 12), ...Array.from({ length: 6 }, () => plane(() => 0)), ...pan(1, 12)])).toEqual([12, 18]);
});

test('an ordinary shot is kept; dark, still and flickering ones are named', () => {
  expect(reasons(pan(1, 24))).toEqual([]);
  expect(reasons(pan(1, 24).map((f) => dim(f, 0.1)))).toEqual(['dark']);
  expect(reasons(Array.from({ length: 24 }, (_, t) => plane((x, y) => texture(1, x, y) + 0.01 * Math.sin(x * 7 + y * 13 + t))))).toEqual(['still']);
  expect(reasons(pan(1, 24).map((f, t) => dim(f, t % 2 ? 1 : 0.85)))).toEqual(['flicker']);
});

test('a lamp in the night is not dark, and a small mover on a still ground moves', () => {
  const night = Array.from({ length: 24 }, (_, t) => plane((x, y) => (Math.hypot(x - 60 - 2 * t, y - 70) < 30 ? 0.9 : 0.02)));
  expect(reasons(night)).toEqual([]);
  expect(reasons(Array.from({ length: 24 }, (_, t) => plane((x, y) => (Math.abs(x - 60 - 3 * t) < 6 && Math.abs(y - 70) < 6 ? 0.9 : texture(1, x, y)))))).toEqual([]);
});

test('black bars are measured and cut off; night scenes and thin edges are not bars', () => {
  const active = Math.round(WIDTH / 2.39), top = Math.floor((HEIGHT - active) / 2);
  const boxed = pan(1, 12).map((f) => ({ ...f, data: f.data.map((v, i) => { const y = Math.floor(i / WIDTH); return y < top || y >= top + active ? 16 : v; }) }));
  expect(activeArea(boxed)).toEqual({ x: 0, y: top, width: WIDTH, height: active });
  expect(cropPlanes(boxed, activeArea(boxed))[0]).toMatchObject({ width: WIDTH, height: active });
  expect([fillsFrame(pan(1, 1)[0]!), fillsFrame(boxed[0]!), fillsFrame(plane((x, y) => (Math.hypot(x - 60, y - 70) < 15 ? 0.9 : 0.02)))]).toEqual([true, false, false]);
  expect(activeArea([...boxed, pan(1, 1)[0]!])).toEqual({ x: 0, y: 0, width: WIDTH, height: HEIGHT });              // one frame that fills the picture
  expect(activeArea(pan(1, 4))).toEqual({ x: 0, y: 0, width: WIDTH, height: HEIGHT });
  expect(activeArea([plane((x, y) => (Math.hypot(x - 60, y - 70) < 15 ? 0.9 : 0.02))])).toEqual({ x: 0, y: 0, width: WIDTH, height: HEIGHT });
});

test('a line of text is seen on any ground, grounds alone are not text', async () => {
  for (const seed of [1, 2, 3]) {
    expect(textCoverage(pan(seed, 5))).toBe(0);
    expect(reasons(await withText(pan(seed, 24), 'SUBSCRIBE FOR MORE VIDEOS', 16))).toEqual(['text']);
  }
  expect(textCoverage(Array.from({ length: 5 }, (_, t) => plane((x, y) => (((x + 2 * t) >> 4) + (y >> 4)) % 2)))).toBe(0);      // a chessboard
});

test('a copy that is smaller, brighter and noisy is the same; another scene, or other movement before the same ground, is not', () => {
  const film = pan(1, 17), copy = film.map((f, t) => resizeLuma({ ...f, data: f.data.map((v, i) => Math.min(255, v * 1.05 + ((i * 31 + t * 17) % 7) - 3)) }, 160, 90));
  const walker = (from: number, step: number): Luma[] =>
    Array.from({ length: 17 }, (_, t) => plane((x, y) => (Math.abs(x - from - step * t) < 14 && Math.abs(y - 80) < 30 ? 0.95 : texture(2, x, y))));
  expect(isNearDuplicate(clipHash(film), clipHash(copy))).toBe(true);
  for (const seed of [2, 3, 4, 5]) expect(isNearDuplicate(clipHash(film), clipHash(pan(seed, 17)))).toBe(false);
  expect(isNearDuplicate(clipHash(walker(30, 6)), clipHash(walker(30, 6).map((f) => dim(f, 0.95))))).toBe(true);
  expect(isNearDuplicate(clipHash(walker(30, 6)), clipHash(walker(220, -6)))).toBe(false);
  expect(hashDistance(clipHash(film), clipHash(film))).toEqual({ looks: 0, moves: 0 });
});

test('parts of one shot are not compared with each other', () => {
  const index = new DuplicateIndex(), hash = clipHash(pan(1, 17));
  index.add('a', 'shot 1', hash);
  expect([index.find(hash, 'shot 1'), index.find(hash, 'shot 2'), index.find(clipHash(pan(3, 17)), 'shot 2')]).toEqual([undefined, 'a', undefined]);
});
