/**
 * @file Writes animated GIF (GIF89a specification, CompuServe 1990): one global palette for the whole film, only the pixels
 * that change, delays that add up to the exact duration, a comment. Our own writer, since sharp's has no comments and its
 * palettes differ between frames. The film is held in memory until the end: the palette must have seen all of it.
 */
import { InputError } from '../core/errors.ts';
import type { Frames } from './frames.ts';
import { ColourCounter, type Palette, paletteIndexer, quantizePalette } from './palette.ts';

/** One of 256 stays free for "as in the frame before". */
const MAX_COLOURS = 255;
/** Browsers show anything faster than 2 hundredths of a second at 10 fps. */
export const GIF_MAX_FPS = 50;

/** Hundredths of a second for each of `count` frames: rounded sums, so that 8 fps is 12, 13, 12, 13… (13 at first, as 12.5 rounds up). */
export function gifDelays(count: number, fps: number): number[] {
  if (!(fps > 0) || fps > GIF_MAX_FPS) throw new InputError(`GIF films have at most ${GIF_MAX_FPS} frames a second, got ${fps}`);
  const at = (i: number): number => Math.round((100 * i) / fps);
  return Array.from({ length: count }, (_, i) => at(i + 1) - at(i));
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

/** Chunks of one film (RGB; see `toRgb`) as the bytes of a GIF file that repeats for ever. */
export function encodeGif(chunks: readonly Frames[], options: GifOptions): Uint8Array {
  const first = chunks[0];
  if (!first) throw new InputError('a GIF needs at least one frame');
  const { width, height } = first, pixels = width * height;
  if (width > 65535 || height > 65535) throw new InputError(`GIF images have at most 65535 pixels a side, got ${width}×${height}`);
  const count = chunks.reduce((sum, c) => sum + c.count, 0);
  const delays = gifDelays(count, options.fps);
  const palette = filmPalette(chunks), indexOf = paletteIndexer(palette);
  const colours = palette.length / 3, same = colours;                   // the index after the last colour: unchanged
  const tableBits = Math.max(2, 32 - Math.clz32(colours));

  const out = new Bytes();
  out.text('GIF89a');
  out.u16(width); out.u16(height);
  out.push(0xf0 | (tableBits - 1), 0, 0);                               // global table, 8 bits a colour
  for (let i = 0; i < 3 << tableBits; i++) out.byte(palette[i] ?? 0);
  if (count > 1) { out.push(0x21, 0xff, 11); out.text('NETSCAPE2.0'); out.push(3, 1, 0, 0, 0); } // for ever
  if (options.comment) { out.push(0x21, 0xfe); out.blocks(new TextEncoder().encode(options.comment)); }

  let before: Uint8Array | undefined, t = 0;
  for (const chunk of chunks) {
    for (let f = 0; f < chunk.count; f++, t++) {
      const now = new Uint8Array(pixels);
      for (let i = 0, p = f * pixels * 3, last = -1, lastIndex = 0; i < pixels; i++, p += 3) {
        const rgb = chunk.data[p]! << 16 | chunk.data[p + 1]! << 8 | chunk.data[p + 2]!;
        if (rgb !== last) { last = rgb; lastIndex = indexOf(rgb); }
        now[i] = lastIndex;
      }
      const r = before ? changed(before, now, width) : { x: 0, y: 0, w: width, h: height };
      const image = new Uint8Array(r.w * r.h);
      for (let y = 0, i = 0; y < r.h; y++) {
        for (let x = 0, p = (r.y + y) * width + r.x; x < r.w; x++, p++, i++) image[i] = before && before[p] === now[p] ? same : now[p]!;
      }
      out.push(0x21, 0xf9, 4, 0x05); out.u16(delays[t]!); out.push(same, 0); // keep in place, transparent index
      out.byte(0x2c); out.u16(r.x); out.u16(r.y); out.u16(r.w); out.u16(r.h); out.byte(0);
      out.byte(tableBits); out.blocks(lzw(image, tableBits));
      before = now;
    }
  }
  out.byte(0x3b);
  return out.take();
}

/** The palette of all chunks; exact if they have at most 255 colours. */
function filmPalette(chunks: readonly Frames[]): Palette {
  const counter = new ColourCounter();
  for (const chunk of chunks) counter.add(chunk);
  return quantizePalette(counter, { colours: MAX_COLOURS, seed: 0 });
}

/** The smallest rectangle that holds every changed pixel; one pixel if none changed. */
function changed(a: Uint8Array, b: Uint8Array, width: number): { x: number; y: number; w: number; h: number } {
  let left = width, right = -1, top = -1, bottom = -1;
  for (let i = 0; i < a.length; i++) {
    if (a[i] === b[i]) continue;
    const x = i % width, y = (i - x) / width;
    if (top < 0) top = y;
    bottom = y;
    if (x < left) left = x;
    if (x > right) right = x;
  }
  return top < 0 ? { x: 0, y: 0, w: 1, h: 1 } : { x: left, y: top, w: right - left + 1, h: bottom - top + 1 };
}

/** The text of the first comment extension; undefined if there is none. */
export function readGifComment(file: Uint8Array): string | undefined {
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
      const label = file[at++];
      const parts = skipBlocks();
      if (label === 0xfe) return Buffer.concat(parts).toString('utf8');
    } else if (kind === 0x2c) {
      const flags = file[at + 8]!;
      at += 9 + (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0) + 1;
      skipBlocks();
    } else return undefined;
  }
  return undefined;
}
