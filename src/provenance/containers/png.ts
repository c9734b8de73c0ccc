/** @file Manifests in PNG and animated PNG (C2PA 2.2, appendix A.3.2): a `caBX` chunk behind IHDR, before any pixels. */
import { crc32 } from 'node:zlib';
import { PNG_SIGNATURE, pngChunk } from '../../media/png.ts';
import { merged, single, type Container, type Held } from './container.ts';

const TYPE = 'caBX';

function* chunks(file: Buffer): Generator<{ readonly type: string; readonly start: number; readonly end: number }> {
  for (let at: number = PNG_SIGNATURE.length; at < file.length;) {
    if (at + 12 > file.length) { yield { type: '', start: at, end: Infinity }; return; }
    const end = at + 12 + file.readUInt32BE(at);
    yield { type: file.toString('latin1', at + 4, at + 8), start: at, end };
    at = end;
  }
}

/** Names of parts: pixels of an animation are one. */
const NAMES: Readonly<Record<string, string>> = { IDAT: 'pixels', fdAT: 'pixels', fcTL: 'pixels', iTXt: 'text', tEXt: 'text', zTXt: 'text' };

/** PNG and APNG. */
export const png: Container = {
  find(file) {
    const held: Held[] = [];
    let cut: string | null = null, last = '';
    for (const { type, start, end } of chunks(file)) {
      if (end > file.length) { cut = `it ends inside ${type === '' ? 'the head of a chunk' : `its ${type} chunk`}`; break; }
      last = type;
      if (type !== TYPE) continue;
      if (crc32(file.subarray(start + 4, end - 4)) !== file.readUInt32BE(end - 4)) throw new RangeError('the chunk of the manifest has another checksum');
      held.push({ start, end, manifest: file.subarray(start + 8, end - 4) });
    }
    return { held: single(held), cut: cut ?? (last === 'IEND' ? null : 'it has no IEND chunk') };
  },
  place(file) {
    const [first] = chunks(file);
    if (first?.type !== 'IHDR' || first.end > file.length) throw new RangeError('the PNG does not begin with a whole IHDR chunk');
    return first.end;
  },
  wrap: (manifest) => pngChunk(TYPE, manifest),
  shift() {},
  parts: (file) => merged([
    { name: 'IHDR', length: PNG_SIGNATURE.length }, ...[...chunks(file)].map(({ type, start, end }) => ({ name: NAMES[type] ?? type, length: end - start })),
  ]),
  roles: { text: 'settings', pixels: 'pictures' },
};
