/** @file The loss of classifiers: cross-entropy against soft targets. */
import { add, log, mul, softmax, sum } from '../../graph/build.ts';
import type { Tensor } from '../../graph/graph.ts';

/** −Σ target · log softmax(logits), averaged over the batch; both `[B, classes]`. A row of zeros as target counts for nothing. */
export function crossEntropy(logits: Tensor, target: Tensor): Tensor {
  const logProbability = log(add(softmax(logits), 1e-9));                                     // [B, classes]; smoothed targets keep p far above 1e-9
  return mul(sum(mul(target, logProbability)), -1 / logits.shape[0]!);
}
