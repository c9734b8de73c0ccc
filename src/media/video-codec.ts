/**
 * @file The seam between films and compressed video. The writing side has one default (wasm-h264.ts) that is part of every
 * installation, so the same film has the same bytes everywhere; the reading side (node-av.ts) is optional.
 */
import type { Frames } from './frames.ts';
import type { H264Track } from './mp4.ts';
import type { Rational } from './rational.ts';

/** Size and rate of the film to be written. */
export interface VideoEncoderOptions {
  /** Pixels, even. */
  readonly width: number;
  /** Pixels, even. */
  readonly height: number;
  readonly fps: Rational;
}

/** One film being compressed. Frames go in one after the other; `finish` or `close` ends it and frees its memory. */
export interface VideoEncoder {
  /** One frame, planar 4:2:0, full range BT.709 (see yuv.ts). */
  add(yuv: Uint8Array): void;
  /** The compressed film, in Annex-B-free samples. */
  finish(): H264Track;
  /** Frees everything; harmless after `finish`. */
  close(): void;
}

/** Writes H.264, reads any film that it knows, or both. Deterministic and single-threaded when it writes. */
export interface VideoCodec {
  readonly name: string;
  /** Opens an encoder. */
  readonly openEncoder?: (options: VideoEncoderOptions) => Promise<VideoEncoder>;
  /** Decodes a whole file; FileError if it cannot, ResourceError as soon as its pixels take more than `mostBytes`. */
  readonly readFilm?: (file: string, mostBytes?: number) => Promise<Frames>;
}
