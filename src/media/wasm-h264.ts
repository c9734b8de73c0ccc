/**
 * @file H.264 by minih264 compiled to WebAssembly (npm h264-mp4-encoder): baseline profile, single-threaded, the same bytes
 * on every machine. Its own RGB conversion (BT.601, untagged) and its MP4 (creation times, inexact frame times, no sync
 * table) are not used: it is fed Y'CbCr and only its samples and parameter sets are kept. mp4.ts writes the file.
 */
import { createRequire } from 'node:module';
import type { H264MP4Encoder } from 'h264-mp4-encoder';
import { ResourceError } from '../core/errors.ts';
import { findMoov, readMp4Info } from './mp4-read.ts';
import type { VideoCodec, VideoEncoder, VideoEncoderOptions } from './video-codec.ts';
import { yuvBytes } from './yuv.ts';

/** The finest step that minih264 has (10…51): flat colours come back within 1/255. */
const QUANTISATION = 10;
/** 0 is the best search, 10 the fastest: the same steps, so the same pixels within 1/255; 1.7 times as fast, and files are 1.4 times as large. */
const SPEED = 10;
/** Seconds between frames at which a player can start. */
const KEY_SECONDS = 5;

interface EncoderModule { createH264MP4Encoder(): Promise<H264MP4Encoder> }
let loading: EncoderModule | undefined;

/**
 * Loads the module. Emscripten's start-up installs process-wide handlers that turn any rejected promise of the whole
 * program into an abort: they are taken out again. It installs them synchronously, so nobody else's are touched.
 */
function loadModule(): EncoderModule {
  if (loading) return loading;
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = events.map((e) => new Set<unknown>(process.listeners(e as 'uncaughtException')));
  loading = createRequire(import.meta.url)('h264-mp4-encoder') as EncoderModule;
  events.forEach((event, i) => {
    for (const listener of process.listeners(event as 'uncaughtException')) {
      if (!before[i]!.has(listener)) process.removeListener(event, listener);
    }
  });
  return loading;
}

let films = 0; // the module's file system is shared by all encoders: each film has its own name there

async function openEncoder(o: VideoEncoderOptions): Promise<VideoEncoder> {
  const encoder = await loadModule().createH264MP4Encoder();
  const name = `film-${films++}.mp4`;
  const fps = o.fps.numerator / o.fps.denominator;
  let state: 'new' | 'started' | 'finalized' | 'ended' = 'new';
  /** The module aborts, and with it every encoder, when one that has started is deleted before `finalize`. */
  const close = (): void => {
    if (state === 'ended') return;
    if (state === 'started') encoder.finalize();
    state = 'ended';
    encoder.delete();
    try { encoder.FS.unlink(name); } catch { /* it was not created yet */ }
  };
  const attempt = <T>(run: () => T): T => {
    try { return run(); } catch (cause) {
      state = 'ended';                                                  // aborted: nothing of it can be called again
      throw new ResourceError(`the H.264 encoder failed at ${o.width}×${o.height}`, { cause });
    }
  };
  attempt(() => {
    encoder.outputFilename = name;
    encoder.width = o.width; encoder.height = o.height;
    encoder.frameRate = Math.max(1, fps);
    encoder.quantizationParameter = QUANTISATION; encoder.speed = SPEED;
    encoder.groupOfPictures = Math.max(1, Math.round(KEY_SECONDS * fps));
    encoder.initialize();
    state = 'started';
  });
  return {
    add(yuv) {
      if (yuv.length !== yuvBytes(o.width, o.height)) throw new RangeError(`a frame of ${yuv.length} bytes, wanted ${yuvBytes(o.width, o.height)}`);
      attempt(() => { encoder.addFrameYuv(yuv); });
    },
    finish() {
      const file = attempt(() => {
        encoder.finalize();
        state = 'finalized';
        return encoder.FS.readFile(name, { encoding: 'binary' });
      });
      close();
      const info = readMp4Info(findMoov(file));
      return {
        width: o.width, height: o.height, fps: o.fps, sps: info.sps, pps: info.pps,
        samples: info.samples.map(([at, size]) => file.subarray(at, at + size)),
      };
    },
    close,
  };
}

/** The codec of every installation. */
export const wasmH264 = { name: 'h264', openEncoder } as const satisfies VideoCodec;
