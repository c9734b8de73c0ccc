/**
 * @file Whether an image file moves, by what stands before its pixels: the flag of WebP's extended header, or the acTL chunk of PNG.
 */
import { open } from 'node:fs/promises';
import { sniff } from './sniff.ts';

/** Bytes that are read: what stands before the pixels of a PNG is seldom longer. */
const HEAD_BYTES = 1 << 16;
/** Where WebP's extended header has its flags, and the one of animations (RFC 9649, section 2.7). */
const VP8X = { name: 12, flags: 20, animated: 2 } as const;

/** Whether a PNG says that it is an animation before its first pixels. */
function hasControl(head: Buffer): boolean {
  for (let at = 8; at + 8 <= head.length; at += 12 + head.readUInt32BE(at)) {
    const type = head.toString('latin1', at + 4, at + 8);
    if (type === 'acTL' || type === 'IDAT') return type === 'acTL';
  }
  return false;
}

/** Whether a file is an animated WebP or PNG; false for all else, films too. Rejects with the system's error for what cannot be opened. */
export async function isAnimated(file: string): Promise<boolean> {
  const handle = await open(file), buffer = Buffer.alloc(HEAD_BYTES);
  try {
    const head = buffer.subarray(0, (await handle.read(buffer, 0, HEAD_BYTES, 0)).bytesRead), seen = sniff(head);
    if (!('kind' in seen)) return false;
    if (seen.kind === 'webp') return head.toString('latin1', VP8X.name, VP8X.name + 4) === 'VP8X' && ((head[VP8X.flags] ?? 0) & VP8X.animated) !== 0;
    return seen.kind === 'png' && hasControl(head);
  } finally { await handle.close(); }
}
