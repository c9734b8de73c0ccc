/**
 * @file Native frames to what clients download: the film in exactly the asked size, rate and length, a thumbnail, a sheet of frames. Pixels are enlarged whole-numbered
 * and hard; where the asked size is no such multiple, enlarged beyond it and brought down, so that edges are soft by less than a pixel of it. Frames go one by one.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { sliceFrames, toRgb, upscaleNearest, type Frames } from '../../media/frames.ts';
import type { FilmMetadata } from '../../media/metadata.ts';
import { fileError } from '../../media/pending.ts';
import type { FilmSigner } from '../../media/signer.ts';
import { openSink } from '../../media/sink.ts';
import { VARIANT_FILES } from '../state/store.ts';
import type { FilmSpec } from '../contract/spec.ts';

/** Frames of a sheet, and pixels of one's longer side. */
const SHEET_FRAMES = 25, SHEET_SIDE = 256;

/** The frame that is shown at each moment of the delivered film: `count` of them over the whole of the native one's time. */
export const shownAt = (count: number, native: number): number[] => Array.from({ length: count }, (_, i) => Math.min(native - 1, Math.floor((i + 0.5) * native / count)));

/** One frame in exactly this size: its shape is kept, what stands out is cut evenly. */
export async function enlarged(frame: Frames, { width, height }: { readonly width: number; readonly height: number }): Promise<Frames> {
  const factor = Math.max(width / frame.width, height / frame.height);
  if (frame.width * factor === width && frame.height * factor === height && Number.isInteger(factor)) return upscaleNearest(frame, factor);
  const { fitFrames } = await import('../../media/resize.ts');
  return fitFrames(upscaleNearest(frame, Math.max(1, Math.ceil(factor))), { width, height });
}

/** What {@link deliverFilm} is given. */
export interface DeliverOptions {
  readonly native: Frames;
  readonly deliver: FilmSpec['deliver'];
  /** A folder that is there and empty. */
  readonly folder: string;
  readonly metadata?: FilmMetadata | undefined;
  /** Signs film and stills. Default: nobody does. */
  readonly signer?: FilmSigner | undefined;
  /** Called for each frame; may throw to stop. */
  readonly done?: (frames: number) => void;
}

/** Writes all variants into the folder; gives the film's bytes. */
export async function deliverFilm({ native, deliver, folder, metadata, signer, done }: DeliverOptions): Promise<number> {
  const { width, height, frames, fps } = deliver, film = toRgb(native);
  const sink = await openSink(join(folder, VARIANT_FILES.video[0]), { width, height, fps, metadata, signer });
  try {
    let last = -1, shown: Frames | undefined;
    for (const [i, t] of shownAt(frames, film.count).entries()) {
      if (t !== last || !shown) shown = await enlarged(sliceFrames(film, t, t + 1), deliver);
      last = t;
      await sink.write(shown);
      await setImmediate();                                                                         // leases are renewed between frames
      done?.(i + 1);
    }
    const { bytes } = await sink.finish();
    await writeStills(film, { deliver, folder, metadata, signer });
    return bytes;
  } catch (error) { await sink.abort(); throw error; }
}

async function writeStills(film: Frames, { deliver, folder, metadata, signer }: Omit<DeliverOptions, 'native' | 'done'>): Promise<void> {
  const { default: sharp } = await import('sharp'), { spreadFrames } = await import('../../media/contact-sheet.ts');
  const write = async (name: string, format: 'webp' | 'jpeg', bytes: Uint8Array): Promise<void> =>
    writeFile(join(folder, name), signer ? (await signer.sign(bytes, { format, metadata })).bytes : bytes).catch((cause: unknown) => { throw fileError('write', name, cause); });
  const image = (f: Frames) => sharp(f.data, { raw: { width: f.width, height: f.height, channels: 3 }, limitInputPixels: false });
  const first = await enlarged(sliceFrames(film, 0, 1), deliver);
  await write(VARIANT_FILES.thumbnail[0], 'webp', await image(first).webp({ quality: 90 }).toBuffer());
  const at = spreadFrames(film.count, SHEET_FRAMES), columns = Math.ceil(Math.sqrt(at.length)), rows = Math.ceil(at.length / columns);
  const k = Math.min(1, SHEET_SIDE / Math.max(deliver.width, deliver.height)),
    cell = { width: Math.max(1, Math.round(deliver.width * k)), height: Math.max(1, Math.round(deliver.height * k)) };
  const cells = await Promise.all(at.map(async (t, i) => ({
    input: (await enlarged(sliceFrames(film, t, t + 1), cell)).data as Buffer, raw: { ...cell, channels: 3 as const },
    left: (i % columns) * cell.width, top: Math.floor(i / columns) * cell.height,
  })));
  const sheet = await sharp({ create: { width: columns * cell.width, height: rows * cell.height, channels: 3, background: 'black' } })
    .composite(cells).jpeg({ quality: 90 }).toBuffer();
  await write(VARIANT_FILES.spritesheet[0], 'jpeg', sheet);
}
