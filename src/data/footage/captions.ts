/**
 * @file Captions of footage: given ones (a .txt beside the file, one JSONL or CSV), words of the file's name, and sentences of what was measured. The tagger
 * says only what numbers say: camera, movement, brightness, colours. Its limits are chosen by eye on drawn films, not fitted to footage.
 */
import { readFile } from 'node:fs/promises';
import { basename, extname, resolve, dirname } from 'node:path';
import { FileError } from '../../core/errors.ts';
import type { Frames } from '../../media/frames.ts';
import { fileError } from '../../media/pending.ts';
import type { ShotMeasures } from './filters.ts';
import type { ClipMotion } from './motion.ts';

/** Captions by the absolute path of their file. */
export type CaptionTable = ReadonlyMap<string, string>;

const FILE_KEYS = ['file', 'file_name', 'filename', 'path', 'video'], CAPTION_KEYS = ['caption', 'text', 'prompt'];

/** Fields of CSV (RFC 4180): commas, quotes doubled inside quotes, lines within quotes. */
function csvRows(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [], field = '', quoted = false;
  const endField = (): void => { row.push(field); field = ''; }, endRow = (): void => { endField(); if (row.some((f) => f.trim() !== '')) rows.push(row); row = []; };
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (quoted) { if (c !== '"') field += c; else if (text[i + 1] === '"') { field += c; i++; } else quoted = false; }
    else if (c === '"' && field === '') quoted = true;
    else if (c === ',') endField();
    else if (c === '\n') endRow();
    else if (c !== '\r') field += c;
  }
  endRow();
  return rows;
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

/**
 * Reads a table of captions, .csv with a header or else one JSON object a line; fields `file` (from the table's folder) and `caption`, or file_name and text.
 * Throws a FileError that names the line.
 */
export async function readCaptionTable(file: string): Promise<CaptionTable> {
  const text = (await readFile(file, 'utf8').catch((cause: unknown) => { throw fileError('read', file, cause); })).replace(/^\uFEFF/, ''), table = new Map<string, string>();
  const bad = (line: number, why: string, cause?: unknown): FileError => new FileError(`cannot read ${file}: row ${line}: ${why}`, cause === undefined ? {} : { cause });
  const add = (fields: Readonly<Record<string, unknown>>, line: number): void => {
    const of = (keys: readonly string[]): unknown => fields[keys.find((k) => typeof fields[k] === 'string') ?? ''], path = of(FILE_KEYS), caption = of(CAPTION_KEYS);
    if (typeof path !== 'string' || typeof caption !== 'string')
      throw bad(line, `wanted texts named ${FILE_KEYS[0]!} and ${CAPTION_KEYS[0]!}, found ${Object.keys(fields).join(', ') || 'none'}`);
    table.set(resolve(dirname(file), path.trim()), oneLine(caption));
  };
  if (extname(file).toLowerCase() === '.csv') {
    const [header = [], ...rows] = csvRows(text), names = header.map((name) => name.trim().toLowerCase());
    rows.forEach((row, i) => { add(Object.fromEntries(names.map((name, k) => [name, row[k]])), i + 2); });
  } else {
    text.split('\n').forEach((line, i) => {
      if (line.trim() === '') return;
      let value: unknown;
      try { value = JSON.parse(line); } catch (cause) { throw bad(i + 1, 'it is no JSON object', cause); }
      if (typeof value !== 'object' || value === null) throw bad(i + 1, 'it is no JSON object');
      add(value as Record<string, unknown>, i + 1);
    });
  }
  return table;
}

/** The text of the .txt beside a file (`walk.mp4` or folder `walk`: `walk.txt`), or undefined. */
export async function captionBeside(file: string): Promise<string | undefined> {
  const extension = extname(file), text = await readFile(`${file.slice(0, file.length - extension.length)}.txt`, 'utf8').catch(() => '');
  return oneLine(text.replace(/^\uFEFF/, '')) || undefined;
}

