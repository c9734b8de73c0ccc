/**
 * @file Video autoencoder, causal in time: 4× in time, 8× in space (as the tokenizers of MAGVIT-v2, arXiv:2310.05737v3, section 3.2, and
 * Wan, arXiv:2503.20314v2, section 4.1). Convolutions are cheap ones: pixel unshuffle first, then 1×3×3 and 3×1×1.
 * Encoder and decoder correct a fixed linear code (spectrum.ts); changes of resolution have shortcuts without parameters (DC-AE, Chen et al.
 * 2024, arXiv:2410.10733v8, section 3.2). Norms act per position, so that a film in chunks with kept context equals the film whole.
 * Not for: making and keeping latents of clips (src/train/clips/latents.ts).
 */
import { add, broadcast, exp, matmul, maximum, mean, minimum, mul, reshape, slice } from '../../graph/build.ts';
import type { Tensor } from '../../graph/graph.ts';
import { active } from '../../nn/channel-norm.ts';
import { convParams, convPoint, convSpace, convTime, WHOLE, type ConvParams, type TimeContext } from '../../nn/conv3d.ts';
import type { Bound } from '../../nn/param.ts';
import { channelsToSpace, channelsToTime, spaceToChannels, timeToChannels } from '../../nn/resample.ts';
import type { VaeConfig } from './config.ts';
import { analysis, BLOCK, synthesis } from './spectrum.ts';

// ---------------------------------------------------------------------------------------------------------------- blocks

const blockParams = (c: number) => ({
  space: convParams(c, c, [1, 3, 3], Math.SQRT2),
  time: convParams(c, c, [3, 1, 1], 0),                                                       // zero: a block starts as the identity
});
type BlockParams = Bound<ReturnType<typeof blockParams>>;

/** Residual block: norm, SiLU, 1×3×3, norm, SiLU, 3×1×1. */
function block(p: BlockParams, x: Tensor, name: string, context: TimeContext): Tensor {
  const h = convSpace(p.space, active(x));
  return add(x, convTime(p.time, active(h), name, context));
}

const blocksParams = (c: number, n: number) => Array.from({ length: n }, () => blockParams(c));
const blocks = (p: readonly BlockParams[], x: Tensor, name: string, context: TimeContext): Tensor =>
  p.reduce((h, b, i) => block(b, h, `${name}.${i}`, context), x);

/** Fewer channels: a 1×1×1 convolution, starting at zero, beside the mean of neighbouring channels (after a pixel unshuffle: of neighbouring pixels). */
function narrow(p: ConvParams, x: Tensor): Tensor {
  const [b, c, t, h, w] = x.shape as [number, number, number, number, number], out = p.bias.shape[0]!;
  const pooled = out === c ? x : reshape(mean(reshape(x, [b, out, c / out, t * h * w]), [2]), [b, out, t, h, w]);
  return add(convPoint(p, x), pooled);
}

/** More channels: a 1×1×1 convolution, starting at zero, beside each channel repeated (before a pixel shuffle: nearest neighbour). */
function widen(p: ConvParams, x: Tensor): Tensor {
  const [b, c, t, h, w] = x.shape as [number, number, number, number, number], out = p.bias.shape[0]!;
  const repeated = out === c ? x : reshape(broadcast(reshape(x, [b, c, 1, t * h * w]), [b, c, out / c, t * h * w]), [b, out, t, h, w]);
  return add(convPoint(p, x), repeated);
}

// --------------------------------------------------------------------------------------------------------------- linear part

/** `[B, 3, T, H, W]` → coefficients `[B, z, T', H/8, W/8]` of blocks of four frames × 8 × 8 pixels. */
function toCoefficients(video: Tensor, { latentChannels }: VaeConfig, first: boolean): Tensor {
  const blocksOf = timeToChannels(timeToChannels(spaceToChannels(video, 8), first), first);   // [B, 768, T', H/8, W/8]
  const [b, , t, h, w] = blocksOf.shape as [number, number, number, number, number];
  const basis = video.graph.constant(analysis(latentChannels), [latentChannels, BLOCK]);
  return reshape(matmul(basis, reshape(blocksOf, [b, BLOCK, t * h * w])), [b, latentChannels, t, h, w]);
}

/** Inverse of {@link toCoefficients} for what the coefficients hold. */
function fromCoefficients(latents: Tensor, { latentChannels }: VaeConfig, first: boolean): Tensor {
  const [b, , t, h, w] = latents.shape as [number, number, number, number, number];
  const basis = latents.graph.constant(synthesis(latentChannels), [BLOCK, latentChannels]);
  const blocksOf = reshape(matmul(basis, reshape(latents, [b, latentChannels, t * h * w])), [b, BLOCK, t, h, w]);
  return channelsToSpace(channelsToTime(channelsToTime(blocksOf, first), first), 8);
}

