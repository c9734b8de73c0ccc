/**
 * @file Frames: a film as bytes in host memory, the form in which everything outside the models sees it.
 * Axes [T, H, W, C], sRGB (BT.709 primaries), C = 3 (RGB) or 4 (RGBA, straight alpha). Models see [C, T, H, W] in [−1, 1].
 */

/** A film (or, with `count` 1, an image) as bytes. */
export interface Frames {
  /** `[T, H, W, C]`, one byte a channel. */
  readonly data: Uint8Array;
  /** T ≥ 1. */
  readonly count: number;
  /** Pixels. */
  readonly height: number;
  /** Pixels. */
  readonly width: number;
  readonly channels: 3 | 4;
  /** Frames a second. */
  readonly fps: number;
}
