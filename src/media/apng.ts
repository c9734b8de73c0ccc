/**
 * @file Animated PNG (W3C PNG third edition, sections 11.3.7 and 13): pixels are sharp's, frames are put together and taken apart here, since sharp knows stills only.
 * Lossless, alpha of 8 bits, exact frame rates, only the rectangle that changed. Programs that know no APNG show the first frame.
 */
import { FileError, InputError } from '../core/errors.ts';
import { changedRectangle, cutRectangle, type Rectangle } from './changed.ts';
import { concatFrames, type Frames } from './frames.ts';
import { encodePng, PNG_SIGNATURE, pngChunk, pngChunks, textChunks, type PngTexts } from './png.ts';
import { IMAGE_MAX_FPS, rationalFps, roundedDuration } from './rational.ts';

const u32 = (...values: readonly number[]): Uint8Array => {
  const out = Buffer.alloc(4 * values.length);
  values.forEach((v, i) => out.writeUInt32BE(v, 4 * i));
  return out;
};
const u16 = (...values: readonly number[]): Uint8Array => Uint8Array.from(values.flatMap((v) => [v >> 8, v & 255]));

/** One frame being stored: where it lies in the picture, and its compressed pixels. */
interface Part extends Rectangle { readonly data: readonly Uint8Array[] }

/** An APNG being made. Frames come one after the other, all of one size and channel count. */
export class ApngEncoder {
  readonly #fps: number;
  readonly #parts: Part[] = [];
  #header: Uint8Array | undefined;
  #before: Uint8Array | undefined;

  /** InputError for a rate that browsers do not play. */
  constructor(fps: number) {
    if (!(fps > 0) || fps > IMAGE_MAX_FPS) throw new InputError(`APNG films have at most ${IMAGE_MAX_FPS} frames a second, got ${fps}`);
    this.#fps = fps;
  }

