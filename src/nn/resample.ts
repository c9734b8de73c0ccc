/**
 * @file Moves between resolution and channels on `[B, C, T, H, W]`: pixel unshuffle in space, pairs of frames in time. No arithmetic.
 * In time the first frame stands alone (it is paired with itself), so that one frame is an image and T = 2n + 1 ⇄ n + 1.
 */
import { concat, reshape, slice, transpose } from '../graph/build.ts';
import type { Tensor } from '../graph/graph.ts';

type Video = readonly [number, number, number, number, number];

/** `[B, C, T, H, W]` → `[B, C·f², T, H/f, W/f]`. */
export function spaceToChannels(x: Tensor, f: number): Tensor {
  const [b, c, t, h, w] = x.shape as Video;
  const cut = reshape(x, [b, c, t, h / f, f, w / f, f]);
  return reshape(transpose(cut, [0, 1, 4, 6, 2, 3, 5]), [b, c * f * f, t, h / f, w / f]);
}

/** `[B, C·f², T, H, W]` → `[B, C, T, H·f, W·f]`. */
export function channelsToSpace(x: Tensor, f: number): Tensor {
  const [b, c, t, h, w] = x.shape as Video;
  const cut = reshape(x, [b, c / (f * f), f, f, t, h, w]);
  return reshape(transpose(cut, [0, 1, 4, 5, 2, 6, 3]), [b, c / (f * f), t, h * f, w * f]);
}

/** `[B, C, 2n + 1, H, W]` → `[B, 2·C, n + 1, H, W]`; without `first` (a later chunk) `[B, C, 2n, H, W]` → `[B, 2·C, n, H, W]`. */
export function timeToChannels(x: Tensor, first: boolean): Tensor {
  const even = first ? concat([slice(x, 2, 0, 1), x], 2) : x;
  const [b, c, t, h, w] = even.shape as Video;
  return reshape(transpose(reshape(even, [b, c, t / 2, 2, h, w]), [0, 1, 3, 2, 4, 5]), [b, c * 2, t / 2, h, w]);
}

/** `[B, 2·C, n + 1, H, W]` → `[B, C, 2n + 1, H, W]`; without `first` all 2(n + 1) frames stay. */
export function channelsToTime(x: Tensor, first: boolean): Tensor {
  const [b, c, t, h, w] = x.shape as Video;
  const frames = reshape(transpose(reshape(x, [b, c / 2, 2, t, h, w]), [0, 1, 3, 2, 4, 5]), [b, c / 2, t * 2, h, w]);
  return first ? slice(frames, 2, 1, t * 2) : frames;
}
