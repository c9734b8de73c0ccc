/**
 * @file Cuts films out of their flat ground: RGB in, RGBA (straight alpha) out, at native size, so that pixel art stays crisp when it is enlarged. Ground is what hangs
 * together with the border and is near its colour (ground.ts) in OKLab, and closed holes of that very colour. Pixels at the silhouette that are a mix of ground and a
 * colour just inside take that colour, and their share of it as alpha: C = α·F + (1 − α)·B (Porter and Duff 1984), solved in sRGB bytes, as viewers lay films over
 * one another. So over its own ground the film looks as before, over any other it has no fringe. Not for photographs: hair and glass need a learned matte.
 */
import type { Frames } from './frames.ts';
import { concatFrames, sliceFrames, toRgba } from './frames.ts';
import { borderOf, groundOf, labDistance, labOf, type Ground } from './ground.ts';
import { oklab } from './oklab.ts';

/** OKLab distance up to which a neighbour of ground is ground: `REACH` times the ground's own stray, within these bounds. */
const REACH = 2.5, LEAST_REACH = 0.065, MOST_REACH = 0.1;
/** A closed hole has the ground's very colour, in this many pixels at least: what is only like it may be skin or cloth. */
const HOLE_REACH = 0.03, HOLE_PIXELS = 4;
/** Pixels up to this far from the ground's colour are smudges of it, unless they lean on the figure: one that is farther stands within so many pixels. */
const FAINT = 0.11, LEANS = 2;
/** A few pixels that stand apart are noise if none of them is farther from the ground than this. */
const SPECK = 0.25, SPECK_PIXELS = 6;
/** Rows of pixels along the silhouette that may be mixed, and how many pixels from one the colour that it is mixed of may be. */
const ROWS = 2, NEIGHBOURHOOD = 3;
/** OKLab distance up to which a mix explains a pixel, and by which the colour that it is mixed of is farther from the ground. */
const EXPLAINED = 0.04, FARTHER = 0.02;
/** Alpha below the first is none, above the second all: what is left of noise after un-mixing. */
const LEAST_ALPHA = 0.15, MOST_ALPHA = 0.85;
/** The row of what is no edge. */
const INSIDE = 255;
/** Pixels around visible ones that take their colours, for those who smooth the film when they show it. */
const BLEED = 2;

type Size = Pick<Frames, 'width' | 'height'>;

/** Whether `visit` says yes of one of the pixels within `radius` of pixel i, itself too; asks no further then. */
function around(i: number, { width, height }: Size, radius: number, visit: (k: number) => boolean): boolean {
  const x = i % width, y = (i - x) / width, right = Math.min(width - 1, x + radius), bottom = Math.min(height - 1, y + radius);
  for (let v = Math.max(0, y - radius); v <= bottom; v++) for (let u = Math.max(0, x - radius); u <= right; u++) if (visit(v * width + u)) return true;
  return false;
}

/** Pixels for which `inside` holds and that hang together with one of `starts`, by their sides or by their corners too; marked in `seen`. */
function flood(starts: readonly number[], seen: Uint8Array, size: Size & { readonly corners: boolean }, inside: (i: number) => boolean): number[] {
  const out: number[] = [], { corners, width } = size;
  const take = (i: number): void => { if (!seen[i] && inside(i)) { seen[i] = 1; out.push(i); } };
  starts.forEach(take);
  for (let at = 0; at < out.length; at++) {                             // out grows
    const i = out[at]!, x = i % width;
    around(i, size, 1, (k) => { if (corners || k % width === x || Math.abs(k - i) === 1) take(k); return false; });
  }
  return out;
}

/** 0 where there is ground, 1 … {@link ROWS} in the rows along the silhouette, from outside, and {@link INSIDE} within; `[H, W]`. `far` are distances from the ground's colour. */
function segment(far: Float64Array, size: Size, reach: number): Uint8Array {
  const row = new Uint8Array(far.length).fill(INSIDE), sides = { ...size, corners: false }, corners = { ...size, corners: true };
  const seen = new Uint8Array(far.length), visited = new Uint8Array(far.length);
  const smudge = (i: number): boolean => far[i]! <= FAINT && !around(i, size, LEANS, (k) => far[k]! > FAINT);
  for (const i of flood(borderOf(size), seen, sides, (k) => far[k]! <= reach || smudge(k))) row[i] = 0;
  for (let i = 0; i < far.length; i++) {
    if (seen[i] || far[i]! > HOLE_REACH) continue;
    const hole = flood([i], seen, sides, (k) => far[k]! <= HOLE_REACH);
    if (hole.length >= HOLE_PIXELS) for (const k of hole) row[k] = 0;
  }
  for (let i = 0; i < far.length; i++) {
    if (visited[i] || row[i] === 0) continue;
    const piece = flood([i], visited, corners, (k) => row[k] !== 0);
    if (piece.length <= SPECK_PIXELS && piece.every((k) => far[k]! <= SPECK)) for (const k of piece) row[k] = 0;
  }
  for (let r = 1; r <= ROWS; r++) {
    for (let i = 0; i < far.length; i++) if (row[i] === INSIDE && around(i, size, 1, (k) => row[k] === r - 1)) row[i] = r;
  }
  return row;
}

