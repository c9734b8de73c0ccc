/**
 * @file PNG images (W3C PNG third edition): pixels through sharp, text chunks (`iTXt`, UTF-8) by hand since sharp writes
 * none. No times, no colour profile (sRGB by default): the bytes depend on pixels and text alone.
 */
import { crc32 } from 'node:zlib';
import { FileError, InputError } from '../core/errors.ts';
import type { Frames } from './frames.ts';

/** The eight bytes with which every PNG begins. */
export const PNG_SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
/** Signature, then the IHDR chunk: length, type, 13 bytes, CRC. */
const AFTER_HEADER = PNG_SIGNATURE.length + 4 + 4 + 13 + 4;

/** Keyword → text. Keywords have 1–79 Latin-1 characters. */
export type PngTexts = Readonly<Record<string, string>>;

/** A chunk: length, type, contents, CRC. */
export function pngChunk(type: string, ...contents: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), ...contents]), out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(body.length - 4);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}

/** The chunks of a PNG file in order, up to IEND; FileError when it ends inside of one. */
export function* pngChunks(file: Uint8Array): Generator<{ readonly type: string; readonly body: Buffer }> {
  const png = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  for (let at = PNG_SIGNATURE.length; at + 12 <= png.length;) {
    const size = png.readUInt32BE(at), type = png.toString('latin1', at + 4, at + 8), body = png.subarray(at + 8, at + 8 + size);
    if (body.length < size) throw new FileError(`the PNG ends inside its ${type} chunk`);
    yield { type, body };
    if (type === 'IEND') return;
    at += size + 12;
  }
}

/** Chunks that hold texts. */
export function textChunks(texts: PngTexts): Buffer[] {
  const between = new Uint8Array(5);                                    // \0, not compressed, no language, no translation
  return Object.entries(texts).map(([keyword, text]) => pngChunk('iTXt', Buffer.from(keyword, 'latin1'), between, Buffer.from(text, 'utf8')));
}

/** One frame as the bytes of a PNG file. */
export async function encodePng(image: Frames, texts: PngTexts = {}): Promise<Uint8Array> {
  if (image.count !== 1) throw new InputError(`a PNG image holds one frame, got ${image.count}; see contactSheet for several`);
  const { default: sharp } = await import('sharp');                     // 0.1 s to load: films that are no PNG do without
  const { width, height, channels } = image;
  const png = await sharp(image.data, { raw: { width, height, channels }, limitInputPixels: false })
    .png({ compressionLevel: 9, adaptiveFiltering: true }).toBuffer();
  return Buffer.concat([png.subarray(0, AFTER_HEADER), ...textChunks(texts), png.subarray(AFTER_HEADER)]);
}

/** Texts of `tEXt` and uncompressed `iTXt` chunks. */
export function readPngTexts(file: Uint8Array): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const { type, body } of pngChunks(file)) {
    const split = body.indexOf(0), keyword = body.toString('latin1', 0, split);
    if (type === 'tEXt') texts[keyword] = body.toString('latin1', split + 1);
    if (type === 'iTXt' && body[split + 1] === 0) {
      const language = body.indexOf(0, split + 3), translated = body.indexOf(0, language + 1);
      texts[keyword] = body.toString('utf8', translated + 1);
    }
  }
  return texts;
}
