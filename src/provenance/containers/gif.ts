/** @file Manifests in GIF (C2PA 2.2, appendix A.3.5): an application extension `C2PA_GIF` behind the global colours. */
import { merged, single, type Container, type Held, type Part } from './container.ts';

const INTRODUCTION = Buffer.from('\x21\xff\x0bC2PA_GIF\x01\x00\x00', 'latin1');

interface Block { readonly name: string; readonly start: number; readonly end: number }

/** Where the blocks begin: header, screen, global colours. */
const bodyAt = (file: Buffer): number => 13 + ((file[10] ?? 0) & 0x80 ? 3 << ((file[10]! & 7) + 1) : 0);

/** The end of sub-blocks, their closing zero included; Infinity in a file that is cut. */
function subBlocksEnd(file: Buffer, from: number): number {
  for (let at = from; at < file.length; at += file[at]! + 1) if (file[at] === 0) return at + 1;
  return Infinity;
}

function* blocks(file: Buffer): Generator<Block> {
  for (let at = bodyAt(file); at < file.length;) {
    const kind = file[at]!;
    if (kind === 0x3b) { yield { name: 'trailer', start: at, end: at + 1 }; at++; continue; }
    if (kind !== 0x21 && kind !== 0x2c) { yield { name: 'rest', start: at, end: file.length }; return; }
    const flags = file[at + 9] ?? 0;
    const end = subBlocksEnd(file, kind === 0x21 ? at + 2 : at + 11 + (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0));
    yield { name: kind === 0x21 && file[at + 1] === 0xfe ? 'comment' : kind === 0x21 && file[at + 1] === 0xff ? 'application' : 'frames', start: at, end };
    if (end > file.length) return;
    at = end;
  }
}

function* subBlocks(file: Buffer, from: number): Generator<Buffer> {
  for (let at = from; file[at] !== 0; at += file[at]! + 1) yield file.subarray(at + 1, at + 1 + file[at]!);
}

/** GIF. */
export const gif: Container = {
  find(file) {
    const held: Held[] = [];
    let last = '', cut: string | null = null;
    for (const { name, start, end } of blocks(file)) {
      last = name;
      if (end > file.length) { cut = `it ends inside its ${name}`; break; }
      const inside = start + INTRODUCTION.length;
      if (file.subarray(start, inside).equals(INTRODUCTION)) held.push({ start, end, manifest: Buffer.concat([...subBlocks(file, inside)]) });
    }
    return { held: single(held), cut: cut ?? (last === 'trailer' ? null : 'it has no trailer') };
  },
  place(file) {
    if (file.toString('latin1', 0, 6) !== 'GIF89a') throw new RangeError('GIF 87a holds no manifest');
    return bodyAt(file);
  },
  wrap(manifest) {
    const out: Uint8Array[] = [INTRODUCTION];
    for (let at = 0; at < manifest.length; at += 255) {
      const piece = manifest.subarray(at, at + 255);
      out.push(Uint8Array.of(piece.length), piece);
    }
    return Buffer.concat([...out, Uint8Array.of(0)]);
  },
  shift() {},
  parts: (file) => merged([{ name: 'header', length: bodyAt(file) }, ...[...blocks(file)].map(({ name, start, end }): Part => ({ name, length: end - start }))]),
  roles: { comment: 'settings', frames: 'pictures' },
};
