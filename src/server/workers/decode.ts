/**
 * @file Decodes one upload into a lossless PNG, frame by frame: in memory there are the frames as they are kept, not as they came. Run in a process of its own; what it
 * refuses it says in a sentence, what kills it costs the upload alone.
 */
import { basename } from 'node:path';
import { KinoraError } from '../../core/errors.ts';
import { concatFrames, sliceFrames, toRgb, type Frames } from '../../media/frames.ts';
import { isDiskFull } from '../../media/pending.ts';
import { fitFrames } from '../../media/resize.ts';
import { writeFilm } from '../../media/sink.ts';
import type { MediaKind } from '../../media/sniff.ts';
import { sizeOfShape, type SizedModel } from '../../pipeline/settings/size-rule.ts';

/** What is to be decoded. */
export interface DecodeRequest {
  readonly file: string;
  readonly kind: MediaKind;
  readonly as: 'image' | 'film';
  readonly to: string;
  readonly first?: string;
  /** Most pixels of a frame. */
  readonly pixels: number;
  /** The model in whose size of the film's shape it is kept; without it, it keeps its own up to a greatest side. */
  readonly fit?: SizedModel;
  /** Rate of the frames that are kept; without it the film's own. */
  readonly fps?: number;
  /** Most seconds that are kept. */
  readonly seconds: number;
}

/** A film or an image as it is kept. */
export interface DecodedFilm {
  readonly frames: number;
  readonly fps: number;
  /** Pixels as it came. */
  readonly original: { readonly width: number; readonly height: number };
}

/** What came of it. `full`: the disk took no more of it. */
export type DecodeResult = { readonly wrong: string } | { readonly full: true } | DecodedFilm;

/** Longer side of what keeps its own size, and most frames of a film. */
const SIDE = 1024, MOST_FRAMES = 4800;

/** A picture in the size in which it is kept: whole-numbered enlargements are undone exactly. */
async function kept(frame: Frames, { fit }: Pick<DecodeRequest, 'fit'>): Promise<Frames> {
  const rgb = toRgb(frame, [255, 255, 255]);
  if (fit) {
    const size = sizeOfShape(rgb, fit);
    const enlarged = rgb.width % size.width === 0 && rgb.width / size.width === rgb.height / size.height;
    return fitFrames(rgb, { ...size, kernel: enlarged ? 'nearest' : 'lanczos3' });
  }
  const k = Math.min(1, SIDE / Math.max(rgb.width, rgb.height));
  return k === 1 ? rgb : fitFrames(rgb, { width: Math.max(1, Math.round(rgb.width * k)), height: Math.max(1, Math.round(rgb.height * k)) });
}

/** Decodes and writes. */
export async function decode(r: DecodeRequest): Promise<DecodeResult> {
  try {
    const { readImage } = await import('../../media/read.ts');
    if (['png', 'jpeg', 'webp', 'gif'].includes(r.kind)) {
      const { default: sharp } = await import('sharp'), { width, height, pageHeight, pages = 1 } = await sharp(r.file, { limitInputPixels: false }).metadata();
      const pixels = width * (pageHeight ?? height);
      if (pixels > r.pixels) return { wrong: `its frames have ${pixels} pixels, at most ${r.pixels} are possible` };
      if (pixels * (r.as === 'film' ? pages : 1) > 8 * r.pixels) return { wrong: `its ${pages} frames of ${pixels} pixels are too many` };
    }
    if (r.as === 'image') {
      const { width, height, ...image } = await readImage(r.file);
      await writeFilm(r.to, await kept({ ...image, width, height }, r));
      return { frames: 1, fps: image.fps, original: { width, height } };
    }
    const film = await frames(r);
    if ('wrong' in film) return film;
    await writeFilm(r.to, film.kept);
    if (r.first !== undefined) await writeFilm(r.first, sliceFrames(film.kept, 0, 1));
    return { frames: film.kept.count, fps: film.kept.fps, original: film.original };
  } catch (error) {
    if (isDiskFull(error)) return { full: true };
    // The sentence names the upload as it lies here: that name says nothing to whoever sent it.
    const told = error instanceof KinoraError ? error.message : 'it is damaged';
    return { wrong: told.replaceAll(r.file, 'it').replaceAll(basename(r.file), 'it') };
  }
}

/** The film's frames at the rate at which they are kept: at each moment the one that is shown. */
async function frames(r: DecodeRequest): Promise<{ readonly kept: Frames; readonly original: DecodedFilm['original'] } | { readonly wrong: string }> {
  const { streamFilm } = await import('../../media/film-stream.ts');
  const stream = await streamFilm(r.file, { lumaSide: 8, pictureArea: r.pixels, imageFps: 8, threads: 1 }), out: Frames[] = [];
  let first: number | undefined, last: Frames | undefined, end = 0;
  for await (const frame of stream.frames) {
    const { width, height } = stream.facts();
    if (width * height > r.pixels) return { wrong: `its frames have ${width * height} pixels, at most ${r.pixels} are possible` };
    const fps = r.fps ?? (first ??= frame.duration > 0 ? Math.min(120, 1 / frame.duration) : 8);
    end = frame.time + frame.duration;
    // The k-th frame that is kept stands for the moment (k + ½) / fps.
    let picture: Frames | undefined;
    while ((out.length + 0.5) / fps < Math.min(end, r.seconds)) {
      if ((out.length + 0.5) / fps < frame.time && last) { out.push(last); continue; }
      picture ??= { ...await kept(await frame.picture(), r), fps };
      out.push(picture);
      if (out.length > MOST_FRAMES) return { wrong: `it has more than ${MOST_FRAMES} frames` };
    }
    if (picture) last = picture;
    if (end >= r.seconds) break;
  }
  if (out.length < 2) return { wrong: `it has ${out.length === 0 ? 'no frame' : 'one frame'}: wanted two and more` };
  const { width, height } = out[0]!, fps = r.fps ?? first!, original = stream.facts();
  if (out.some((f) => f.width !== width || f.height !== height)) return { wrong: 'its frames change their size' };
  return { kept: { ...concatFrames(out), fps }, original: { width: original.width, height: original.height } };
}
