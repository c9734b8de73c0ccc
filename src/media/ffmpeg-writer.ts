/**
 * @file Films that FFmpeg compresses and puts into their container, through the optional package node-av: VP9 in WebM for pages, ProRes 4444 in MOV and lossless FFV1 in
 * Matroska for editing; each with alpha where the film has it. One thread, bit-exact containers: the same frames give the same bytes. The file is made in memory at the
 * end, since its header tells how many frames there are, and containers go back to their beginning.
 */
import type { AVColorPrimaries, AVColorSpace, AVColorTransferCharacteristic, AVPixelFormat, CodecContext, FFEncoderCodec, Packet } from 'node-av';
import { InputError, ResourceError } from '../core/errors.ts';
import type { FfmpegFormat } from './film-format.ts';
import { frameBytes, type Frames } from './frames.ts';
import { needNodeAv, type NodeAv } from './node-av.ts';
import { rationalFps } from './rational.ts';
import { rgbToYuv420, rgbToYuv444p10, yuvBytes } from './yuv.ts';

/** How a format is made. */
interface Recipe {
  /** FFmpeg's names of encoder, container and pixels. */
  readonly name: string;
  readonly encoder: (av: NodeAv) => FFEncoderCodec;
  readonly container: string;
  readonly pixels: { readonly opaque: string; readonly alpha: string };
  readonly options: Readonly<Record<string, string>>;
  /** Of the encoder, where there is alpha. */
  readonly alphaOptions?: Readonly<Record<string, string>>;
  /** Of the stream, where there is alpha. */
  readonly streamTags?: Readonly<Record<string, string>>;
  readonly muxer?: Readonly<Record<string, string>>;
  /** Rec. ITU-T H.273: primaries, transfer, matrix; and whether bytes use their full range. */
  readonly colour: { readonly codes: readonly [number, number, number]; readonly full: boolean };
  /** Whether sizes have to be even. */
  readonly even: boolean;
  /** Frame `t` of a chunk as the encoder takes it. */
  readonly convert: (chunk: Frames, t: number) => Uint8Array;
}

const BT709 = [1, 1, 1] as const, SRGB = [1, 13, 0] as const;

/** Lossless VP9 of 4:2:0 is smaller than H.264 at its finest for flat colours, and alpha comes back exact (decision 017). */
const RECIPES: Readonly<Record<FfmpegFormat, Recipe>> = {
  webm: {
    name: 'vp9', encoder: (av) => av.FF_ENCODER_LIBVPX_VP9, container: 'webm', pixels: { opaque: 'yuv420p', alpha: 'yuva420p' },
    options: { lossless: '1', deadline: 'good', 'cpu-used': '4' }, alphaOptions: { 'auto-alt-ref': '0' }, streamTags: { alpha_mode: '1' },
    colour: { codes: BT709, full: true }, even: true,
    convert(chunk, t) {
      const { width, height, channels } = chunk, out = new Uint8Array(yuvBytes(width, height) + (channels === 4 ? width * height : 0));
      rgbToYuv420(chunk.data, t * frameBytes(chunk), chunk, out);
      return out;
    },
  },
  mov: {
    name: 'prores', encoder: (av) => av.FF_ENCODER_PRORES_KS, container: 'mov', pixels: { opaque: 'yuv444p10le', alpha: 'yuva444p10le' },
    options: { profile: '4444', vendor: 'apl0', alpha_bits: '0', bits_per_mb: '8192' },                  // the most there are: at its usual rate single pixels are off by 18/255
    alphaOptions: { alpha_bits: '16' },
    muxer: { movflags: 'use_metadata_tags' },                           // the tags that it has without are cut at 64 KiB
    colour: { codes: BT709, full: false }, even: false,
    convert(chunk, t) {
      const out = new Uint16Array(chunk.width * chunk.height * chunk.channels);
      rgbToYuv444p10(chunk.data, t * frameBytes(chunk), chunk, out);
      return new Uint8Array(out.buffer);
    },
  },
  mkv: {
    name: 'ffv1', encoder: (av) => av.FF_ENCODER_FFV1, container: 'matroska', pixels: { opaque: 'bgr0', alpha: 'bgra' },
    options: { level: '3', slices: '4', slicecrc: '1', g: '1' }, colour: { codes: SRGB, full: true }, even: false,
    convert({ data, width, height, channels }, t) {
      const out = new Uint8Array(width * height * 4).fill(255);
      for (let i = 0, p = t * width * height * channels; i < out.length; i += 4, p += channels) {
        out[i] = data[p + 2]!; out[i + 1] = data[p + 1]!; out[i + 2] = data[p]!;
        if (channels === 4) out[i + 3] = data[p + 3]!;
      }
      return out;
    },
  },
};

