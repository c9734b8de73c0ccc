/**
 * @file Factorised causal 3-D convolution on `[B, C, T, H, W]`: 1×3×3 in space, 3×1×1 in time (zeros before the first frame), stride 1.
 * In time a layer sees its frame and the two before it; `TimeContext` supplies those when a film is processed in chunks.
 */
import { add, concat, conv, matmul, pad, reshape, slice } from '../graph/build.ts';
import type { Tensor } from '../graph/graph.ts';
import { constant, param, normal, type Bound, type ParamSpec } from './param.ts';

/** Parameters of a convolution, bound to a graph. */
export type ConvParams = Bound<{ weight: ParamSpec; bias: ParamSpec }>;

/** Where a causal layer gets the frames before its input, and leaves the ones that its next chunk will need. */
export interface TimeContext {
  /** Whether the input starts the film. */
  readonly first: boolean;
  /** The `frames` last frames that layer `name` saw in the chunk before, or null when there are none. */
  before(name: string, shape: readonly number[]): Tensor | null;
  /** Keeps frames for the next chunk. */
  keep(name: string, frames: Tensor): void;
}

/** A film that is processed whole. */
export const WHOLE: TimeContext = { first: true, before: () => null, keep: () => undefined };

/** Kernel `[out, in, kt, kh, kw]` with Kaiming-normal start (He et al. 2015, gain √2 scaled by `gain`). */
export function convParams(channels: number, out: number, kernel: readonly [number, number, number], gain = 1) {
  const fanIn = channels * kernel[0] * kernel[1] * kernel[2];
  return { weight: param([out, channels, ...kernel], gain === 0 ? constant(0) : normal(gain * Math.sqrt(1 / fanIn))), bias: param([out], constant(0)) };
}

/** Convolution in space; kernel 1×3×3, same size. */
export const convSpace = (p: ConvParams, x: Tensor): Tensor => conv(x, p.weight, [0, 0, 1, 1, 1, 1], p.bias);

/** Convolution in time; kernel 3×1×1, causal. */
export function convTime(p: ConvParams, x: Tensor, name: string, context: TimeContext): Tensor {
  const [b, c, t, h, w] = x.shape as [number, number, number, number, number];
  const before = context.before(name, [b, c, 2, h, w]);
  if (!before) {
    if (context !== WHOLE) context.keep(name, t >= 2 ? slice(x, 2, t - 2, t) : pad(x, [0, 0, 1, 0, 0], [0, 0, 0, 0, 0]));
    return conv(x, p.weight, [2, 0, 0, 0, 0, 0], p.bias);
  }
  const joined = concat([before, x], 2);                                                    // [B, C, 2 + T, H, W]
  context.keep(name, slice(joined, 2, t, t + 2));
  return conv(joined, p.weight, [0, 0, 0, 0, 0, 0], p.bias);
}

/** Convolution with a 1×1×1 kernel, as a product: `[B, C, T, H, W]` → `[B, O, T, H, W]`. */
export function convPoint(p: ConvParams, x: Tensor): Tensor {
  const [b, c, t, h, w] = x.shape as [number, number, number, number, number];
  const weight = reshape(p.weight, [-1, c]);                                                // [O, C]
  const y = add(matmul(weight, reshape(x, [b, c, t * h * w])), reshape(p.bias, [-1, 1]));     // [B, O, T·H·W]
  return reshape(y, [b, weight.shape[0]!, t, h, w]);
}
