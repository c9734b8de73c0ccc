/** @file Manifests in JPEG (ISO/IEC 19566-5, annex D; C2PA 2.2, appendix A.3.1): JUMBF in APP11 segments, behind the JFIF header. */
import { merged, type Container, type Part } from './container.ts';

const APP0 = 0xe0, APP11 = 0xeb, SOS = 0xda;
/** Marker, length, `JP`, number of the box, number of the segment, the box's own header again. */
const HEAD = 2 + 2 + 2 + 2 + 4 + 8;
/** Most bytes of a box in one segment: a length of 16 bits counts all but the marker. */
const MOST = 0xffff - (HEAD - 2);

interface Segment { readonly marker: number; readonly start: number; readonly end: number }

/** Segments up to the first scan. */
function* segments(file: Buffer): Generator<Segment> {
  for (let at = 2; at < file.length;) {
    if (at + 4 > file.length || file[at] !== 0xff) { yield { marker: 0, start: at, end: Infinity }; return; }
    const marker = file[at + 1]!, end = at + 2 + file.readUInt16BE(at + 2);
    if (marker === SOS) { yield { marker, start: at, end: file.length }; return; }
    yield { marker, start: at, end };
    at = end;
  }
}

const isOurs = (file: Buffer, { marker, start, end }: Segment): boolean =>
  marker === APP11 && end - start > HEAD && file.toString('latin1', start + 4, start + 6) === 'JP' && file.toString('latin1', start + 16, start + 20) === 'jumb';

/** JPEG. */
export const jpeg: Container = {
  find(file) {
    let cut: string | null = file.subarray(-2).equals(Buffer.of(0xff, 0xd9)) ? null : 'it has no end marker';
    const ours: Segment[] = [];
    for (const s of segments(file)) {
      if (s.end > file.length) { cut = 'it ends inside a segment'; break; }
      if (isOurs(file, s)) ours.push(s);
    }
    if (ours.length === 0) return { held: null, cut };
    const first = ours[0]!.start, box = file.subarray(first + 12, first + 20), number = file.readUInt16BE(first + 6);
    const pieces = ours.map(({ start, end }, i) => {
      const regular = file.readUInt16BE(start + 6) === number && file.readUInt32BE(start + 8) === i + 1 && file.subarray(start + 12, start + 20).equals(box);
      if (!regular || start !== (ours[i - 1]?.end ?? first)) throw new RangeError('the segments of the manifest are damaged');
      return file.subarray(start + HEAD, end);
    });
    return { held: { start: first, end: ours.at(-1)!.end, manifest: Buffer.concat([box, ...pieces]) }, cut };
  },
  place(file) {
    const [first] = segments(file);
    if (file[0] !== 0xff || file[1] !== 0xd8 || !first || first.end > file.length) throw new RangeError('the JPEG does not begin as one');
    return first.marker === APP0 ? first.end : 2;
  },
  wrap(manifest) {
    const box = manifest.subarray(0, 8), out: Uint8Array[] = [];
    for (let at = 8, i = 1; at < manifest.length; at += MOST, i++) {
      const piece = manifest.subarray(at, at + MOST), head = Buffer.alloc(HEAD - 8);
      head.writeUInt16BE(0xff00 | APP11);
      head.writeUInt16BE(HEAD - 2 + piece.length, 2);
      head.write('JP', 4, 'latin1');
      head.writeUInt16BE(1, 6);
      head.writeUInt32BE(i, 8);
      out.push(head, box, piece);
    }
    return Buffer.concat(out);
  },
  shift() {},
  parts: (file) => merged([
    { name: 'header', length: 2 },
    ...[...segments(file)].map(({ marker, start, end }): Part => ({ name: marker === SOS ? 'scan' : 'header', length: end - start })),
  ]),
  roles: { scan: 'pictures' },
};
