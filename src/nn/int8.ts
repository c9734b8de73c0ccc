/**
 * @file Linear layers in 8-bit integers: weights quantized once, symmetrically and per output channel, activations at each run per row (token), as in
 * LLM.int8()'s vector-wise scheme (Dettmers et al. 2022, section 2.1, arXiv:2208.07339v2), here with rounding half to even and no outlier columns.
 * A row's step depends on that row alone, so a token's result does not depend on its neighbours. For inference: nothing here has a gradient.
 */
import { int8Matmul, int8Scale, mul, reluSquared } from '../graph/build.ts';
import type { Tensor } from '../graph/graph.ts';

/** How the transformer's large products are computed when films are made. */
export const QUANTIZATIONS = ['none', 'int8'] as const;
export type Quantization = (typeof QUANTIZATIONS)[number];

/** A weight i8 `[in, out]` and what a step of each of its columns is worth, `[out]`. */
export interface Int8Weight<W = Tensor, S = Tensor> { readonly weight: W; readonly scale: S }

/** Greatest step of a weight. −128 is not used, so that a weight and its negative have the same grid. */
const STEPS = 127;

/** Quantizes a weight `[rows, columns]`, each column by its greatest magnitude; a column of zeros stays one. */
export function quantizeWeight(weight: Float32Array, columns: number): Int8Weight<Int8Array, Float32Array> {
  const scale = new Float32Array(columns), steps = new Int8Array(weight.length), inverse = new Float64Array(columns);
  for (let at = 0; at < weight.length; at += columns) for (let j = 0; j < columns; j++) {
    const size = Math.abs(weight[at + j]!);
    if (size > scale[j]!) scale[j] = size;
  }
  for (let j = 0; j < columns; j++) {
    scale[j]! /= STEPS;
    inverse[j] = scale[j]! > 0 ? 1 / scale[j]! : 0;
  }
  for (let at = 0; at < weight.length; at += columns)
    for (let j = 0; j < columns; j++) steps[at + j] = Math.floor(weight[at + j]! * inverse[j]! + 0.5);                        // a third of Math.round's time
  return { weight: steps, scale };
}

/** x `[rows, in]` → `[rows, out]`. */
export function int8Linear({ weight, scale }: Int8Weight, x: Tensor): Tensor {
  const rows = int8Scale(x);                                                                 // [rows, 1]
  return mul(int8Matmul(x, { rows, weight, columns: scale }), rows);                         // [rows, out]
}

/**
 * The feed-forward layer of squared ReLUs, x `[N, D]` → `[N, D]`. relu²(s·h) = s²·relu²(h) for s > 0, so the first product's row scales wait for the end,
 * where one narrow product pays for both; what relu² gives is never negative and has all 256 steps.
 */
export function int8ReluSquared({ fc1, fc2 }: { readonly fc1: Int8Weight; readonly fc2: Int8Weight }, x: Tensor): Tensor {
  const rows = int8Scale(x);                                                                 // [N, 1]
  const h = reluSquared(int8Matmul(x, { rows, weight: fc1.weight, columns: fc1.scale }));    // [N, inner], ÷ rows²
  const inner = int8Scale(h, true);                                                          // [N, 1]
  const y = int8Matmul(h, { rows: inner, weight: fc2.weight, columns: fc2.scale, positive: true });
  return mul(y, mul(inner, mul(rows, rows)));                                                // [N, D]
}
