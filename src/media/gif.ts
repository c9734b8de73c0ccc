/**
 * @file Writes animated GIF (GIF89a specification, CompuServe 1990): one global palette for the whole film, only the pixels
 * that change, delays that add up to the exact duration, a comment; alpha of one bit. Our own writer, since sharp's has no comments and its
 * palettes differ between frames. The film is held in memory until the end: the palette must have seen all of it.
 */
import { InputError } from '../core/errors.ts';
import { changedRectangle, cutRectangle, type Rectangle } from './changed.ts';
import type { Frames } from './frames.ts';
import { ColourCounter, type Palette, paletteIndexer, quantizePalette } from './palette.ts';
import { roundedDuration } from './rational.ts';

/** One of 256 stays free for "as in the frame before", or for nothing. */
const MAX_COLOURS = 255;
/** Browsers show anything faster than 2 hundredths of a second at 10 fps. */
export const GIF_MAX_FPS = 50;
/** Alpha from which a pixel is there. */
const THERE = 128;

/** Hundredths of a second for each of `count` frames. */
export function gifDelays(count: number, fps: number): number[] {
  if (!(fps > 0) || fps > GIF_MAX_FPS) throw new InputError(`GIF films have at most ${GIF_MAX_FPS} frames a second, got ${fps}`);
  return Array.from({ length: count }, (_, i) => roundedDuration(i, fps, 100));
}