/** One frame `[1, H, W, 3]` without its ground: `[1, H, W, 4]`. Invisible pixels hold the ground's colour, or near visible ones theirs. */
export function keyFrame(frame: Frames, ground: Ground): Frames {
  const { data, channels, width, height } = frame, { rgb } = ground, lab = labOf(frame), centre = new Float64Array(3), mix = new Float64Array(3);
  oklab(...rgb, centre);
  const far = Float64Array.from({ length: width * height }, (_, i) => labDistance(lab, i, centre));
  const row = segment(far, frame, Math.min(MOST_REACH, Math.max(LEAST_REACH, REACH * ground.stray)));
  const out = new Uint8Array(width * height * 4);                       // [H, W, 4]
  const put = (i: number, from: number, alpha: number): void => {
    for (let c = 0; c < 3; c++) out[4 * i + c] = data[from * channels + c]!;
    out[4 * i + 3] = Math.floor(255 * alpha + 0.5);
  };
  /** Of which pixel's colour, and to what share, pixel i is mixed; itself and 1 if it is not. */
  const unmixed = (i: number): readonly [from: number, alpha: number] => {
    let from = i, alpha = 1, least = EXPLAINED;
    around(i, frame, NEIGHBOURHOOD, (k) => {
      if (row[k] === 0 || far[k]! <= far[i]! + FARTHER) return false;
      let along = 0, whole = 0;                                         // C − B on F − B
      for (let c = 0; c < 3; c++) {
        const f = data[k * channels + c]! - rgb[c]!;
        along += f * (data[i * channels + c]! - rgb[c]!); whole += f * f;
      }
      const a = along / whole;
      if (!(a > 0 && a < 1)) return false;
      const byte = (c: 0 | 1 | 2): number => Math.round(rgb[c] + a * (data[k * channels + c]! - rgb[c]));
      oklab(byte(0), byte(1), byte(2), mix);
      const miss = labDistance(lab, i, mix);
      if (miss < least) { least = miss; alpha = a; from = k; }
      return false;
    });
    return alpha > MOST_ALPHA ? [i, 1] : [from, alpha < LEAST_ALPHA ? 0 : alpha];
  };
  for (let r = 1; r <= ROWS; r++) {                                     // a row is mixed only where the one outside of it lets through more than half
    for (let i = 0; i < row.length; i++) {
      if (row[i] !== r) continue;
      const open = r === 1 || around(i, frame, 1, (k) => row[k] === r - 1 && out[4 * k + 3]! < 128);
      put(i, ...(open ? unmixed(i) : [i, 1] as const));
    }
  }
  for (let i = 0; i < row.length; i++) if (row[i] === INSIDE) put(i, i, 1);
  bleed(out, frame, rgb);
  return { ...frame, data: out, count: 1, channels: 4 };
}

/** Gives invisible pixels a colour: near visible ones the mean of those beside them, else `rgb`. */
function bleed(rgba: Uint8Array, size: Size, rgb: readonly [number, number, number]): void {
  const has = Uint8Array.from({ length: rgba.length / 4 }, (_, i) => (rgba[4 * i + 3]! > 0 ? 1 : 0));
  for (let step = 1; step <= BLEED; step++) {
    for (let i = 0; i < has.length; i++) {
      if (has[i]) continue;
      let n = 0, r = 0, g = 0, b = 0;
      around(i, size, 1, (k) => {
        if (has[k]! > 0 && has[k]! <= step) { n++; r += rgba[4 * k]!; g += rgba[4 * k + 1]!; b += rgba[4 * k + 2]!; }
        return false;
      });
      if (n === 0) continue;
      rgba.set([Math.round(r / n), Math.round(g / n), Math.round(b / n)], 4 * i);
      has[i] = step + 1;
    }
  }
  for (let i = 0; i < has.length; i++) if (!has[i]) rgba.set(rgb, 4 * i);
}

/** Cuts a film's frames out, in order. */
export class GroundKeyer {
  #before: Ground | null = null;
  #frames = 0;
  #opaque = 0;

  /** The frames `[T, H, W, 3]` as `[T, H, W, 4]`; a frame that has no plain ground stays opaque. */
  key(frames: Frames): Frames {
    const out: Frames[] = [];
    for (let t = 0; t < frames.count; t++) {
      const frame = sliceFrames(frames, t, t + 1), ground = groundOf(frame, this.#before);
      out.push(ground ? keyFrame(frame, ground) : toRgba(frame));
      this.#before = ground;
      this.#frames++;
      if (!ground) this.#opaque++;
    }
    return concatFrames(out);
  }

  /** What the film's maker should know, as a sentence; null when all frames were cut out. */
  note(): string | null {
    if (this.#opaque === 0) return null;
    const some = this.#opaque < this.#frames;
    return `${some ? `${this.#opaque} of ${this.#frames} frames have no` : 'no frame has a'} ground of one flat colour, so ${some ? 'they stay' : 'the film is'} opaque: `
      + 'ask for a plain background, or for another seed';
  }
}