  /** Frames so far. */
  get count(): number { return this.#parts.length; }

  /** Adds a frame `[1, H, W, C]`, whose bytes may be reused after. */
  async add(frame: Frames): Promise<void> {
    const { width, height, channels, data } = frame;
    const r = this.#before ? changedRectangle(this.#before, data, width, channels) ?? { x: 0, y: 0, width: 1, height: 1 } : { x: 0, y: 0, width, height };
    const chunks = [...pngChunks(await encodePng({ ...frame, width: r.width, height: r.height, data: cutRectangle(data, r, width, channels) }))];
    this.#header ??= chunks[0]!.body;
    this.#parts.push({ ...r, data: chunks.filter(({ type }) => type === 'IDAT').map(({ body }) => body) });
    this.#before = data.slice();
  }

  /** The bytes of the file, which repeats for ever. */
  finish(texts: PngTexts): Uint8Array[] {
    const { numerator, denominator } = rationalFps(this.#fps), exact = numerator <= 0xffff;
    let sequence = 0;
    const control = (p: Part, t: number): Uint8Array => pngChunk('fcTL', u32(sequence++, p.width, p.height, p.x, p.y),
      exact ? u16(denominator, numerator) : u16(roundedDuration(t, this.#fps, 1000), 1000), Uint8Array.of(0, 0));   // left in place; the next one replaces what it covers
    return [
      PNG_SIGNATURE, pngChunk('IHDR', this.#header!), pngChunk('acTL', u32(this.#parts.length, 0)), ...textChunks(texts),
      ...this.#parts.flatMap((p, t) => [control(p, t), ...p.data.map((d) => (t === 0 ? pngChunk('IDAT', d) : pngChunk('fdAT', u32(sequence++), d)))]),
      pngChunk('IEND'),
    ];
  }
}

/** Chunks before the pixels without which they cannot be decoded alone. */
const NEEDED: ReadonlySet<string> = new Set(['PLTE', 'tRNS', 'gAMA', 'cHRM', 'sRGB', 'iCCP', 'sBIT', 'cICP']);

/** Bytes of pixels that a film may take when it is read: 2 GiB. A damaged header may say anything. */
const MOST_BYTES = 2 ** 31;

/** How many frames an APNG says that it has; 0 for other files. */
export function apngFrames(file: Uint8Array): number {
  for (const { type, body } of pngChunks(file)) {
    if (type === 'acTL' && body.length >= 8) return body.readUInt32BE(0);
    if (type === 'IDAT') return 0;
  }
  return 0;
}

interface Control extends Rectangle { readonly seconds: number; readonly dispose: number; readonly blend: number; readonly data: Buffer[] }

/** All frames of an APNG as they are shown, RGBA; undefined for a PNG that is none. */
export async function readApng(file: Uint8Array): Promise<Frames | undefined> {
  const count = apngFrames(file);
  if (count === 0) return undefined;
  const needed: Buffer[] = [], controls: Control[] = [];
  let header: Buffer | undefined;
  for (const { type, body } of pngChunks(file)) {
    if (type === 'IHDR') header = body;
    else if (NEEDED.has(type)) needed.push(pngChunk(type, body));
    else if (type === 'fcTL' && body.length >= 26) {
      const [width, height, x, y] = [4, 8, 12, 16].map((at) => body.readUInt32BE(at)) as [number, number, number, number];
      controls.push({ width, height, x, y, seconds: body.readUInt16BE(20) / (body.readUInt16BE(22) || 100), dispose: body[24]!, blend: body[25]!, data: [] });
    } else if (type === 'IDAT') controls.at(-1)?.data.push(body);      // before the first control it is a still that is not part of the film
    else if (type === 'fdAT') controls.at(-1)?.data.push(body.subarray(4));
  }
  if (!header || controls.length === 0) throw new FileError('the APNG has no frames');
  if (controls.length > count) throw new FileError(`the APNG says that it has ${count} frames, and has ${controls.length}`);
  const width = header.readUInt32BE(0), height = header.readUInt32BE(4), { default: sharp } = await import('sharp');
  const bytes = width * height * 4 * controls.length;
  if (bytes > MOST_BYTES) throw new FileError(`an APNG of ${controls.length} frames of ${width}×${height} takes ${Math.round(bytes / 2 ** 20)} MiB, 2048 are read`);
  let canvas = new Uint8Array(width * height * 4);                      // [H, W, 4]
  const frames: Frames[] = [], seconds = controls.reduce((sum, c) => sum + c.seconds, 0), fps = seconds > 0 ? controls.length / seconds : 10;
  for (const c of controls) {
    if (c.x + c.width > width || c.y + c.height > height) throw new FileError(`an APNG frame of ${c.width}×${c.height} at ${c.x}, ${c.y} in ${width}×${height}`);
    const png = Buffer.concat([
      PNG_SIGNATURE, pngChunk('IHDR', u32(c.width, c.height), header.subarray(8)), ...needed, ...c.data.map((d) => pngChunk('IDAT', d)), pngChunk('IEND')]);
    const pixels = await sharp(png, { limitInputPixels: false }).toColourspace('srgb').ensureAlpha().raw({ depth: 'uchar' }).toBuffer();
    const shown = canvas.slice();
    lay(shown, pixels, c, width);
    frames.push({ data: shown, count: 1, width, height, channels: 4, fps });
    if (c.dispose === 0) canvas = shown.slice();
    else if (c.dispose === 1) {
      canvas = shown.slice();
      for (let y = c.y; y < c.y + c.height; y++) canvas.fill(0, (y * width + c.x) * 4, (y * width + c.x + c.width) * 4);
    }
  }
  return concatFrames(frames);
}

/** Lays a part over the picture: in its place (blend 0), or over it (1; straight alpha, section 13.4). */
function lay(canvas: Uint8Array, part: Uint8Array, c: Control, width: number): void {
  for (let y = 0, p = 0; y < c.height; y++) {
    for (let x = 0, at = ((c.y + y) * width + c.x) * 4; x < c.width; x++, at += 4, p += 4) {
      const a = part[p + 3]!, under = canvas[at + 3]!;
      if (c.blend === 0 || a === 255 || under === 0) { canvas.set(part.subarray(p, p + 4), at); continue; }
      const u = a * 255, v = (255 - a) * under, sum = u + v;
      for (let k = 0; k < 3; k++) canvas[at + k] = Math.floor((part[p + k]! * u + canvas[at + k]! * v) / sum + 0.5);
      canvas[at + 3] = Math.floor(sum / 255 + 0.5);
    }
  }
}
