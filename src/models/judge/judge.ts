/**
 * @file The judge of sprite films: reads action, facing, hair colour and garment off a clip `[B, 3, T, 64, 64]`.
 * A 2-D convolution stack for each frame alone (pixel unshuffles instead of strides), then mean, greatest value and mean step over time,
 * then one small perceptron per attribute. It shares no part with the models that it judges: no 3-D convolution, no latents, no attention.
 * Not for: films of more than one character, or of other sizes.
 */
import { abs, add, concat, layerNorm, maximum, mean, mul, relu, reshape, silu, slice, sub, transpose } from '../../graph/build.ts';
import type { Tensor } from '../../graph/graph.ts';
import { convParams, convPoint, convSpace, type ConvParams } from '../../nn/conv3d.ts';
import { linear, linearParams, type LinearParams } from '../../nn/linear.ts';
import { constant, param, type Bound } from '../../nn/param.ts';
import { spaceToChannels } from '../../nn/resample.ts';
import { ATTRIBUTES, type Attribute, type JudgeConfig } from './config.ts';

const REDUCED = 32;                                             // channels at a sixteenth, before positions are flattened

const blockParams = (c: number) => ({ conv1: convParams(c, c, [1, 3, 3], Math.SQRT2), conv2: convParams(c, c, [1, 1, 1], 0) });

/** Residual block: 3×3, ReLU, 1×1 that starts at zero. */
const block = (p: { conv1: ConvParams; conv2: ConvParams }, x: Tensor): Tensor => add(x, convPoint(p.conv2, relu(convSpace(p.conv1, x))));

const headParams = (c: JudgeConfig, classes: number) => ({ hidden: linearParams(3 * c.features, c.hidden), out: linearParams(c.hidden, classes) });

/** Parameters of a judge. */
export function judgeParams(c: JudgeConfig) {
  const [c1, c2, c3] = c.channels, cells = (c.side / 16) ** 2;
  return {
    stem: convParams(3 * 16, c1, [1, 3, 3], Math.SQRT2),
    down1: convParams(4 * c1, c2, [1, 1, 1], Math.SQRT2),
    stage1: Array.from({ length: c.blocks[0] }, () => blockParams(c2)),
    down2: convParams(4 * c2, c3, [1, 1, 1], Math.SQRT2),
    stage2: Array.from({ length: c.blocks[1] }, () => blockParams(c3)),
    reduce: convParams(c3, REDUCED, [1, 1, 1]),
    gain: param([REDUCED * cells], constant(1)),
    features: linearParams(REDUCED * cells, c.features),
    heads: Object.fromEntries(ATTRIBUTES.map((a) => [a, headParams(c, c.classes[a].length)])) as Record<Attribute, ReturnType<typeof headParams>>,
  };
}

/** Frames `[B, 3, T, side, side]` in [−1, 1] → logits per attribute `[B, classes]`. */
export function judge(p: Bound<ReturnType<typeof judgeParams>>, video: Tensor, c: JudgeConfig): Record<Attribute, Tensor> {
  const [b, , t] = video.shape as [number, number, number];
  let h = relu(convSpace(p.stem, spaceToChannels(video, 4)));                                 // [B, c1, T, 16, 16]
  h = relu(convPoint(p.down1, spaceToChannels(h, 2)));                                        // [B, c2, T, 8, 8]
  h = p.stage1.reduce((x, q) => block(q, x), h);
  h = relu(convPoint(p.down2, spaceToChannels(h, 2)));                                        // [B, c3, T, 4, 4]
  h = p.stage2.reduce((x, q) => block(q, x), h);
  const flat = reshape(transpose(convPoint(p.reduce, h), [0, 2, 1, 3, 4]), [b * t, -1]);      // [B·T, 32·4·4]
  const features = silu(linear(p.features, mul(layerNorm(flat), p.gain)));                    // [B·T, features]
  const pooled = overTime(reshape(features, [b, t, c.features]));                             // [B, 3·features]
  const head = ({ hidden, out }: { hidden: LinearParams; out: LinearParams }): Tensor => linear(out, silu(linear(hidden, pooled)));
  return Object.fromEntries(ATTRIBUTES.map((a) => [a, head(p.heads[a])])) as Record<Attribute, Tensor>;
}

/** `[B, T, F]` → mean, greatest, and mean size of a step `[B, 3·F]`. */
function overTime(x: Tensor): Tensor {
  const [b, t, f] = x.shape as [number, number, number];
  const frame = (i: number): Tensor => slice(x, 1, i, i + 1);                                 // [B, 1, F]
  let greatest = frame(0);
  for (let i = 1; i < t; i++) greatest = maximum(greatest, frame(i));                         // [B, 1, F]
  const steps = t === 1 ? mul(frame(0), 0) : mean(abs(sub(slice(x, 1, 1, t), slice(x, 1, 0, t - 1))), [1]);
  return reshape(concat([mean(x, [1]), greatest, steps], 2), [b, 3 * f]);
}
