/**
 * @file One palette for a whole film: k-means++ (Arthur & Vassilvitskii 2007) and Lloyd's iteration in OKLab
 * (Ottosson 2020, https://bottosson.github.io/posts/oklab/), seeded, then each pixel becomes its nearest colour. Two passes
 * that stream: count colours chunk by chunk, then map chunk by chunk. No dithering. A film of at most N colours is exact.
 * Arithmetic is + − × ÷ √ only (see oklab.ts), so palettes are the same in every JS engine.
 */
import { InputError } from '../core/errors.ts';
import { draws } from '../core/random.ts';
import type { Frames } from './frames.ts';
import { oklab } from './oklab.ts';

/** Colours, `[N, 3]` sRGB bytes, darkest first. */
export type Palette = Uint8Array;

/** Distinct colours are told apart up to this many; beyond, they are merged in cells of 8³ values (5 bits a channel). */
const EXACT_LIMIT = 4096;

/** First pass: how often each colour occurs. Pixels that are not there at all (alpha 0) do not count. */
export class ColourCounter {
  #exact: Map<number, number> | undefined = new Map();
  /** Count and sums of R, G, B for each 15-bit cell. */
  #cells: Float64Array | undefined;
  #seen = false;

  /** Whether any frame was counted, be it one in which nothing is there. */
  get seen(): boolean { return this.#seen; }

  add(frames: Frames): void {
    const { data, channels } = frames, alphaAt = (i: number): number => (channels === 4 ? i + 3 : -1);
    this.#seen = true;
    for (let i = 0; i < data.length;) {
      if (data[alphaAt(i)] === 0) { i += 4; continue; }
      const key = data[i]! << 16 | data[i + 1]! << 8 | data[i + 2]!;
      const start = i;                                                  // runs of one colour are counted at once
      do i += channels; while (i < data.length && data[alphaAt(i)] !== 0 && (data[i]! << 16 | data[i + 1]! << 8 | data[i + 2]!) === key);
      this.#count(key, (i - start) / channels);
    }
  }

  #count(key: number, times: number): void {
    if (this.#exact) {
      this.#exact.set(key, (this.#exact.get(key) ?? 0) + times);
      if (this.#exact.size <= EXACT_LIMIT) return;
      const all = this.#exact;
      this.#exact = undefined;
      this.#cells = new Float64Array(4 * 2 ** 15);
      for (const [k, n] of all) this.#count(k, n);
      return;
    }
    const cells = this.#cells!, r = key >> 16, g = key >> 8 & 255, b = key & 255;
    const at = 4 * ((r >> 3) << 10 | (g >> 3) << 5 | b >> 3);
    cells[at]! += times; cells[at + 1]! += r * times; cells[at + 2]! += g * times; cells[at + 3]! += b * times;
  }

  /** Colours with their counts: exact up to 4,096 distinct ones, else the means of cells; in a fixed order. */
  colours(): { readonly rgb: readonly [number, number, number]; readonly count: number }[] {
    if (this.#exact) {
      return [...this.#exact].sort(([a], [b]) => a - b)
        .map(([key, count]) => ({ rgb: [key >> 16, key >> 8 & 255, key & 255] as const, count }));
    }
    const out = [];
    for (let at = 0, cells = this.#cells!; at < cells.length; at += 4) {
      const count = cells[at]!;
      if (count) out.push({ rgb: [cells[at + 1]! / count, cells[at + 2]! / count, cells[at + 3]! / count] as const, count });
    }
    return out;
  }
}

export interface PaletteOptions {
  /** Colours wanted, 1…256. */
  readonly colours: number;
  /** Seed of the starting points. */
  readonly seed: number;
}

/** Lloyd's iterations; the assignment of pixel-art films is stable well before. */
const ITERATIONS = 16;

/** The palette of a film, or of a counter that has seen it. Holds fewer colours if the film does. */
export function quantizePalette(source: Frames | ColourCounter, options: PaletteOptions): Palette {
  const { colours: wanted, seed } = options;
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > 256) throw new InputError(`palette must have 1 to 256 colours, got ${wanted}`);
  let counter: ColourCounter;
  if (source instanceof ColourCounter) counter = source;
  else { counter = new ColourCounter(); counter.add(source); }
  const colours = counter.colours();
  if (!counter.seen) throw new InputError('palette: no frame has been counted');
  if (colours.length === 0) return Uint8Array.of(0, 0, 0);              // nothing is there: no pixel will ask for it
  const exact = colours.every(({ rgb }) => rgb.every(Number.isInteger));
  if (colours.length <= wanted && exact) return sortByLightness(colours.map((c) => c.rgb));

  const n = colours.length;
  const points = new Float64Array(n * 3);                               // [n, 3] OKLab
  const weights = Float64Array.from(colours, (c) => Math.sqrt(c.count * Math.sqrt(c.count))); // count^¾: small bright things, eyes, are worth a colour
  colours.forEach(({ rgb: [r, g, b] }, i) => oklab(Math.round(r), Math.round(g), Math.round(b), points, i * 3));
  const centres = plusPlus(points, weights, wanted, seed);              // [k, 3]
  const k = centres.length / 3;
  const owner = new Int32Array(n).fill(-1);
  for (let step = 0; step < ITERATIONS; step++) {
    let moved = false;
    const nearest = nearestOf(centres);
    for (let i = 0; i < n; i++) {
      const best = nearest(points[3 * i]!, points[3 * i + 1]!, points[3 * i + 2]!);
      if (best !== owner[i]) { owner[i] = best; moved = true; }
    }
    if (!moved) break;
    const sums = new Float64Array(4 * k);
    for (let i = 0; i < n; i++) {
      const at = 4 * owner[i]!, w = weights[i]!;
      sums[at]! += w;
      for (let c = 0; c < 3; c++) sums[at + 1 + c]! += w * points[3 * i + c]!;
    }
    for (let j = 0; j < k; j++) if (sums[4 * j]) for (let c = 0; c < 3; c++) centres[3 * j + c] = sums[4 * j + 1 + c]! / sums[4 * j]!;
  }
  const sums = new Float64Array(4 * k);                                 // back to bytes: the mean of the members
  for (let i = 0; i < n; i++) {
    const at = 4 * owner[i]!, w = weights[i]!;
    sums[at]! += w;
    for (let c = 0; c < 3; c++) sums[at + 1 + c]! += w * colours[i]!.rgb[c]!;
  }
  const out: [number, number, number][] = [];
  for (let at = 0; at < sums.length; at += 4) {
    if (sums[at]) out.push([1, 2, 3].map((c) => Math.floor(sums[at + c]! / sums[at]! + 0.5)) as [number, number, number]);
  }
  return sortByLightness(out);
}

/** Candidates for each starting point; the one that lowers the total most is taken (greedy k-means++). */
const CANDIDATES = 6;

/** Start: candidates for the next centre are drawn with probability ∝ weight × squared distance to the nearest so far. */
function plusPlus(points: Float64Array, weights: Float64Array, wanted: number, seed: number): Float64Array {
  const n = weights.length, random = draws({ seed, stream: 'palette', step: 0 });
  let gap = new Float64Array(n).fill(Infinity);                         // squared distance to the nearest centre
  const sums = new Float64Array(n);                                     // running total of weight × gap
  const centres: number[] = [];
  while (centres.length < 3 * wanted) {
    let total = 0;
    for (let i = 0; i < n; i++) sums[i] = total += weights[i]! * Math.min(gap[i]!, 1); // the first by weight alone
    if (total <= 0) break;                                              // fewer colours than wanted
    let best = -1, least = Infinity, bestGap = gap;
    for (let k = 0; k < CANDIDATES; k++) {
      const pick = upperBound(sums, random.uniform() * total), next = gap.slice();
      const x = points[3 * pick]!, y = points[3 * pick + 1]!, z = points[3 * pick + 2]!;
      let cost = 0;
      for (let i = 0; i < n; i++) {
        const dx = points[3 * i]! - x, dy = points[3 * i + 1]! - y, dz = points[3 * i + 2]! - z;
        const d = dx * dx + dy * dy + dz * dz;
        if (d < next[i]!) next[i] = d;
        cost += weights[i]! * next[i]!;
      }
      if (cost < least) { least = cost; best = pick; bestGap = next; }
    }
    centres.push(points[3 * best]!, points[3 * best + 1]!, points[3 * best + 2]!);
    gap = bestGap;
  }
  return Float64Array.from(centres);
}

/** The first index whose running total exceeds `value`. */
function upperBound(sums: Float64Array, value: number): number {
  let low = 0, high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle]! > value) high = middle; else low = middle + 1;
  }
  return low;
}

