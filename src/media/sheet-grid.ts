/**
 * @file The grid of a sprite sheet: ⌈√T⌉ columns, filled row by row from the top left, no margins; cells that no frame
 * fills are transparent. 17 frames: 5 columns × 4 rows.
 */
import { InputError } from '../core/errors.ts';
import { concatFrames, type Frames, frameBytes, toRgba } from './frames.ts';

/** Columns of the sheet of `count` frames. */
export const sheetColumns = (count: number): number => Math.ceil(Math.sqrt(count));

/** Several frames → one image. */
export function packSheet(film: Frames): Frames {
  if (film.count === 1) return film;
  const columns = sheetColumns(film.count), rows = Math.ceil(film.count / columns);
  const f = columns * rows > film.count ? toRgba(film) : film;
  const row = f.width * f.channels, data = new Uint8Array(rows * columns * frameBytes(f)); // [rows·H, columns·W, C]
  for (let t = 0; t < f.count; t++) {
    const at = Math.floor(t / columns) * f.height * columns * row + (t % columns) * row;
    for (let y = 0; y < f.height; y++) {
      const from = (t * f.height + y) * row;
      data.set(f.data.subarray(from, from + row), at + y * columns * row);
    }
  }
  return { ...f, data, count: 1, width: f.width * columns, height: f.height * rows };
}

/** What a sheet says of itself. */
export interface SheetLayout {
  readonly columns: number;
  readonly frames: number;
  /** Pixels of one frame. */
  readonly width: number;
  readonly height: number;
  readonly fps: number;
}

/** One image → the frames that lie in it. */
export function unpackSheet(sheet: Frames, layout: SheetLayout): Frames {
  const { columns, frames, width, height, fps } = layout;
  if (sheet.width !== columns * width || sheet.height !== Math.ceil(frames / columns) * height) {
    throw new InputError(`a sheet of ${frames} frames of ${width}×${height} in ${columns} columns is not ${sheet.width}×${sheet.height}`);
  }
  const row = width * sheet.channels;
  const cells = Array.from({ length: frames }, (_, t): Frames => {
    const data = new Uint8Array(height * row);
    for (let y = 0; y < height; y++) {
      const from = ((Math.floor(t / columns) * height + y) * columns + (t % columns)) * row;
      data.set(sheet.data.subarray(from, from + row), y * row);
    }
    return { data, count: 1, width, height, channels: sheet.channels, fps };
  });
  return concatFrames(cells);
}
