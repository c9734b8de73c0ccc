/**
 * @file Where films go: frames stream in, a file appears whole at the end or not at all. The path decides the format.
 * The same frames and metadata give the same bytes: no creation times, single-threaded encoders, one codec everywhere.
 * A sink is used by one caller, one call at a time; after an error it has already cleaned up.
 */
import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FileError, InputError } from '../core/errors.ts';
import { type FileFormat, type FilmFormat, filmFormat } from './film-format.ts';
import { FOLDER_MANIFEST, isManifest, sidecarOf, type FilmSigner } from './signer.ts';
import { isSheetJson, sheetJsonFile } from './sheet-json.ts';
import { checkFrames, type Frames } from './frames.ts';
import type { FilmMetadata } from './metadata.ts';
import { createFile, createFolder, fileError, type PendingFile } from './pending.ts';
import type { VideoCodec } from './video-codec.ts';
import { wasmH264 } from './wasm-h264.ts';
import { apngWriter, ffmpegWriter, type FilmWriter, folderFrame, gifWriter, mp4Writer, pngFrames, pngWriter, webpWriter, type WriterOptions } from './writers.ts';

export interface SinkOptions {
  /** Pixels; even for .mp4 and .webm. */
  readonly width: number;
  /** Pixels; even for .mp4 and .webm. */
  readonly height: number;
  /** Frames a second; at most 50 for .gif, 90 for .webp and .apng. */
  readonly fps: number;
  /** How many frames will come, where that is known: a .png of one has no JSON beside it. Default: unknown, taken for several. */
  readonly frames?: number;
  /** Embedded in the file; nothing but size and rate when left out. */
  readonly metadata?: FilmMetadata | undefined;
  /** What compresses .mp4. Default: `wasmH264`, part of every installation. */
  readonly codec?: VideoCodec;
  /** Signs the film when it is finished. Default: it is not signed. */
  readonly signer?: FilmSigner | undefined;
}

/** A film on disk. */
export interface WrittenFilm {
  readonly file: string;
  readonly format: FilmFormat;
  /** 'h264', 'vp9', 'prores', 'ffv1', 'gif', 'webp', 'apng' or 'png'. */
  readonly codec: string;
  /** Pixels of one frame. */
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly fps: number;
  /** frames / fps. */
  readonly seconds: number;
  /** Size of the file with the manifest in it, or of all files in the folder. */
  readonly bytes: number;
  /** Sprite sheets: the JSON beside it, which says where each frame lies. */
  readonly json?: string;
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
  commit(): Promise<Pick<WrittenFilm, 'bytes' | 'json'>>;
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
      const written = await target.commit();
      state = 'finished';
      return { file: path, format, codec: target.codec, width, height, frames: count, fps, seconds: count / fps, ...written };
    }),
    abort,
  };
}

async function openWriter(format: FileFormat, o: SinkOptions & WriterOptions): Promise<FilmWriter> {
  switch (format) {
    case 'mp4': return mp4Writer(o, o.codec ?? wasmH264);
    case 'webm': case 'mov': case 'mkv': return ffmpegWriter(format, o);
    case 'gif': return gifWriter(o);
    case 'webp': return webpWriter(o);
    case 'apng': return apngWriter(o);
    case 'png': return pngWriter(o);
    default: return format satisfies never;
  }
}

/** A sheet's JSON under way; a file of that name that is not ours is not written over. */
async function openJson(image: string): Promise<PendingFile & { readonly file: string }> {
  const file = sheetJsonFile(image), there = await readFile(file, 'utf8').catch((cause: unknown) => {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileError('write', file, cause);
  });
  if (there !== undefined && !isSheetJson(there)) throw new FileError(`cannot write ${file}, which lies beside a sprite sheet: another file of that name exists`);
  return { ...await createFile(file), file };
}

/** Starts the manifest beside a film that cannot hold it; a file of that name that is none is not written over. */
async function openManifest(film: string): Promise<PendingFile> {
  const file = sidecarOf(film), there = await readFile(file).catch(() => null);
  if (there && !isManifest(there)) throw new FileError(`cannot write ${file}, the manifest of a film: another file of that name exists`);
  return createFile(file);
}

/** Removes what lies beside a film as the manifest of the one that was there before. */
async function dropManifest(film: string): Promise<void> {
  const file = sidecarOf(film), there = await readFile(file).catch(() => null);
  if (there && isManifest(there)) await rm(file, { force: true });
}

async function fileTarget(path: string, format: FileFormat, o: SinkOptions): Promise<Target> {
  const writer = await openWriter(format, { ...o, file: path }), pending: PendingFile[] = [];
  let json: Awaited<ReturnType<typeof openJson>> | undefined;
  const discard = async (): Promise<void> => { writer.close(); for (const file of pending) await file.discard(); };
  try {
    pending.push(await createFile(path));
    if (writer.json && o.frames !== 1) pending.push(json = await openJson(path));
  } catch (cause) { await discard(); throw cause; }
  return {
    codec: writer.codec,
    async add(frames) { await writer.add(frames); },
    async commit() {
      const parts = await writer.parts(), signed = await o.signer?.sign(Buffer.concat(parts), { format, metadata: o.metadata });
      let bytes = 0, manifest: PendingFile | undefined;
      if (signed?.sidecar) {
        pending.push(manifest = await openManifest(path));
        await manifest.write(signed.sidecar);
      }
      for (const part of signed ? [signed.bytes] : parts) { await pending[0]!.write(part); bytes += part.length; }
      const text = writer.json?.() ?? null;
      writer.close();
      if (json && text !== null) await json.write(Buffer.from(text));
      await pending[0]!.commit();
      await (manifest ? manifest.commit() : dropManifest(path));
      await (text === null ? json?.discard() : json?.commit());
      return { bytes, ...(json && text !== null ? { json: json.file } : {}) };
    },
    discard,
  };
}

/** What a folder of ours holds: frames (`FOLDER_FRAME`), and their manifest (`FOLDER_MANIFEST`). */
const FOLDER_FILE = /^(\d{4,}\.png|film\.c2pa)$/;

async function folderTarget(path: string, o: SinkOptions): Promise<Target> {
  const pending = await createFolder(path, FOLDER_FILE), files: { name: string; size: number; sha256: Uint8Array }[] = [];
  let count = 0, bytes = 0;
  const put = async (name: string, contents: Uint8Array): Promise<void> => { await pending.write(name, contents); bytes += contents.length; };
  return {
    codec: 'png',
    async add(frames) {
      for await (const png of pngFrames(frames, { ...o, file: path })) {
        const name = folderFrame(count++);
        await put(name, png);
        if (o.signer) files.push({ name, size: png.length, sha256: createHash('sha256').update(png).digest() });
      }
    },
    async commit() {
      if (o.signer) await put(FOLDER_MANIFEST, await o.signer.signFolder(files, { metadata: o.metadata }));
      await pending.commit();
      return { bytes };
    },
    discard: () => pending.discard(),
  };
}

/** Writes a whole film at once. */
export async function writeFilm(file: string, film: Frames, options: Omit<SinkOptions, 'width' | 'height' | 'fps' | 'frames'> = {}): Promise<WrittenFilm> {
  checkFrames(film);
  const sink = await openSink(file, { ...options, width: film.width, height: film.height, fps: film.fps, frames: film.count });
  await sink.write(film);
  return sink.finish();
}
