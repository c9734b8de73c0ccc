/**
 * @file Which format a path stands for: its extension decides. Nothing else knows the rule; it loads nothing, so a command line can ask early.
 */
import { extname } from 'node:path';
import { InputError } from '../core/errors.ts';

/** Formats of one file; each is its own extension. */
export const FILE_FORMATS = ['mp4', 'gif', 'png'] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];

/** What a path can stand for; a path without extension, or ending in "/", is a folder of PNGs. */
export const FILM_FORMATS = [...FILE_FORMATS, 'folder'] as const;
export type FilmFormat = (typeof FILM_FORMATS)[number];

/** The format of a path; InputError that lists the allowed set for any other extension. */
export function filmFormat(file: string): FilmFormat {
  if (file === '') throw new InputError('the output file has no name');
  const extension = /[/\\]$/.test(file) ? '' : extname(file).toLowerCase();
  if (extension === '') return 'folder';
  const format = FILE_FORMATS.find((name) => extension === `.${name}`);
  if (format === undefined)
    throw new InputError(`"${file}": extension "${extension}" is not known; `
      + `allowed: ${FILE_FORMATS.map((name) => `.${name}`).join(', ')}, or none for a folder of PNGs`);
  return format;
}
