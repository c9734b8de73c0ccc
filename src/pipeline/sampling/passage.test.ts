/** @file Passages between films that show different things. */
import { describe, expect, test } from 'vitest';
import type { Frames } from '../../media/frames.ts';
import { alike, leadsElsewhere, passageMean, passageShares, passageVelocity } from './passage.ts';

const window = { start: 0, end: 33, before: 9, after: 9 };

/** One frame, as many rows of eight pixels as there are colours. */
const solidFilm = (rows: readonly (readonly [number, number, number])[]): Frames =>
  ({ data: Uint8Array.from(rows.flatMap((colour) => Array.from({ length: 8 }, () => colour).flat())), count: 1, width: 8, height: rows.length, channels: 3, fps: 8 });

describe('which films show one scene', () => {
  test('the same colours elsewhere, and a flicker, are one scene; others are not', () => {
    const film = solidFilm([[200, 40, 40], [30, 90, 160]]), turned = solidFilm([[30, 90, 160], [200, 40, 40]]);
    expect(alike(film, turned)).toBeCloseTo(1, 9);
    expect(alike(film, { ...film, data: film.data.map((x) => x + 2) })).toBeGreaterThan(0.88);
    expect(alike(film, solidFilm([[200, 40, 40], [240, 240, 240]]))).toBeCloseTo(0.5, 9);
    expect([leadsElsewhere(film, turned), leadsElsewhere(film, solidFilm([[0, 255, 0], [255, 255, 255]]))]).toEqual([false, true]);
  });
});

describe('a passage', () => {
  const shares = passageShares(window, 9);

  test('begins with what is before, ends with what is after, and rises evenly between', () => {
    expect([...shares.subarray(0, 3), ...shares.subarray(7)]).toEqual([0, 0, 0, 1, 1]);
    const between = [...shares.subarray(3, 7)];
    expect(between[0]!).toBeGreaterThan(0);
    for (let i = 1; i < between.length; i++) expect(between[i]! - between[i - 1]!).toBeCloseTo(4 / 16, 6);
    expect(between[3]!).toBeLessThan(1);
  });

  test('its windows know nothing of each other at much noise, and are one at little, but for what each knows alone', async () => {
    const frames = shares.length, seen: number[][] = [];
    const constant = (value: number) => async (z: Float32Array): Promise<Float32Array> => { seen.push([...z]); return new Float32Array(z.length).fill(value); };
    const velocity = passageVelocity({ from: constant(1), to: constant(3), shares, perFrame: 1 });
    const z = Float32Array.from({ length: 2 * frames }, (_, i) => (i < frames ? 10 : 20)), at = (sigma: number): Float32Array => new Float32Array(2 * frames).fill(sigma);
    expect([...await velocity(z, at(0.9))]).toEqual([...new Array<number>(frames).fill(1), ...new Array<number>(frames).fill(3)]);
    expect(seen).toEqual([new Array(frames).fill(10), new Array(frames).fill(20)]);
    seen.length = 0;
    const v = await velocity(z, at(0.2)), mean = [...shares].map((share) => 10 + 10 * share);
    expect(seen.map((list) => list.slice(3).map((x) => x.toFixed(4)))).toEqual([0, 1].map(() => mean.slice(3).map((x) => x.toFixed(4))));
    expect([seen[0]!.slice(0, 3), seen[1]!.slice(0, 3)]).toEqual([[10, 10, 10], [20, 20, 20]]);
    for (let i = 3; i < frames; i++) expect([v[i], v[frames + i]]).toEqual([1 + 2 * shares[i]!, 1 + 2 * shares[i]!].map(Math.fround));
    expect([...v.subarray(0, 3), ...v.subarray(frames, frames + 3)]).toEqual([1, 1, 1, 3, 3, 3]);
    expect([...passageMean(z, { shares, perFrame: 1 })].map((x) => x.toFixed(4))).toEqual(mean.map((x) => x.toFixed(4)));
  });
});
