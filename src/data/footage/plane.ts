/** @file Small brightness planes: resampling by areas and differences. Pure; `[H, W]` bytes, full range. */
import type { Frames } from '../../media/frames.ts';
import type { Luma } from '../../media/film-stream.ts';

/** A rectangle in pixels; may lie between pixels. */
export interface Area { readonly x: number; readonly y: number; readonly width: number; readonly height: number }

/** Which source samples an output sample averages, with what weight: exact coverage of a box. */
function coverage(from: number, length: number, out: number, limit: number): { first: Int32Array; weights: Float32Array[] } {
  const first = new Int32Array(out), weights: Float32Array[] = [], step = length / out;
  for (let i = 0; i < out; i++) {
    const a = from + i * step, b = a + step, start = Math.min(limit - 1, Math.max(0, Math.floor(a))), end = Math.min(limit, Math.max(start + 1, Math.ceil(b - 1e-9)));
    first[i] = start;
    const w = new Float32Array(end - start);
    for (let k = start; k < end; k++) w[k - start] = Math.max(0, Math.min(b, k + 1) - Math.max(a, k));
    const sum = w.reduce((s, v) => s + v, 0);
    weights.push(sum > 0 ? w.map((v) => v / sum) : w.fill(1 / w.length));
  }
  return { first, weights };
}

/** Bytes `[H, W, C]` of an area, averaged to `width` × `height`. For enlarging it repeats pixels. */
export function areaResize(
  source: { readonly data: Uint8Array; readonly width: number; readonly height: number },
  area: Area,
  { width, height, channels }: { readonly width: number; readonly height: number; readonly channels: number },
): Uint8Array {
  const xs = coverage(area.x, area.width, width, source.width), ys = coverage(area.y, area.height, height, source.height);
  const y0 = ys.first[0]!, y1 = ys.first[height - 1]! + ys.weights[height - 1]!.length, rows = new Float32Array((y1 - y0) * width * channels);
  for (let y = y0, at = 0; y < y1; y++) for (let x = 0; x < width; x++) {
    const w = xs.weights[x]!, from = (y * source.width + xs.first[x]!) * channels;
    for (let c = 0; c < channels; c++, at++) { let s = 0; for (let k = 0; k < w.length; k++) s += w[k]! * source.data[from + k * channels + c]!; rows[at] = s; }
  }
  const out = new Uint8Array(width * height * channels), line = width * channels;
  for (let y = 0, at = 0; y < height; y++) {
    const w = ys.weights[y]!, from = (ys.first[y]! - y0) * line;
    for (let i = 0; i < line; i++, at++) { let s = 0; for (let k = 0; k < w.length; k++) s += w[k]! * rows[from + k * line + i]!; out[at] = Math.round(s); }
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
  for (const v of luma.data) sum += v;
  return sum / luma.data.length;
}

/** Mean absolute difference of two planes of one size, 0 … 255. */
export function difference(a: Luma, b: Luma): number {
  let sum = 0;
  for (let i = 0; i < a.data.length; i++) sum += Math.abs(a.data[i]! - b.data[i]!);
  return sum / a.data.length;
}