/** Names that cameras and programs give. */
const NAMELESS = /^(img|vid|dsc|dscn|mvi|mov|pxl|gopr|gx|gh|dji|screen|recording|video|clip|film|movie|image|frame|frames|untitled|export|output|final|copy|whatsapp|[a-z]|\d+)$/i;

/** Words of a file's name, or '' where it says nothing: `old-man_walks (2).mp4` says "old man walks", `IMG_2041.mov` nothing. */
export function nameWords(file: string): string {
  const words = basename(file, extname(file)).replaceAll(/[^\p{L}\p{N}']+/gu, ' ').trim().split(' ');
  const said = words.filter((w) => /\p{L}/u.test(w) && !/\d{3,}/.test(w) && !/^\d+(p|k|fps|x\d+)$/i.test(w));
  return said.every((w) => NAMELESS.test(w)) ? '' : said.join(' ');
}

/** Colours by hue, degrees at which each ends. */
const HUES = [[15, 'red'], [45, 'orange'], [70, 'yellow'], [165, 'green'], [195, 'cyan'], [255, 'blue'], [290, 'purple'], [335, 'pink'], [360, 'red']] as const;

/** Names of the colours that cover at least a fifth of a film, most first, at most three. Every 16th pixel is looked at, of every fourth frame. */
export function colourNames(film: Frames): string[] {
  const counts = new Map<string, number>(), step = film.channels * 16, size = film.width * film.height * film.channels;
  let seen = 0;
  for (let t = 0; t < film.count; t += 4) for (let i = t * size; i < (t + 1) * size; i += step) {
    const name = colourOf(film.data[i]!, film.data[i + 1]!, film.data[i + 2]!);
    counts.set(name, (counts.get(name) ?? 0) + 1);
    seen++;
  }
  return [...counts].filter(([, n]) => n >= seen / 5).sort((a, b) => b[1] - a[1]).slice(0, 3).map(([name]) => name);
}

/** A colour's name by hue, saturation and value. */
function colourOf(r: number, g: number, b: number): string {
  const max = Math.max(r, g, b), min = Math.min(r, g, b), chroma = max - min;
  if (max < 40) return 'black';
  if (chroma < 0.18 * max || chroma < 16) return max > 215 ? 'white' : 'grey';
  const hue = 60 * (max === r ? ((g - b) / chroma + 6) % 6 : max === g ? (b - r) / chroma + 2 : (r - g) / chroma + 4), name = HUES.find(([end]) => hue <= end)![1];
  return (name === 'orange' || name === 'yellow') && max < 150 ? 'brown' : name;
}

/** What was measured of a clip. */
export interface Measured { readonly measures: ShotMeasures; readonly motion: ClipMotion | null; readonly colours: readonly string[] }

const CAMERA = {
  static: 'the camera stands still', 'pan left': 'the camera pans left', 'pan right': 'the camera pans right', 'tilt up': 'the camera tilts up',
  'tilt down': 'the camera tilts down', 'zoom in': 'the camera zooms in', 'zoom out': 'the camera zooms out', roll: 'the camera rolls', shaky: 'the camera shakes',
} as const satisfies Record<ClipMotion['camera'][number], string>;

/** Mean residual of a step, bytes of 255, from which movement is told, and from which it is much. */
const MOVES = 0.6, MOVES_MUCH = 4;
/** Mean brightness, bytes of 255, below and above which it is told. */
const DIM = 70, BRIGHT = 175;

/** Tags in words, as in `the camera pans right`, `little movement`, `bright`, `mostly green and brown`. */
export function tagsOf({ measures, motion, colours }: Measured): string[] {
  return [
    ...(motion ? [...motion.camera.map((tag) => CAMERA[tag]), motion.own < MOVES ? 'little movement' : motion.own < MOVES_MUCH ? 'some movement' : 'much movement'] : []),
    ...(measures.brightness < DIM ? ['dim'] : measures.brightness > BRIGHT ? ['bright'] : []),
    ...(colours.length > 0 ? [`mostly ${colours.length > 1 ? `${colours.slice(0, -1).join(', ')} and ` : ''}${colours.at(-1)!}`] : []),
  ];
}
