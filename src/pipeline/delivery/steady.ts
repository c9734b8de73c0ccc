/**
 * @file Rest where nothing moves: a decoder that works in chunks of time shimmers by a few bytes from chunk to chunk, and eyes see that on grounds that stand still.
 * Each made frame is drawn towards the frame before it at pixels whose neighbourhood differs by no more than that shimmer (a recursive filter whose gain follows motion:
 * Dubois and Sabri 1984, "Noise reduction in image sequences using motion-compensated temporal filtering"). What was given stays as it is.
 */
import { frameBytes, type Frames } from '../../media/frames.ts';
import type { NativeFrames } from './deliver.ts';

/** Share of the frame before at most: what changes slowly is followed within a second. */
const MOST = 0.9;
/** A pixel's own difference counts by this against the mean of its neighbourhood, so that a single pixel that changes is seen too. */
const OWN = 0.5;

/** How much each pixel of `a` still is what it was in `b`, `[H, W]` in 0 to 1: exp(−(d ÷ level)²), d the mean difference of the 3×3 pixels around it, or half of its own. */
export function stillness(a: Uint8Array, b: Uint8Array, { width, height }: Pick<Frames, 'width' | 'height'>, level: number): Float32Array {
  const difference = new Float32Array(width * height), out = new Float32Array(width * height);
  for (let i = 0; i < difference.length; i++) for (let c = 3 * i; c < 3 * i + 3; c++) difference[i]! += Math.abs(a[c]! - b[c]!) / 3;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0, count = 0;
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
        for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++, count++) sum += difference[v * width + u]!;
      }
      const d = Math.max(sum / count, OWN * difference[y * width + x]!);
      out[y * width + x] = Math.exp(-((d / level) ** 2));
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
        for (let i = 0; i < size; i++) {
          const pixel = Math.floor(i / 3), share = given !== null && !(given as Uint8Array)[pixel] ? 0 : MOST * still[pixel]!;
          own[i] = Math.round(own[i]! + share * (last[i]! - own[i]!));
        }
      }
      last = own;
    }
    yield { frames: { ...frames, data }, given };
  }
}
