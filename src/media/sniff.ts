/**
 * @file What kind of file this is, by its first bytes: names lie.
 */

/** Kinds that are told apart. */
export const MEDIA_KINDS = ['png', 'jpeg', 'webp', 'gif', 'mp4', 'mov', 'webm', 'mkv', 'avi'] as const;
export type MediaKind = (typeof MEDIA_KINDS)[number];

/** Bytes that `sniff` wants to see. */
export const SNIFF_BYTES = 64;

/** The kind, or in words what it looks like. */
export function sniff(head: Uint8Array): { readonly kind: MediaKind } | { readonly looksLike: string } {
  const text = Buffer.from(head).toString('latin1');
  if (head.length === 0) return { looksLike: 'an empty file' };
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return { kind: 'png' };
  if (text.startsWith('\xff\xd8\xff')) return { kind: 'jpeg' };
  if (/^GIF8[79]a/.test(text)) return { kind: 'gif' };
  if (text.startsWith('RIFF') && text.startsWith('WEBP', 8)) return { kind: 'webp' };
  if (text.startsWith('RIFF') && text.startsWith('AVI ', 8)) return { kind: 'avi' };
  if (text.startsWith('ftyp', 4)) return { kind: text.startsWith('qt  ', 8) ? 'mov' : 'mp4' };
  if (text.startsWith('\x1a\x45\xdf\xa3')) return { kind: text.includes('matroska') ? 'mkv' : 'webm' };
  const printable = head.every((b) => b >= 32 || b === 9 || b === 10 || b === 13);
  return { looksLike: printable ? 'text' : 'something else' };
}
