/**
 * @file Text tower: a small bidirectional transformer over caption tokens. It learns from labels first (src/train/tasks/text-task.ts) and then stays fixed
 * while the model that it conditions is trained (docs/decisions/008); it can also learn along with it.
 * It stands behind {@link TextConditioning}, which is all that a denoiser sees, so that a pretrained encoder's states can take its place.
 */
import { add, broadcast, gather, matmul, mul, reshape, rmsNorm, slice, split } from '../../graph/build.ts';
import type { Tensor } from '../../graph/graph.ts';
import { attention, fromHeads, toHeads } from '../../nn/attention.ts';
import { linear, linearParams, type LinearParams } from '../../nn/linear.ts';
import { mlp, mlpParams, type MlpKind } from '../../nn/mlp.ts';
import { constant, normal, param, type Bound } from '../../nn/param.ts';

/** Shape of a text tower. */
export interface TextConfig {
  readonly vocabulary: number;
  /** Tokens of a caption, padded or cut. */
  readonly length: number;
  readonly width: number;
  readonly depth: number;
  readonly heads: number;
  readonly mlp: MlpKind;
}

/** What conditions a denoiser: states per token, one pooled vector per caption, and which tokens are padding. */
export interface TextConditioning {
  /** `[captions, length, width]` */
  readonly states: Tensor;
  /** `[captions, width]` */
  readonly pooled: Tensor;
  /** Added to the scores of attention: 0 at tokens, −10⁹ at padding, ln(weight) at tokens with a weight: `[captions, length]`. */
  readonly bias: Tensor;
}

/** A block starts as the identity. With full projections from the start, what all tokens have in common drowns the small embeddings, and states collapse (docs/reports/003). */
const blockParams = (c: TextConfig) => ({
  norm1: param([c.width], constant(1)),
  qkv: linearParams(c.width, 3 * c.width, { bias: false }),
  proj: linearParams(c.width, c.width, { bias: false, init: constant(0) }),
  norm2: param([c.width], constant(1)),
  mlp: mlpParams(c.width, { kind: c.mlp, ratio: 4, bias: false }, true),
});

function block(p: Bound<ReturnType<typeof blockParams>>, x: Tensor, bias: Tensor, captions: number, c: TextConfig): Tensor {
  const [q, k, v] = split(linear(p.qkv, mul(rmsNorm(x), p.norm1)), 1, [c.width, c.width, c.width]).map((part) => toHeads(part, captions, c.heads));
  const y = add(x, linear(p.proj, fromHeads(attention(q!, k!, v!, bias))));
  return add(y, mlp(p.mlp, mul(rmsNorm(y), p.norm2), c.mlp));                                // [captions·length, width]
}

/** Parameters of the tower. */
export const textParams = (c: TextConfig) => ({
  tokens: param([c.vocabulary, c.width], normal(0.5), false),
  positions: param([c.length, c.width], normal(0.1), false),
  blocks: Array.from({ length: c.depth }, () => blockParams(c)),
  norm: param([c.width], constant(1)),
});

/** Tokens that count more or less than 1, `[captions, length]` each: their weights (0 at padding), and the logarithms of these (0 at padding). */
export interface TokenWeights { readonly weights: Tensor; readonly emphasis: Tensor }

/**
 * Encodes ids `[captions, length]` (i32); `present` `[captions, length]` is 1 at tokens and 0 at padding. A token of weight w is attended to as w tokens would be, here
 * and by all who take the bias, and counts w times in the pooled vector.
 */
export function textTower(p: Bound<ReturnType<typeof textParams>>, ids: Tensor, present: Tensor, c: TextConfig, weighted?: TokenWeights): TextConditioning {
  const captions = ids.shape[0]!;
  const embedded = add(gather(p.tokens, reshape(ids, [-1])), reshape(broadcastRows(p.positions, captions), [captions * c.length, c.width]));
  const padding = mul(add(present, -1), 1e9), bias = weighted ? add(padding, weighted.emphasis) : padding;   // [captions, length]
  const wide = reshape(bias, [captions, 1, 1, c.length]);
  const h = p.blocks.reduce((x, b) => block(b, x, wide, captions, c), embedded);             // [captions·length, width]
  const states = reshape(mul(rmsNorm(h), p.norm), [captions, c.length, c.width]);
  // A product, since the order of a reduction's sums depends on threads.
  const pooled = matmul(reshape(weighted?.weights ?? present, [captions, 1, c.length]), states, { alpha: 1 / c.length });   // [captions, 1, width]
  return { states, pooled: reshape(pooled, [captions, c.width]), bias };
}

const broadcastRows = (rows: Tensor, n: number): Tensor => broadcast(reshape(rows, [1, ...rows.shape]), [n, ...rows.shape]);

/** Parameters of cross-attention keys and values for a denoiser of `width`. */
export const textKvParams = (textWidth: number, width: number): { weight: ReturnType<typeof linearParams> } => ({ weight: linearParams(textWidth, 2 * width, { bias: false }) });

/** Keys and values `[captions, length, width]` each. They depend on the text alone: once a film is enough. */
export function textKv(p: { weight: LinearParams }, states: Tensor): { k: Tensor; v: Tensor } {
  const kv = linear(p.weight, states), width = kv.shape[2]! / 2;
  return { k: slice(kv, 2, 0, width), v: slice(kv, 2, width, 2 * width) };
}
