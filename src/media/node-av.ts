/**
 * @file Reads films of any codec through node-av (FFmpeg in process), an optional dependency: its binary is GPL and not there for
 * every platform, so MP4 and images never need it. It comes as a package, without an install script. Frames come out as RGB, or RGBA where the film has
 * alpha, by the file's own colour tags: libavfilter's `scale` honours them (node-av's `Scaler` assumes BT.601 and does not). Writing is ffmpeg-writer.ts.
 */
import type { AVPixelFormat, Codec, Dictionary, FilterAPI, FormatContext, Frame, Stream } from 'node-av';
import { FileError, ResourceError } from '../core/errors.ts';
import { concatFrames, dropOpaqueAlpha, type Frames } from './frames.ts';
import { checkBytes } from './pending.ts';
import type { VideoCodec } from './video-codec.ts';

/** The module node-av. */
export type NodeAv = typeof import('node-av');
let loading: Promise<NodeAv | undefined> | undefined;

/** The module, or undefined where it is not installed or its binary does not load. */
export const loadNodeAv = (): Promise<NodeAv | undefined> => (loading ??= import('node-av').then((av) => {
  av.Log.setLevel(av.AV_LOG_FATAL);                                     // what goes wrong is told by errors, in one line
  return av;
}, () => undefined));

/** True if films other than GIF and WebP can be read here. */
export const hasNodeAv = async (): Promise<boolean> => (await loadNodeAv()) !== undefined;

/** The module, or a ResourceError that says how to get it; `doing` is `read a.webm`, `kind` what its films are called. */
export async function needNodeAv(doing: string, kind: string): Promise<NodeAv> {
  const av = await loadNodeAv();
  if (!av) throw new ResourceError(`cannot ${doing}: ${kind} films need the optional package node-av (npm install node-av)`);
  return av;
}

/** Pixels of a frame that is decoded, at most: 8K of cinemas, in whole blocks of 64. A damaged header may say anything, and decoders make room for it first. */
const MOST_PIXELS = 8192 * 4352;

/** Throws a FileError where the header of a film that was opened says that its frames are too large. To be called before its streams are analysed. */
export function refuseLarge(format: FormatContext, file: string): void {
  for (const { codecpar: { width, height } } of format.streams ?? [])
    if (width * height > MOST_PIXELS) throw new FileError(`cannot read ${file}: its frames of ${width}×${height} are too large: at most ${MOST_PIXELS} pixels`);
}

/** Options of a decoder: it refuses frames that are larger than the header said, and too large. */
export const decoderOptions = (av: NodeAv): Dictionary => av.Dictionary.fromObject({ max_pixels: String(MOST_PIXELS) });

/** Exact rounding; chroma samples are repeated, so flat blocks of pixel art come back as they were. */
const SCALE = 'scale=flags=accurate_rnd+full_chroma_int+full_chroma_inp+neighbor,format=';

/** Whether pixels of this format have alpha. */
export const hasAlpha = (av: NodeAv, format: number): boolean => /^(yuva|gbrap|rgba|bgra|argb|abgr|ya\d)/.test(av.avGetPixFmtName(format as AVPixelFormat) ?? '');

/** The decoder of a stream; of VP9 and VP8 with alpha libvpx's, since FFmpeg's own leave it out. */
export function decoderOf(av: NodeAv, stream: Stream): Codec | null {
  const own = av.Codec.findDecoder(stream.codecpar.codecId);
  const alpha = Object.entries(stream.metadata?.getAll() ?? {}).some(([key, value]) => key.toLowerCase() === 'alpha_mode' && value === '1');
  const whole = own?.name === 'vp9' ? av.FF_DECODER_LIBVPX_VP9 : own?.name === 'vp8' ? av.FF_DECODER_LIBVPX_VP8 : undefined;
  return (alpha && whole ? av.Codec.findDecoderByName(whole) : null) ?? own;
}

