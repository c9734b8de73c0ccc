/**
 * @file Manifests in MP4 and MOV (ISO/IEC 14496-12; C2PA 2.2, appendix A.5): a `uuid` box behind `ftyp`. What follows moves, so the chunk offsets of `moov` (`stco`,
 * `co64`) are mended. Files in fragments are not signed: Kinora makes none.
 */
import { merged, single, type Container, type Held, type Part } from './container.ts';

/** C2PA's box. */
export const BMFF_UUID = Buffer.from('d8fec3d61b0e483c92975828877ec481', 'hex');
/** Version and flags, purpose, and the place of further manifests: none. */
const HEAD = Buffer.concat([Buffer.alloc(4), Buffer.from('manifest\0', 'latin1'), Buffer.alloc(8)]);

/** A box at the top of a file, or within another. */
export interface BmffBox { readonly type: string; readonly start: number; readonly end: number; readonly body: number }

/** The boxes from `from` to `to`; the last one ends beyond `to` in a file that is cut. */
export function* bmffBoxes(file: Buffer, from = 0, to = file.length): Generator<BmffBox> {
  for (let at = from; at < to;) {
    if (at + 8 > to) { yield { type: '', start: at, end: Infinity, body: to }; return; }
    let size = file.readUInt32BE(at), body = at + 8;
    if (size === 1) {
      if (at + 16 > to) { yield { type: '', start: at, end: Infinity, body: to }; return; }
      size = Number(file.readBigUInt64BE(at + 8));
      body = at + 16;
    }
    if (size === 0) size = to - at;
    if (at + size < body) throw new RangeError(`a box of ${size} bytes at ${at}`);
    yield { type: file.toString('latin1', at + 4, at + 8), start: at, end: at + size, body };
    at += size;
  }
}

const isOurs = (file: Buffer, b: BmffBox): boolean => b.type === 'uuid' && file.subarray(b.body, b.body + 16).equals(BMFF_UUID);

/** Bodies of the boxes at a path within a range. */
function* inside(file: Buffer, b: BmffBox, [type, ...path]: readonly string[]): Generator<BmffBox> {
  if (type === undefined) { yield b; return; }
  if (b.end > file.length) throw new RangeError(`the file ends inside its ${b.type} box`);
  for (const c of bmffBoxes(file, b.body, b.end)) if (c.type === type) yield* inside(file, c, path);
}

function chunkOffsets(file: Buffer, move: (offset: number) => number): void {
  for (const moov of bmffBoxes(file)) {
    if (moov.type !== 'moov') continue;
    for (const stbl of inside(file, moov, ['trak', 'mdia', 'minf', 'stbl'])) {
      for (const [type, bytes] of [['stco', 4], ['co64', 8]] as const) for (const { body, end } of inside(file, stbl, [type])) {
        const count = file.readUInt32BE(body + 4);
        if (body + 8 + bytes * count > end) throw new RangeError(`${type} of ${count} chunks in ${end - body} bytes`);
        for (let i = 0, at = body + 8; i < count; i++, at += bytes) {
          if (bytes === 8) file.writeBigUInt64BE(BigInt(move(Number(file.readBigUInt64BE(at)))), at);
          else file.writeUInt32BE(move(file.readUInt32BE(at)), at);
        }
      }
    }
  }
}

/** MP4 and MOV. */
export const bmff: Container = {
  find(file) {
    const held: Held[] = [];
    let cut: string | null = null;
    for (const b of bmffBoxes(file)) {
      if (b.end > file.length) { cut = b.type === '' ? 'it ends inside the head of a box' : `it ends inside its ${b.type} box`; break; }
      if (!isOurs(file, b)) continue;
      const manifest = b.body + 16 + HEAD.length;
      if (!file.subarray(b.body + 16, manifest).equals(HEAD)) throw new RangeError('the box of the manifest is damaged');
      held.push({ start: b.start, end: b.end, manifest: file.subarray(manifest, b.end) });
    }
    return { held: single(held), cut };
  },
  place(file) {
    const [first] = bmffBoxes(file);
    if (first?.type !== 'ftyp' || first.end > file.length) throw new RangeError('the file does not begin with a whole ftyp box');
    for (const { type } of bmffBoxes(file)) if (type === 'moof') throw new RangeError('films in fragments (moof) are not signed');
    return first.end;
  },
  wrap(manifest) {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(8 + 16 + HEAD.length + manifest.length);
    head.write('uuid', 4, 'latin1');
    return Buffer.concat([head, BMFF_UUID, HEAD, manifest]);
  },
  shift: (file, at, by) => { chunkOffsets(file, (offset) => (offset >= at ? offset + by : offset)); },
  parts: (file) => merged([...bmffBoxes(file)].map(({ type, start, end }): Part => ({ name: type, length: end - start }))),
  roles: { moov: 'settings', mdat: 'pictures' },
};
