/**
 * @file The seam between manifests and the files that hold them: where a manifest lies, where one goes, what moves then, and which named parts the rest consists of.
 */

/** A manifest found in a file. */
export interface Held {
  /** Its place, all wrapping included. */
  readonly start: number;
  readonly end: number;
  readonly manifest: Uint8Array;
}

/** What looking for a manifest came to. */
export interface Found {
  readonly held: Held | null;
  /** Where the file ends too early, in words; null if it seems whole. */
  readonly cut: string | null;
}

/** A part of a file without its manifest: parts follow one another from the beginning to the end. */
export interface Part { readonly name: string; readonly length: number }

/** What a part holds. */
export type Role = 'pictures' | 'settings';

/** One kind of file. */
export interface Container {
  /** Never throws for a cut file; RangeError when the manifest's own wrapping is damaged. */
  readonly find: (file: Buffer) => Found;
  /** Where the manifest goes in a file that has none. RangeError for files of another kind. */
  readonly place: (file: Buffer) => number;
  /** The manifest with what this kind puts around it; its length depends on that of the manifest alone. */
  readonly wrap: (manifest: Uint8Array) => Buffer;
  /** Mends, in place, what changes in a file without manifest when `by` bytes come in (or, negative, go out) at `at`. */
  readonly shift: (file: Buffer, at: number, by: number) => void;
  readonly parts: (file: Buffer) => Part[];
  /** The manifest has to have an even number of bytes. */
  readonly even?: true;
  /** Parts that hold pictures or settings, by their names. */
  readonly roles: Readonly<Record<string, Role>>;
}

/** Neighbours of one name become one part. */
export function merged(parts: Iterable<Part>): Part[] {
  const out: Part[] = [];
  for (const part of parts) {
    const last = out.at(-1);
    if (last?.name === part.name) out[out.length - 1] = { name: part.name, length: last.length + part.length };
    else if (part.length > 0) out.push(part);
  }
  return out;
}

/** The one place of those found: RangeError for several. */
export function single(held: readonly Held[]): Held | null {
  if (held.length > 1) throw new RangeError(`the file holds ${held.length} manifests`);
  return held[0] ?? null;
}
