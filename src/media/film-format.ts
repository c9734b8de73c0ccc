/**
 * @file Which format a path stands for: its extension decides. Nothing else knows the rule; it loads nothing, so a command line can ask early.
 */
import { extname } from 'node:path';
import { InputError } from '../core/errors.ts';

/** Formats of one file; each is its own extension. */
export const FILE_FORMATS = ['mp4', 'webm', 'mov', 'mkv', 'gif', 'webp', 'apng', 'png'] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];

/** Formats that FFmpeg writes, through the optional package node-av: VP9, ProRes 4444, FFV1. */
export const FFMPEG_FORMATS = ['webm', 'mov', 'mkv'] as const satisfies readonly FileFormat[];
export type FfmpegFormat = (typeof FFMPEG_FORMATS)[number];

/** What a path can stand for; a path without extension, or ending in "/", is a folder of PNGs. */
export const FILM_FORMATS = [...FILE_FORMATS, 'folder'] as const;
export type FilmFormat = (typeof FILM_FORMATS)[number];

/** Formats that hold no alpha. */
const OPAQUE: readonly FilmFormat[] = ['mp4'];

const listed = (formats: readonly FilmFormat[]): string => formats.filter((name) => name !== 'folder').map((name) => `.${name}`).join(', ');

/** The allowed set, for people: extensions, and a folder. */
export const FORMATS_IN_WORDS = `${listed(FILE_FORMATS)}, or none for a folder of PNGs`;

/** The format of a path; InputError that lists the allowed set for any other extension. */
export function filmFormat(file: string): FilmFormat {
  if (file === '') throw new InputError('the output file has no name');
  const extension = /[/\\]$/.test(file) ? '' : extname(file).toLowerCase();
  if (extension === '') return 'folder';
  const format = FILE_FORMATS.find((name) => extension === `.${name}`);
  if (format === undefined) throw new InputError(`"${file}": extension "${extension}" is not known; allowed: ${FORMATS_IN_WORDS}`);
  return format;
}

/** Throws an InputError that names the formats which can, if a film at this path cannot be transparent. */
export function checkTransparent(file: string): void {
  const format = filmFormat(file);
  const can = listed(FILM_FORMATS.filter((name) => !OPAQUE.includes(name)));
  if (OPAQUE.includes(format)) throw new InputError(`"${file}": .${format} films cannot be transparent; those that can: ${can}, or a folder of PNGs`);
}
