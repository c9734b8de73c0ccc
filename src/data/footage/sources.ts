/**
 * @file Which files and folders are footage: folders are walked, hidden names, texts and tables are passed over, a folder of numbered still images is one film.
 * What a file really is, its first bytes say when it is opened. Nothing is written here.
 */
import { readdir, stat } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { FileError } from '../../core/errors.ts';
import { isAnimated } from '../../media/animated.ts';
import { fileError } from '../../media/pending.ts';

/** One film or image to be read. */
export interface Source {
  /** Absolute. */
  readonly path: string;
  /** A folder of numbered still images is one film. */
  readonly kind: 'file' | 'frames';
}

/** What was found. */
export interface Found {
  readonly sources: readonly Source[];
  /** Tables of captions at the top of the folders: captions.jsonl, captions.csv, metadata.jsonl, metadata.csv. */
  readonly tables: readonly string[];
}

const PASSED = new Set(['.txt', '.json', '.jsonl', '.csv', '.tsv', '.md', '.html', '.xml', '.srt', '.vtt', '.nfo', '.db', '.ini']);
const TABLE = /^(captions|metadata)\.(jsonl|csv)$/i, NUMBERED = /^(.*?)(\d+)\.(png|jpe?g|webp)$/i;
/** Fewer numbered images are photographs. */
const LEAST_FRAMES = 5;

/** Whether names are one film: images alone, one prefix, numbers that follow each other. */
export function isFrameFolder(names: readonly string[]): boolean {
  const parts = names.map((name) => NUMBERED.exec(name)), first = parts[0];
  if (names.length < LEAST_FRAMES || !first || !parts.every((p) => p && p[1] === first[1])) return false;
  const numbers = parts.map((p) => Number(p![2])).sort((a, b) => a - b);
  return numbers.every((n, i) => i === 0 || n === numbers[i - 1]! + 1);
}

/** Whether no image moves by itself: numbered animations are films of their own. */
async function areStills(files: readonly string[]): Promise<boolean> {
  for (const file of files) if (await isAnimated(file).catch(() => false)) return false;      // what cannot be read is told of when it is opened
  return true;
}

/** Walks inputs in order, each folder by name; `outside` is passed over. Throws a FileError for an input that is not there. */
export async function findSources(inputs: readonly string[], outside: string): Promise<Found> {
  const sources = new Map<string, Source>(), tables: string[] = [], hidden = resolve(outside);
  const walk = async (folder: string, top: boolean): Promise<void> => {
    if (folder === hidden) return;
    const entries = (await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => { throw fileError('read folder', folder, cause); }))
      .filter((e) => !e.name.startsWith('.')).sort((a, b) => (a.name < b.name ? -1 : 1));
    if (top) tables.push(...entries.filter((e) => TABLE.test(e.name)).map((e) => join(folder, e.name)));
    const files = entries.filter((e) => !e.isDirectory() && !PASSED.has(extname(e.name).toLowerCase()));
    if (isFrameFolder(files.map((e) => e.name)) && await areStills(files.map((e) => join(folder, e.name)))) sources.set(folder, { path: folder, kind: 'frames' });
    else for (const e of files) sources.set(join(folder, e.name), { path: join(folder, e.name), kind: 'file' });
    for (const e of entries) if (e.isDirectory()) await walk(join(folder, e.name), false);
  };
  for (const input of inputs) {
    const path = resolve(input), facts = await stat(path).catch((cause: unknown) => { throw fileError('read', input, cause); });
    if (path === hidden) throw new FileError(`${input} is read and written: name another folder for the dataset`);
    if (facts.isDirectory()) await walk(path, true); else sources.set(path, { path, kind: 'file' });
  }
  return { sources: [...sources.values()], tables };
}

/** A name for files that are made of a source: letters, digits and hyphens of its own. */
export const plainName = (path: string): string => basename(path, extname(path)).replaceAll(/[^A-Za-z0-9]+/g, '-').replaceAll(/^-|-$/g, '').slice(0, 40) || 'film';
