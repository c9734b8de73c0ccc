/**
 * @file What is done to a clip before the judge learns from it, so that it reads films that are not pixel-exact: shifts, colour jitter,
 * blur, noise and few colours. Works on bytes and tables of 256 entries, because it runs beside the engine on the same cores.
 */
import { normals, type Draws } from '../../core/random.ts';
import type { Frames } from '../../media/frames.ts';

const NOISE_SIZE = 1 << 18;
let noiseTable: Float32Array | undefined;                       // a constant: Gaussians of a fixed key, read from any offset

/** Writes frames `seen` of a clip, altered by draws of `d`, to `out` `[3, seen.length, H, W]` in about [−1, 1]. */
export function augmentInto(out: Float32Array, clip: Frames, seen: readonly number[], d: Draws): void {
  const { width, height, data } = clip, plane = width * height;
  const shifted = d.chance(0.3), dx = d.int(5) - 2, dy = d.int(5) - 2;
  const jitter = d.chance(0.6), gain = 1 + 0.12 * (d.uniform() - 0.5);
  const offsets = [0, 1, 2].map(() => 0.08 * (d.uniform() - 0.5));
  const few = d.chance(0.12), levels = 5 + d.int(8);
  const blurred = d.chance(0.25), strength = 0.3 + 0.7 * d.uniform();
  const noisy = d.chance(0.4), sigma = 0.08 * d.uniform(), noiseAt = d.int(NOISE_SIZE);
  const tables = offsets.map((offset) => Float32Array.from({ length: 256 }, (_, v) => {
    const x = (few ? Math.round(v / 255 * (levels - 1)) / (levels - 1) * 255 : v) / 127.5 - 1;
    return jitter ? x * gain + offset : x;
  }));
  const clampX = (x: number): number => Math.min(width - 1, Math.max(0, x)), clampY = (y: number): number => Math.min(height - 1, Math.max(0, y));
  const columns = Int32Array.from({ length: width }, (_, x) => 3 * (shifted ? clampX(x - dx) : x));
  for (let c = 0; c < 3; c++) {
    const table = tables[c]!;
    seen.forEach((t, i) => {
      const to = (c * seen.length + i) * plane;
      for (let y = 0; y < height; y++) {
        const from = (t * plane + (shifted ? clampY(y - dy) : y) * width) * 3 + c, row = to + y * width;
        for (let x = 0; x < width; x++) out[row + x] = table[data[from + columns[x]!]!]!;
      }
      if (blurred) blur(out.subarray(to, to + plane), width, height, strength);
    });
  }
  if (!noisy) return;
  noiseTable ??= normals({ seed: 0, stream: 'judge/noise-table', step: 0 }, NOISE_SIZE);
  for (let i = 0; i < out.length; i++) out[i]! += sigma * noiseTable[(noiseAt + i) & (NOISE_SIZE - 1)]!;
}

/** Binomial blur 1-2-1 along both axes, mixed with the original. */
function blur(image: Float32Array, width: number, height: number, strength: number): void {
  const side = strength / 4, middle = 1 - 2 * side;
  for (let y = 0; y < height; y++) {
    let left = image[y * width]!;
    for (let x = y * width; x < (y + 1) * width; x++) {
      const here = image[x]!, right = x + 1 < (y + 1) * width ? image[x + 1]! : here;
      image[x] = middle * here + side * (left + right);
      left = here;
    }
  }
  for (let x = 0; x < width; x++) {
    let above = image[x]!;
    for (let y = x; y < width * height; y += width) {
      const here = image[y]!, below = y + width < width * height ? image[y + width]! : here;
      image[y] = middle * here + side * (above + below);
      above = here;
    }
  }
}
