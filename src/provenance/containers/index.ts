/** @file Which container a kind of file is, and a file without its manifest: the bytes that it had before it was signed. */
import { sniff, SNIFF_BYTES, type MediaKind } from '../../media/sniff.ts';
import { bmff } from './bmff.ts';
import type { Container, Part } from './container.ts';
import { gif } from './gif.ts';
import { jpeg } from './jpeg.ts';
import { png } from './png.ts';
import { webp } from './webp.ts';

/** Kinds whose manifest lies beside the file hold none. */
export const CONTAINERS = { mp4: bmff, mov: bmff, png, webp, gif, jpeg, webm: null, mkv: null, avi: null } as const satisfies Readonly<Record<MediaKind, Container | null>>;

/** The container of a file by its first bytes; null for those that hold no manifest, and for what is no film. */
export function containerOf(file: Uint8Array): Container | null {
  const seen = sniff(file.subarray(0, SNIFF_BYTES));
  return 'kind' in seen ? CONTAINERS[seen.kind] : null;
}

/** A film's bytes without its manifest, as they were before it was signed; unchanged where there is none. RangeError when the manifest is damaged. */
export function withoutManifest(file: Uint8Array): Uint8Array {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength), container = containerOf(file), held = container?.find(bytes).held;
  if (!container || !held) return file;
  const rest = Buffer.concat([bytes.subarray(0, held.start), bytes.subarray(held.end)]);
  container.shift(rest, held.start, held.start - held.end);
  return rest;
}

/** Most blocks into which a file that nothing is known of is cut. */
const BLOCKS = 16;

/** Parts of a file that nothing is known of. */
export function blocksOf({ length }: Uint8Array): Part[] {
  const size = Math.max(1, Math.ceil(length / BLOCKS));
  return Array.from({ length: Math.ceil(length / size) }, (_, i) => ({ name: `block ${i + 1}`, length: Math.min(size, length - i * size) }));
}
