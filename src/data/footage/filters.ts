/**
 * @file What makes a shot unfit, measured on its small brightness planes `[H, W]`: dark, still, flickering, covered by text; and the part of the
 * picture inside black bars. Pure; thresholds are bytes or shares, each with its reason.
 */
import type { Luma } from '../../media/film-stream.ts';
import { type Area, mean, resizeLuma, whole } from './plane.ts';

/** Black bars of broadcast and of codecs stay below this; limited-range black is 16 of 255 when a file is tagged wrongly. */
const BAR = 22;
/** A bar is at least this share of the side: narrower ones are edges of a scan. */
const LEAST_BAR = 0.015;

/** What lies between the first and the last lines that are lit; of no size where none is. */
function litArea({ data, width, height }: Luma): Area {
  // A line belongs to a bar when at most 1 % of its pixels were ever lit (noise, a logo's edge).
  const lit = (pixel: (k: number) => number, length: number): boolean => {
    let n = 0;
    for (let k = 0; k < length; k++) if (data[pixel(k)]! > BAR) n++;
    return n > 0.01 * length;
  };
  const row = (y: number): boolean => lit((x) => y * width + x, width), column = (x: number): boolean => lit((y) => y * width + x, height);
  const span = (n: number, isLit: (i: number) => boolean): [number, number] => {
    let a = 0, b = n;
    while (a < b && !isLit(a)) a++;
    while (b > a && !isLit(b - 1)) b--;
    return [a < LEAST_BAR * n ? 0 : a, n - b < LEAST_BAR * n ? n : b];
  };
  const [top, bottom] = span(height, row), [left, right] = span(width, column);
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** Whether a frame is lit to all its edges: then no shot with this frame in it has bars, since what is lit once is none. */
export function fillsFrame(luma: Luma): boolean {
  const lit = litArea(luma);
  return lit.width === luma.width && lit.height === luma.height;
}

/** The part of the frames inside black bars, in pixels of the planes; all of it where there are none, or where all is dark. */
export function activeArea(frames: readonly Luma[]): Area {
  const first = frames[0]!, { width, height } = first;
  if (frames.some(fillsFrame)) return whole(first);
  const brightest = new Uint8Array(width * height);
  for (const { data } of frames) for (let i = 0; i < brightest.length; i++) if (data[i]! > brightest[i]!) brightest[i] = data[i]!;
  const lit = litArea({ data: brightest, width, height });
  return lit.height < height / 4 || lit.width < width / 4 ? whole(first) : lit;         // a dark scene with a light, not a letterbox
}

/** Numbers by which a shot is judged. */
export interface ShotMeasures {
  /** Mean brightness, 0 … 255. */
  readonly brightness: number;
  /** Brightness that a twentieth of the pixels exceed. */
  readonly highlights: number;
  /** Greatest share of pixels that differ from the first frame by more than noise. */
  readonly changed: number;
  /** Mean of |m(t) − (m(t−1) + m(t+1)) / 2| over the frames' mean brightness m, bytes. */
  readonly flicker: number;
  /** Share of the picture that looks like text. */
  readonly text: number;
}

/** Noise and compression move a pixel by less. */
const NOISE = 14;
/** Frames at which text is looked for. */
const TEXT_FRAMES = 5;

/** Measures a shot. At least one frame. */
export function measureShot(frames: readonly Luma[]): ShotMeasures {
  const first = frames[0]!, means = frames.map(mean), histogram = new Float64Array(256);
  let changed = 0;
  const step = Math.max(1, Math.floor(frames.length / 24));
  for (let t = 0; t < frames.length; t += step) {
    let n = 0;
    const { data } = frames[t]!;
    for (let i = 0; i < data.length; i++) { histogram[data[i]!]!++; if (Math.abs(data[i]! - first.data[i]!) > NOISE) n++; }
    changed = Math.max(changed, n / data.length);
  }
  const total = histogram.reduce((a, b) => a + b, 0);
  let highlights = 255;
  for (let above = histogram[255]!; highlights > 0 && above < total / 20;) above += histogram[--highlights]!;
  let flicker = 0;
  for (let t = 1; t + 1 < means.length; t++) flicker += Math.abs(means[t]! - (means[t - 1]! + means[t + 1]!) / 2);
  const looked = Math.min(TEXT_FRAMES, frames.length), spread = Array.from({ length: looked }, (_, i) => frames[Math.floor(((i + 0.5) * frames.length) / looked)]!);
  return {
    brightness: means.reduce((a, b) => a + b, 0) / means.length, highlights, changed,
    flicker: means.length > 2 ? flicker / (means.length - 2) : 0, text: textCoverage(spread),
  };
}

/** Cells of the text detector, pixels of a plane that is 256 wide: half a letter to two letters. */
const CELL = { width: 16, height: 8 };
/** A stroke's edge: letters are drawn to be read. */
const EDGE = 48;
/** Edges of both signs in a cell: two strokes a row on half of the rows. */
const EDGES = 12;

/**
 * Share of cells that look like text in most of the frames: many strong vertical edges of both signs in balance, side by side in a row of at least
 * three cells, at the same place over time (overlays stay while the picture moves). After Zhong, Karu, Jain 1995 (horizontal variation) with persistence.
 */
export function textCoverage(frames: readonly Luma[]): number {
  const { width, height } = frames[0]!, columns = Math.floor(width / CELL.width), rows = Math.floor(height / CELL.height), votes = new Uint8Array(columns * rows);
  if (columns < 3 || rows < 1) return 0;
  for (const { data } of frames) {
    for (let cy = 0; cy < rows; cy++) for (let cx = 0; cx < columns; cx++) {
      let up = 0, down = 0;
      for (let y = cy * CELL.height; y < (cy + 1) * CELL.height; y++) for (let x = cx * CELL.width + 1; x < (cx + 1) * CELL.width; x++) {
        const d = data[y * width + x]! - data[y * width + x - 1]!;
        if (d > EDGE) up++; else if (d < -EDGE) down++;
      }
      if (up + down >= EDGES && Math.min(up, down) >= 0.3 * (up + down)) votes[cy * columns + cx]!++;
    }
  }
  const persists = (i: number): boolean => votes[i]! >= Math.ceil(0.8 * frames.length);
  let covered = 0;
  for (let cy = 0; cy < rows; cy++) for (let cx = 0, run = 0; cx <= columns; cx++) {
    if (cx < columns && persists(cy * columns + cx)) run++;
    else { if (run >= 3) covered += run; run = 0; }
  }
  return covered / (columns * rows);
}

/** Filters by which a shot is refused, in order. */
export const SHOT_FILTERS = ['dark', 'still', 'flicker', 'text'] as const;
export type ShotFilter = (typeof SHOT_FILTERS)[number];

const LIMITS = {
  /** Bytes; candle-lit scenes have about 30. */ brightness: 24,
  /** Bytes; a dark scene with something lit in it is kept. */ highlights: 64,
  /** Share of pixels: a quarter of a percent of the picture. */ changed: 0.0025,
  /** Bytes; hand-held exposure changes stay below 1. */ flicker: 5,
  /** Share of cells; a line of subtitles is 2 to 5 %. */ text: 0.02,
} as const;

/** Why a shot is refused, or undefined. */
export function refuseShot(m: ShotMeasures, filter: ShotFilter): string | undefined {
  switch (filter) {
    case 'dark': return m.brightness < LIMITS.brightness && m.highlights < LIMITS.highlights
      ? `mean brightness ${m.brightness.toFixed(1)} of 255, limit ${LIMITS.brightness}` : undefined;
    case 'still': return m.changed < LIMITS.changed ? `${(100 * m.changed).toFixed(2)} % of the picture changes, limit ${100 * LIMITS.changed} %` : undefined;
    case 'flicker': return m.flicker > LIMITS.flicker ? `brightness jumps by ${m.flicker.toFixed(1)} of 255 a frame, limit ${LIMITS.flicker}` : undefined;
    case 'text': return m.text > LIMITS.text ? `text on ${(100 * m.text).toFixed(1)} % of the picture, limit ${100 * LIMITS.text} %` : undefined;
    default: return filter satisfies never;
  }
}

/** Planes cut to an area, at their own scale. */
export const cropPlanes = (frames: readonly Luma[], area: Area): Luma[] => {
  const { width, height } = frames[0]!;
  return area.width === width && area.height === height ? [...frames] : frames.map((f) => resizeLuma(f, area.width, area.height, area));
};
