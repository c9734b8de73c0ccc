/**
 * @file Where films go: frames stream in, a file appears whole at the end or not at all. The path decides the format.
 * The same frames and metadata give the same bytes: no creation times, single-threaded encoders, one codec everywhere.
 * A sink is used by one caller, one call at a time; after an error it has already cleaned up.
 */
import { basename, dirname, join } from 'node:path';
import { InputError } from '../core/errors.ts';
import { type FileFormat, type FilmFormat, filmFormat } from './film-format.ts';
import { checkFrames, type Frames } from './frames.ts';
import type { FilmMetadata } from './metadata.ts';
import { createFile, createFolder, fileError } from './pending.ts';
import type { VideoCodec } from './video-codec.ts';
import { wasmH264 } from './wasm-h264.ts';
import { type FilmWriter, FOLDER_FRAME, folderFrame, gifWriter, mp4Writer, pngFrames, pngWriter } from './writers.ts';

export interface SinkOptions {
  /** Pixels; even for .mp4. */
  readonly width: number;
  /** Pixels; even for .mp4. */
  readonly height: number;
  /** Frames a second; at most 50 for .gif. */
  readonly fps: number;
  /** Embedded in the file; nothing but size and rate when left out. */
  readonly metadata?: FilmMetadata | undefined;
  /** What compresses .mp4. Default: `wasmH264`, part of every installation. */
  readonly codec?: VideoCodec;
}

/** A film on disk. */
export interface WrittenFilm {
  readonly file: string;
  readonly format: FilmFormat;
  /** 'h264', 'gif' or 'png'. */
  readonly codec: string;
  /** Pixels of one frame. */
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly fps: number;
  /** frames / fps. */
  readonly seconds: number;
  /** Size of the file, or of all files in the folder. */
  readonly bytes: number;
}

/** A film being written. */
export interface FilmSink {
  /** Takes any number of frames of the announced size; their bytes may be reused once it returns. */
  write(frames: Frames): Promise<void>;
  /** Puts the film in place of what was there. InputError when no frame was written. */
  finish(): Promise<WrittenFilm>;
  /** Leaves nothing behind; harmless after `finish`. */
  abort(): Promise<void>;
}

/** What differs between files and folders. */
interface Target {
  readonly codec: string;
  add(frames: Frames): Promise<void>;
  /** Total bytes. */
  commit(): Promise<number>;
  discard(): Promise<void>;
}

/** Opens `file` for a film. Wrong options and folders that cannot be written are known here, before any frame. */
export async function openSink(file: string, options: SinkOptions): Promise<FilmSink> {
  const format = filmFormat(file);
  const { width, height, fps } = options;
  for (const [what, n] of [['width', width], ['height', height]] as const) {
    if (!Number.isInteger(n) || n < 1) throw new InputError(`film ${what} must be an integer ≥ 1, got ${n}`);
  }
  if (!(fps > 0) || !Number.isFinite(fps)) throw new InputError(`fps must be a positive number, got ${fps}`);
  const path = format === 'folder' ? join(dirname(file), basename(file)) : file;
  const target = format === 'folder' ? await folderTarget(path, options) : await fileTarget(path, format, options);

  let state: 'open' | 'finished' | 'aborted' = 'open';
  let count = 0;
  const abort = async (): Promise<void> => {
    if (state !== 'open') return;
    state = 'aborted';
    await target.discard();
  };
  /** Runs a step; when it fails, nothing is left and the error is one line. */
  const step = async <T>(run: () => Promise<T>): Promise<T> => {
    if (state !== 'open') throw new InputError(`the film ${file} is ${state} already`);
    try { return await run(); } catch (cause) { await abort(); throw fileError('write', path, cause); }
  };
  return {
    write: (frames) => step(async () => {
      checkFrames(frames);
      if (frames.width !== width || frames.height !== height) {
        throw new InputError(`frames of ${frames.width}×${frames.height} for a film of ${width}×${height}`);
      }
      await target.add(frames);
      count += frames.count;
    }),
    finish: () => step(async () => {
      if (count === 0) throw new InputError(`no frame was written to ${file}`);
      const bytes = await target.commit();
      state = 'finished';
      return { file: path, format, codec: target.codec, width, height, frames: count, fps, seconds: count / fps, bytes };
    }),
    abort,
  };
}

async function openWriter(format: FileFormat, o: SinkOptions): Promise<FilmWriter> {
  switch (format) {
    case 'mp4': return mp4Writer(o, o.codec ?? wasmH264);
    case 'gif': return gifWriter(o);
    case 'png': return pngWriter(o);
    default: return format satisfies never;
  }
}

async function fileTarget(path: string, format: FileFormat, o: SinkOptions): Promise<Target> {
  const writer = await openWriter(format, o);
  const pending = await createFile(path).catch((cause: unknown) => { writer.close(); throw cause; });
  return {
    codec: writer.codec,
    async add(frames) { writer.add(frames); },
    async commit() {
      let bytes = 0;
      for (const part of await writer.parts()) { await pending.write(part); bytes += part.length; }
      writer.close();
      await pending.commit();
      return bytes;
    },
    async discard() { writer.close(); await pending.discard(); },
  };
}

async function folderTarget(path: string, o: SinkOptions): Promise<Target> {
  const pending = await createFolder(path, FOLDER_FRAME);
  let count = 0, bytes = 0;
  return {
    codec: 'png',
    async add(frames) {
      for await (const png of pngFrames(frames, o)) { await pending.write(folderFrame(count++), png); bytes += png.length; }
    },
    async commit() { await pending.commit(); return bytes; },
    discard: () => pending.discard(),
  };
}

/** Writes a whole film at once. */
export async function writeFilm(file: string, film: Frames, options: Omit<SinkOptions, 'width' | 'height' | 'fps'> = {}): Promise<WrittenFilm> {
  checkFrames(film);
  const sink = await openSink(file, { ...options, width: film.width, height: film.height, fps: film.fps });
  await sink.write(film);
  return sink.finish();
}
