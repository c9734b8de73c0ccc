/**
 * @file Images and films from disk as Frames. The first bytes decide what a file is, not its name; a file of another kind is
 * a one-line FileError that says what it looks like. Images, GIF, animated WebP and PNG, sprite sheets and folders of PNGs need
 * nothing; compressed films need a codec that reads (node-av, optional).
 */
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { FileError } from '../core/errors.ts';
import { readApng } from './apng.ts';
import { concatFrames, dropOpaqueAlpha, type Frames, toRgba } from './frames.ts';
import { isCutShort, readGifComment } from './gif.ts';
import { decodeEmbedded, type Embedded, type FilmMetadata } from './metadata.ts';
import { findMoov, readMp4Tags } from './mp4-read.ts';
import { hasNodeAv, nodeAv, readComment } from './node-av.ts';
import { checkBytes, fileError } from './pending.ts';
import { readPngTexts } from './png.ts';
import { unpackSheet } from './sheet-grid.ts';
import { type MediaKind, sniff, SNIFF_BYTES } from './sniff.ts';
import type { VideoCodec } from './video-codec.ts';
import { readWebpRecord } from './webp.ts';
import { FOLDER_FRAME, MP4_COMMENT, PNG_KEYWORD } from './writers.ts';

/** Frames a second of images and films that do not say. */
const DEFAULT_FPS = 8;

/** Kinds that hold a still image. */
export const IMAGE_KINDS = ['png', 'jpeg', 'webp', 'gif'] as const satisfies readonly MediaKind[];
const isImage = (kind: MediaKind): boolean => (IMAGE_KINDS as readonly MediaKind[]).includes(kind);

/** The kind of a file, or a FileError that names the file, what was wanted and what it looks like. */
async function kindOf(file: string, wanted: string): Promise<MediaKind> {
  const head = new Uint8Array(SNIFF_BYTES);
  let size: number;
  try {
    const handle = await open(file);
    try { size = (await handle.read(head, 0, SNIFF_BYTES, 0)).bytesRead; } finally { await handle.close(); }
  } catch (cause) { throw fileError('read', file, cause); }
  const seen = sniff(head.subarray(0, size));
  if ('kind' in seen) return seen.kind;
  throw new FileError(`cannot read ${file}: expected ${wanted}, found ${seen.looksLike}`);
}

/** All frames of an image file through sharp: upright, sRGB, 8 bits; RGBA only if something is transparent. */
async function decodeImage(file: string, pages: number, mostBytes = Infinity): Promise<Frames> {
  try {
    const source = sharp(await readFile(file), { pages, limitInputPixels: false });
    const { width: across, height: down, pages: there = 1, pageHeight, delay } = await source.metadata();
    checkBytes(file, 4 * across * (pageHeight === undefined ? down : pageHeight * (pages === 1 ? 1 : there)), mostBytes);
    const animated = pageHeight !== undefined && pages !== 1;
    const upright = animated ? source : source.autoOrient();            // sharp cannot turn animations
    const { data, info } = await upright.toColourspace('srgb').ensureAlpha().raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
    const height = animated ? pageHeight : info.height, count = info.height / height;
    const ms = animated && delay ? delay.slice(0, count).reduce((sum, d) => sum + d, 0) : 0;
    return dropOpaqueAlpha({
      data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength), count, width: info.width, height, channels: 4,
      fps: ms > 0 ? (1000 * count) / ms : DEFAULT_FPS,
    });
  } catch (cause) { throw fileError('read', file, cause); }
}

/** A still image: PNG, JPEG, WebP or GIF (its first frame). Throws a ResourceError when its pixels take more than `mostBytes`. */
export async function readImage(file: string, { mostBytes }: Pick<ReadFilmOptions, 'mostBytes'> = {}): Promise<Frames> {
  const wanted = 'an image (PNG, JPEG, WebP or GIF)';
  const kind = await kindOf(file, wanted);
  if (!isImage(kind)) throw new FileError(`cannot read ${file}: expected ${wanted}, found ${kind}`);
  return decodeImage(file, 1, mostBytes);
}

/** How often frames are held while they are read and fitted: as they are in their file, in one piece or turned upright, at another rate or without alpha. */
const HELD = 3;

/** Bytes that frames may take that are read now, by the memory that is free. */
export const roomToRead = (): number => process.availableMemory() / HELD;

/** Options of {@link readFilm}. */
export interface ReadFilmOptions {
  /** What decodes compressed films. Default: node-av where it is installed. */
  readonly codec?: VideoCodec;
  /** Bytes that its frames may take; a film with more is refused before there is no room for it. Default: as many as there are. */
  readonly mostBytes?: number;
}

/**
 * A film: a folder of numbered PNGs, a sprite sheet of ours, GIF, animated WebP or PNG, or (with a codec) MP4, MOV, WebM, MKV, AVI. An image is one frame. RGBA if
 * anything is transparent.
 */
