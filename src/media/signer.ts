/**
 * @file The seam at which films are signed: a sink hands over the finished bytes, and writes what it gets back. Who signs, and how, is not known here (src/provenance).
 */
import type { FileFormat } from './film-format.ts';
import type { FilmMetadata } from './metadata.ts';

/** What a signer is told beside the bytes. */
export interface SignOptions {
  readonly metadata?: FilmMetadata | undefined;
}

/** A file, signed. */
export interface SignedFile {
  /** The file, with the manifest in it where its kind holds one. */
  readonly bytes: Uint8Array;
  /** What goes beside a file that holds none (see `sidecarOf`); null for the others. */
  readonly sidecar: Uint8Array | null;
}

/** Signs finished films. The same film gives bytes of the same length. */
export interface FilmSigner {
  /** One file: a film, or a still of one. */
  readonly sign: (bytes: Uint8Array, o: SignOptions & { readonly format: FileFormat | 'jpeg' }) => Promise<SignedFile>;
  /** The files of a folder, by name and contents; what comes back goes beside them under the name {@link FOLDER_MANIFEST}. */
  readonly signFolder: (files: readonly { readonly name: string; readonly size: number; readonly sha256: Uint8Array }[], o: SignOptions) => Promise<Uint8Array>;
}

/** Where the manifest of a film lies that cannot hold it: `film.webm`, `film.webm.c2pa`. */
export const sidecarOf = (file: string): string => `${file}.c2pa`;
/** Whether a file is the manifest of a film, by its first bytes: a JUMBF box. */
export const isManifest = (bytes: Uint8Array): boolean => String.fromCharCode(...bytes.subarray(4, 8)) === 'jumb';
/** The manifest in a folder of frames. */
export const FOLDER_MANIFEST = 'film.c2pa';
