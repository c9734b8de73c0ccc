/** @file Films in files for the tests of this folder, through FFmpeg's encoders. Not part of the library. */
import type { AVPixelFormat } from 'node-av';
import type { Frames } from '../../media/frames.ts';
import { loadNodeAv } from '../../media/node-av.ts';
import { texture } from './footage.fixture.ts';

/** What a film is written with; `enlarge` makes a pixel so many pixels wide and high. */
export interface Codec { readonly encoder: string; readonly format: string; readonly pixels: string; readonly options?: Record<string, string>; readonly enlarge?: number }

/** By the extension of the file. */
export const CODECS = {
  mp4: { encoder: 'libx264', format: 'mp4', pixels: 'yuv420p', options: { preset: 'ultrafast', crf: '16' } },
  webm: { encoder: 'libvpx-vp9', format: 'webm', pixels: 'yuv420p', options: { deadline: 'realtime', 'cpu-used': '8', crf: '20' } },
  mkv: { encoder: 'libx265', format: 'matroska', pixels: 'yuv420p10le', options: { preset: 'ultrafast', 'x265-params': 'log-level=none' } },
  avi: { encoder: 'mpeg4', format: 'avi', pixels: 'yuv420p', options: { qscale: '3' } },
} as const satisfies Readonly<Record<string, Codec>>;

/** Writes RGB frames to a file. `times` are ticks of 1 / `clock` s, one a frame; default: frame t at t / fps. */
export async function encodeFilm(
  file: string, film: Frames, { encoder: name, format, pixels, options = {}, enlarge = 1 }: Codec, times?: { ticks: readonly number[]; clock: number },
): Promise<void> {
  const av = (await loadNodeAv())!, { width, height, fps, count } = film, clock = times?.clock ?? fps;
  const check = (code: number): void => { if (code < 0) throw new av.FFmpegError(code); };
  const codec = av.Codec.findEncoderByName(name as never);
  if (!codec) throw new Error(`no encoder ${name}`);
  await using output = new av.FormatContext();
  check(output.allocOutputContext2(null, format, file));
  using encoder = new av.CodecContext();
  encoder.allocContext3(codec);
  encoder.width = width * enlarge;
  encoder.height = height * enlarge;
  encoder.pixelFormat = av.avGetPixFmtFromName(pixels as never) as AVPixelFormat;
  encoder.timeBase = new av.Rational(1, clock);
  encoder.framerate = new av.Rational(fps, 1);
  encoder.threadCount = 1;
  if (format !== 'avi') encoder.setFlags(av.AV_CODEC_FLAG_GLOBAL_HEADER);
  check(await encoder.open2(codec, av.Dictionary.fromObject(options)));
  const stream = output.newStream(null);
  stream.codecpar.fromContext(encoder);
  stream.timeBase = encoder.timeBase;
  stream.avgFrameRate = new av.Rational(fps, 1);
  await output.openOutput();
  check(await output.writeHeader());
  using packet = new av.Packet();
  packet.alloc();
  const drain = async (): Promise<void> => {
    while ((await encoder.receivePacket(packet)) >= 0) {
      packet.streamIndex = 0;
      packet.rescaleTs(encoder.timeBase, stream.timeBase);
      check(await output.interleavedWriteFrame(packet));
      packet.unref();
    }
  };
  using filter = av.FilterAPI.create(`scale=${width * enlarge}:${height * enlarge}:flags=neighbor:out_color_matrix=bt709,format=${pixels}`);
  for (let t = 0; t < count; t++) {
    const pixelsOf = Buffer.from(film.data.subarray(t * width * height * 3, (t + 1) * width * height * 3));
    using frame = av.Frame.fromVideoBuffer(pixelsOf, {
      width, height, format: av.AV_PIX_FMT_RGB24, timeBase: encoder.timeBase, pts: BigInt(times?.ticks[t] ?? t),
    });
    await filter.process(frame);
    const out = await filter.receive();
    if (!out || typeof out !== 'object') throw new Error('not converted');
    out.pts = BigInt(times?.ticks[t] ?? t);
    check(await encoder.sendFrame(out));
    out.free();
    await drain();
  }
  check(await encoder.sendFrame(null));
  await drain();
  check(await output.writeTrailer());
}

/** A coloured texture that pans by `speed` pixels a frame; another `seed`, another scene. RGB `[T, H, W, 3]`. */
export function scene(seed: number, count: number, o: { width?: number; height?: number; fps?: number; speed?: number } = {}): Frames {
  const { width = 96, height = 64, fps = 8, speed = 2 } = o;
  const data = new Uint8Array(count * width * height * 3);
  for (let t = 0, i = 0; t < count; t++) for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) for (let c = 0; c < 3; c++, i++)
    data[i] = Math.max(0, Math.min(255, Math.round((255 - 40 * ((seed + c) % 3)) * texture(seed, x + speed * t, y))));
  return { data, count, width, height, channels: 3, fps };
}