/**
 * Finds the index of the nearest of `centres` `[k, 3]`; the first of equals. From those of the same lightness outwards, until lightness alone is further away than the
 * nearest so far (Friedman, Baskett, Shustek 1975, "An Algorithm for Finding Nearest Neighbors").
 */
function nearestOf(centres: Float64Array): (x: number, y: number, z: number) => number {
  const k = centres.length / 3, order = Int32Array.from({ length: k }, (_, j) => j).sort((a, b) => centres[3 * a]! - centres[3 * b]! || a - b);
  const sorted = new Float64Array(3 * k);                               // in the order of lightness
  order.forEach((j, i) => { sorted.set(centres.subarray(3 * j, 3 * j + 3), 3 * i); });
  return (x, y, z) => {
    let low = 0, high = k;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[3 * middle]! < x) low = middle + 1; else high = middle;
    }
    let best = -1, least = Infinity, below = low - 1, above = low;
    for (;;) {
      const down = below < 0 ? Infinity : x - sorted[3 * below]!, up = above >= k ? Infinity : sorted[3 * above]! - x, i = down < up ? below-- : above++;
      const dx = Math.min(down, up), square = dx * dx;
      if (!(square <= least) || dx === Infinity) return best;
      const dy = sorted[3 * i + 1]! - y, dz = sorted[3 * i + 2]! - z, d = square + dy * dy + dz * dz, j = order[i]!;
      if (d < least || (d === least && j < best)) { least = d; best = j; }
    }
  };
}

