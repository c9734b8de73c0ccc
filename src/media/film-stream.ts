/**
 * @file A film frame by frame, in the memory of a few frames whatever its length. Each frame comes with its time and duration (so variable frame
 * rates keep their clock), a small luma plane for analysis, and a picture that is converted only when asked for. Upright (display matrix, EXIF),
 * square pixels, 8 bits, opaque (alpha over a ground). GIF, WebP and images go through sharp; all else through node-av (optional).
 */
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { FilterAPI, Frame } from 'node-av';
import sharp from 'sharp';
import { FileError } from '../core/errors.ts';
import { apngFrames } from './apng.ts';
import { type Frames, sliceFrames, toRgb } from './frames.ts';
import { decoderOf, decoderOptions, hasAlpha, needNodeAv, refuseLarge } from './node-av.ts';
import { fileError } from './pending.ts';
import { readFilm, readImage } from './read.ts';
import { sniff, SNIFF_BYTES } from './sniff.ts';

/** Brightness of a small frame: `[H, W]`, full range 0 … 255. */
export interface Luma { readonly data: Uint8Array; readonly width: number; readonly height: number }

/** One frame on its way through. */
export interface StreamedFrame {
  /** Seconds from the film's first frame. */
  readonly time: number;
  /** Seconds until the next frame; of the last one, as long as the one before. */
  readonly duration: number;
  readonly luma: Luma;
  /** RGB, at most `pictureArea` pixels. To be called before the next frame is asked for. */
  readonly picture: () => Promise<Frames>;
  /** RGB, cut and scaled in one step as the option `fit` says; undefined where that says nothing, and for images, GIF and WebP. To be called as `picture` is. */
  readonly fitted?: () => Promise<Frames>;
}

/** A picture of the middle of a frame: what it shows as shares of the frame's sides, and its size in pixels. */
export interface Fit { readonly shares: Size; readonly size: Size }
/** Width and height of an upright frame or of a part of one. */
export interface Size { readonly width: number; readonly height: number }

/** Options of {@link streamFilm}. */
export interface StreamOptions {
  /** Longer side of the luma planes, pixels. */
  readonly lumaSide: number;
  /** Most pixels of a picture; smaller films keep their size. */
  readonly pictureArea: number;
  /** Colour under transparent pixels. Default white. */
  readonly ground?: readonly [number, number, number];
  /** Frames a second of images in a folder. */
  readonly imageFps: number;
  /** Threads of the decoder. Default 2. */
  readonly threads?: number;
  /** What `fitted` shows of a film whose upright frames have this size. Default: nothing. */
  readonly fit?: (film: Size) => Fit | undefined;
}

/** What a film says of itself before it is decoded. */
export interface StreamFacts {
  /** Container or image kind, as in `mp4`. */
  readonly kind: string;
  /** Upright, square pixels. */
  readonly width: number;
  readonly height: number;
  readonly codec: string;
  /** Frames that were damaged and left out, so far. */
  readonly damaged: number;
}

/** A film being read. */
export interface FilmStream {
  readonly facts: () => StreamFacts;
  readonly frames: AsyncGenerator<StreamedFrame>;
}

/** Bytes of pixels that an animation which is decoded as a whole may take: 512 MiB. */
const WHOLE_LIMIT = 2 ** 29;
const IMAGE_NAME = /\.(png|jpe?g|webp)$/i;
const SCALE = 'flags=area+accurate_rnd+full_chroma_int';

/** Size with the same shape, at most `area` pixels and `side` a side; never larger. */
function within(width: number, height: number, limit: { readonly area?: number; readonly side?: number }): { width: number; height: number } {
  const k = Math.min(1, Math.sqrt((limit.area ?? Infinity) / (width * height)), (limit.side ?? Infinity) / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * k)), height: Math.max(1, Math.round(height * k)) };
}

