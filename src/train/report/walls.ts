/**
 * @file Walls of films in a run's folder: what the run made of the same prompts, seeds or clips, validation after validation. `walls/<name>/<step>/<n>.webp`, small
 * enough for a page that holds all of them; `films.json` is written last, a folder without it is not there. Of many steps a spread few are kept.
 */
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FileError } from '../../core/errors.ts';
import { type Frames, toRgb } from '../../media/frames.ts';
import { fileError } from '../../media/pending.ts';
import { fitFrames } from '../../media/resize.ts';
import { writeWhole } from './record.ts';

/** What hangs on them: films at fixed prompts and seeds; fixed held-out clips beside their reconstructions; the clips that are reconstructed worst. */
export const WALL_NAMES = ['samples', 'reconstructions', 'worst'] as const;
export type WallName = (typeof WALL_NAMES)[number];

/** One film of a wall. */
export interface WallFilm { readonly film: Frames; readonly caption: string }

/** Hangs films on a wall. */
export type ShowFilms = (wall: WallName, films: readonly WallFilm[]) => Promise<void>;

/** Steps of a wall that are kept. */
const KEPT: { readonly [K in WallName]: number } = { samples: 24, reconstructions: 24, worst: 1 };
/** Pixels a side, at most; films larger than so many values are stored with loss. */
const SIDE = 160, LOSSLESS = 64 * 64 * 33;

const stepName = (step: number): string => String(step).padStart(8, '0');
const wallFolder = (dir: string, wall: WallName): string => join(dir, 'walls', wall);

/** An animated WebP of a film, scaled down to {@link SIDE}. */
async function wallWebp(film: Frames): Promise<Uint8Array> {
  const { default: sharp } = await import('sharp'), rgb = toRgb(film, [255, 255, 255]), scale = Math.min(1, SIDE / Math.max(rgb.width, rgb.height));
  const side = (pixels: number): number => Math.max(1, Math.round(pixels * scale));
  const { data, width, height, count, fps } = scale < 1 ? await fitFrames(rgb, { width: side(rgb.width), height: side(rgb.height) }) : rgb;
  const image = sharp(data, { raw: { width, height: height * count, channels: 3, ...(count > 1 ? { pageHeight: height } : {}) } });
  const animated = count > 1 ? { loop: 0, delay: Array.from({ length: count }, () => Math.round(1000 / fps)) } : {};
  return image.webp({ ...animated, ...(width * height * count <= LOSSLESS ? { lossless: true } : { quality: 80 }) }).toBuffer();
}

/** Two films of one size side by side, with a white line of two pixels between: what there was, and what was made of it. */
export function sideBySide(left: Frames, right: Frames): Frames {
  const a = toRgb(left, [255, 255, 255]), b = toRgb(right, [255, 255, 255]), gap = 2, width = a.width + gap + b.width, rows = a.count * a.height;
  if (a.count !== b.count || a.height !== b.height) throw new RangeError(`side by side: ${a.count} frames of ${a.height} lines and ${b.count} of ${b.height}`);
  const data = new Uint8Array(rows * width * 3).fill(255);
  for (let y = 0; y < rows; y++) {
    data.set(a.data.subarray(y * a.width * 3, (y + 1) * a.width * 3), y * width * 3);
    data.set(b.data.subarray(y * b.width * 3, (y + 1) * b.width * 3), (y * width + a.width + gap) * 3);
  }
  return { ...a, data, width };
}

/** Which of ascending steps goes, so that those that stay are spread: first and last stay, and of the others the one whose neighbours are nearest to each other goes. */
export function thinned(steps: readonly number[], most: number): number[] {
  const kept = [...steps];
  while (kept.length > most) {
    if (kept.length <= 2 || most < 2) { kept.shift(); continue; }
    let least = 1;
    for (let i = 2; i < kept.length - 1; i++) if (kept[i + 1]! - kept[i - 1]! < kept[least + 1]! - kept[least - 1]!) least = i;
    kept.splice(least, 1);
  }
  return kept;
}

async function stepsOf(dir: string, wall: WallName): Promise<number[]> {
  const names = await readdir(wallFolder(dir, wall)).catch(() => [] as string[]);
  return names.filter((name) => /^\d{8}$/.test(name)).map(Number).sort((a, b) => a - b);
}

/** Hangs films of one step on the walls of a run's folder. */
export const wallWriter = (dir: string, step: number): ShowFilms => async (wall, films) => {
  const folder = join(wallFolder(dir, wall), stepName(step));
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => { throw fileError('write', folder, cause); });
  for (const [i, { film }] of films.entries()) await writeWhole(join(folder, `${i}.webp`), await wallWebp(film));
  await writeWhole(join(folder, 'films.json'), `${JSON.stringify(films.map(({ caption }, i) => ({ file: `${i}.webp`, caption })))}\n`);
  const steps = await stepsOf(dir, wall), kept = new Set(thinned(steps, KEPT[wall]));
  for (const old of steps) if (!kept.has(old)) await rm(join(wallFolder(dir, wall), stepName(old)), { recursive: true, force: true });
};

/** Takes down what was hung after step `last`. */
export async function cutWalls(dir: string, last: number): Promise<void> {
  for (const wall of WALL_NAMES) for (const step of await stepsOf(dir, wall))
    if (step > last) await rm(join(wallFolder(dir, wall), stepName(step)), { recursive: true, force: true });
}

/** The films of a step: WebP files. */
export interface WallStep { readonly step: number; readonly films: readonly { readonly caption: string; readonly webp: Uint8Array }[] }

/** All walls of a run's folder, steps ascending. */
export type Walls = { readonly [K in WallName]: readonly WallStep[] };

async function readStep(dir: string, wall: WallName, step: number): Promise<WallStep[]> {
  const folder = join(wallFolder(dir, wall), stepName(step)), file = join(folder, 'films.json');
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => { if (cause.code === 'ENOENT') return null; throw fileError('read', file, cause); });
  if (text === null) return [];                                                                // a kill came between
  let rows: readonly { readonly file: string; readonly caption: string }[];
  try { rows = JSON.parse(text) as typeof rows; } catch (cause) { throw new FileError(`${file} is not JSON: ${(cause as Error).message}`, { cause }); }
  const films = await Promise.all(rows.map(async (row, i) => {
    const at = join(folder, `${i}.webp`);
    return { caption: row.caption, webp: await readFile(at).catch((cause: unknown) => { throw fileError('read', at, cause); }) };
  }));
  return [{ step, films }];
}

/** Reads the walls of a run's folder; those that are not there are empty. */
export async function readWalls(dir: string): Promise<Walls> {
  const read = async (wall: WallName): Promise<[WallName, WallStep[]]> => [wall, (await Promise.all((await stepsOf(dir, wall)).map((step) => readStep(dir, wall, step)))).flat()];
  return Object.fromEntries(await Promise.all(WALL_NAMES.map(read))) as unknown as Walls;
}
