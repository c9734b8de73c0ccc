/** @file Manifests in WebP (C2PA 2.2, appendix A.3.6, RIFF): a `C2PA` chunk at the end; the size in the RIFF header counts it. */
import { merged, single, type Container, type Held } from './container.ts';

const TYPE = 'C2PA';
/** `RIFF`, size, `WEBP`. */
const HEAD = 12;

function* chunks(file: Buffer): Generator<{ readonly type: string; readonly start: number; readonly size: number; readonly end: number }> {
  for (let at = HEAD; at < file.length;) {
    if (at + 8 > file.length) { yield { type: '', start: at, size: 0, end: Infinity }; return; }
    const size = file.readUInt32LE(at + 4), end = at + 8 + size + (size & 1);
    yield { type: file.toString('latin1', at, at + 4), start: at, size, end };
    at = end;
  }
}

const NAMES: Readonly<Record<string, string>> = { ANMF: 'frames', VP8L: 'frames', 'VP8 ': 'frames', ALPH: 'frames', 'XMP ': 'XMP' };

/** WebP. */
export const webp: Container = {
  find(file) {
    const held: Held[] = [], wanted = file.length >= HEAD ? file.readUInt32LE(4) + 8 : HEAD;
    for (const { type, start, size, end } of chunks(file)) {
      if (end > file.length || type !== TYPE) continue;
      if (size & 1 && file[end - 1] !== 0) throw new RangeError('the byte behind the manifest is not 0');
      held.push({ start, end, manifest: file.subarray(start + 8, start + 8 + size) });
    }
    return { held: single(held), cut: wanted > file.length ? `it says that it has ${wanted} bytes, and has ${file.length}` : null };
  },
  place(file) {
    if (file.length < HEAD || file.readUInt32LE(4) + 8 !== file.length) throw new RangeError('the WebP is not as long as it says');
    return file.length;
  },
  wrap(manifest) {
    const head = Buffer.alloc(8);
    head.write(TYPE, 'latin1');
    head.writeUInt32LE(manifest.length, 4);
    return Buffer.concat([head, manifest]);
  },
  shift: (file, _at, by) => { file.writeUInt32LE(file.readUInt32LE(4) + by, 4); },
  parts: (file) => merged([{ name: 'RIFF', length: HEAD }, ...[...chunks(file)].map(({ type, start, end }) => ({ name: NAMES[type] ?? type, length: end - start }))]),
  even: true,                                                           // C2PA's own library counts no byte behind the chunk to the manifest's place
  roles: { XMP: 'settings', frames: 'pictures' },
};
