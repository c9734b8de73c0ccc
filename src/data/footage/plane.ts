/** @file Small brightness planes: resampling by areas and differences. Pure; `[H, W]` bytes, full range. */
import type { Frames } from '../../media/frames.ts';
import type { Luma } from '../../media/film-stream.ts';

/** A rectangle in pixels; may lie between pixels. */
export interface Area { readonly x: number; readonly y: number; readonly width: number; readonly height: number }

/** Which source samples an output sample averages, with what weights: exact coverage of a box. Sample i takes `weights[at[i]] …` from source sample `first[i]` on. */
interface Coverage { readonly first: Int32Array; readonly at: Int32Array; readonly weights: Float64Array }
const coverages = new Map<string, Coverage>();
/** Sizes of a film are few; those of many films are forgotten together. */
const MOST_COVERAGES = 64;

function coverage(from: number, length: number, out: number, limit: number): Coverage {
  const key = `${from} ${length} ${out} ${limit}`, known = coverages.get(key);
  if (known) return known;
  const first = new Int32Array(out), at = new Int32Array(out + 1), weights: number[] = [], step = length / out;
  for (let i = 0; i < out; i++) {
    const a = from + i * step, b = a + step, start = Math.min(limit - 1, Math.max(0, Math.floor(a))), end = Math.min(limit, Math.max(start + 1, Math.ceil(b - 1e-9)));
    first[i] = start;
    const w = Array.from({ length: end - start }, (_, k) => Math.max(0, Math.min(b, start + k + 1) - Math.max(a, start + k))), sum = w.reduce((s, v) => s + v, 0);
    weights.push(...w.map((v) => (sum > 0 ? v / sum : 1 / w.length)));
    at[i + 1] = weights.length;
  }
  const made = { first, at, weights: Float64Array.from(weights) };
  if (coverages.size >= MOST_COVERAGES) coverages.clear();
  coverages.set(key, made);
  return made;
}

/** Bytes `[H, W, C]` of an area, averaged to `width` × `height`. For enlarging it repeats pixels. */
export function areaResize(
  source: { readonly data: Uint8Array; readonly width: number; readonly height: number },
  area: Area,
  { width, height, channels }: { readonly width: number; readonly height: number; readonly channels: number },
): Uint8Array {
  const xs = coverage(area.x, area.width, width, source.width), ys = coverage(area.y, area.height, height, source.height), { data } = source;
  const { first, at, weights } = xs, x0 = first[0]! * channels, x1 = (first[width - 1]! + at[width]! - at[width - 1]!) * channels, stride = source.width * channels;
  const length = x1 - x0, line = new Float64Array(length), out = new Uint8Array(width * height * channels);        // one row of the source, averaged down
  for (let y = 0, to = 0; y < height; y++) {
    const begin = ys.at[y]!, rows = ys.at[y + 1]! - begin;
    for (let k = 0; k < rows; k++) {
      const w = ys.weights[begin + k]!, from = (ys.first[y]! + k) * stride + x0;
      if (k === 0) for (let i = 0; i < length; i++) line[i] = w * data[from + i]!;
      else for (let i = 0; i < length; i++) line[i]! += w * data[from + i]!;
    }
    for (let x = 0; x < width; x++) {
      const k0 = at[x]!, k1 = at[x + 1]!, from = first[x]! * channels - x0;
      if (channels === 3) {                                     // half of the time goes by here: three sums at once
        let r = 0, g = 0, b = 0;
        for (let k = k0, i = from; k < k1; k++, i += 3) { const w = weights[k]!; r += w * line[i]!; g += w * line[i + 1]!; b += w * line[i + 2]!; }
        out[to] = r + 0.5; out[to + 1] = g + 0.5; out[to + 2] = b + 0.5;
        to += 3;
        continue;
      }
      for (let c = 0; c < channels; c++, to++) {
        let s = 0;
        for (let k = k0, i = from + c; k < k1; k++, i += channels) s += weights[k]! * line[i]!;
        out[to] = s + 0.5;                                      // at most 255.5: the fraction falls off
      }
    }
  }
  return out;
}

/** The whole of a plane. */
export const whole = ({ width, height }: { readonly width: number; readonly height: number }): Area => ({ x: 0, y: 0, width, height });

/** A plane at another size; `area` of it, or all. */
export const resizeLuma = (luma: Luma, width: number, height: number, area: Area = whole(luma)): Luma =>
  ({ data: areaResize(luma, area, { width, height, channels: 1 }), width, height });

/** Brightness of one frame of a film, BT.709 weights on the coded values. */
export function lumaOf(film: Frames, t: number): Luma {
  const { width, height, channels } = film, data = new Uint8Array(width * height);
  for (let i = 0, at = t * width * height * channels; i < data.length; i++, at += channels)
    data[i] = Math.round(0.2126 * film.data[at]! + 0.7152 * film.data[at + 1]! + 0.0722 * film.data[at + 2]!);
  return { data, width, height };
}

/** Mean of all values, 0 … 255. */
export function mean(luma: Luma): number {
  let sum = 0;
  const { data } = luma;
  for (let i = 0; i < data.length; i++) sum += data[i]!;
  return sum / data.length;
}

/** Mean absolute difference of two planes of one size, 0 … 255. */
export function difference(a: Luma, b: Luma): number {
  let sum = 0;
  for (let i = 0; i < a.data.length; i++) sum += Math.abs(a.data[i]! - b.data[i]!);
  return sum / a.data.length;
}