// --------------------------------------------------------------------------------------------------------------- encoder

/** Parameters of the encoder. */
export function encoderParams(c: VaeConfig) {
  const [c1, c2, c3] = c.channels;
  return {
    stem: convParams(3 * c.patch ** 2, c1, [1, 3, 3]),
    stage1: blocksParams(c1, c.encoderBlocks[0]),
    down1: convParams(2 * c1, c2, [1, 1, 1], 0),
    stage2: blocksParams(c2, c.encoderBlocks[1]),
    down2: convParams(8 * c2, c3, [1, 1, 1], 0),
    stage3: blocksParams(c3, c.encoderBlocks[2]),
    head: convParams(c3, 2 * c.latentChannels, [1, 1, 1], 0.1),
  };
}

/** Added to the predicted log variance: latents start with little noise, or the first steps go into outgrowing it. */
const START_LOG_VARIANCE = -8;

/** A diagonal Gaussian over latents. */
export interface Posterior {
  /** `[B, z, T', H/8, W/8]` */
  readonly mean: Tensor;
  /** Logarithm of the variance, in [−30, 20]. */
  readonly logVariance: Tensor;
}

/** Video `[B, 3, 4n + 1, H, W]` in [−1, 1] → posterior over latents `[B, z, n + 1, H/8, W/8]`. A later chunk has 4n frames → n. */
export function encode(p: Bound<ReturnType<typeof encoderParams>>, video: Tensor, c: VaeConfig, context: TimeContext = WHOLE): Posterior {
  let h = convSpace(p.stem, spaceToChannels(video, c.patch));                                 // [B, c1, T, H/4, W/4]
  h = blocks(p.stage1, h, 'stage1', context);
  h = narrow(p.down1, timeToChannels(h, context.first));                                   // [B, c2, T/2, H/4, W/4]
  h = blocks(p.stage2, h, 'stage2', context);
  h = narrow(p.down2, spaceToChannels(timeToChannels(h, context.first), 2));               // [B, c3, T/4, H/8, W/8]
  h = convPoint(p.head, active(blocks(p.stage3, h, 'stage3', context)));                 // [B, 2z, T/4, H/8, W/8]
  const z = c.latentChannels;
  return { mean: add(toCoefficients(video, c, context.first), slice(h, 1, 0, z)), logVariance: maximum(minimum(add(slice(h, 1, z, 2 * z), START_LOG_VARIANCE), 20), -30) };
}

/** mean + exp(½ log variance)·noise (Kingma & Welling 2014, section 2.4). */
export const reparameterise = ({ mean, logVariance }: Posterior, noise: Tensor): Tensor => add(mean, mul(exp(mul(logVariance, 0.5)), noise));

// --------------------------------------------------------------------------------------------------------------- decoder

/** Parameters of the decoder. */
export function decoderParams(c: VaeConfig) {
  const [c1, c2, c3] = c.channels;
  return {
    stem: convParams(c.latentChannels, c3, [1, 1, 1]),
    stage3: blocksParams(c3, c.decoderBlocks[2]),
    up2: convParams(c3, 8 * c2, [1, 1, 1], 0),
    stage2: blocksParams(c2, c.decoderBlocks[1]),
    up1: convParams(c2, 2 * c1, [1, 1, 1], 0),
    stage1: blocksParams(c1, c.decoderBlocks[0]),
    head: convParams(c1, 3 * c.patch ** 2, [1, 3, 3], 0),                                              // zero: decoding starts as the inverse transform
  };
}

/** Latents `[B, z, n + 1, H/8, W/8]` → video `[B, 3, 4n + 1, H, W]`, about [−1, 1]. A later chunk of n latents gives 4n frames. */
export function decode(p: Bound<ReturnType<typeof decoderParams>>, latents: Tensor, c: VaeConfig, context: TimeContext = WHOLE): Tensor {
  let h = blocks(p.stage3, convPoint(p.stem, latents), 'stage3', context);                     // [B, c3, T/4, H/8, W/8]
  h = channelsToTime(channelsToSpace(widen(p.up2, h), 2), context.first);                 // [B, c2, T/2, H/4, W/4]
  h = blocks(p.stage2, h, 'stage2', context);
  h = channelsToTime(widen(p.up1, h), context.first);                                     // [B, c1, T, H/4, W/4]
  h = convSpace(p.head, active(blocks(p.stage1, h, 'stage1', context)));                                 // [B, 48, T, H/4, W/4]
  return add(fromCoefficients(latents, c, context.first), channelsToSpace(h, c.patch));       // [B, 3, T, H, W]
}

/** Parameters of the whole autoencoder. */
export const vaeParams = (c: VaeConfig) => ({ encoder: encoderParams(c), decoder: decoderParams(c) });
