/**
 * @file The camera's movement between two small frames: a similarity (shift, zoom, roll) fitted to all pixels by iteratively reweighted
 * Gauss–Newton from coarse to fine (Bergen et al. 1992, hierarchical model-based motion estimation; Odobez, Bouthemy 1995, robust weights), so that
 * what moves by itself counts little. Tags say what the camera does: the camera pans right when the picture moves left.
 */
import type { Luma } from '../../media/film-stream.ts';
import { resizeLuma } from './plane.ts';

/** Where the picture goes from one frame to the next; about the centre. */
export interface CameraStep {
  /** To the right, share of the width. */
  readonly x: number;
  /** Downwards, share of the width. */
  readonly y: number;
  /** Growth − 1: above 0 the picture grows. */
  readonly zoom: number;
  /** Clockwise, radians. */
  readonly roll: number;
  /** Mean absolute difference that the fit leaves, 0 … 255: what moves by itself. */
  readonly residual: number;
}

/** Widths of the pyramid; the coarsest sees movements of a fifth of the width. */
const LEVELS = [20, 40, 80] as const;
const ITERATIONS = 6;
/** Bytes: residuals beyond this many times the median count little (Geman–McClure). */
const SCALE = 2.5;

/** Place of entry (r, c ≥ r) in the rows of the upper triangle, five columns. */
const triangle = (r: number, c: number): number => r * 5 - (r * (r - 1)) / 2 + c - r;

/** Solves the 4 × 4 normal equations by elimination with pivots; undefined where a flat picture leaves them singular. */
function solve(a: number[][]): number[] | undefined {
  for (let i = 0; i < 4; i++) {
    let p = i;
    for (let r = i + 1; r < 4; r++) if (Math.abs(a[r]![i]!) > Math.abs(a[p]![i]!)) p = r;
    if (Math.abs(a[p]![i]!) < 1e-9) return undefined;
    [a[i], a[p]] = [a[p]!, a[i]!];
    for (let r = 0; r < 4; r++) if (r !== i) {
      const f = a[r]![i]! / a[i]![i]!;
      for (let c = i; c < 5; c++) a[r]![c]! -= f * a[i]![c]!;
    }
  }
  return a.map((row, i) => row[4]! / row[i]!);
}

/** A frame at one width of the pyramid. */
interface Level { readonly width: number; readonly height: number; readonly data: Uint8Array }
/** Pyramids of the frames that were last asked for: each frame is the second of one pair and the first of the next. */
const pyramids = new WeakMap<Luma, readonly Level[]>();

/** Coarsest first; each level is made of the finer one. */
function pyramidOf(luma: Luma): readonly Level[] {
  const known = pyramids.get(luma);
  if (known) return known;
  const levels: Level[] = [];
  let source: Luma = luma;
  for (const width of LEVELS.toReversed()) levels.unshift(source = resizeLuma(source, width, Math.max(3, Math.round((luma.height * width) / luma.width))));
  pyramids.set(luma, levels);
  return levels;
}

/** Numbers kept between calls: errors and gradients of the finest level at most, and the histogram of errors. */
let errors = new Float64Array(0), gx = new Float64Array(0), gy = new Float64Array(0), inside = new Uint8Array(0);
const bins = new Uint32Array(512), sums = new Float64Array(14);

/** Fills `errors`, `gx`, `gy`, `inside`, `bins` for a guess; returns how many pixels are seen in both frames, and their mean |error|. */
function warp(a: Level, b: Level, tx: number, ty: number, zoom: number, roll: number): { count: number; residual: number } {
  const { width, height } = a, d = b.data, cx = (width - 1) / 2, cy = (height - 1) / 2;
  let count = 0, total = 0;
  bins.fill(0);
  for (let y = 1; y < height - 1; y++) for (let x = 1, i = y * width + 1; x < width - 1; x++, i++) {
    const u = x - cx, v = y - cy, px = x + tx + zoom * u - roll * v, py = y + ty + zoom * v + roll * u, ix = Math.floor(px), iy = Math.floor(py);
    if (!(ix >= 1 && iy >= 1 && ix <= width - 3 && iy <= height - 3)) { inside[i] = 0; continue; }
    const fx = px - ix, fy = py - iy, k = iy * width + ix, w00 = (1 - fy) * (1 - fx), w01 = (1 - fy) * fx, w10 = fy * (1 - fx), w11 = fy * fx, n = k + width;
    const d00 = d[k]!, d01 = d[k + 1]!, d10 = d[n]!, d11 = d[n + 1]!, e = w00 * d00 + w01 * d01 + w10 * d10 + w11 * d11 - a.data[i]!;
    gx[i] = (w00 * (d01 - d[k - 1]!) + w01 * (d[k + 2]! - d00) + w10 * (d11 - d[n - 1]!) + w11 * (d[n + 2]! - d10)) / 2;
    gy[i] = (w00 * (d10 - d[k - width]!) + w01 * (d11 - d[k - width + 1]!) + w10 * (d[n + width]! - d00) + w11 * (d[n + width + 1]! - d01)) / 2;
    errors[i] = e;
    inside[i] = 1;
    const size = Math.abs(e);
    total += size;
    count++;
    bins[Math.min(511, Math.floor(2 * size))]!++;
  }
  return { count, residual: count === 0 ? 255 : total / count };
}

