/**
 * @file Rest where nothing moves: a decoder that works in chunks of time shimmers by a few bytes from chunk to chunk, and eyes see that on grounds that stand still.
 * Each made frame is drawn towards the frame before it at pixels whose neighbourhood differs by no more than that shimmer (a recursive filter whose gain follows motion:
 * Dubois and Sabri 1984, "Noise reduction in image sequences using motion-compensated temporal filtering"). What was given stays as it is.
 */
import { frameBytes, type Frames } from '../../media/frames.ts';
import type { NativeFrames } from './deliver.ts';

/** Share of the frame before at most: what changes slowly is followed within a second. */
const MOST = 0.9;
/** A pixel's own difference counts by half against the mean of its neighbourhood, so that a single pixel that changes is seen too. */
const OWN = 0.5 / 3;
/** Of a difference summed over the channels, the mean. */
const NEIGHBOURS = 1 / 3;

/** How much each pixel of `a` still is what it was in `b`, `[H, W]` in 0 to 1: exp(−(d ÷ level)²), d the mean difference of the 3×3 pixels around it, or half of its own. */
export function stillness(a: Uint8Array, b: Uint8Array, { width, height }: Pick<Frames, 'width' | 'height'>, level: number): Float32Array {
  const difference = new Uint16Array(width * height), rows = new Uint16Array(width * height), out = new Float32Array(width * height);   // rows: sums of three in a row
  for (let i = 0, p = 0; i < difference.length; i++, p += 3) {
    difference[i] = Math.abs(a[p]! - b[p]!) + Math.abs(a[p + 1]! - b[p + 1]!) + Math.abs(a[p + 2]! - b[p + 2]!);
  }
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) rows[i] = (x > 0 ? difference[i - 1]! : 0) + difference[i]! + (x < width - 1 ? difference[i + 1]! : 0);
  }
  const across = (at: number, size: number): number => 1 + Number(at > 0) + Number(at < size - 1);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const sum = (y > 0 ? rows[i - width]! : 0) + rows[i]! + (y < height - 1 ? rows[i + width]! : 0);
      const d = Math.max((NEIGHBOURS * sum) / (across(x, width) * across(y, height)), OWN * difference[i]!) / level;
      out[i] = d === 0 ? 1 : Math.exp(-d * d);
    }
  }
  return out;
}

/** The film's frames in order, RGB, made ones steadied; a `level` of 0 bytes leaves all as it is. */
export async function* steadied(native: AsyncIterable<NativeFrames>, level: number): AsyncGenerator<NativeFrames> {
  let last: Uint8Array | null = null;
  for await (const part of native) {
    const { frames, given } = part, size = frameBytes(frames), data = given === true || level === 0 ? frames.data : frames.data.slice();
    for (let t = 0; t < frames.count; t++) {
      const own = data.subarray(t * size, (t + 1) * size);
      if (last && data !== frames.data) {
        const still = stillness(own, last, frames, level);
        for (let i = 0, pixel = 0; i < size; pixel++) {
          const share = given !== null && !(given as Uint8Array)[pixel] ? 0 : MOST * still[pixel]!;
          for (const end = i + 3; i < end; i++) own[i] = Math.round(own[i]! + share * (last[i]! - own[i]!));
        }
      }
      last = own;
    }
    yield { frames: { ...frames, data }, given };
  }
}
