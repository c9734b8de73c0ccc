/**
 * @file The layout of a Liberated Pixel Cup sheet (832×1344, 13 columns × 21 rows of 64×64) and its compact form.
 * A layer is cropped frame by frame to its opaque box and stored as palette indices. Equal boxes are stored once, across
 * layers too: recoloured hair shares its shapes, so about a thousand sheets (4 GB as RGBA) take tens of megabytes.
 */
import { InputError } from '../../core/errors.ts';
import { ACTIONS, FACINGS, type Action, type Facing } from './vocabulary.ts';

/** Pixels of a frame's side. */
export const CELL = 64;
export const SHEET_WIDTH = 13 * CELL;                          // pixels
export const SHEET_HEIGHT = 21 * CELL;                         // pixels

/** First row, frames a direction, directions. */
const LAYOUT: Record<Action, { readonly row: number; readonly length: number; readonly directions: 1 | 4 }> = {
  spellcast: { row: 0, length: 7, directions: 4 },
  thrust: { row: 4, length: 8, directions: 4 },
  walk: { row: 8, length: 9, directions: 4 },                  // the first stands still
  slash: { row: 12, length: 6, directions: 4 },
  shoot: { row: 16, length: 13, directions: 4 },
  fall: { row: 20, length: 6, directions: 1 },                 // towards the viewer only
};

/** Frames of the action in one direction. */
export const actionLength = (action: Action): number => LAYOUT[action].length;

interface Cell { readonly action: Action; readonly facing: Facing; readonly column: number; readonly row: number }

/** Every frame of a sheet in the order of its index: 4·(7 + 8 + 9 + 6 + 13) + 6 = 178. */
export const CELLS: readonly Cell[] = ACTIONS.flatMap((action) => {
  const { row, length, directions } = LAYOUT[action];
  return (directions === 1 ? ['towards' as const] : FACINGS).flatMap((facing, d) =>
    Array.from({ length }, (_, column) => ({ action, facing, column, row: row + d })));
});

const FIRST = new Map<string, number>();
CELLS.forEach((cell, index) => { if (cell.column === 0) FIRST.set(`${cell.action}/${cell.facing}`, index); });

/** Index into CELLS of one frame. */
export function cellIndex(action: Action, facing: Facing, column: number): number {
  const first = FIRST.get(`${action}/${facing}`);
  if (first === undefined) throw new InputError(`action "${action}" does not exist facing "${facing}"; "fall" is drawn towards the viewer only`);
  if (column < 0 || column >= actionLength(action)) throw new InputError(`action "${action}" has ${actionLength(action)} frames; asked for frame ${column}`);
  return first + column;
}

/** Layers as bytes: all that rendering reads. Index 0 of a palette is transparent. */
export interface Pack {
  readonly names: readonly string[];
  /** `[layers, 256]`, RGBA little-endian words. */
  readonly palettes: Uint32Array;
  /** `[layers, CELLS, 3]`: block or −1 when the frame is empty, x and y of the block inside the 64×64 cell. */
  readonly placements: Int32Array;
  /** `[blocks, 3]`: first byte in `pixels`, width, height. */
  readonly blocks: Int32Array;
  /** Palette indices, row by row. */
  readonly pixels: Uint8Array;
}

/** Gathers decoded sheets into a Pack. */
export class PackBuilder {
  readonly #names: string[] = [];
  readonly #palettes: Uint32Array[] = [];
  readonly #placements: number[] = [];
  readonly #blocks: number[] = [];
  readonly #pixels: Uint8Array[] = [];
  readonly #known = new Map<string, number>();
  #bytes = 0;

  /** Adds one sheet; `rgba` holds 832×1344×4 bytes. */
  add(name: string, rgba: Uint8Array): void {
    const words = new Uint32Array(rgba.buffer.slice(rgba.byteOffset, rgba.byteOffset + rgba.byteLength));
    const palette = new Uint32Array(256);
    const indexOf = new Map<number, number>();
    const index = (word: number): number => {
      if (word >>> 24 === 0) return 0;
      const known = indexOf.get(word);
      if (known !== undefined) return known;
      const at = indexOf.size < 255 ? indexOf.size + 1 : nearest(palette, word);   // two sheets of 2,442 hold 257 colours
      if (at === indexOf.size + 1) palette[at] = word;
      indexOf.set(word, at);
      return at;
    };
    for (const cell of CELLS) this.#placements.push(...this.#crop(words, cell, index));
    this.#names.push(name);
    this.#palettes.push(palette);
  }

  #crop(words: Uint32Array, cell: Cell, index: (word: number) => number): [number, number, number] {
    const x0 = cell.column * CELL, y0 = cell.row * CELL;
    let left = CELL, right = -1, top = CELL, bottom = -1;
    for (let y = 0; y < CELL; y++) {
      for (let x = 0; x < CELL; x++) {
        if (words[(y0 + y) * SHEET_WIDTH + x0 + x]! >>> 24 === 0) continue;
        if (x < left) left = x;
        if (x > right) right = x;
        if (y < top) top = y;
        bottom = y;
      }
    }
    if (right < 0) return [-1, 0, 0];
    const width = right - left + 1, height = bottom - top + 1;
    const box = new Uint8Array(width * height);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) box[y * width + x] = index(words[(y0 + top + y) * SHEET_WIDTH + x0 + left + x]!);
    const key = `${width}×${height}:${Buffer.from(box.buffer).toString('latin1')}`;
    let block = this.#known.get(key);
    if (block === undefined) {
      block = this.#known.size;
      this.#known.set(key, block);
      this.#blocks.push(this.#bytes, width, height);
      this.#pixels.push(box);
      this.#bytes += box.length;
    }
    return [block, left, top];
  }

  /** The pack of everything added. */
  build(): Pack {
    const palettes = new Uint32Array(this.#names.length * 256);
    this.#palettes.forEach((palette, i) => palettes.set(palette, i * 256));
    return {
      names: this.#names, palettes, placements: Int32Array.from(this.#placements),
      blocks: Int32Array.from(this.#blocks), pixels: new Uint8Array(Buffer.concat(this.#pixels)),
    };
  }
}

/** The palette entry (1…255) closest to `word` in RGBA. */
function nearest(palette: Uint32Array, word: number): number {
  let best = 1, least = Infinity;
  for (let i = 1; i < 256; i++) {
    let distance = 0;
    for (let shift = 0; shift < 32; shift += 8) distance += (((palette[i]! >>> shift) & 255) - ((word >>> shift) & 255)) ** 2;
    if (distance < least) { least = distance; best = i; }
  }
  return best;
}
