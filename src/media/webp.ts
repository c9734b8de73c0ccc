/**
 * @file Animated WebP, lossless (Google, WebP Container Specification; RFC 9649): pixels are sharp's, the container is written here, since sharp's makes one frame of
 * equal ones and writes no text of ours. Only the rectangle that changed; durations in milliseconds whose sums are right; prompt and record as XMP (ISO 16684-1).
 */
import { InputError } from '../core/errors.ts';
import { changedRectangle, cutRectangle, type Rectangle } from './changed.ts';
import type { Frames } from './frames.ts';
import { IMAGE_MAX_FPS, roundedDuration } from './rational.ts';

/** Pixels a side that the format has at most. */
const MAX_SIDE = 16383;
/** How hard the encoder tries, 0 to 6: above 4 it takes several times as long for some hundredths of the size. */
const EFFORT = 4;
/** Bits of the VP8X header. */
const ANIMATED = 0x02, XMP = 0x04, ALPHA = 0x10;
/** A frame's flag: it replaces what it covers. */
const REPLACE = 0x02;

const u24 = (v: number): readonly number[] => [v & 255, v >> 8 & 255, v >> 16 & 255];

/** A chunk: type, length, contents, a byte more where the length is odd. */
function chunk(type: string, ...contents: readonly Uint8Array[]): Buffer {
  const size = contents.reduce((sum, c) => sum + c.length, 0), head = Buffer.alloc(8);
  head.write(type, 'latin1');
  head.writeUInt32LE(size, 4);
  return Buffer.concat([head, ...contents, Buffer.alloc(size & 1)]);
}

/** The chunks of a WebP file in order; a damaged end is left out. */
function* chunks(file: Uint8Array): Generator<{ readonly type: string; readonly body: Buffer }> {
  const webp = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  for (let at = 12; at + 8 <= webp.length;) {
    const size = webp.readUInt32LE(at + 4);
    yield { type: webp.toString('latin1', at, at + 4), body: webp.subarray(at + 8, at + 8 + size) };
    at += 8 + size + (size & 1);
  }
}

/** What is told of a film in its XMP. */
export interface WebpTexts {
  /** What the film shows. */
  readonly description?: string;
  readonly software: string;
  /** Our record of it. */
  readonly record: string;
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const escaped = (text: string): string => text.replace(/[&<>]/g, (c) => ESCAPES[c]!);

function xmp({ description, software, record }: WebpTexts): Buffer {
  const about = description === undefined ? '' : `<dc:description><rdf:Alt><rdf:li xml:lang="x-default">${escaped(description)}</rdf:li></rdf:Alt></dc:description>`;
  return Buffer.from('<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    + '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    + '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:kinora="urn:kinora:1">'
    + `${about}<xmp:CreatorTool>${software}</xmp:CreatorTool><kinora:film>${escaped(record)}</kinora:film>`
    + '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="r"?>');
}

/** Our record in a WebP file; undefined if there is none. */
export function readWebpRecord(file: Uint8Array): string | undefined {
  for (const { type, body } of chunks(file)) {
    if (type !== 'XMP ') continue;
    const found = /<kinora:film>([^<]*)<\/kinora:film>/.exec(body.toString('utf8'));
    if (found) return found[1]!.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
  }
  return undefined;
}

/** Options of {@link WebpEncoder}. */
export interface WebpOptions {
  /** Pixels, at most 16383. */
  readonly width: number;
  /** Pixels, at most 16383. */
  readonly height: number;
  /** Frames a second, at most 90. */
  readonly fps: number;
}

/** A WebP film being made. Frames come one after the other. */
export class WebpEncoder {
  readonly #o: WebpOptions;
  readonly #parts: (Rectangle & { readonly pixels: Buffer })[] = [];
  #before: Uint8Array | undefined;
  #alpha = false;

  /** InputError for sizes that the format does not have, or a rate that browsers do not play. */
  constructor(o: WebpOptions) {
    if (Math.max(o.width, o.height) > MAX_SIDE) throw new InputError(`WebP images have at most ${MAX_SIDE} pixels a side, got ${o.width}×${o.height}`);
    if (!(o.fps > 0) || o.fps > IMAGE_MAX_FPS) throw new InputError(`WebP films have at most ${IMAGE_MAX_FPS} frames a second, got ${o.fps}`);
    this.#o = o;
  }

  /** Frames so far. */
  get count(): number { return this.#parts.length; }

  /** Adds a frame `[1, H, W, C]`, whose bytes may be reused after; all have the same channels. */
  async add({ data, channels }: Frames): Promise<void> {
    const { width, height } = this.#o, { default: sharp } = await import('sharp');
    let r: Rectangle = { x: 0, y: 0, width, height };
    if (this.#before) {                                                 // places are stored halved: they are even
      const { x, y, ...c } = changedRectangle(this.#before, data, width, channels) ?? { x: 0, y: 0, width: 1, height: 1 };
      r = { x: x & ~1, y: y & ~1, width: c.width + (x & 1), height: c.height + (y & 1) };
    }
    const raw = { width: r.width, height: r.height, channels };
    const webp = await sharp(cutRectangle(data, r, width, channels), { raw, limitInputPixels: false }).webp({ lossless: true, effort: EFFORT }).toBuffer();
    const { body } = [...chunks(webp)].find(({ type }) => type === 'VP8L')!;
    this.#parts.push({ ...r, pixels: chunk('VP8L', body) });
    this.#before = data.slice();
    this.#alpha ||= channels === 4;
  }

  /** The bytes of the file: several frames repeat for ever, one is a still. */
  finish(texts: WebpTexts): Uint8Array[] {
    const { width, height, fps } = this.#o, parts = this.#parts, animated = parts.length > 1;
    const flags = (animated ? ANIMATED : 0) | XMP | (this.#alpha ? ALPHA : 0);
    const body = [
      chunk('VP8X', Uint8Array.of(flags, 0, 0, 0, ...u24(width - 1), ...u24(height - 1))),
      ...(animated ? [chunk('ANIM', Uint8Array.of(0, 0, 0, 0, 0, 0))] : []),
      ...parts.map((p, t) => (animated ? chunk('ANMF', Uint8Array.of(
        ...u24(p.x / 2), ...u24(p.y / 2), ...u24(p.width - 1), ...u24(p.height - 1), ...u24(roundedDuration(t, fps, 1000)), REPLACE), p.pixels) : p.pixels)),
      chunk('XMP ', xmp(texts)),
    ];
    const head = Buffer.from('RIFF....WEBP', 'latin1');
    head.writeUInt32LE(4 + body.reduce((sum, c) => sum + c.length, 0), 4);
    return [head, ...body];
  }
}
