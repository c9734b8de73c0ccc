/** @file Small datasets of footage for the tests of this folder, as an ingest would have written them. Not part of the library. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DATASET_FILES, encodeClip } from '../../data/footage/dataset.ts';
import { scene } from '../../data/footage/film.fixture.ts';
import type { ClipRow } from '../../data/footage/journal.ts';
import type { Frames } from '../../media/frames.ts';

/** A clip to be: its size, where it comes from, what is said of it. */
export type DrawnClip = Pick<ClipRow, 'frames' | 'width' | 'height'> & Partial<Pick<ClipRow, 'source' | 'shot' | 'caption'>>;

/** The pixels of clip `i` of a dataset. */
export const drawnClip = (i: number, { frames, width, height }: DrawnClip): Frames => scene(i + 1, frames, { width, height });

/** Writes a dataset. Clip i comes from a source of its own unless said, and is `a red texture i`. */
export async function writeDataset(dir: string, clips: readonly DrawnClip[]): Promise<void> {
  await mkdir(join(dir, DATASET_FILES.clips), { recursive: true });
  const rows = await Promise.all(clips.map(async (clip, i): Promise<ClipRow> => {
    const { source = `film ${i}.mp4`, shot = 0, caption = `a red texture ${i}`, frames, width, height } = clip, file = `${DATASET_FILES.clips}/${i}.webp`;
    await writeFile(join(dir, file), await encodeClip(drawnClip(i, clip)));
    return {
      kind: 'clip', source, shot, part: 0, start: 0, end: frames / 8, file, width, height, frames, fps: 8, caption, captionFrom: 'given', tags: [], brightness: 0.5, colours: [],
      hash: String(i), motion: null,
    };
  }));
  await writeFile(join(dir, DATASET_FILES.manifest), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}
