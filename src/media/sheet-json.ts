/**
 * @file The JSON beside a sprite sheet, in the "hash" layout that Aseprite and TexturePacker export and engines load (Phaser, PixiJS, Godot, Unity importers): a row for each
 * frame by its name, with its rectangle and its duration, then what is known of the whole. The grid is that of sheet-grid.ts.
 */
import { basename } from 'node:path';
import { roundedDuration } from './rational.ts';
import { sheetColumns } from './sheet-grid.ts';

/** Our name in it, by which a file of ours is known again. */
const APP = 'Kinora';

/** What the JSON tells. */
export interface SheetJsonOptions {
  /** The sheet's file; the JSON lies beside it. */
  readonly image: string;
  /** Of the film. */
  readonly frames: number;
  /** Pixels of one frame. */
  readonly width: number;
  readonly height: number;
  /** Frames a second; durations are whole milliseconds whose sums are right. */
  readonly fps: number;
  readonly alpha: boolean;
}

/** Where the JSON of a sheet lies: `walk.png`, `walk.json`. */
export const sheetJsonFile = (image: string): string => image.replace(/\.png$/i, '.json');

/** The JSON text. Frames of `walk.png` are `walk-0001.png` and on; the one animation has the sheet's name. */
export function sheetJson({ image, frames, width: w, height: h, fps, alpha }: SheetJsonOptions): string {
  const columns = sheetColumns(frames), name = basename(image).replace(/\.png$/i, '');
  const names = Array.from({ length: frames }, (_, t) => `${name}-${String(t + 1).padStart(4, '0')}.png`);
  const cell = (t: number) => ({
    frame: { x: (t % columns) * w, y: Math.floor(t / columns) * h, w, h }, rotated: false, trimmed: false,
    spriteSourceSize: { x: 0, y: 0, w, h }, sourceSize: { w, h }, duration: roundedDuration(t, fps, 1000),
  });
  return `${JSON.stringify({
    frames: Object.fromEntries(names.map((key, t) => [key, cell(t)])),
    animations: { [name]: names },
    meta: {
      app: APP, version: '1.0', image: basename(image), format: alpha ? 'RGBA8888' : 'RGB888', size: { w: columns * w, h: Math.ceil(frames / columns) * h }, scale: '1',
      frameTags: [{ name, from: 0, to: frames - 1, direction: 'forward' }], layers: [], slices: [],
    },
  }, null, 1)}\n`;
}

/** Whether a text is a JSON of ours, which may be written over. */
export function isSheetJson(text: string): boolean {
  try { return (JSON.parse(text) as { meta?: { app?: unknown } } | null)?.meta?.app === APP; } catch { return false; }
}
