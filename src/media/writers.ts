/**
 * @file One writer for each format of a film: takes frames as they come, hands over the bytes of the file at the end.
 * Compressed films are encoded as they come; GIF and sprite sheets hold the frames, since their palette and grid need all.
 * A film has alpha if its first frames do. What a file is called, where it goes and when it appears is sink.ts.
 */
import { InputError } from '../core/errors.ts';
import { ApngEncoder } from './apng.ts';
import { FfmpegEncoder } from './ffmpeg-writer.ts';
import type { FfmpegFormat } from './film-format.ts';
import { concatFrames, type Frames, frameBytes, sliceFrames, toRgb, toRgba } from './frames.ts';
import { encodeGif, gifDelays } from './gif.ts';
import { encodeEmbedded, type FilmFacts, type FilmMetadata } from './metadata.ts';
import { writeMp4 } from './mp4.ts';
import { encodePng, type PngTexts } from './png.ts';
import { rationalFps } from './rational.ts';
import { packSheet, sheetColumns } from './sheet-grid.ts';
import { sheetJson } from './sheet-json.ts';
import type { VideoCodec } from './video-codec.ts';
import { WebpEncoder } from './webp.ts';
import { rgbToYuv420, yuvBytes } from './yuv.ts';

/** What every writer is told. */
export interface WriterOptions {
  /** Where the film goes, for names in it and errors. */
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly metadata?: FilmMetadata | undefined;
}

/** Frames in, bytes out. Frames have the announced size; `parts` comes last. */
export interface FilmWriter {
  readonly codec: string;
  add(frames: Frames): void | Promise<void>;
  /** The file's bytes in order. */
  parts(): Promise<readonly Uint8Array[]>;
  /** Sprite sheets: the text of the JSON that lies beside the file; null for a single image. After `parts`. */
  json?(): string | null;
  /** Frees memory; harmless after `parts`. */
  close(): void;
}

/** Our name in files. */
const SOFTWARE = 'Kinora';
/** Keyword of the PNG text that holds everything. */
export const PNG_KEYWORD = 'kinora';
/** iTunes atoms: comment, title, encoding tool. */
export const MP4_COMMENT = '©cmt';
const MP4_TITLE = '©nam', MP4_TOOL = '©too';

/** The JSON text of a file. */
function embedded(o: WriterOptions, film: Pick<FilmFacts, 'frames' | 'columns'>): string {
  return encodeEmbedded({ ...(o.metadata && { metadata: o.metadata }), film: { fps: o.fps, width: o.width, height: o.height, ...film } });
}

/** PNG texts: the JSON, and the prompt where image viewers look. */
export function pngTexts(o: WriterOptions, film: Pick<FilmFacts, 'frames' | 'columns'>): PngTexts {
  return { [PNG_KEYWORD]: embedded(o, film), Software: SOFTWARE, ...(o.metadata && { Description: o.metadata.prompt }) };
}

/** Chunks as the first one is: with alpha or without. */
function alike(): (chunk: Frames) => Frames {
  let channels: 3 | 4 | undefined;
  return (chunk) => ((channels ??= chunk.channels) === 4 ? toRgba(chunk) : toRgb(chunk));
}

/** H.264 in MP4. Alpha is laid over black. */
export async function mp4Writer(o: WriterOptions, codec: VideoCodec): Promise<FilmWriter> {
  const { width, height } = o;
  if (width % 2 || height % 2) throw new InputError(`MP4 films need even width and height (4:2:0 colour), got ${width}×${height}`);
  if (!codec.openEncoder) throw new InputError(`codec ${codec.name} does not write`);
  const encoder = await codec.openEncoder({ width, height, fps: rationalFps(o.fps) });
  const yuv = new Uint8Array(yuvBytes(width, height));
  let frames = 0;
  return {
    codec: codec.name,
    add(chunk) {
      const rgb = toRgb(chunk);
      for (let t = 0; t < rgb.count; t++, frames++) {
        rgbToYuv420(rgb.data, t * frameBytes(rgb), rgb, yuv);
        encoder.add(yuv);
      }
    },
    parts: async () => writeMp4(encoder.finish(), {
      ...(o.metadata && { [MP4_TITLE]: o.metadata.prompt }), [MP4_COMMENT]: embedded(o, { frames }), [MP4_TOOL]: SOFTWARE,
    }),
    close: () => encoder.close(),
  };
}