export async function readFilm(file: string, options: ReadFilmOptions = {}): Promise<Frames> {
  const { mostBytes } = options;
  if (await isFolder(file)) return readFolder(file, mostBytes);
  const kind = await kindOf(file, 'a film (MP4, MOV, WebM, MKV, AVI, GIF, WebP), a sprite sheet or an image');
  switch (kind) {
    case 'jpeg': return decodeImage(file, 1, mostBytes);
    case 'gif':
      if (isCutShort(await readFile(file))) throw new FileError(`cannot read ${file}: it ends in the middle of a frame`);
      return withFacts(file, kind, await decodeImage(file, -1, mostBytes));
    case 'webp': return withFacts(file, kind, await decodeImage(file, -1, mostBytes));
    case 'png': {
      const film = await readFile(file).then(readApng).catch((cause: unknown) => { throw new FileError(`cannot read ${file}: ${(cause as Error).message}`, { cause }); });
      if (film) return withFacts(file, kind, dropOpaqueAlpha(film));
      const image = await decodeImage(file, 1, mostBytes), facts = (await embeddedOf(file, kind))?.film;
      if (!facts) return image;
      if (facts.columns === undefined) return { ...image, fps: facts.fps };
      const { columns } = facts;
      try {
        return dropOpaqueAlpha(unpackSheet(image, { ...facts, columns }));
      } catch (cause) {
        throw new FileError(`cannot read ${file}: ${(cause as Error).message}`, { cause });
      }
    }
    case 'mp4': case 'mov': case 'webm': case 'mkv': case 'avi': {
      const codec = options.codec ?? nodeAv;
      if (!codec.readFilm) throw new FileError(`cannot read ${file}: codec ${codec.name} does not read`);
      if (codec === nodeAv && !(await hasNodeAv())) {
        throw new FileError(`cannot read ${file}: ${kind} films need the optional package node-av (npm install node-av)`);
      }
      const film = await codec.readFilm(file, mostBytes).catch((cause: unknown) => { throw fileError('read', file, cause); });
      return codec === nodeAv ? withFacts(file, kind, film) : film;
    }
    default: return kind satisfies never;
  }
}

/** A film with the rate that it says of itself: hundredths and thousandths of a second are not exact. */
async function withFacts(file: string, kind: MediaKind, film: Frames): Promise<Frames> {
  const facts = (await embeddedOf(file, kind).catch(() => undefined))?.film;
  return facts?.frames === film.count ? { ...film, fps: facts.fps } : film;
}

async function isFolder(file: string): Promise<boolean> {
  try { return (await stat(file)).isDirectory(); } catch (cause) { throw fileError('read', file, cause); }
}

/** The numbered PNGs of a folder in order. */
async function folderFrames(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => FOLDER_FRAME.test(name)).sort((a, b) => parseInt(a) - parseInt(b));
  if (names.length === 0) throw new FileError(`cannot read folder ${folder}: it holds no frames (0001.png, 0002.png, …)`);
  return names.map((name) => join(folder, name));
}

async function readFolder(folder: string, mostBytes = Infinity): Promise<Frames> {
  const files = await folderFrames(folder), frames: Frames[] = [];
  let bytes = 0;
  for (const file of files) {
    frames.push(await readFilm(file, { mostBytes }));
    checkBytes(folder, bytes += frames.at(-1)!.data.length, mostBytes);
  }
  const first = frames[0]!;
  for (const [i, f] of frames.entries()) {
    if (f.count !== 1 || f.width !== first.width || f.height !== first.height) {
      throw new FileError(`cannot read folder ${folder}: ${files[i]} is not one frame of ${first.width}×${first.height}`);
    }
  }
  const alike = frames.every((f) => f.channels === first.channels) ? frames : frames.map(toRgba);
  return concatFrames(alike);
}

/** What a file of ours says of itself; undefined for files of others. */
async function embeddedOf(file: string, kind: MediaKind): Promise<Embedded | undefined> {
  let text: string | undefined;
  try {
    const bytes = await readFile(file);
    switch (kind) {
      case 'png': text = readPngTexts(bytes)[PNG_KEYWORD]; break;
      case 'gif': text = readGifComment(bytes); break;
      case 'mp4': text = readMp4Tags(findMoov(bytes))[MP4_COMMENT]; break;
      case 'webp': text = readWebpRecord(bytes); break;
      case 'mov': case 'webm': case 'mkv': text = await readComment(file); break;
      case 'jpeg': case 'avi': break;
      default: kind satisfies never;
    }
  } catch (cause) { throw fileError('read', file, cause); }
  return decodeEmbedded(text);
}

/** Prompt, seed, model and settings of a film of ours (of a folder: its first frame); undefined for other films. */
export async function readMetadata(file: string): Promise<FilmMetadata | undefined> {
  const path = (await isFolder(file)) ? (await folderFrames(file))[0]! : file;
  return (await embeddedOf(path, await kindOf(path, 'a film or an image')))?.metadata;
}