async function kindOf(file: string): Promise<string> {
  const handle = await open(file).catch((cause: unknown) => { throw fileError('read', file, cause); });
  const head = new Uint8Array(SNIFF_BYTES);
  try {
    const { bytesRead } = await handle.read(head, 0, SNIFF_BYTES, 0), seen = sniff(head.subarray(0, bytesRead));
    if ('kind' in seen) return seen.kind;
    throw new FileError(`cannot read ${file}: it looks like ${seen.looksLike}, not like a film or an image`);
  } finally { await handle.close(); }
}

/** Opens a film file or a folder of frames. Throws a FileError for what is none; a ResourceError where node-av is needed and missing. */
export async function streamFilm(file: string, o: StreamOptions): Promise<FilmStream> {
  const folder = await stat(file).then((s) => s.isDirectory(), (cause: unknown) => { throw fileError('read', file, cause); });
  if (folder) return folderStream(file, o);
  const kind = await kindOf(file);
  return kind === 'gif' || kind === 'webp' || kind === 'png' || kind === 'jpeg' ? pagesStream(file, kind, o) : codecStream(file, kind, o);
}

/** A picture as a streamed frame. */
async function fromPicture(image: Frames, time: number, duration: number, o: StreamOptions): Promise<StreamedFrame> {
  const rgb = toRgb(image, o.ground ?? [255, 255, 255]), raw = { width: rgb.width, height: rgb.height, channels: 3 as const };
  const small = within(rgb.width, rgb.height, { side: o.lumaSide }), size = within(rgb.width, rgb.height, { area: o.pictureArea });
  const resized = (s: { width: number; height: number }) => sharp(rgb.data, { raw }).resize({ ...s, fit: 'fill', kernel: 'lanczos2' });
  const luma = await resized(small).greyscale().raw().toBuffer();
  return {
    time, duration, luma: { data: new Uint8Array(luma), ...small },
    picture: async () => (size.width === rgb.width && size.height === rgb.height ? rgb : { ...rgb, ...size, data: new Uint8Array(await resized(size).raw().toBuffer()) }),
  };
}

async function pagesStream(file: string, kind: string, o: StreamOptions): Promise<FilmStream> {
  const facts = await sharp(file, { pages: -1, limitInputPixels: false }).metadata().catch((cause: unknown) => { throw fileError('read', file, cause); });
  const pages = kind === 'png' ? apngFrames(await readFile(file)) || 1 : facts.pages ?? 1, height = facts.pageHeight ?? facts.height, bytes = facts.width * height * 4 * pages;
  if (bytes > WHOLE_LIMIT) {
    throw new FileError(`cannot read ${file}: ${pages} frames of ${facts.width}×${height} take ${Math.round(bytes / 2 ** 20)} MiB, ${kind} may take 512; make an MP4 of it`);
  }
  const film = await readFilm(file);
  async function* frames(): AsyncGenerator<StreamedFrame> {
    for (let t = 0, time = 0; t < film.count; t++) {
      // Browsers show delays under 20 ms as 100 ms; encoders that leave 0 rely on it.
      const delay = facts.delay?.[t], duration = delay === undefined ? 1 / film.fps : (delay < 20 ? 100 : delay) / 1000;
      yield await fromPicture(sliceFrames(film, t, t + 1), time, duration, o);
      time += duration;
    }
  }
  return { facts: () => ({ kind, width: film.width, height: film.height, codec: kind, damaged: 0 }), frames: frames() };
}

/** Image files of a folder in the order of the numbers in their names. */
export async function frameFiles(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => IMAGE_NAME.test(name));
  return names.sort(new Intl.Collator('en', { numeric: true }).compare).map((name) => join(folder, name));
}

async function folderStream(folder: string, o: StreamOptions): Promise<FilmStream> {
  const files = await frameFiles(folder);
  if (files.length === 0) throw new FileError(`cannot read folder ${folder}: it holds no images`);
  const first = toRgb(await readImage(files[0]!));
  let damaged = 0;
  async function* frames(): AsyncGenerator<StreamedFrame> {
    for (const [t, file] of files.entries()) {
      const image = await readImage(file).catch(() => undefined);
      if (image === undefined || image.width !== first.width || image.height !== first.height) { damaged++; continue; }
      yield await fromPicture(image, t / o.imageFps, 1 / o.imageFps, o);
    }
  }
  return { facts: () => ({ kind: 'folder', width: first.width, height: first.height, codec: 'images', damaged }), frames: frames() };
}