/** VP9, ProRes or FFV1 in their containers; ResourceError without node-av. */
export async function ffmpegWriter(format: FfmpegFormat, o: WriterOptions): Promise<FilmWriter> {
  const encoder = await FfmpegEncoder.open({ ...o, format }), uniform = alike();
  return {
    codec: encoder.codec,
    add: (chunk) => encoder.add(uniform(chunk)),
    parts: async () => [await encoder.finish({ title: o.metadata?.prompt ?? '', comment: embedded(o, { frames: encoder.count }) })],
    close: () => { encoder.close(); },
  };
}

/** Lossless animated WebP; one frame is a still. */
export function webpWriter(o: WriterOptions): FilmWriter {
  const encoder = new WebpEncoder(o), uniform = alike();
  return {
    codec: 'webp',
    async add(chunk) { for (let t = 0; t < chunk.count; t++) await encoder.add(uniform(sliceFrames(chunk, t, t + 1))); },
    parts: async () => encoder.finish({ ...(o.metadata && { description: o.metadata.prompt }), software: SOFTWARE, record: embedded(o, { frames: encoder.count }) }),
    close() {},
  };
}

/** Animated PNG. */
export function apngWriter(o: WriterOptions): FilmWriter {
  const encoder = new ApngEncoder(o.fps), uniform = alike();
  return {
    codec: 'apng',
    async add(chunk) { for (let t = 0; t < chunk.count; t++) await encoder.add(uniform(sliceFrames(chunk, t, t + 1))); },
    parts: async () => encoder.finish(pngTexts(o, { frames: encoder.count })),
    close() {},
  };
}

/** Animated GIF; alpha has one bit. */
export function gifWriter(o: WriterOptions): FilmWriter {
  gifDelays(0, o.fps);                                                  // refuse the rate before the work, not after
  const chunks: Frames[] = [], uniform = alike();
  return {
    codec: 'gif',
    add(chunk) { chunks.push(owned(uniform(chunk))); },
    parts: async () => [encodeGif(chunks, { fps: o.fps, comment: embedded(o, { frames: chunks.reduce((n, c) => n + c.count, 0) }) })],
    close() { chunks.length = 0; },
  };
}

/** With bytes of its own. */
const owned = (chunk: Frames): Frames => ({ ...chunk, data: chunk.data.slice() });

/** PNG: one frame is an image, several are a sprite sheet (sheet-grid.ts) with a JSON beside it (sheet-json.ts). */
export function pngWriter(o: WriterOptions): FilmWriter {
  const chunks: Frames[] = [], uniform = alike();
  let json: string | null = null;
  return {
    codec: 'png',
    add(chunk) { chunks.push(owned(uniform(chunk))); },
    async parts() {
      const film = concatFrames(chunks), frames = film.count, sheet = packSheet(film);
      json = frames > 1 ? sheetJson({ image: o.file, frames, width: film.width, height: film.height, fps: o.fps, alpha: sheet.channels === 4 }) : null;
      return [await encodePng(sheet, pngTexts(o, { frames, ...(frames > 1 && { columns: sheetColumns(frames) }) }))];
    },
    json: () => json,
    close() { chunks.length = 0; },
  };
}

/** The names in a folder of frames: 0001.png … */
export const FOLDER_FRAME = /^\d{4,}\.png$/;
/** The name of frame `index`, from 0. */
export const folderFrame = (index: number): string => `${String(index + 1).padStart(4, '0')}.png`;

/** Each frame of a chunk as the bytes of a PNG that holds one frame. */
export async function* pngFrames(chunk: Frames, o: WriterOptions): AsyncGenerator<Uint8Array> {
  for (let t = 0; t < chunk.count; t++) yield encodePng(sliceFrames(chunk, t, t + 1), pngTexts(o, { frames: 1 }));
}
