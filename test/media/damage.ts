/**
 * @file Damage to media files, for the fuzz test: pure functions of a file's bytes and of random draws. Chunks and sizes are found as the kind of file lays them out, and
 * checksums of PNG chunks are made right again, so that damage gets past the first look at it.
 */
import type { Draws } from '../../src/core/random.ts';
import { PNG_SIGNATURE, pngChunk } from '../../src/media/png.ts';

/** A file to be damaged: its extension, and its bytes. */
export interface Base { readonly extension: string; readonly bytes: Buffer }

/** Where the pieces of a file begin, the end of the last included: boxes of MP4 and MOV, chunks of RIFF and PNG, elements of Matroska; sixteenths of other files. */
function pieces(file: Buffer): number[] {
  const at: number[] = [], magic = file.toString('latin1', 0, 8);
  const step = (first: number, length: (p: number) => number): void => { for (let p = first; p < file.length; p += Math.max(1, length(p))) at.push(p); };
  if (magic.startsWith('RIFF')) {
    step(12, (p) => (p + 8 > file.length ? 8 : file.toString('latin1', p, p + 4) === 'LIST' ? 12 : 8 + file.readUInt32LE(p + 4) + (file.readUInt32LE(p + 4) & 1)));
  } else if (magic.startsWith('\x89PNG')) step(8, (p) => (p + 12 > file.length ? 12 : 12 + file.readUInt32BE(p)));
  else if (magic.endsWith('ftyp')) step(0, (p) => (p + 8 > file.length || CONTAINERS.has(file.toString('latin1', p + 4, p + 8)) ? 8 : file.readUInt32BE(p)));
  else step(0, () => Math.ceil(file.length / 16));
  return [...at, file.length];
}
/** Boxes whose contents are boxes. */
const CONTAINERS = new Set(['moov', 'trak', 'mdia', 'minf', 'stbl', 'udta']);

/** Where bits say a width, a height or a count: of GIF, JPEG, PNG, WebP, AVI, MP4 and MOV, Matroska, and in frames of Motion JPEG, ProRes and VP8. */
function sides(file: Buffer): { readonly at: number; readonly bytes: 1 | 2 | 4; readonly big: boolean }[] {
  const found: { at: number; bytes: 1 | 2 | 4; big: boolean }[] = [], head = file.toString('latin1', 0, 16);
  const after = (text: string, offsets: readonly number[], bytes: 1 | 2 | 4, big: boolean): void => {
    for (let p = file.indexOf(text, 0, 'latin1'); p >= 0; p = file.indexOf(text, p + 1, 'latin1'))
      for (const o of offsets) if (p + o + bytes <= file.length) found.push({ at: p + o, bytes, big });
  };
  if (head.startsWith('GIF')) found.push({ at: 6, bytes: 2, big: false }, { at: 8, bytes: 2, big: false });
  else if (head.startsWith('\xff\xd8')) { after('\xff\xc0', [5, 7], 2, true); after('\xff\xc2', [5, 7], 2, true); }
  else if (head.startsWith('\x89PNG')) { after('IHDR', [4, 8], 4, true); after('acTL', [4], 4, true); after('fcTL', [8, 12, 16, 20], 4, true); }
  else if (head.includes('WEBP')) { after('VP8X', [12, 15], 2, false); after('VP8L', [9], 4, false); after('ANMF', [8, 11, 14, 17], 2, false); }
  else if (head.startsWith('RIFF')) {
    for (const [chunk, offsets] of [['avih', [24, 40, 44]], ['strf', [12, 16]], ['strh', [28, 32, 40]]] as const) after(chunk, offsets, 4, false);
    after('\xff\xc0', [5, 7], 2, true);
  } else if (head.includes('ftyp')) {
    for (const entry of ['avc1', 'mp4v', 'apch', 'apcn']) after(entry, [28, 30], 2, true);
    after('icpf', [12, 14], 2, true);
    for (const table of ['stts', 'stsz', 'stco', 'stsc', 'ctts']) after(table, [8, 12, 16], 4, true);
    after('mdhd', [16, 20], 4, true);
  } else { for (const element of ['\xb0\x81', '\xba\x81']) after(element, [2], 1, true); after('\x9d\x01\x2a', [3, 5], 2, false); }
  return found;
}

const HUGE = [0, 1, 0x7f, 0xff, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff, 30_000, 16_384, 4_000];

