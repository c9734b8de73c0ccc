/**
 * @file How much moves in a film, and how colourful it is. Motion: the mean absolute difference of neighbouring frames, in bytes, over the pixels of a mask.
 * For films made from a real clip's first frame the mask is the union of that clip's silhouettes over time, grown by a few pixels, for the
 * film as for the clip: both start from the same picture and stay in place, so equal places are compared. Films from words alone are not
 * in a known place; they are compared over the whole frame, where still grounds add nothing.
 */
import { frameBytes, type Frames } from '../media/frames.ts';
import { oklab } from '../media/oklab.ts';

/** Pixels by which a silhouette is grown: a made film may swing an arm a little farther. */
const MARGIN = 3;

/** Pixels `[H, W]` that are covered in any frame of `[T, H, W]`, grown by {@link MARGIN} in each direction. */
export function unionMask(silhouette: Uint8Array, width: number, height: number): Uint8Array {
  const plane = width * height, out = new Uint8Array(plane);
  for (let i = 0; i < silhouette.length; i++) {
    if (silhouette[i] === 0) continue;
    const x0 = i % width, y0 = Math.floor((i % plane) / width);
    if (out[i % plane] === 2) continue;                         // its surroundings are marked already
    for (let y = Math.max(0, y0 - MARGIN); y <= Math.min(height - 1, y0 + MARGIN); y++) {
      for (let x = Math.max(0, x0 - MARGIN); x <= Math.min(width - 1, x0 + MARGIN); x++) out[y * width + x] ||= 1;
    }
    out[i % plane] = 2;
  }
  return out.map((v) => Math.min(1, v));
}

/** Mean absolute step between neighbouring frames over masked pixels (all without a mask) and channels, 0 … 255; 0 for one frame. */
export function motionEnergy(film: Frames, mask?: Uint8Array): number {
  const { data, count, channels } = film, size = frameBytes(film);
  let sum = 0, n = 0;
  for (let i = 0; i < size; i++) {
    if (mask && mask[Math.floor(i / channels)] === 0) continue;
    for (let t = 1; t < count; t++) sum += Math.abs(data[t * size + i]! - data[(t - 1) * size + i]!);
    n += count - 1;
  }
  return n === 0 ? 0 : sum / n;
}

/** Mean chroma √(a² + b²) in OKLab over all pixels: strong guidance raises it. */
export function saturation({ data, channels }: Frames): number {
  const lab = new Float64Array(3);
  let sum = 0;
  for (let i = 0; i < data.length; i += channels) {
    oklab(data[i]!, data[i + 1]!, data[i + 2]!, lab);
    sum += Math.sqrt(lab[1]! ** 2 + lab[2]! ** 2);
  }
  return sum / (data.length / channels);
}
