/**
 * @file Reads what an MP4 file says about itself (ISO/IEC 14496-12): size, frame count, duration, colour tags, text tags,
 * parameter sets and samples of its first H.264 track. Enough for our own files and the encoder's; decoding is node-av.ts.
 * A damaged file ends in a RangeError, which read.ts turns into a FileError.
 */

/** One box: its type and its contents. */
interface Box { readonly type: string; readonly body: Uint8Array }

const view = (b: Uint8Array): DataView => new DataView(b.buffer, b.byteOffset, b.byteLength);
const latin1 = (b: Uint8Array): string => String.fromCharCode(...b);

function boxes(bytes: Uint8Array): Box[] {
  const out: Box[] = [];
  const v = view(bytes);
  for (let at = 0; at + 8 <= bytes.length;) {
    let size = v.getUint32(at), header = 8;
    if (size === 1) { size = Number(v.getBigUint64(at + 8)); header = 16; }
    if (size === 0) size = bytes.length - at;
    if (size < header || at + size > bytes.length) throw new RangeError(`MP4: box at ${at} of ${size} bytes in ${bytes.length}`);
    out.push({ type: latin1(bytes.subarray(at + 4, at + 8)), body: bytes.subarray(at + header, at + size) });
    at += size;
  }
  return out;
}

function child(parent: Uint8Array, ...path: readonly string[]): Uint8Array | undefined {
  let body: Uint8Array | undefined = parent;
  for (const type of path) {
    if (!body) return undefined;
    body = boxes(body).find((b) => b.type === type)?.body;
    if (type === 'meta' && body) body = body.subarray(4);               // the one container with version and flags
  }
  return body;
}

function need(parent: Uint8Array, ...path: readonly string[]): Uint8Array {
  const found = child(parent, ...path);
  if (!found) throw new RangeError(`MP4: no ${path.join('/')} box`);
  return found;
}

/** Text tags of `moov` by their four characters; empty when there are none. */
export function readMp4Tags(moov: Uint8Array): Record<string, string> {
  const list = child(moov, 'udta', 'meta', 'ilst');
  const tags: Record<string, string> = {};
  for (const item of list ? boxes(list) : []) {
    const data = child(item.body, 'data');
    if (data && view(data).getUint32(0) === 1) tags[item.type] = new TextDecoder().decode(data.subarray(8));
  }
  return tags;
}

/** What the first video track says. */
export interface Mp4Info {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  /** Seconds. */
  readonly seconds: number;
  /** Frames a second if it is constant. */
  readonly fps: number | undefined;
  /** Primaries, transfer, matrix (14496-12 section 12.1.5) and range of `colr` nclx. */
  readonly colour: { readonly codes: readonly [number, number, number]; readonly full: boolean } | undefined;
  readonly sps: Uint8Array;
  readonly pps: Uint8Array;
  /** Where each sample lies in the file: [offset, size]. */
  readonly samples: readonly (readonly [number, number])[];
}

/** Sample positions from sizes, chunk offsets and samples per chunk (sections 8.7.3–8.7.5). */
function samplePositions(stbl: Uint8Array): [number, number][] {
  const stsz = view(need(stbl, 'stsz')), stsc = view(need(stbl, 'stsc'));
  const wide = child(stbl, 'co64'), offsets = view(wide ?? need(stbl, 'stco'));
  const same = stsz.getUint32(4), count = stsz.getUint32(8);
  const out: [number, number][] = [];
  for (let chunk = 0, run = 0; chunk < offsets.getUint32(4) && out.length < count; chunk++) {
    if (run + 1 < stsc.getUint32(4) && stsc.getUint32(8 + 12 * (run + 1)) <= chunk + 1) run++;
    let at = wide ? Number(offsets.getBigUint64(8 + 8 * chunk)) : offsets.getUint32(8 + 4 * chunk);
    for (let k = stsc.getUint32(12 + 12 * run); k > 0 && out.length < count; k--) {
      const size = same || stsz.getUint32(12 + 4 * out.length);
      out.push([at, size]);
      at += size;
    }
  }
  return out;
}

/** Reads the first H.264 track of `moov`. */
export function readMp4Info(moov: Uint8Array): Mp4Info {
  const trak = boxes(moov).filter((b) => b.type === 'trak').map((b) => b.body)
    .find((t) => latin1(need(t, 'mdia', 'hdlr').subarray(8, 12)) === 'vide');
  if (!trak) throw new RangeError('MP4: no video track');
  const mdhd = view(need(trak, 'mdia', 'mdhd'));
  const timescale = mdhd.getUint32(mdhd.getUint8(0) === 1 ? 20 : 12);
  const stbl = need(trak, 'mdia', 'minf', 'stbl');
  const stts = view(need(stbl, 'stts'));
  let frames = 0, units = 0;
  for (let i = 0; i < stts.getUint32(4); i++) {
    frames += stts.getUint32(8 + 8 * i);
    units += stts.getUint32(8 + 8 * i) * stts.getUint32(12 + 8 * i);
  }
  const entry = boxes(need(stbl, 'stsd').subarray(8))[0];
  if (entry?.type !== 'avc1') throw new RangeError(`MP4: the video is ${entry?.type ?? 'empty'}, not avc1 (H.264)`);
  const inside = entry.body.subarray(78), avcC = need(inside, 'avcC'), colr = child(inside, 'colr');
  const spsSize = view(avcC).getUint16(6), ppsAt = 8 + spsSize + 1;
  const nclx = colr && latin1(colr.subarray(0, 4)) === 'nclx' ? view(colr) : undefined;
  return {
    width: view(entry.body).getUint16(24), height: view(entry.body).getUint16(26),
    frames, seconds: units / timescale,
    fps: stts.getUint32(4) === 1 ? timescale / stts.getUint32(12) : undefined,
    colour: nclx && { codes: [nclx.getUint16(4), nclx.getUint16(6), nclx.getUint16(8)], full: nclx.getUint8(10) >= 128 },
    sps: avcC.subarray(8, 8 + spsSize), pps: avcC.subarray(ppsAt + 2, ppsAt + 2 + view(avcC).getUint16(ppsAt)),
    samples: samplePositions(stbl),
  };
}

/** The contents of `moov` in the bytes of a whole file. */
export const findMoov = (file: Uint8Array): Uint8Array => need(file, 'moov');
