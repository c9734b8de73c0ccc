/**
 * @file Scaled dot-product attention (Vaswani et al. 2017, equation 1) on `[n, heads, L, d]`, and the moves between tokens and heads.
 */
import { add, matmul, reshape, softmax, transpose } from '../graph/build.ts';
import type { Tensor } from '../graph/graph.ts';

/** softmax(q·kᵀ/√d + bias)·v: q `[n, h, L, d]`, k and v `[n, h, M, d]`, bias broadcast to `[n, h, L, M]` → `[n, h, L, d]`. */
export function attention(q: Tensor, k: Tensor, v: Tensor, bias?: Tensor): Tensor {
  const scores = matmul(q, k, { transB: true, alpha: 1 / Math.sqrt(q.shape.at(-1)!) });      // [n, h, L, M]
  return matmul(softmax(bias ? add(scores, bias) : scores), v);                              // [n, h, L, d]
}

/** `[n·L, heads·d]` → `[n, heads, L, d]`. */
export function toHeads(x: Tensor, n: number, heads: number): Tensor {
  const length = x.shape[0]! / n, d = x.shape[1]! / heads;
  return transpose(reshape(x, [n, length, heads, d]), [0, 2, 1, 3]);
}

/** `[n, heads, L, d]` → `[n·L, heads·d]`. */
export function fromHeads(x: Tensor): Tensor {
  const [n, heads, length, d] = x.shape as [number, number, number, number];
  return reshape(transpose(x, [0, 2, 1, 3]), [n * length, heads * d]);
}
