/**
 * @file A dataset of footage on disk: `clips.jsonl`, one object a clip, and `clips/`, one lossless animated WebP each, which any browser plays.
 * Pixels come back as they went in. Made by ingest.ts; `journal.jsonl` beside it is what an interrupted ingest goes on from.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { FileError } from '../../core/errors.ts';
import type { Frames } from '../../media/frames.ts';
import { createFile, fileError } from '../../media/pending.ts';
import { type ClipRow, parseJournal } from './journal.ts';

/** Names in the folder of a dataset. */
export const DATASET_FILES = { journal: 'journal.jsonl', manifest: 'clips.jsonl', clips: 'clips', report: 'report.html' } as const;

/** Writes a file whole or not at all. */
export async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  const pending = await createFile(file);
  await pending.write(bytes);
  await pending.commit();
}

/** What a frame lasts in the file, ms; the exact rate is in the manifest. */
const delayOf = (fps: number): number => Math.round(1000 / fps);

/**
 * How hard libwebp looks for what repeats in a lossless file, 0 … 100 (it calls that quality; pixels stay exact): at most 25, it looks back over 16 rows. Measured beside a
 * training, frames of 336×192: of a smooth drawn film 10.7 ms and 53 kB at 80, 4.1 ms and 63 kB at 20; with noise of some bytes on it 3 ms and 119 kB at either.
 */
const SEARCH = 25;

/** A clip as a lossless animated WebP. */
export async function encodeClip({ data, width, height, count, fps }: Frames): Promise<Uint8Array> {
  const raw = { width, height: height * count, channels: 3 as const, pageHeight: height }, delay = Array.from({ length: count }, () => delayOf(fps));
  return sharp(data, { raw, limitInputPixels: false }).webp({ lossless: true, effort: 0, quality: SEARCH, loop: 0, delay }).toBuffer();
}

/** Frames of a clip `[T, H, W, 3]`, as they were written. Throws a FileError for a file that is not what the manifest says. */
export async function readClip(dataset: string, row: ClipRow): Promise<Frames> {
  const file = join(dataset, row.file), { width, height, frames: count, fps } = row, bytes = width * height * 3;
  const image = sharp(file, { pages: -1, limitInputPixels: false });
  const [{ delay = [] }, read] = await Promise.all([image.clone().metadata(), image.removeAlpha().raw().toBuffer({ resolveWithObject: true })])
    .catch((cause: unknown) => { throw fileError('read', file, cause); });
  // The encoder makes one page of equal frames that follow each other, which lasts as long as they did together.
  const stored = read.info.height / height, lasts = stored === 1 ? [count] : delay.map((ms) => Math.round(ms / delayOf(fps)));
  if (read.info.width !== width || read.info.channels !== 3 || lasts.length !== stored || lasts.reduce((a, b) => a + b, 0) !== count)
    throw new FileError(`${file} is not what ${DATASET_FILES.manifest} says: ${count} frames of ${width}×${height}`);
  const data = new Uint8Array(count * bytes);
  for (let page = 0, t = 0; page < stored; page++) for (let k = 0; k < lasts[page]!; k++, t++) data.set(read.data.subarray(page * bytes, (page + 1) * bytes), t * bytes);
  return { data, count, width, height, channels: 3, fps };
}

/** The clips of a dataset. */
export async function readManifest(dataset: string): Promise<readonly ClipRow[]> {
  const file = join(dataset, DATASET_FILES.manifest);
  const text = await readFile(file, 'utf8').catch((cause: unknown) => { throw fileError('read', file, cause); });
  return parseJournal(text, file).filter((row) => row.kind === 'clip');
}
