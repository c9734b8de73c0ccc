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

/** The similarity that takes `from` to `to`; both of one size. */
export function cameraStep(from: Luma, to: Luma): CameraStep {
  let tx = 0, ty = 0, zoom = 0, roll = 0, residual = 0;           // shift in shares of the width; x' = x + t + zoom·x − roll·y
  for (const width of LEVELS) {
    const height = Math.max(3, Math.round((from.height * width) / from.width)), a = resizeLuma(from, width, height), b = resizeLuma(to, width, height);
    const errors = new Float64Array(width * height), gx = new Float64Array(width * height), gy = new Float64Array(width * height), inside = new Uint8Array(width * height);
    for (let iteration = 0; iteration < ITERATIONS; iteration++) {
      const bins = new Uint32Array(512);                        // of |error|, half a byte wide: the median without sorting
      let count = 0, total = 0;
      inside.fill(0);
      for (let y = 1; y < height - 1; y++) for (let x = 1; x < width - 1; x++) {
        const u = x - (width - 1) / 2, v = y - (height - 1) / 2;
        const px = x + tx * width + zoom * u - roll * v, py = y + ty * width + zoom * v + roll * u, ix = Math.floor(px), iy = Math.floor(py);
        if (ix < 1 || iy < 1 || ix > width - 3 || iy > height - 3) continue;
        const fx = px - ix, fy = py - iy, at = iy * width + ix, d = b.data;
        const value = (k: number): number => (1 - fy) * ((1 - fx) * d[k]! + fx * d[k + 1]!) + fy * ((1 - fx) * d[k + width]! + fx * d[k + width + 1]!);
        const i = y * width + x;
        errors[i] = value(at) - a.data[i]!;
        gx[i] = (value(at + 1) - value(at - 1)) / 2;
        gy[i] = (value(at + width) - value(at - width)) / 2;
        inside[i] = 1;
        const size = Math.abs(errors[i]!);
        total += size;
        count++;
        bins[Math.min(511, Math.floor(2 * size))]!++;
      }
      if (count < 16) return { x: 0, y: 0, zoom: 0, roll: 0, residual: 255 };
      residual = total / count;
      let median = 0;
      for (let below = bins[0]!; below < count / 2; below += bins[++median]!);
      const scale = SCALE * Math.max(1, median / 2), sums = new Float64Array(14), j = new Float64Array(5);     // upper triangle, then right side
      for (let y = 1, i = width + 1; y < height - 1; y++, i += 2) for (let x = 1; x < width - 1; x++, i++) {
        if (!inside[i]) continue;
        const u = x - (width - 1) / 2, v = y - (height - 1) / 2, e = errors[i]!, w = 1 / (1 + (e / scale) ** 2) ** 2, dx = gx[i]!, dy = gy[i]!;
        j[0] = dx * width; j[1] = dy * width; j[2] = dx * u + dy * v; j[3] = dy * u - dx * v; j[4] = -e;                   // by tx, ty, zoom, roll
        for (let r = 0, at = 0; r < 4; r++) for (let c = r; c < 5; c++) sums[at++]! += w * j[r]! * j[c]!;
      }
      const normal = Array.from({ length: 4 }, (_, r) => Array.from({ length: 5 }, (_c, c) => sums[triangle(Math.min(r, c), Math.max(r, c))]!));
      const step = solve(normal);
      if (!step) break;
      tx += step[0]!; ty += step[1]!; zoom += step[2]!; roll += step[3]!;
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