/** Appends bytes without knowing how many. */
class Bytes {
  #data = new Uint8Array(65536);
  #size = 0;
  push(...values: readonly number[]): void { for (const v of values) this.byte(v); }
  byte(v: number): void {
    if (this.#size === this.#data.length) { const more = new Uint8Array(this.#size * 2); more.set(this.#data); this.#data = more; }
    this.#data[this.#size++] = v;
  }
  u16(v: number): void { this.push(v & 255, v >> 8); }
  text(t: string): void { for (let i = 0; i < t.length; i++) this.byte(t.charCodeAt(i)); }
  /** Sub-blocks of at most 255 bytes, then an empty one. */
  blocks(b: Uint8Array): void {
    for (let at = 0; at < b.length; at += 255) {
      const end = Math.min(at + 255, b.length);
      this.byte(end - at);
      for (let i = at; i < end; i++) this.byte(b[i]!);
    }
    this.byte(0);
  }
  take(): Uint8Array { return this.#data.slice(0, this.#size); }
}

const HASH_BITS = 14, HASH_SIZE = 1 << HASH_BITS;

/** Variable-length-code LZW, appendix F: codes of minBits + 1 … 12 bits, least significant bit first. */
function lzw(indices: Uint8Array, minBits: number): Uint8Array {
  const out = new Bytes(), clear = 1 << minBits, end = clear + 1;
  const keys = new Int32Array(HASH_SIZE), codes = new Uint16Array(HASH_SIZE); // (prefix, index) → code, open addressing
  let bits = minBits + 1, next = end + 1, held = 0, heldBits = 0;
  const emit = (code: number): void => {
    held |= code << heldBits; heldBits += bits;                         // at most 7 + 12 bits
    while (heldBits >= 8) { out.byte(held & 255); held >>>= 8; heldBits -= 8; }
  };
  keys.fill(-1);
  emit(clear);
  let prefix = indices[0]!;
  for (let i = 1; i < indices.length; i++) {
    const index = indices[i]!, key = prefix << 8 | index;
    let slot = Math.imul(key, 0x9e3779b1) >>> (32 - HASH_BITS);
    while (keys[slot] !== -1 && keys[slot] !== key) slot = (slot + 1) & (HASH_SIZE - 1);
    if (keys[slot] === key) { prefix = codes[slot]!; continue; }
    emit(prefix);
    if (next < 4096) {
      if (next === 1 << bits) bits++;                                   // the decoder, one code behind, widens after this one
      keys[slot] = key; codes[slot] = next++;
    } else {
      emit(clear);
      keys.fill(-1); bits = minBits + 1; next = end + 1;
    }
    prefix = index;
  }
  emit(prefix);
  if (next === 1 << bits && bits < 12) bits++;
  emit(end);
  if (heldBits) out.byte(held & 255);
  return out.take();
}

export interface GifOptions {
  /** Frames a second, at most 50. */
  readonly fps: number;
  /** ASCII text of the comment extension. */
  readonly comment?: string;
}

/** Chunks of one film as the bytes of a GIF file that repeats for ever. A pixel of a film with alpha is there, or it is not. */
export function encodeGif(chunks: readonly Frames[], options: GifOptions): Uint8Array {
  const first = chunks[0];
  if (!first) throw new InputError('a GIF needs at least one frame');
  const { width, height, channels } = first;
  if (width > 65535 || height > 65535) throw new InputError(`GIF images have at most 65535 pixels a side, got ${width}×${height}`);
  const count = chunks.reduce((sum, c) => sum + c.count, 0);
  const delays = gifDelays(count, options.fps);
  const film = channels === 4 ? chunks.map(thereOrNot) : chunks, glass = film.some(hasHoles);
  const palette = filmPalette(film), indexOf = paletteIndexer(palette);
  const colours = palette.length / 3, none = colours;                   // the index after the last colour: as before, or nothing
  const tableBits = Math.max(2, 32 - Math.clz32(colours));

  const out = new Bytes();
  out.text('GIF89a');
  out.u16(width); out.u16(height);
  out.push(0xf0 | (tableBits - 1), 0, 0);                               // global table, 8 bits a colour
  for (let i = 0; i < 3 << tableBits; i++) out.byte(palette[i] ?? 0);
  if (count > 1) { out.push(0x21, 0xff, 11); out.text('NETSCAPE2.0'); out.push(3, 1, 0, 0, 0); } // for ever
  if (options.comment) { out.push(0x21, 0xfe); out.blocks(new TextEncoder().encode(options.comment)); }

  const whole: Rectangle = { x: 0, y: 0, width, height }, empty = new Uint8Array(width * height).fill(none);
  let before: Uint8Array | undefined, t = 0;
  for (const chunk of film) {
    for (let f = 0; f < chunk.count; f++, t++) {
      const now = indexed(chunk, f, indexOf, none), pixel = { ...whole, width: 1, height: 1 };
      // With holes each frame stands alone and is taken away after its time (disposal 2), else what changed is laid over what was there (1).
      const r = glass ? changedRectangle(empty, now, width, 1) ?? pixel : before ? changedRectangle(before, now, width, 1) ?? pixel : whole;
      const image = cutRectangle(now, r, width, 1);
      if (!glass && before) cutRectangle(before, r, width, 1).forEach((index, i) => { if (image[i] === index) image[i] = none; });
      out.push(0x21, 0xf9, 4, (glass ? 2 : 1) << 2 | 1); out.u16(delays[t]!); out.push(none, 0);
      out.byte(0x2c); out.u16(r.x); out.u16(r.y); out.u16(r.width); out.u16(r.height); out.byte(0);
      out.byte(tableBits); out.blocks(lzw(image, tableBits));
      before = now;
    }
  }
  out.byte(0x3b);
  return out.take();
}

/** Alpha of one bit. */
function thereOrNot(chunk: Frames): Frames {
  return { ...chunk, data: chunk.data.map((v, i) => (i % 4 < 3 ? v : v >= THERE ? 255 : 0)) };
}

function hasHoles({ data, channels }: Frames): boolean {
  if (channels === 4) for (let i = 3; i < data.length; i += 4) if (data[i] === 0) return true;
  return false;
}

/** Frame `f` of a chunk as indices of colours, `none` where it has none. */
function indexed({ data, channels, width, height }: Frames, f: number, indexOf: (rgb: number) => number, none: number): Uint8Array {
  const out = new Uint8Array(width * height);
  for (let i = 0, p = f * out.length * channels, last = -1, index = 0; i < out.length; i++, p += channels) {
    if (channels === 4 && data[p + 3] === 0) { out[i] = none; continue; }
    const rgb = data[p]! << 16 | data[p + 1]! << 8 | data[p + 2]!;
    if (rgb !== last) { last = rgb; index = indexOf(rgb); }
    out[i] = index;
  }
  return out;
}

/** The palette of all chunks; exact if they have at most 255 colours. */
function filmPalette(chunks: readonly Frames[]): Palette {
  const counter = new ColourCounter();
  for (const chunk of chunks) counter.add(chunk);
  return quantizePalette(counter, { colours: MAX_COLOURS, seed: 0 });
}

/** UTF-8 in pieces, whose ends may fall into characters. */
function textOf(parts: readonly Uint8Array[]): string {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  return parts.map((part) => decoder.decode(part, { stream: true })).join('') + decoder.decode();
}

/** What stands in a GIF behind its colours, one after the other: texts of extensions, images, and where the file ends. */
type GifBlock = { readonly label: number; readonly parts: readonly Uint8Array[] } | 'image' | 'cut';

/** The blocks up to the trailer. `cut` is the last one of a file that ends within one; one that only lacks its trailer is whole, as players take it. */
function* gifBlocks(file: Uint8Array): Generator<GifBlock> {
  let at = 13 + (file[10]! & 0x80 ? 3 << ((file[10]! & 7) + 1) : 0);
  const skipBlocks = (): Uint8Array[] => {
    const parts: Uint8Array[] = [];
    for (;;) {
      const size = file[at++] ?? 0;
      if (size === 0) return parts;
      parts.push(file.subarray(at, at + size));
      at += size;
    }
  };
  while (at < file.length) {
    const kind = file[at++];
    if (kind === 0x21) {
      const label = file[at++] ?? 0, parts = skipBlocks();
      yield at > file.length ? 'cut' : { label, parts };
    } else if (kind === 0x2c) {
      const flags = file[at + 8] ?? 0;
      at += 9 + (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0) + 1;
      skipBlocks();
      yield at > file.length ? 'cut' : 'image';
    } else return;
  }
}

/** The text of the first comment extension; undefined if there is none. */
export function readGifComment(file: Uint8Array): string | undefined {
  for (const block of gifBlocks(file)) if (typeof block === 'object' && block.label === 0xfe) return textOf(block.parts);
  return undefined;
}

/** Whether the file ends within a block: what was in it is lost, and decoders pass over it in silence. */
export function isCutShort(file: Uint8Array): boolean {
  for (const block of gifBlocks(file)) if (block === 'cut') return true;
  return false;
}
