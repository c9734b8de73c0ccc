/**
 * @file PNG images (W3C PNG third edition): pixels through sharp, text chunks (`iTXt`, UTF-8) by hand since sharp writes
 * none. No times, no colour profile (sRGB by default): the bytes depend on pixels and text alone.
 */
import { crc32 } from 'node:zlib';
import { FileError, InputError } from '../core/errors.ts';
import type { Frames } from './frames.ts';

const SIGNATURE_BYTES = 8;
/** Signature, then the IHDR chunk: length, type, 13 bytes, CRC. */
const AFTER_HEADER = SIGNATURE_BYTES + 4 + 4 + 13 + 4;

/** Keyword → text. Keywords have 1–79 Latin-1 characters. */
export type PngTexts = Readonly<Record<string, string>>;

function textChunk(keyword: string, text: string): Buffer {
  const body = Buffer.concat([Buffer.from('iTXt'), Buffer.from(keyword, 'latin1'), Buffer.alloc(5), Buffer.from(text, 'utf8')]); // \0, not compressed, no language, no translation
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(body.length - 4);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}

/** One frame as the bytes of a PNG file. */
export async function encodePng(image: Frames, texts: PngTexts = {}): Promise<Uint8Array> {
  if (image.count !== 1) throw new InputError(`a PNG image holds one frame, got ${image.count}; see contactSheet for several`);
  const { default: sharp } = await import('sharp');                     // 0.1 s to load: films that are no PNG do without
  const { width, height, channels } = image;
  const png = await sharp(image.data, { raw: { width, height, channels }, limitInputPixels: false })
    .png({ compressionLevel: 9, adaptiveFiltering: true }).toBuffer();
  const chunks = Object.entries(texts).map(([keyword, text]) => textChunk(keyword, text));
  return Buffer.concat([png.subarray(0, AFTER_HEADER), ...chunks, png.subarray(AFTER_HEADER)]);
}

/** Texts of `tEXt` and uncompressed `iTXt` chunks. */
export function readPngTexts(file: Uint8Array): Record<string, string> {
  const png = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const texts: Record<string, string> = {};
  for (let at = SIGNATURE_BYTES; at + 12 <= png.length;) {
    const size = png.readUInt32BE(at), type = png.toString('latin1', at + 4, at + 8), body = png.subarray(at + 8, at + 8 + size);
    if (body.length < size) throw new FileError(`the PNG ends inside its ${type} chunk`);
    const split = body.indexOf(0), keyword = body.toString('latin1', 0, split);
    if (type === 'tEXt') texts[keyword] = body.toString('latin1', split + 1);
    if (type === 'iTXt' && body[split + 1] === 0) {
      const language = body.indexOf(0, split + 3), translated = body.indexOf(0, language + 1);
      texts[keyword] = body.toString('utf8', translated + 1);
    }
    if (type === 'IEND') break;
    at += size + 12;
  }
  return texts;
}