/** Rows without FFmpeg's padding. */
function copyFrame(frame: Frame, fps: number, channels: 3 | 4): Frames {
  const { width, height } = frame, plane = frame.data?.[0], stride = frame.linesize[0], row = width * channels;
  if (!plane || !stride) throw new FileError('the decoder returned a frame without pixels');
  const data = new Uint8Array(height * row);                            // [H, W, C]
  for (let y = 0; y < height; y++) data.set(plane.subarray(y * stride, y * stride + row), y * row);
  return { data, count: 1, width, height, channels, fps };
}

type Check = (code: number, what: string) => void;

/** Runs with a file that is open, and closes it. */
async function opened<T>(file: string, run: (av: NodeAv, format: FormatContext, check: Check) => Promise<T>): Promise<T> {
  const av = await needNodeAv(`read ${file}`, 'such');
  const check: Check = (code, what) => {
    if (code < 0) throw new FileError(`cannot read ${file}: ${what} (${new av.FFmpegError(code).message})`);
  };
  await using format = new av.FormatContext();
  check(await format.openInput(file), 'not a film that FFmpeg knows');
  refuseLarge(format, file);
  check(await format.findStreamInfo(), 'its streams cannot be analysed');
  return await run(av, format, check);                                  // closed after, not before
}

/** The comment that a film's container holds; undefined if there is none. Throws as reading does. */
export function readComment(file: string): Promise<string | undefined> {
  return opened(file, async (_, format) => Object.entries(format.metadata?.getAll() ?? {}).find(([key]) => key.toLowerCase() === 'comment')?.[1]);
}

const readFilm = (file: string, mostBytes = Infinity): Promise<Frames> => opened(file, (av, format, check) => decodeAll({ file, mostBytes }, av, format, check));

async function decodeAll({ file, mostBytes }: { readonly file: string; readonly mostBytes: number }, av: NodeAv, format: FormatContext, check: Check): Promise<Frames> {
  const index = format.findBestStream(av.AVMEDIA_TYPE_VIDEO);
  const stream = index < 0 ? undefined : format.streams[index];
  if (!stream) throw new FileError(`cannot read ${file}: it holds no video`);
  const codec = decoderOf(av, stream);
  if (!codec) throw new FileError(`cannot read ${file}: no decoder for its video`);
  using decoder = new av.CodecContext();
  decoder.allocContext3(codec);
  decoder.parametersToContext(stream.codecpar);
  decoder.pktTimebase = stream.timeBase;
  check(await decoder.open2(codec, decoderOptions(av)), 'its decoder does not start');
  using packet = new av.Packet();
  packet.alloc();
  using frame = new av.Frame();
  frame.alloc();
  let filter: FilterAPI | undefined, channels: 3 | 4 = 3;
  const rate = stream.avgFrameRate.num > 0 ? stream.avgFrameRate : stream.rFrameRate;
  const fps = rate.num > 0 && rate.den > 0 ? rate.num / rate.den : 25;

  const frames: Frames[] = [];
  let bytes = 0;
  const collect = async (input: Frame | null): Promise<void> => {
    if (input && !filter) {
      channels = hasAlpha(av, input.format) ? 4 : 3;
      filter = av.FilterAPI.create(`${SCALE}${channels === 4 ? 'rgba' : 'rgb24'}`);
    }
    if (!filter) return;
    for await (const rgb of filter.frames(input)) {
      if (!rgb) continue;
      try { frames.push(copyFrame(rgb, fps, channels)); } finally { rgb.free(); }
      checkBytes(file, bytes += frames.at(-1)!.data.length, mostBytes);
    }
  };
  const drain = async (): Promise<void> => {
    while ((await decoder.receiveFrame(frame)) >= 0) { frame.timeBase = stream.timeBase; await collect(frame); }
  };
  try {
    while ((await format.readFrame(packet)) >= 0) {
      if (packet.streamIndex === index) { check(await decoder.sendPacket(packet), 'its video is damaged'); await drain(); }
      packet.unref();
    }
    await decoder.sendPacket(null);
    await drain();
    await collect(null);
  } finally { filter?.close(); }
  if (frames.length === 0) throw new FileError(`cannot read ${file}: no frame could be decoded`);
  return dropOpaqueAlpha(concatFrames(frames));
}

/** Reads mp4, webm, avi, …; does not write. */
export const nodeAv = { name: 'node-av', readFilm } as const satisfies VideoCodec;