/** Bytes, darkest first (by luma), without repeats. */
function sortByLightness(colours: readonly (readonly [number, number, number])[]): Palette {
  const luma = ([r, g, b]: readonly [number, number, number]): number => 299 * r + 587 * g + 114 * b;
  const keys = new Set<number>();
  const kept = colours.filter(([r, g, b]) => { const key = r << 16 | g << 8 | b; return !keys.has(key) && keys.add(key); });
  return Uint8Array.from(kept.sort((a, b) => luma(a) - luma(b) || a[0] - b[0] || a[1] - b[1]).flat());
}

/** Second pass: a function from a pixel (R << 16 | G << 8 | B) to the index of its nearest colour, with a cache of 2^15 pixels. */
export function paletteIndexer(palette: Palette): (rgb: number) => number {
  const centres = new Float64Array(palette.length), lab = new Float64Array(3);
  const seen = new Int32Array(2 ** 15).fill(-1), index = new Uint8Array(2 ** 15);
  for (let at = 0; at < palette.length; at += 3) oklab(palette[at]!, palette[at + 1]!, palette[at + 2]!, centres, at);
  const nearest = nearestOf(centres);
  return (rgb) => {
    const slot = (rgb >> 9 & 0x7c00) ^ (rgb >> 6 & 0x3e0) ^ (rgb >> 3 & 31) ^ (rgb << 4 & 0x70) ^ (rgb >> 1 & 0x380); // high bits, stirred by low ones
    if (seen[slot] !== rgb) {
      oklab(rgb >> 16, rgb >> 8 & 255, rgb & 255, lab);
      index[slot] = nearest(lab[0]!, lab[1]!, lab[2]!);
      seen[slot] = rgb;
    }
    return index[slot]!;
  };
}

/** Replaces each pixel of frames, and of those that come after them, by its nearest colour; alpha stays, and so do pixels that are not there. */
export function paletteMapper(palette: Palette): (frames: Frames) => Frames {
  const indexOf = paletteIndexer(palette);
  return (frames) => {
    const { channels } = frames, data = frames.data.slice();
    for (let i = 0; i < data.length; i += channels) {
      if (channels === 4 && data[i + 3] === 0) continue;
      const at = 3 * indexOf(data[i]! << 16 | data[i + 1]! << 8 | data[i + 2]!);
      data[i] = palette[at]!; data[i + 1] = palette[at + 1]!; data[i + 2] = palette[at + 2]!;
    }
    return { ...frames, data };
  };
}

/** One film as {@link paletteMapper} maps it. */
export const mapPalette = (frames: Frames, palette: Palette): Frames => paletteMapper(palette)(frames);