/** A file in memory that can be written anywhere. */
class MemoryFile {
  #bytes = Buffer.alloc(2 ** 20);
  #size = 0;
  #at = 0;
  write(b: Uint8Array): void {
    if (this.#at + b.length > this.#bytes.length) {
      const more = Buffer.alloc(Math.max(2 * this.#bytes.length, this.#at + b.length));
      this.#bytes.copy(more, 0, 0, this.#size);
      this.#bytes = more;
    }
    this.#bytes.set(b, this.#at);
    this.#at += b.length;
    this.#size = Math.max(this.#size, this.#at);
  }
  /** As lseek(2): from the beginning, from here, from the end; 65536 (AVSEEK_SIZE) asks for the size. */
  seek(offset: number, whence: number): number {
    if (whence === 65536) return this.#size;
    return this.#at = offset + (whence === 0 ? 0 : whence === 1 ? this.#at : this.#size);
  }
  take(): Uint8Array { return this.#bytes.subarray(0, this.#size); }
}

/** What an FFmpeg film is told at its beginning. */
export interface FfmpegWriterOptions {
  readonly format: FfmpegFormat;
  /** For errors. */
  readonly file: string;
  /** Pixels; even for .webm. */
  readonly width: number;
  readonly height: number;
  /** Frames a second. */
  readonly fps: number;
}

/** Text tags of a film. */
export interface FfmpegTags { readonly title: string; readonly comment: string }

/** A film being compressed. Frames come one after the other; the first one's channels are the film's. */
export class FfmpegEncoder {
  /** 'vp9', 'prores' or 'ffv1'. */
  readonly codec: string;
  readonly #av: NodeAv;
  readonly #o: FfmpegWriterOptions;
  readonly #recipe: Recipe;
  #encoder: CodecContext | undefined;
  #pixels = -1;
  #alpha = false;
  #packets: Packet[] = [];
  #frames = 0;

  private constructor(av: NodeAv, o: FfmpegWriterOptions) { this.#av = av; this.#o = o; this.#recipe = RECIPES[o.format]; this.codec = this.#recipe.name; }

  /** ResourceError where node-av is missing; InputError for sizes and rates that the format does not have. */
  static async open(o: FfmpegWriterOptions): Promise<FfmpegEncoder> {
    const { width, height, format } = o;
    rationalFps(o.fps);
    if (RECIPES[format].even && (width % 2 || height % 2)) throw new InputError(`${format} films need even width and height (4:2:0 colour), got ${width}×${height}`);
    return new FfmpegEncoder(await needNodeAv(`write ${o.file}`, format), o);
  }

  /** Frames so far. */
  get count(): number { return this.#frames; }

  /** Compresses a chunk `[T, H, W, C]`; all chunks have the same channels. */
  async add(chunk: Frames): Promise<void> {
    const { width, height } = this.#o, encoder = this.#encoder ??= await this.#start(chunk.channels === 4);
    for (let t = 0; t < chunk.count; t++) {
      const bytes = Buffer.from(this.#recipe.convert(chunk, t));
      using frame = this.#av.Frame.fromVideoBuffer(bytes, { width, height, format: this.#pixels as AVPixelFormat, timeBase: encoder.timeBase, pts: BigInt(this.#frames++) });
      frame.colorPrimaries = encoder.colorPrimaries;                    // ProRes writes those of the frame
      frame.colorTrc = encoder.colorTrc;
      frame.colorSpace = encoder.colorSpace;
      frame.colorRange = encoder.colorRange;
      this.#check(await encoder.sendFrame(frame), 'a frame');
      await this.#drain(encoder);
    }
  }

  /** The bytes of the file. */
  async finish(tags: FfmpegTags): Promise<Uint8Array> {
    const av = this.#av, recipe = this.#recipe, encoder = this.#encoder!, file = new MemoryFile();
    this.#check(await encoder.sendFrame(null), 'the end');
    await this.#drain(encoder);
    await using format = new av.FormatContext();
    using io = new av.IOContext();
    this.#check(format.allocOutputContext2(null, recipe.container, null), 'its container');
    io.allocContextWithCallbacks(65536, 1, null, (bytes) => { file.write(bytes); return bytes.length; }, (offset, whence) => BigInt(file.seek(Number(offset), whence)));
    try {
      format.pb = io;
      format.setFlags(av.AVFMT_FLAG_BITEXACT);
      format.metadata = av.Dictionary.fromObject({ ...tags });
      const stream = format.newStream(null);
      stream.codecpar.fromContext(encoder);
      stream.timeBase = encoder.timeBase;
      stream.avgFrameRate = encoder.framerate;
      if (this.#alpha && recipe.streamTags) stream.metadata = av.Dictionary.fromObject({ ...recipe.streamTags });
      this.#check(await format.writeHeader(av.Dictionary.fromObject({ ...recipe.muxer })), 'its header');
      for (const packet of this.#packets) {
        packet.streamIndex = 0;
        packet.duration = 1n;
        packet.rescaleTs(encoder.timeBase, stream.timeBase);
        this.#check(await format.interleavedWriteFrame(packet), 'a frame');
      }
      this.#check(await format.writeTrailer(), 'its end');
    } finally { format.pb = null; }
    return file.take();
  }

  /** Frees everything; may be called twice. */
  close(): void {
    for (const packet of this.#packets) packet.free();
    this.#packets = [];
    this.#encoder?.freeContext();
    this.#encoder = undefined;
  }

  async #start(alpha: boolean): Promise<CodecContext> {
    const av = this.#av, recipe = this.#recipe, { numerator, denominator } = rationalFps(this.#o.fps), codec = av.Codec.findEncoderByName(recipe.encoder(av));
    if (!codec) throw new ResourceError(`cannot write ${this.#o.file}: this FFmpeg has no encoder ${recipe.name}; install the node-av that Kinora names`);
    const encoder = new av.CodecContext(), [primaries, transfer, matrix] = recipe.colour.codes;
    encoder.allocContext3(codec);
    try {
      encoder.width = this.#o.width;
      encoder.height = this.#o.height;
      this.#pixels = av.avGetPixFmtFromName((alpha ? recipe.pixels.alpha : recipe.pixels.opaque) as never);
      encoder.pixelFormat = this.#pixels as AVPixelFormat;
      encoder.timeBase = new av.Rational(denominator, numerator);
      encoder.framerate = new av.Rational(numerator, denominator);
      encoder.threadCount = 1;
      encoder.colorPrimaries = primaries as AVColorPrimaries;
      encoder.colorTrc = transfer as AVColorTransferCharacteristic;
      encoder.colorSpace = matrix as AVColorSpace;
      encoder.colorRange = recipe.colour.full ? av.AVCOL_RANGE_JPEG : av.AVCOL_RANGE_MPEG;
      encoder.setFlags(av.AV_CODEC_FLAG_GLOBAL_HEADER, av.AV_CODEC_FLAG_BITEXACT);
      this.#check(await encoder.open2(codec, av.Dictionary.fromObject({ ...recipe.options, ...(alpha ? recipe.alphaOptions : {}) })), 'the encoder');
    } catch (error) { encoder.freeContext(); throw error; }
    this.#alpha = alpha;
    return encoder;
  }

  async #drain(encoder: CodecContext): Promise<void> {
    for (;;) {
      const packet = new this.#av.Packet();
      packet.alloc();
      if ((await encoder.receivePacket(packet)) < 0) { packet.free(); return; }
      this.#packets.push(packet);
    }
  }

  #check(code: number, what: string): void {
    if (code < 0) throw new ResourceError(`FFmpeg could not write ${this.#o.file}: ${what} (${new this.#av.FFmpegError(code).message})`);
  }
}