function put(file: Buffer, at: number, bytes: 1 | 2 | 4, big: boolean, value: number): void {
  const v = bytes === 4 ? value : value % 2 ** (8 * bytes);
  if (bytes === 1) file.writeUInt8(v, at);
  else if (bytes === 2) { if (big) file.writeUInt16BE(v, at); else file.writeUInt16LE(v, at); }
  else if (big) file.writeUInt32BE(v, at); else file.writeUInt32LE(v, at);
}

/** A PNG with right checksums; other files as they are. */
function mended(file: Buffer): Buffer {
  if (!file.subarray(0, 8).equals(PNG_SIGNATURE)) return file;
  const out: Buffer[] = [file.subarray(0, 8)];
  let p = 8;
  for (; p + 12 <= file.length && p + 12 + file.readUInt32BE(p) <= file.length; p += 12 + file.readUInt32BE(p))
    out.push(pngChunk(file.toString('latin1', p + 4, p + 8), file.subarray(p + 8, p + 8 + file.readUInt32BE(p))));
  return Buffer.concat([...out, file.subarray(p)]);
}

/** A place in a file, every second time in its first 256 bytes. */
const place = (file: Buffer, d: Draws): number => d.int(d.chance(0.5) ? Math.min(256, file.length) : file.length);

/** What is done to a file; `other` is another base. */
export const DAMAGES = {
  'bits flipped': ({ bytes }, d) => {
    const out = Buffer.from(bytes);
    for (let n = 1 + d.int(2 ** d.int(7)); n > 0; n--) { const at = place(out, d); out[at] = out[at]! ^ (1 << d.int(8)); }
    return d.chance(0.5) ? mended(out) : out;
  },
  'end cut off': ({ bytes }, d) => Buffer.from(bytes.subarray(0, place(bytes, d))),
  'part missing': ({ bytes }, d) => { const at = place(bytes, d); return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + d.int(bytes.length >> 2))]); },
  'chunks swapped': ({ bytes }, d) => {
    const at = pieces(bytes), n = at.length - 1, parts = Array.from({ length: n }, (_, i) => bytes.subarray(at[i]!, at[i + 1]!)), i = d.int(n), j = d.int(n);
    [parts[i], parts[j]] = [parts[j]!, parts[i]!];
    return Buffer.concat([bytes.subarray(0, at[0]!), ...parts]);
  },
  'chunks repeated': ({ bytes }, d) => {
    const at = pieces(bytes), i = d.int(at.length - 1), part = bytes.subarray(at[i]!, at[i + 1]!);
    return Buffer.concat([bytes.subarray(0, at[i]!), ...Array.from({ length: 1 + d.int(40) }, () => part), bytes.subarray(at[i]!)]);
  },
  'zeros': ({ bytes }, d) => Buffer.from(bytes).fill(0, ...((at) => [at, Math.min(bytes.length, at + 1 + d.int(256))] as const)(place(bytes, d))),
  'header zeroed': ({ bytes }, d) => Buffer.from(bytes).fill(0, d.chance(0.2) ? 0 : 12, 13 + d.int(Math.min(500, bytes.length - 13))),
  'huge number': ({ bytes }, d) => {
    const out = Buffer.from(bytes);
    for (let n = 1 + d.int(3); n > 0; n--) put(out, Math.min(place(out, d), out.length - 4), d.pick([1, 2, 4]), d.chance(0.5), d.pick(HUGE));
    return mended(out);
  },
  'huge side': ({ bytes }, d) => {
    const out = Buffer.from(bytes), all = sides(out);
    for (let n = 1 + d.int(2); n > 0 && all.length > 0; n--) { const { at, bytes: width, big } = d.pick(all); put(out, at, width, big, d.pick(HUGE)); }
    return mended(out);
  },
  'two files': ({ bytes }, d, other) => Buffer.concat([bytes.subarray(0, place(bytes, d)), other.bytes.subarray(place(other.bytes, d))]),
  'noise': ({ bytes }, d) => {
    const out = Buffer.from(bytes);
    for (let at = d.chance(0.5) ? 16 : place(out, d), end = Math.min(out.length, at + 1 + d.int(out.length)); at < end; at++) out[at] = d.int(256);
    return out;
  },
  'wrong extension': ({ bytes }) => bytes,
} as const satisfies Readonly<Record<string, (base: Base, d: Draws, other: Base) => Buffer>>;

/** A kind of damage. */
export type Damage = keyof typeof DAMAGES;
