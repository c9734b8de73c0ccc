/**
 * @file RMS norm over the channels of `[B, C, T, H, W]`, at each position by itself.
 */
import { add, mul, reciprocal, silu, sqrt, sumSquares } from '../graph/build.ts';
import type { Tensor } from '../graph/graph.ts';

/** x ÷ its root mean square over channels, per frame and pixel; the convolution that follows has the gain. */
export function channelNorm(x: Tensor): Tensor {
  const meanSquare = mul(sumSquares(x, [1]), 1 / x.shape[1]!);                               // [B, 1, T, H, W]
  return mul(x, reciprocal(sqrt(add(meanSquare, 1e-6))));
}

/** Norm and activation in front of a convolution. */
export const active = (x: Tensor): Tensor => silu(channelNorm(x));