/** The filter that turns a frame upright, from its display matrix (nine int32; libavutil/display.h): quarter turns, else nothing. */
function uprightFilter(matrix: Buffer | null): { readonly filter: string; readonly swaps: boolean } {
  if (!matrix || matrix.length < 36) return { filter: '', swaps: false };
  const angle = Math.round((Math.atan2(matrix.readInt32LE(4), matrix.readInt32LE(0)) * 2) / Math.PI) & 3;
  return { filter: ['', 'transpose=clock,', 'hflip,vflip,', 'transpose=cclock,'][angle]!, swaps: angle % 2 === 1 };
}

/** The filter that cuts the middle out of a frame; shares, so that frames which change their size within a film fit it too. */
const cropMiddle = (width: number, height: number): string => (width === 1 && height === 1 ? '' : `crop=iw*${width.toFixed(6)}:ih*${height.toFixed(6)},`);

/** Rows of the first plane without FFmpeg's padding. */
function rows(frame: Frame, bytes: number): Uint8Array {
  const plane = frame.data?.[0], stride = frame.linesize[0];
  if (!plane || !stride) throw new FileError('the decoder returned a frame without pixels');
  const out = new Uint8Array(bytes * frame.height);
  for (let y = 0; y < frame.height; y++) out.set(plane.subarray(y * stride, y * stride + bytes), y * bytes);
  return out;
}