/** The weighted normal equations of the last `warp` by shift (of one width), zoom, roll, solved; undefined where they are singular. */
function gaussNewton(width: number, height: number, scale: number): number[] | undefined {
  const cx = (width - 1) / 2, cy = (height - 1) / 2;
  let s0 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0, s6 = 0, s7 = 0, s8 = 0, s9 = 0, s10 = 0, s11 = 0, s12 = 0, s13 = 0;
  for (let y = 1; y < height - 1; y++) for (let x = 1, i = y * width + 1; x < width - 1; x++, i++) {
    if (!inside[i]) continue;
    const u = x - cx, v = y - cy, e = -errors[i]!, q = 1 + (e / scale) ** 2, w = 1 / (q * q);
    const j0 = gx[i]! * width, j1 = gy[i]! * width, j2 = gx[i]! * u + gy[i]! * v, j3 = gy[i]! * u - gx[i]! * v, w0 = w * j0, w1 = w * j1, w2 = w * j2, w3 = w * j3;
    s0 += w0 * j0; s1 += w0 * j1; s2 += w0 * j2; s3 += w0 * j3; s4 += w0 * e;
    s5 += w1 * j1; s6 += w1 * j2; s7 += w1 * j3; s8 += w1 * e;
    s9 += w2 * j2; s10 += w2 * j3; s11 += w2 * e; s12 += w3 * j3; s13 += w3 * e;
  }
  sums.set([s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13]);
  return solve(Array.from({ length: 4 }, (_, r) => Array.from({ length: 5 }, (_c, c) => sums[triangle(Math.min(r, c), Math.max(r, c))]!)));
}

/** The similarity that takes `from` to `to`; both of one size. */
export function cameraStep(from: Luma, to: Luma): CameraStep {
  let tx = 0, ty = 0, zoom = 0, roll = 0, residual = 0;           // shift in shares of the width; x' = x + t + zoom·x − roll·y
  const as = pyramidOf(from), bs = pyramidOf(to), finest = as.at(-1)!, pixels = finest.width * finest.height;
  if (errors.length < pixels) [errors, gx, gy, inside] = [new Float64Array(pixels), new Float64Array(pixels), new Float64Array(pixels), new Uint8Array(pixels)];
  for (const [level, a] of as.entries()) {
    const { width, height } = a;
    for (let iteration = 0; iteration < ITERATIONS; iteration++) {
      const seen = warp(a, bs[level]!, tx * width, ty * width, zoom, roll);
      if (seen.count < 16) return { x: 0, y: 0, zoom: 0, roll: 0, residual: 255 };
      residual = seen.residual;
      let median = 0;
      for (let below = bins[0]!; below < seen.count / 2; below += bins[++median]!);
      const step = gaussNewton(width, height, SCALE * Math.max(1, median / 2));
      if (!step) break;
      tx += step[0]!; ty += step[1]!; zoom += step[2]!; roll += step[3]!;
      // Within a hundredth of a pixel anywhere: the next level, or nothing, would see it.
      if (Math.max(Math.abs(step[0]!), Math.abs(step[1]!), Math.abs(step[2]!), Math.abs(step[3]!)) * width < 0.01) break;
    }
  }
  return { x: tx, y: ty, zoom, roll, residual };
}

/** What a camera can do; a clip has those that are fast enough, or `static`, or `shaky`. */
export const CAMERA_TAGS = ['static', 'pan left', 'pan right', 'tilt up', 'tilt down', 'zoom in', 'zoom out', 'roll', 'shaky'] as const;
export type CameraTag = (typeof CAMERA_TAGS)[number];

/** A clip's movement. */
export interface ClipMotion {
  /** Mean residual a step after the camera is taken out, 0 … 255. */
  readonly own: number;
  /** Mean length of the camera's shift, widths a second. */
  readonly speed: number;
  readonly camera: readonly CameraTag[];
}

/** Widths, or growth, a second: slower is not seen as movement of the camera. */
const SEEN = 0.04;
/** Radians a second. */
const TURNS = 0.08;

/** Sums the steps of a clip up. `fps` frames a second of the frames that the steps lie between. */
export function clipMotion(steps: readonly CameraStep[], fps: number): ClipMotion {
  if (steps.length === 0) return { own: 0, speed: 0, camera: ['static'] };
  const mean = (f: (s: CameraStep) => number): number => steps.reduce((sum, s) => sum + f(s), 0) / steps.length;
  const x = mean((s) => s.x) * fps, y = mean((s) => s.y) * fps, zoom = mean((s) => s.zoom) * fps, roll = mean((s) => s.roll) * fps, speed = mean((s) => Math.hypot(s.x, s.y)) * fps;
  const camera: CameraTag[] = [];
  if (Math.abs(x) > SEEN) camera.push(x < 0 ? 'pan right' : 'pan left');
  if (Math.abs(y) > SEEN) camera.push(y < 0 ? 'tilt down' : 'tilt up');
  if (Math.abs(zoom) > SEEN) camera.push(zoom > 0 ? 'zoom in' : 'zoom out');
  if (Math.abs(roll) > TURNS) camera.push('roll');
  if (speed > 3 * Math.hypot(x, y) && speed > 2 * SEEN) camera.push('shaky');           // it moves, but to nowhere
  return { own: mean((s) => s.residual), speed, camera: camera.length === 0 ? ['static'] : camera };
}
