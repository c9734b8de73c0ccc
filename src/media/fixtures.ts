/**
 * @file Films for the tests of this folder: small, exact, without randomness. Not part of the library.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Frames, upscaleNearest } from './frames.ts';
import type { FilmMetadata } from './metadata.ts';

/** 24 colours as on a ColorChecker chart (X-Rite, sRGB values after Pascale 2006), row by row. */
export const CHART: readonly (readonly [number, number, number])[] = [
  [115, 82, 68], [194, 150, 130], [98, 122, 157], [87, 108, 67], [133, 128, 177], [103, 189, 170],
  [214, 126, 44], [80, 91, 166], [193, 90, 99], [94, 60, 108], [157, 188, 64], [224, 163, 46],
  [56, 61, 150], [70, 148, 73], [175, 54, 60], [231, 199, 31], [187, 86, 149], [8, 133, 161],
  [243, 243, 242], [200, 200, 200], [160, 160, 160], [122, 122, 121], [85, 85, 85], [52, 52, 52],
];
/** 24 colours at the corners, edges and faces of the cube: where colour conversion errs most. */
export const SATURATED: typeof CHART = [
  [0, 0, 0], [255, 0, 0], [0, 255, 0], [255, 255, 0], [0, 0, 255], [255, 0, 255],
  [0, 255, 255], [255, 255, 255], [128, 0, 0], [0, 128, 0], [0, 0, 128], [128, 128, 0],
  [128, 0, 128], [0, 128, 128], [255, 128, 0], [255, 0, 128], [128, 255, 0], [0, 255, 128],
  [128, 0, 255], [0, 128, 255], [255, 128, 128], [128, 255, 128], [128, 128, 255], [64, 200, 10],
];
/** Both charts have 6 × 4 patches. */
export const CHART_COLUMNS = 6, CHART_ROWS = 4;

/** A chart, 6 × 4 patches of `patch` pixels, still for `count` frames. */
export function chartFilm(patch: number, count: number, fps = 8, colours = CHART): Frames {
  const one = Uint8Array.from(colours.flat());
  const data = new Uint8Array(one.length * count);
  for (let t = 0; t < count; t++) data.set(one, t * one.length);
  return upscaleNearest({ data, count, height: CHART_ROWS, width: CHART_COLUMNS, channels: 3, fps }, patch);
}

/** A square that walks over a tiled ground, in a few colours: T frames of `size`², each different. */
export function walkFilm(size: number, count: number, fps = 8): Frames {
  const data = new Uint8Array(count * size * size * 3);
  for (let t = 0, i = 0; t < count; t++) for (let y = 0; y < size; y++) for (let x = 0; x < size; x++, i += 3) {
    const dx = x - ((t * 3) % size), inside = dx >= 0 && dx < size / 4 && Math.abs(y - size / 2) < size / 4;
    data.set(inside ? [200, 40 + 8 * (dx & 3), 60] : ((x >> 2) + (y >> 2)) % 2 ? [60, 120, 70] : [70, 130, 80], i);
  }
  return { data, count, height: size, width: size, channels: 3, fps };
}

/** Many colours: smooth ramps that drift. */
export function rampFilm(size: number, count: number, fps = 8): Frames {
  const data = new Uint8Array(count * size * size * 3);
  for (let t = 0, i = 0; t < count; t++) for (let y = 0; y < size; y++) for (let x = 0; x < size; x++, i += 3) {
    data.set([Math.floor((255 * x) / (size - 1)), Math.floor((255 * y) / (size - 1)), (x * 3 + y * 5 + t * 16) % 256], i);
  }
  return { data, count, height: size, width: size, channels: 3, fps };
}

/** A film with soft alpha: the square of `walkFilm` under glass that grows thicker to the right, with nothing at all at its left. RGBA, T frames of `size`². */
export function glassFilm(size: number, count: number, fps = 8): Frames {
  const film = walkFilm(size, count, fps), data = new Uint8Array(count * size * size * 4);
  for (let i = 0; i < count * size * size; i++) {
    const x = i % size;
    data.set(film.data.subarray(3 * i, 3 * i + 3), 4 * i);
    data[4 * i + 3] = x < size / 4 ? 0 : x >= (3 * size) / 4 ? 255 : Math.floor((255 * (x - size / 4 + 1)) / (size / 2 + 1));
  }
  return { data, count, height: size, width: size, channels: 4, fps };
}

/** The largest difference of alpha between two RGBA films, and of colours where alpha is 1/16 and more. */
export function visibleDifference(a: Frames, b: Frames): { readonly colour: number; readonly alpha: number } {
  let colour = 0, alpha = 0;
  if (a.channels !== 4 || b.channels !== 4 || a.data.length !== b.data.length) return { colour: Infinity, alpha: Infinity };
  for (let i = 0; i < a.data.length; i += 4) {
    alpha = Math.max(alpha, Math.abs(a.data[i + 3]! - b.data[i + 3]!));
    if (a.data[i + 3]! >= 16) for (let c = i; c < i + 3; c++) colour = Math.max(colour, Math.abs(a.data[c]! - b.data[c]!));
  }
  return { colour, alpha };
}

/** Metadata with everything that breaks containers: quotes, line breaks, Chinese, an emoji outside the first plane. */
export const METADATA: FilmMetadata = {
  prompt: 'a woman "in armor"\nwalks left 穿盔甲的女人 🎬', seed: 7, model: 'sprites-64',
  settings: { steps: 20, guidance: 3.5, sampler: 'euler', images: [], negative: null },
};

/** Runs with a folder that is gone afterwards. */
export async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'kinora-media-'));
  try { await run(folder); } finally { await rm(folder, { recursive: true, force: true }); }
}

/** The largest difference of any byte, and where. */
export function largestDifference(a: Uint8Array, b: Uint8Array): { readonly difference: number; readonly at: number } {
  if (a.length !== b.length) return { difference: Infinity, at: -1 };
  let difference = 0, at = 0;
  for (let i = 0; i < a.length; i++) { const d = Math.abs(a[i]! - b[i]!); if (d > difference) { difference = d; at = i; } }
  return { difference, at };
}
