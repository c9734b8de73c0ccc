/**
 * @file Writes an MP4 file (ISO/IEC 14496-12:2022, 14496-15 for H.264) with one video track: `ftyp`, one `moov` in front
 * (players start before the end has arrived), one `mdat`. Constant frame rate, no edit list, no creation times: the bytes
 * depend on the samples and the text alone. Colours are tagged BT.709 (`colr` nclx); text goes into `udta/meta/ilst`, the
 * layout of iTunes that ffprobe and QuickTime read. Reading is mp4-read.ts.
 */
import { InputError } from '../core/errors.ts';
import { NAL, nalType, splitSample, withVui } from './h264.ts';
import type { Rational } from './rational.ts';

/** A compressed film, as an encoder hands it over. */
export interface H264Track {
  readonly width: number;
  readonly height: number;
  readonly fps: Rational;
  /** Sequence and picture parameter sets without their length prefix. */
  readonly sps: Uint8Array;
  readonly pps: Uint8Array;
  /** Samples in decoding order, which is also display order; each NAL unit after its length in 4 bytes. */
  readonly samples: readonly Uint8Array[];
}

/** Text tags: four characters of iTunes ('©nam', '©cmt', '©too') → text. */
export type Mp4Tags = Readonly<Record<string, string>>;

const u16 = (...values: number[]): Uint8Array => Uint8Array.from(values.flatMap((v) => [v >>> 8 & 255, v & 255]));
const u32 = (...values: number[]): Uint8Array => {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  values.forEach((v, i) => view.setUint32(i * 4, v));
  return new Uint8Array(view.buffer);
};
/** Latin-1: '©' is one byte in a box type. */
const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const zeros = (n: number): Uint8Array => new Uint8Array(n);

/** A box: size, type, contents. */
function box(type: string, ...parts: readonly Uint8Array[]): Uint8Array {
  const size = parts.reduce((sum, p) => sum + p.length, 8);
  const out = new Uint8Array(size);
  out.set(u32(size)); out.set(ascii(type), 4);
  let at = 8;
  for (const p of parts) { out.set(p, at); at += p.length; }
  return out;
}
/** A box with version 0 and flags. */
const fullBox = (type: string, flags: number, ...parts: readonly Uint8Array[]): Uint8Array => box(type, u32(flags), ...parts);

/** 3×3 identity in 16.16 and 2.30 fixed point. */
const MATRIX = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);

/** Time units: a multiple of the frame rate's numerator, at least 10,000 a second, so that frames last an integer of them. */
function timing(fps: Rational): { readonly timescale: number; readonly delta: number } {
  let timescale = fps.numerator, delta = fps.denominator;
  while (timescale < 10_000) { timescale *= 2; delta *= 2; }
  return { timescale, delta };
}

/** `avcC`, 14496-15 section 5.3.3: profile, compatibility, level, then the parameter sets. */
function avcConfiguration(sps: Uint8Array, pps: Uint8Array): Uint8Array {
  return box('avcC', Uint8Array.of(1, sps[1]!, sps[2]!, sps[3]!, 0xff, 0xe1), u16(sps.length), sps, Uint8Array.of(1), u16(pps.length), pps);
}

function sampleEntry(track: H264Track): Uint8Array {
  return box('avc1', zeros(6), u16(1), zeros(16), u16(track.width, track.height), u32(0x480000, 0x480000), // 72 dpi
    zeros(4), u16(1), zeros(32), u16(24, 0xffff),                       // one frame a sample, no name, depth 24
    avcConfiguration(withVui(track.sps, { fps: track.fps }), track.pps),
    box('colr', ascii('nclx'), u16(1, 1, 1), Uint8Array.of(0x80)),      // BT.709 primaries, transfer, matrix; full range
    box('pasp', u32(1, 1)));
}

function tagBoxes(tags: Mp4Tags): Uint8Array {
  const items = Object.entries(tags).map(([key, text]) => box(key, box('data', u32(1, 0), new TextEncoder().encode(text)))); // 1: UTF-8
  return box('udta', fullBox('meta', 0,
    fullBox('hdlr', 0, u32(0), ascii('mdirappl'), zeros(9)),
    box('ilst', ...items)));
}

/** True if a decoder can start here. */
const isSync = (sample: Uint8Array): boolean => splitSample(sample).some((nal) => nalType(nal) === NAL.idr);

function moov(track: H264Track, tags: Mp4Tags, dataAt: number): Uint8Array {
  const { width, height, samples } = track;
  const { timescale, delta } = timing(track.fps);
  const duration = samples.length * delta;
  const sync = samples.flatMap((s, i) => (isSync(s) ? [i + 1] : []));
  const stbl = box('stbl',
    fullBox('stsd', 0, u32(1), sampleEntry(track)),
    fullBox('stts', 0, u32(1, samples.length, delta)),
    ...(sync.length < samples.length ? [fullBox('stss', 0, u32(sync.length, ...sync))] : []),
    fullBox('stsc', 0, u32(1, 1, samples.length, 1)),                   // one chunk holds all
    fullBox('stsz', 0, u32(0, samples.length, ...samples.map((s) => s.length))),
    fullBox('stco', 0, u32(1, dataAt)));
  const minf = box('minf', fullBox('vmhd', 1, zeros(8)), box('dinf', fullBox('dref', 0, u32(1), fullBox('url ', 1))), stbl);
  const mdia = box('mdia',
    fullBox('mdhd', 0, u32(0, 0, timescale, duration), u16(0x55c4, 0)), // no times; language 'und'
    fullBox('hdlr', 0, u32(0), ascii('vide'), zeros(12), ascii('Kinora\0')),
    minf);
  const trak = box('trak',
    fullBox('tkhd', 3, u32(0, 0, 1, 0, duration), zeros(16), MATRIX, u32(width * 65536, height * 65536)), // enabled, in the film
    mdia);
  return box('moov',
    fullBox('mvhd', 0, u32(0, 0, timescale, duration, 0x10000), u16(0x100), zeros(10), MATRIX, zeros(24), u32(2)),
    trak, tagBoxes(tags));
}

/** The whole file as parts to be written in order. */
export function writeMp4(track: H264Track, tags: Mp4Tags): Uint8Array[] {
  const ftyp = box('ftyp', ascii('isom'), u32(512), ascii('isomiso2avc1mp41'));
  const payload = track.samples.reduce((sum, s) => sum + s.length, 0);
  if (payload > 0xf0000000) throw new InputError(`film of ${payload} bytes: MP4 files of 4 GB and more are not written`);
  const size = moov(track, tags, 0).length;                             // its size does not depend on the offset
  return [ftyp, moov(track, tags, ftyp.length + size + 8), u32(payload + 8), ascii('mdat'), ...track.samples];
}
