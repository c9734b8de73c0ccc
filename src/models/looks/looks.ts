/**
 * @file The reader of looks: one picture `[B, 3, H, W]` of any size → what its character looks like. A 2-D convolution stack, and for each attribute a few learned
 * queries that attend over all places (attention pooling: Ilse et al. 2018, "Attention-based Deep Multiple Instance Learning", section 2.4, arXiv:1802.04712v4), so
 * hair is read where hair is, wherever the character stands. It belongs to the models that make films, and shares neither design nor seed nor clips with the judge.
 */
import { add, concat, layerNorm, matmul, maximum, mul, reshape, silu, slice, softmax, transpose } from '../../graph/build.ts';
import type { Tensor } from '../../graph/graph.ts';
import { active } from '../../nn/channel-norm.ts';
import { convParams, convPoint, convSpace, type ConvParams } from '../../nn/conv3d.ts';
import { linear, linearParams } from '../../nn/linear.ts';
import { constant, normal, param, type Bound } from '../../nn/param.ts';
import { spaceToChannels } from '../../nn/resample.ts';
import type { LooksConfig } from './config.ts';

/** Pixels of which the sides of a picture must be multiples. */
export const LOOKS_SIDE = 8;

const blockParams = (c: number) => ({ conv1: convParams(c, c, [1, 3, 3], Math.SQRT2), conv2: convParams(c, c, [1, 3, 3], 0) });

/** Residual block: norm, SiLU, 3×3, twice; the second starts at zero. */
const block = (p: { conv1: ConvParams; conv2: ConvParams }, x: Tensor): Tensor => add(x, convSpace(p.conv2, active(convSpace(p.conv1, active(x)))));

/** Greatest value over the places of `[B, P, C]` → `[B, C]`. */
function greatest(x: Tensor): Tensor {
  const [b, places, c] = x.shape as [number, number, number];
  if (places === 1) return reshape(x, [b, c]);
  const half = Math.ceil(places / 2);                                                                             // of an odd number the middle one counts twice
  return greatest(maximum(slice(x, 1, 0, half), slice(x, 1, places - half, places)));
}

/** Parameters of a reader. */
export function looksParams(c: LooksConfig) {
  const [c1, c2] = c.channels, names = Object.keys(c.classes);
  return {
    stem: convParams(3 * 16, c1, [1, 3, 3], Math.SQRT2),
    stage1: Array.from({ length: c.blocks[0] }, () => blockParams(c1)),
    down: convParams(4 * c1, c2, [1, 1, 1], Math.SQRT2),
    stage2: Array.from({ length: c.blocks[1] }, () => blockParams(c2)),
    gain: param([c2], constant(1)),
    queries: param([c2, names.length * c.glances], normal(1)),
    values: linearParams(c2, c2),
    heads: Object.fromEntries(names.map((name) => [name, { hidden: linearParams((c.glances + 1) * c2, c.hidden), out: linearParams(c.hidden, c.classes[name]!.length) }])),
  };
}

/** Pictures `[B, 3, H, W]` in [−1, 1], sides multiples of 8 → logits of each attribute `[B, classes]`. */
export function looks(p: Bound<ReturnType<typeof looksParams>>, pictures: Tensor, c: LooksConfig): Record<string, Tensor> {
  const [b, , height, width] = pictures.shape as [number, number, number, number], [, c2] = c.channels, places = (height / LOOKS_SIDE) * (width / LOOKS_SIDE);
  let h = convSpace(p.stem, spaceToChannels(reshape(pictures, [b, 3, 1, height, width]), 4));                     // [B, c1, 1, H/4, W/4]
  h = p.stage1.reduce((x, q) => block(q, x), h);
  h = convPoint(p.down, spaceToChannels(active(h), 2));                                                           // [B, c2, 1, H/8, W/8]
  h = p.stage2.reduce((x, q) => block(q, x), h);
  const tokens = mul(layerNorm(transpose(reshape(h, [b, c2, places]), [0, 2, 1])), p.gain);                       // [B, P, c2]
  const scores = mul(matmul(reshape(tokens, [b * places, c2]), p.queries), 1 / Math.sqrt(c2));                    // [B·P, A·glances]
  const weights = softmax(transpose(reshape(scores, [b, places, -1]), [0, 2, 1]));                                // [B, A·glances, P]
  const seen = matmul(weights, linear(p.values, tokens));                                                         // [B, A·glances, c2]
  const most = greatest(tokens);                                                                                  // [B, c2]
  return Object.fromEntries(Object.keys(c.classes).map((name, i) => {
    const own = concat([reshape(slice(seen, 1, i * c.glances, (i + 1) * c.glances), [b, c.glances * c2]), most], 1), head = p.heads[name]!;
    return [name, linear(head.out, silu(linear(head.hidden, own)))];
  }));
}
