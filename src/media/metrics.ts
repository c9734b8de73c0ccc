/**
 * @file How near two films are: PSNR over all channels, and SSIM (Wang, Bovik, Sheikh, Simoncelli 2004, section III.B–C) on
 * luma with their 11-tap Gaussian window. Both take 8-bit Frames of equal shape; alpha is laid over black first.
 */
import { InputError } from '../core/errors.ts';
import { type Frames, toRgb } from './frames.ts';

function pair(a: Frames, b: Frames): readonly [Frames, Frames] {
  if (a.count !== b.count || a.height !== b.height || a.width !== b.width) {
    throw new InputError(`films of ${a.count}×${a.height}×${a.width} and ${b.count}×${b.height}×${b.width} cannot be compared`);
  }
  return [toRgb(a), toRgb(b)];
}

/**
 * Peak signal-to-noise ratio in dB, 10·log₁₀(255² / mean squared error); Infinity for equal films.
 * `mask` `[T, H, W]` (or `[H, W]` for all frames): only pixels where it is not 0 count; NaN if there is none.
 */
export function psnr(a: Frames, b: Frames, mask?: Uint8Array): number {
  const [x, y] = pair(a, b), pixels = x.count * x.height * x.width;
  if (mask && mask.length !== pixels && mask.length !== x.height * x.width) {
    throw new InputError(`mask of ${mask.length} values for ${x.count}×${x.height}×${x.width} pixels`);
  }
  let sum = 0, n = 0;
  for (let i = 0; i < pixels; i++) {
    if (mask && mask[i % mask.length] === 0) continue;
    for (let c = 3 * i; c < 3 * i + 3; c++) { const d = x.data[c]! - y.data[c]!; sum += d * d; }
    n += 3;
  }
  return n === 0 ? NaN : 10 * Math.log10((255 * 255 * n) / sum);
}

/** Stabilisers: C = (K·L)², L = 255, K₁ = 0.01, K₂ = 0.03. */
const C1 = (0.01 * 255) ** 2, C2 = (0.03 * 255) ** 2;
const TAPS = 11, SIGMA = 1.5;
const WINDOW = ((): Float64Array => {
  const w = Float64Array.from({ length: TAPS }, (_, i) => Math.exp(-((i - 5) ** 2) / (2 * SIGMA * SIGMA)));
  const sum = w.reduce((a, b) => a + b, 0);
  return w.map((v) => v / sum);
})();

/** Luma of frame t as MATLAB's rgb2gray (BT.601 weights), which the authors' code uses. */
function luma(f: Frames, t: number): Float64Array {
  const plane = f.height * f.width;
  return Float64Array.from({ length: plane }, (_, i) => {
    const p = 3 * (t * plane + i);
    return 0.299 * f.data[p]! + 0.587 * f.data[p + 1]! + 0.114 * f.data[p + 2]!;
  });
}

/** Separable Gaussian over windows that lie inside: [H, W] → [H − 10, W − 10]. */
function blur(image: Float64Array, height: number, width: number): Float64Array {
  const w = width - TAPS + 1, h = height - TAPS + 1;
  const rows = new Float64Array(height * w), out = new Float64Array(h * w);
  for (let y = 0; y < height; y++) for (let x = 0; x < w; x++) {
    let s = 0;
    for (let k = 0; k < TAPS; k++) s += WINDOW[k]! * image[y * width + x + k]!;
    rows[y * w + x] = s;
  }
  for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) {
    let s = 0;
    for (let k = 0; k < TAPS; k++) s += WINDOW[k]! * rows[(y + k) * w + x]!;
    out[y * w + x] = s;
  }
  return out;
}

/** Mean structural similarity, −1…1, averaged over frames; 1 for equal films. Frames have at least 11×11 pixels. */
export function ssim(a: Frames, b: Frames): number {
  const [p, q] = pair(a, b), { height, width, count } = p;
  if (height < TAPS || width < TAPS) throw new InputError(`ssim needs frames of at least ${TAPS}×${TAPS}, got ${width}×${height}`);
  let total = 0;
  for (let t = 0; t < count; t++) {
    const x = luma(p, t), y = luma(q, t);
    const smooth = (f: (i: number) => number): Float64Array => blur(Float64Array.from(x, (_, i) => f(i)), height, width);
    const mx = smooth((i) => x[i]!), my = smooth((i) => y[i]!);
    const xx = smooth((i) => x[i]! * x[i]!), yy = smooth((i) => y[i]! * y[i]!), xy = smooth((i) => x[i]! * y[i]!);
    let sum = 0;
    for (let i = 0; i < mx.length; i++) {
      const m = mx[i]! * my[i]!, m2 = mx[i]! ** 2 + my[i]! ** 2;
      sum += ((2 * m + C1) * (2 * (xy[i]! - m) + C2)) / ((m2 + C1) * (xx[i]! + yy[i]! - m2 + C2)); // equation 13
    }
    total += sum / mx.length;
  }
  return total / count;
}
