/**
 * @file Contact sheets: films as rows, frames as columns, in one image. How people look at results.
 */
import { writeFilm } from './sink.ts';
import { InputError } from '../core/errors.ts';
import { type Frames, sliceFrames, toRgb } from './frames.ts';
import type { FilmMetadata } from './metadata.ts';

export interface ContactSheetOptions {
  /** Frames shown of each film, evenly spread from first to last. Default: all of the longest. */
  readonly columns?: number;
  /** Pixels between cells and around them. Default 1. */
  readonly margin?: number;
  /** Colour of margins and empty cells, sRGB bytes. Default dark grey. */
  readonly background?: readonly [number, number, number];
}

/** Which frames of `count` stand in `columns` columns: all if they fit, else evenly spread, first and last included. */
export function spreadFrames(count: number, columns: number): number[] {
  if (count <= columns) return Array.from({ length: count }, (_, i) => i);
  return Array.from({ length: columns }, (_, i) => (columns === 1 ? 0 : Math.round((i * (count - 1)) / (columns - 1))));
}

/** Films (rows) × frames (columns) in one RGB image; a row is as high as its film, columns are as wide as the widest, frames stand at the left of their cells. */
export function contactSheet(films: readonly Frames[], options: ContactSheetOptions = {}): Frames {
  const first = films[0];
  if (!first) throw new InputError('a contact sheet needs at least one film');
  const { columns = Math.max(...films.map((f) => f.count)), margin = 1, background = [32, 32, 32] } = options;
  if (!Number.isInteger(columns) || columns < 1) throw new InputError(`columns must be an integer ≥ 1, got ${columns}`);
  if (!Number.isInteger(margin) || margin < 0) throw new InputError(`margin must be an integer ≥ 0, got ${margin}`);
  const cell = Math.max(...films.map((f) => f.width)), width = columns * (cell + margin) + margin;
  const height = films.reduce((sum, f) => sum + f.height + margin, margin);
  const data = new Uint8Array(width * height * 3);                      // [H, W, 3]
  for (let i = 0; i < data.length; i += 3) data.set(background, i);
  let top = margin;
  for (const film of films) {
    for (const [column, t] of spreadFrames(film.count, columns).entries()) {
      const { data: frame } = toRgb(sliceFrames(film, t, t + 1), background), bytes = film.width * 3;
      for (let y = 0; y < film.height; y++) {
        data.set(frame.subarray(y * bytes, (y + 1) * bytes), ((top + y) * width + margin + column * (cell + margin)) * 3);
      }
    }
    top += film.height + margin;
  }
  return { data, count: 1, width, height, channels: 3, fps: first.fps };
}

/** Writes one image as PNG, whole or not at all. */
export async function writePng(file: string, image: Frames, metadata?: FilmMetadata): Promise<void> {
  if (!file.toLowerCase().endsWith('.png')) throw new InputError(`writePng: ${file} does not end in .png`);
  if (image.count !== 1) throw new InputError(`writePng: one image wanted, got ${image.count} frames`);
  await writeFilm(file, image, { metadata });
}
