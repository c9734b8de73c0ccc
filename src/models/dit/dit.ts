/**
 * @file Diffusion transformer over one packed sequence of spacetime patches (DiT, Peebles & Xie 2022; packing as NaViT, Dehghani et al. 2023).
 * Samples of different duration, height and width stand in one sequence `[N, D]`; each latent frame has its own noise level, kind
 * (generated or given) and caption. Positions restart per sample. The noise variable is σ, 1 = noise.
 */
import { add, gather, mul, reshape, rmsNorm, silu, slice } from '../../graph/build.ts';
import { rematerialise, type Graph, type Tensor } from '../../graph/graph.ts';
import { linear, linearParams, type LinearParams } from '../../nn/linear.ts';
import { constant, normal, param, type Bound } from '../../nn/param.ts';
import { blockParams, captionsOfFrames, ditBlock, norm, type BlockParams, type DiTText, type PackContext } from './block.ts';
import { PLACE_FEATURES } from './rope.ts';
import type { DiTConfig, Quantization } from './config.ts';
import { packFrames, packHearing, packListeners, packPlaces, packTokens, runLength, type PackLayout } from './layout.ts';

/** Width of the sinusoidal features of a noise level (DiT). */
export const SIGMA_FEATURES = 256;

/** A latent frame's kind: to be generated, or given as context. */
export const FRAME_KINDS = ['generated', 'given'] as const;

/** Parameters; with `int8` the blocks' large weights are quantized ({@link blockParams}), first and last layers are not. */
export function ditParams(c: DiTConfig, quantize: Quantization = 'none') {
  const patchSize = c.channels * c.patch ** 2;
  return {
    embed: linearParams(patchSize, c.width),
    ...(c.places ? { place: linearParams(PLACE_FEATURES, c.width, { bias: false }) } : {}),
    kinds: param([FRAME_KINDS.length, c.width], normal(0.02), false),
    time: { fc1: linearParams(SIGMA_FEATURES, c.width, { init: normal(0.02) }), fc2: linearParams(c.width, c.width, { init: normal(0.02) }) },
    ...(c.textWidth === null ? {} : { pooled: linearParams(c.textWidth, c.width, { bias: false, init: constant(0) }) }),
    ...(c.modulation === 'single' ? { modulation: linearParams(c.width, 6 * c.width, { init: normal(0.02) }) } : {}),
    ...(c.skip ? { skip: linearParams(c.width, patchSize * c.outputs, { init: constant(0) }) } : {}),
    blocks: Array.from({ length: c.depth }, () => blockParams(c, quantize === 'int8')),
    final: { modulation: linearParams(c.width, 2 * c.width, { init: constant(0) }), linear: linearParams(c.width, patchSize * c.outputs, { init: constant(0) }) },
  };
}
/** Parameters, bound to a graph. */
export type DiTParams = Bound<ReturnType<typeof ditParams>>;

/** Graph inputs that describe one pack. */
export interface PackInputs {
  /** Noised latents as patches: `[N, channels·patch²]`. */
  readonly tokens: Tensor;
  /** {@link import('./rope.ts').sigmaFeatures} of each latent frame: `[frames, 256]`. */
  readonly sigma: Tensor;
  /** Index into {@link FRAME_KINDS} per latent frame: i32 `[frames]`. */
  readonly kind: Tensor;
  readonly frameOfRuns: Tensor;
  readonly cos?: Tensor;
  readonly sin?: Tensor;
  /** {@link import('./rope.ts').placeFeatures} of each token: `[N, 60]`. */
  readonly places?: Tensor;
  readonly captionOfFrames?: Tensor;
  readonly hears?: Tensor;
  readonly listens?: Tensor;
}

/** Declares the inputs of a pack on a graph. */
export function packInputs(graph: Graph, layout: PackLayout, c: DiTConfig): PackInputs {
  const n = packTokens(layout), frames = packFrames(layout), half = c.width / c.heads / 2;
  return {
    tokens: graph.input('tokens', [n, c.channels * c.patch ** 2]),
    sigma: graph.input('sigma', [frames, SIGMA_FEATURES]),
    kind: graph.input('kind', [frames], 'i32'),
    frameOfRuns: graph.input('frameOfRuns', [n / runLength(layout)], 'i32'),
    ...(c.rope ? { cos: graph.input('cos', [n, half]), sin: graph.input('sin', [n, half]) } : {}),
    ...(c.places ? { places: graph.input('places', [n, PLACE_FEATURES]) } : {}),
    ...(c.textWidth === null ? {} : { captionOfFrames: graph.input('captionOfFrames', [packPlaces(layout)], 'i32') }),
    ...(c.textWidth === null || packHearing(layout) === 0 ? {}
      : { hears: graph.input('hears', [packHearing(layout)]), listens: graph.input('listens', [packListeners(layout), 1]) }),
  };
}

/** Predicts the velocity, or what the run's prediction is, of every token: `[N, channels·patch²·outputs]`. */
export function dit(p: DiTParams, input: PackInputs, layout: PackLayout, c: DiTConfig, text?: DiTText): Tensor {
  const { tokens, frameOfRuns, captionOfFrames } = input;
  const rows = packTokens(layout), runs = frameOfRuns.shape[0]!;
  const kinds = gather(p.kinds, input.kind);                                                  // [frames, D]
  let cond = add(linear(p.time.fc2, silu(linear(p.time.fc1, input.sigma))), kinds);           // [frames, D]
  if (p.pooled && text && captionOfFrames) cond = add(cond, captionsOfFrames(linear(p.pooled as LinearParams, rmsNorm(text.pooled)), captionOfFrames, layout));
  const active = silu(cond);                                                                  // [frames, D]
  const shared = p.modulation ? linear(p.modulation as LinearParams, active) : active;        // [frames, 6D] or [frames, D]

  const inRuns = (t: Tensor): Tensor => reshape(t, [runs, rows / runs, -1]);
  let embedded = linear(p.embed, tokens);
  if (p.place && input.places) embedded = add(embedded, linear(p.place as LinearParams, input.places));
  let x = reshape(add(inRuns(embedded), reshape(gather(kinds, frameOfRuns), [runs, 1, c.width])), [rows, c.width]);   // [N, D]
  const context: PackContext = { layout, config: c, ...input, ...(text ? { text } : {}) };
  for (const [i, block] of p.blocks.entries()) {
    const run = (): Tensor => ditBlock(block as BlockParams, x, shared, context, i);
    x = c.rematerialise ? rematerialise(x.graph, run) : run();
  }
  const shiftScale = gather(linear(p.final.modulation, active), frameOfRuns);                 // [runs, 2D]
  const part = (i: number): Tensor => reshape(slice(shiftScale, 1, i * c.width, (i + 1) * c.width), [runs, 1, c.width]);
  const h = add(mul(norm(inRuns(x), c.norm), add(part(1), 1)), part(0));
  const out = linear(p.final.linear, reshape(h, [rows, c.width]));                            // [N, channels·patch²·outputs]
  if (!p.skip) return out;
  const gain = gather(linear(p.skip as LinearParams, active), frameOfRuns);                   // [runs, channels·patch²]
  return add(out, reshape(mul(inRuns(tokens), reshape(gain, [runs, 1, -1])), out.shape));
}
