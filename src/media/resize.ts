/**
 * @file Fits an image or film to a given size: cut to its shape, or framed by bars. Through sharp, frame by frame.
 * Models are given images this way; delivery of pixel art is `upscaleNearest` in frames.ts.
 */
import sharp from 'sharp';
import { InputError, oneOf } from '../core/errors.ts';
import { concatFrames, type Frames, sliceFrames } from './frames.ts';

/** 'crop' fills the size and cuts what stands out, evenly; 'letterbox' keeps everything and adds bars. */
export const FIT_MODES = ['crop', 'letterbox'] as const;
/** 'nearest' keeps pixels hard (pixel art), 'lanczos3' is smooth (photographs). */
export const RESIZE_KERNELS = ['nearest', 'lanczos3'] as const;

export interface FitOptions {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** Default 'crop'. */
  readonly mode?: (typeof FIT_MODES)[number];
  /** Default 'lanczos3'. */
  readonly kernel?: (typeof RESIZE_KERNELS)[number];
  /** Colour of the bars, sRGB bytes. Default black. */
  readonly background?: readonly [number, number, number];
}

/** The film at width × height; the same object if it has that size. */
export async function fitFrames(film: Frames, options: FitOptions): Promise<Frames> {
  const { width, height, mode = 'crop', kernel = 'lanczos3', background: [r, g, b] = [0, 0, 0] } = options;
  oneOf('fit mode', mode, FIT_MODES);
  oneOf('resize kernel', kernel, RESIZE_KERNELS);
  for (const [what, n] of [['width', width], ['height', height]] as const) {
    if (!Number.isInteger(n) || n < 1) throw new InputError(`${what} must be an integer ≥ 1, got ${n}`);
  }
  if (film.width === width && film.height === height) return film;
  const frames: Frames[] = [];
  for (let t = 0; t < film.count; t++) {
    const raw = { width: film.width, height: film.height, channels: film.channels };
    const data = await sharp(sliceFrames(film, t, t + 1).data, { raw, limitInputPixels: false })
      .resize({ width, height, fit: mode === 'crop' ? 'cover' : 'contain', kernel, background: { r, g, b, alpha: 1 } })
      .raw().toBuffer();                                                // [height, width, C]
    frames.push({ ...film, data: new Uint8Array(data), count: 1, width, height });
  }
  return concatFrames(frames);
}
