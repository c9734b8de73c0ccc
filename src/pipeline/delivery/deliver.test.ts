import { expect, test } from 'vitest';
import { concatFrames, type Frames, sliceFrames } from '../../media/frames.ts';
import { GroundKeyer } from '../../media/key.ts';
import { deliveredFrames, type NativeFrames } from './deliver.ts';
import type { FilmSettings } from '../settings/film-options.ts';

/** A square of two colours that walks over a ground of many greens. */
function film(count: number): Frames {
  const data = new Uint8Array(count * 32 * 32 * 3);
  for (let t = 0, i = 0; t < count; t++) for (let y = 0; y < 32; y++) for (let x = 0; x < 32; x++, i += 3) {
    const inside = x >= 8 + t && x < 20 + t && y >= 8 && y < 24;
    data.set(inside ? (y < 16 ? [200, 40, 60] : [40, 30, 90]) : [104 + (x % 3), 138 + (y % 3), 92 + ((x + y) % 3)], i);
  }
  return { data, count, width: 32, height: 32, channels: 3, fps: 8 };
}

async function* native(...parts: readonly NativeFrames[]): AsyncGenerator<NativeFrames> { for (const part of parts) yield part; }
async function delivered(parts: readonly NativeFrames[], s: Partial<FilmSettings>, keyer: GroundKeyer | null): Promise<Frames> {
  const out: Frames[] = [];
  for await (const frames of deliveredFrames(native(...parts), { palette: 0, scale: 1, seed: 1, ...s } as FilmSettings, keyer)) out.push(frames);
  return concatFrames(out);
}
const pixel = ({ data, width, channels }: Frames, x: number, y: number): number[] => [...data.subarray((y * width + x) * channels, (y * width + x + 1) * channels)];

test('a film is cut out before its palette and enlargement: no colour is spent on the ground, and pixels stay square', async () => {
  const parts = [{ frames: film(2), given: null }], keyer = new GroundKeyer(), out = await delivered(parts, { palette: 2, scale: 3 }, keyer);
  expect([out.count, out.width, out.channels, keyer.note()]).toEqual([2, 96, 4, null]);
  const seen = new Set<string>(), alphas = new Set<number>();
  for (let i = 0; i < out.data.length; i += 4) { alphas.add(out.data[i + 3]!); if (out.data[i + 3]) seen.add(out.data.subarray(i, i + 3).join()); }
  expect([[...seen].sort(), [...alphas].sort((a, b) => a - b)]).toEqual([['200,40,60', '40,30,90'], [0, 255]]);
  for (let x = 0; x < 96; x++) expect(pixel(out, x, 30)).toEqual(pixel(out, 3 * Math.floor(x / 3) + 1, 31));
});

test('with and without a palette the cut-out is the same, whole or in parts; given pixels keep their colours', async () => {
  const whole = film(4), region = new Uint8Array(32 * 32).fill(1, 0, 16 * 32), given = [true, region, null] as const;
  const parts: NativeFrames[] = given.map((g, t) => ({ frames: sliceFrames(whole, t, t + 1), given: g }));
  const plain = await delivered(parts, {}, new GroundKeyer()), one = await delivered([{ frames: sliceFrames(whole, 0, 3), given: null }], {}, new GroundKeyer());
  expect(plain).toEqual(one);
  const few = await delivered(parts, { palette: 2 }, new GroundKeyer());
  for (let i = 3; i < few.data.length; i += 4) expect(few.data[i]).toBe(plain.data[i]);
  expect(pixel(few, 10, 20)).toEqual(pixel(plain, 10, 20));
});

test('a film in which nothing stands before the ground is empty, not an error', async () => {
  const empty: Frames = { data: new Uint8Array(32 * 32 * 3).map((_, i) => [104, 138, 92][i % 3]!), count: 1, width: 32, height: 32, channels: 3, fps: 8 };
  const out = await delivered([{ frames: empty, given: null }], { palette: 8 }, new GroundKeyer());
  expect(out.data.every((v, i) => i % 4 < 3 || v === 0)).toBe(true);
});
