/**
 * @file Reads films of any codec through node-av (FFmpeg in process), an optional dependency: its binary is GPL and not there for
 * every platform, so nothing but reading may need it. It comes as a package, without an install script. Frames come out as RGB by the file's own
 * colour tags: libavfilter's `scale` honours them (node-av's `Scaler` assumes BT.601 and does not).
 */
import type { Frame } from 'node-av';
import { FileError, ResourceError } from '../core/errors.ts';
import { concatFrames, type Frames } from './frames.ts';
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

/** Exact rounding; chroma samples are repeated, so flat blocks of pixel art come back as they were. */
const TO_RGB = 'scale=flags=accurate_rnd+full_chroma_int+full_chroma_inp+neighbor,format=rgb24';

/** Rows without FFmpeg's padding. */
function copyFrame(frame: Frame, fps: number): Frames {
  const { width, height } = frame, plane = frame.data?.[0], stride = frame.linesize[0];
  if (!plane || !stride) throw new FileError('the decoder returned a frame without pixels');
  const data = new Uint8Array(width * height * 3);                      // [H, W, 3]
  for (let y = 0; y < height; y++) data.set(plane.subarray(y * stride, y * stride + width * 3), y * width * 3);
  return { data, count: 1, width, height, channels: 3, fps };
}

async function readFilm(file: string): Promise<Frames> {
  const av = await loadNodeAv();
  if (!av) throw new ResourceError(`reading ${file} needs node-av: npm install node-av`);
  const check = (code: number, what: string): void => {
    if (code < 0) throw new FileError(`cannot read ${file}: ${what} (${new av.FFmpegError(code).message})`);
  };
  await using format = new av.FormatContext();
  check(await format.openInput(file), 'not a film that FFmpeg knows');
  check(await format.findStreamInfo(), 'its streams cannot be analysed');
  const index = format.findBestStream(av.AVMEDIA_TYPE_VIDEO);
  const stream = index < 0 ? undefined : format.streams[index];
  if (!stream) throw new FileError(`cannot read ${file}: it holds no video`);
  const codec = av.Codec.findDecoder(stream.codecpar.codecId);
  if (!codec) throw new FileError(`cannot read ${file}: no decoder for its video`);
  using decoder = new av.CodecContext();
  decoder.allocContext3(codec);
  decoder.parametersToContext(stream.codecpar);
  decoder.pktTimebase = stream.timeBase;
  check(await decoder.open2(codec), 'its decoder does not start');
  using packet = new av.Packet();
  packet.alloc();
  using frame = new av.Frame();
  frame.alloc();
  using filter = av.FilterAPI.create(TO_RGB);
  const rate = stream.avgFrameRate.num > 0 ? stream.avgFrameRate : stream.rFrameRate;
  const fps = rate.num > 0 && rate.den > 0 ? rate.num / rate.den : 25;

  const frames: Frames[] = [];
  const collect = async (input: Frame | null): Promise<void> => {
    for await (const rgb of filter.frames(input)) if (rgb) { frames.push(copyFrame(rgb, fps)); rgb.free(); }
  };
  const drain = async (): Promise<void> => {
    while ((await decoder.receiveFrame(frame)) >= 0) { frame.timeBase = stream.timeBase; await collect(frame); }
  };
  while ((await format.readFrame(packet)) >= 0) {
    if (packet.streamIndex === index) { check(await decoder.sendPacket(packet), 'its video is damaged'); await drain(); }
    packet.unref();
  }
  await decoder.sendPacket(null);
  await drain();
  await collect(null);
  if (frames.length === 0) throw new FileError(`cannot read ${file}: no frame could be decoded`);
  return concatFrames(frames);
}

/** Reads mp4, webm, avi, …; does not write. */
export const nodeAv = { name: 'node-av', readFilm } as const satisfies VideoCodec;