async function codecStream(file: string, kind: string, o: StreamOptions): Promise<FilmStream> {
  const av = await needNodeAv(`read ${file}`, kind);
  let facts: StreamFacts = { kind, width: 0, height: 0, codec: '?', damaged: 0 };
  const [r, g, b] = o.ground ?? [255, 255, 255];
  const check = (code: number, what: string): void => {
    if (code < 0) throw new FileError(`cannot read ${file}: ${what} (${new av.FFmpegError(code).message})`);
  };

  async function* frames(): AsyncGenerator<StreamedFrame> {
    await using format = new av.FormatContext();
    check(await format.openInput(file), 'not a film that FFmpeg knows, or its index is missing');
    refuseLarge(format, file);
    check(await format.findStreamInfo(), 'its streams cannot be analysed');
    const index = format.findBestStream(av.AVMEDIA_TYPE_VIDEO), stream = index < 0 ? undefined : format.streams[index];
    if (!stream) throw new FileError(`cannot read ${file}: it holds no video`);
    const codec = decoderOf(av, stream);
    if (!codec) throw new FileError(`cannot read ${file}: no decoder for its video`);
    using decoder = new av.CodecContext();
    decoder.allocContext3(codec);
    decoder.parametersToContext(stream.codecpar);
    decoder.pktTimebase = stream.timeBase;
    decoder.threadCount = o.threads ?? 2;
    check(await decoder.open2(codec, decoderOptions(av)), 'its decoder does not start');
    using packet = new av.Packet();
    packet.alloc();
    using frame = new av.Frame();
    frame.alloc();
    const rate = stream.avgFrameRate.num > 0 ? stream.avgFrameRate : stream.rFrameRate, usual = rate.num > 0 && rate.den > 0 ? rate.den / rate.num : 1 / 25;
    const base = stream.timeBase.num / stream.timeBase.den;
    let lumaFilter: FilterAPI | undefined, pictureFilter: FilterAPI | undefined, fitFilter: FilterAPI | undefined, fit: Fit | undefined;
    let small = { width: 0, height: 0 }, size = small, start: number | undefined, held: { frame: Frame; time: number } | undefined, last = usual;

    const convert = async (filter: FilterAPI, input: Frame, bytes: number): Promise<Uint8Array> => {
      await filter.process(input);
      const out = await filter.receive();
      if (!out || typeof out !== 'object') throw new FileError(`cannot read ${file}: a frame could not be converted`);
      try { return rows(out, bytes); } finally { out.free(); }
    };
    const setUp = (first: Frame): void => {
      const { filter, swaps } = uprightFilter(first.getSideData(av.AV_FRAME_DATA_DISPLAYMATRIX));
      const { num, den } = first.sampleAspectRatio, sar = num > 0 && den > 0 ? num / den : 1;
      const w = Math.max(1, Math.round(first.width * Math.max(1, sar))), h = Math.max(1, Math.round(first.height / Math.min(1, sar)));   // pixels become square, none is lost
      const [width, height] = swaps ? [h, w] : [w, h];
      facts = { ...facts, width, height, codec: codec.name ?? '?' };
      small = within(width, height, { side: o.lumaSide });
      size = within(width, height, { area: o.pictureArea });
      const alpha = hasAlpha(av, first.format);
      const sides = (s: Size): [number, number] => (swaps ? [s.height, s.width] : [s.width, s.height]), pixels = alpha ? 'rgba' : 'rgb24';
      const scale = (s: Size): string => `scale=${sides(s).join(':')}:${SCALE},${filter}`;
      lumaFilter = av.FilterAPI.create(`${scale(small)}format=gray`);
      pictureFilter = av.FilterAPI.create(`${scale(size)}format=${pixels}`);
      fit = o.fit?.({ width, height });
      if (fit) fitFilter = av.FilterAPI.create(`${cropMiddle(...sides(fit.shares))}${scale(fit.size)}format=${pixels}`);
      channels = alpha ? 4 : 3;
    };
    let channels: 3 | 4 = 3;
    const give = async (input: { frame: Frame; time: number }, duration: number): Promise<StreamedFrame> => {
      const luma = { data: await convert(lumaFilter!, input.frame, small.width), ...small };
      const pictureBy = (filter: FilterAPI, s: Size) => async (): Promise<Frames> =>
        toRgb({ data: await convert(filter, input.frame, s.width * channels), count: 1, ...s, channels, fps: 1 / usual }, [r, g, b]);
      return { time: input.time, duration, luma, picture: pictureBy(pictureFilter!, size), ...(fit && fitFilter ? { fitted: pictureBy(fitFilter, fit.size) } : {}) };
    };
    /** Decoded frames are held until the next one says how long they last. */
    async function* drain(): AsyncGenerator<StreamedFrame> {
      while ((await decoder.receiveFrame(frame)) >= 0) {
        if (frame.decodeErrorFlags !== 0) { facts = { ...facts, damaged: facts.damaged + 1 }; continue; }
        if (!lumaFilter) setUp(frame);
        const stamp = Number(frame.bestEffortTimestamp) * base, before = held;
        let time = Number.isFinite(stamp) && stamp > -1e9 ? stamp - (start ??= stamp) : (before?.time ?? -usual) + usual;
        if (before && time <= before.time) time = before.time + usual;         // clocks that stand still or run back
        frame.timeBase = stream!.timeBase;
        held = { frame: frame.clone()!, time };
        if (before) {
          last = time - before.time;
          try { yield await give(before, last); } finally { before.frame.free(); }
        }
      }
    }
    try {
      while ((await format.readFrame(packet)) >= 0) {
        if (packet.streamIndex === index && (await decoder.sendPacket(packet)) < 0) facts = { ...facts, damaged: facts.damaged + 1 };
        packet.unref();
        yield* drain();
      }
      await decoder.sendPacket(null);
      yield* drain();
      if (held) yield await give(held, last);
      else throw new FileError(`cannot read ${file}: no frame could be decoded`);
    } finally {
      held?.frame.free();
      lumaFilter?.close();
      pictureFilter?.close();
      fitFilter?.close();
    }
  }
  return { facts: () => facts, frames: frames() };
}
