/**
 * @file Transformer block with adaptive norms (Peebles & Xie 2022, section 3.2, arXiv:2212.09748v2), attention within each segment of the
 * pack, and cross-attention to the text of each latent frame (PixArt-α, arXiv:2310.00426v3, section 2.2).
 * Knows nothing of diffusion time or words: it takes a modulation per latent frame and keys and values per caption.
 */
import { add, concat, gather, layerNorm, mean, mul, reshape, rmsNorm, rope, slice, split, transpose } from '../../graph/build.ts';
import type { Tensor } from '../../graph/graph.ts';
import { attention, fromHeads, toHeads } from '../../nn/attention.ts';
import { linear, linearParams, type LinearParams } from '../../nn/linear.ts';
import { mlp, mlpParams } from '../../nn/mlp.ts';
import { constant, normal, param, type Bound } from '../../nn/param.ts';
import { textKv, textKvParams, type TextConditioning } from '../text/tower.ts';
import type { DiTConfig, Norm } from './config.ts';
import { regionsOf, segmentTokens, type PackLayout } from './layout.ts';

/** What all blocks of one pack share. */
export interface PackContext {
  readonly layout: PackLayout;
  readonly config: DiTConfig;
  /** Index of the latent frame of each run of tokens: i32 `[runs]`. */
  readonly frameOfRuns: Tensor;
  /** Rotary tables `[N, headDim/2]`; absent without rotary positions. */
  readonly cos?: Tensor;
  readonly sin?: Tensor;
  /** Text; for each latent frame the index of its caption, or one a region: i32 `[places]`; and what is added to scores where there are several: `[tokens·regions]`. */
  readonly text?: DiTText;
  readonly captionOfFrames?: Tensor;
  readonly hears?: Tensor;
  /** 1 for each token of frames with several captions that hears any of them, `[tokens, 1]`. */
  readonly listens?: Tensor;
}

/** Keys and values of one block's cross-attention: `[captions, heads·length·d]` each, heads first. They depend on the text alone. */
export interface TextKeys { readonly k: Tensor; readonly v: Tensor }

/** Text as a transformer takes it: states, of which each block makes its keys and values, or those of every block, made once a film. */
export type DiTText = Omit<TextConditioning, 'states'> & ({ readonly states: Tensor } | { readonly keys: readonly TextKeys[] });

/** Shift, scale and gate `[runs, 1, D]` for one sub-layer, gathered from frames to runs of tokens. */
interface Modulated { readonly shift: Tensor; readonly scale: Tensor; readonly gate: Tensor }

const attentionParams = (c: DiTConfig, int8: boolean) => ({
  qkv: linearParams(c.width, 3 * c.width, { bias: c.bias, int8 }),
  proj: linearParams(c.width, c.width, { bias: c.bias, int8 }),
  ...(c.qkNorm ? { normQ: param([c.width / c.heads], constant(1)), normK: param([c.width / c.heads], constant(1)) } : {}),
});
type AttentionParams = { qkv: LinearParams; proj: LinearParams; normQ?: Tensor; normK?: Tensor };

const crossParams = (c: DiTConfig, textWidth: number, int8: boolean) => ({
  q: linearParams(c.width, c.width, { bias: false, int8 }),
  kv: textKvParams(textWidth, c.width),
  proj: linearParams(c.width, c.width, { bias: false, int8, init: constant(0) }),
});

/** Parameters of one block. With `int8` the products over all tokens have 8-bit weights; the modulation, over frames, and the text's keys and values keep float32. */
export const blockParams = (c: DiTConfig, int8 = false) => ({
  attn: attentionParams(c, int8),
  ...(c.textWidth === null ? {} : { cross: crossParams(c, c.textWidth, int8) }),
  mlp: mlpParams(c.width, { kind: c.mlp, ratio: c.mlpRatio, bias: c.bias, int8 }),
  ...(c.modulation === 'zero'
    ? { modulation: linearParams(c.width, 6 * c.width, { init: constant(0) }) }                // adaLN-Zero: each block starts as the identity
    : { table: param([6 * c.width], normal(0.02), false) }),
});
export type BlockParams = Bound<ReturnType<typeof blockParams>> & { attn: AttentionParams; modulation?: LinearParams; table?: Tensor };

/** Norm without gain. */
export const norm = (x: Tensor, kind: Norm): Tensor => (kind === 'rms' ? rmsNorm(x) : layerNorm(x));

/** norm(x)·(1 + scale) + shift, x `[runs, run, D]`. */
const modulate = (x: Tensor, { shift, scale }: Modulated, kind: Norm): Tensor => add(mul(norm(x, kind), scale), shift);

/** Cuts six vectors per frame into the two sub-layers' parts; `scale` has its 1 added. */
function gathered(vectors: Tensor, index: Tensor): { attn: Modulated; mlp: Modulated } {
  const d = vectors.shape[1]! / 6, runs = index.shape[0]!;
  const rows = gather(vectors, index);                                                       // [runs, 6D]
  const part = (i: number): Tensor => reshape(slice(rows, 1, i * d, (i + 1) * d), [runs, 1, d]);
  const three = (i: number): Modulated => ({ shift: part(i), scale: add(part(i + 1), 1), gate: part(i + 2) });
  return { attn: three(0), mlp: three(3) };
}

/** Self-attention within each segment: x `[N, D]` → `[N, D]`. */
function segmentAttention(p: AttentionParams, x: Tensor, { layout, config, cos, sin }: PackContext): Tensor {
  const { heads, width } = config, d = width / heads, rows = x.shape[0]!;
  const [q0, k0, v0] = split(linear(p.qkv, x), 1, [width, width, width]) as [Tensor, Tensor, Tensor];
  const perHead = (t: Tensor, gain: Tensor | undefined): Tensor =>
    gain ? reshape(mul(rmsNorm(reshape(t, [rows, heads, d])), gain), [rows, width]) : t;
  const q = perHead(q0, p.normQ), k = perHead(k0, p.normK);
  let at = 0;
  const outputs = layout.groups.map((g) => {
    const length = segmentTokens(g), end = at + g.count * length;
    const part = (t: Tensor): Tensor => toHeads(slice(t, 0, at, end), g.count, heads);         // [n, heads, L, d]
    const table = (t: Tensor): Tensor => reshape(slice(t, 0, at, end), [g.count, length, d / 2]);
    const turn = (t: Tensor): Tensor => (cos && sin ? rope(t, table(cos), table(sin)) : t);
    const out = fromHeads(attention(turn(part(q)), turn(part(k)), part(v0)));                  // [n·L, D]
    at = end;
    return out;
  });
  return linear(p.proj, concat(outputs, 0));                                                 // [N, D]
}

/** Keys and values of one block from text states `[captions, length, textWidth]`. */
export function textKeys(p: NonNullable<BlockParams['cross']>['kv'], states: Tensor, heads: number): TextKeys {
  const { k, v } = textKv(p, states), [captions, length] = states.shape as [number, number, number];
  const heading = (t: Tensor): Tensor => reshape(toHeads(reshape(t, [captions * length, -1]), captions, heads), [captions, -1]);   // [captions, heads·length·d]
  return { k: heading(k), v: heading(v) };
}

/** Cross-attention of each latent frame to its caption, of each token of a frame with several to those that it hears: x `[N, D]` → `[N, D]`. `block` is the index of the block. */
function crossAttention(p: NonNullable<BlockParams['cross']>, x: Tensor, { layout, config, text, captionOfFrames, hears, listens }: PackContext, block: number): Tensor {
  const { heads } = config, d = config.width / heads;
  if (!text || !captionOfFrames) throw new RangeError('a block with cross-attention needs text');
  const q = linear(p.q, x), { k: kRows, v: vRows } = 'states' in text ? textKeys(p.kv, text.states, heads) : text.keys[block]!, length = text.bias.shape[1]!;
  let token = 0, place = 0, heard = 0, listener = 0;
  const outputs = framesBySize(layout).map(({ frames, tokens, regions }) => {
    const index = slice(captionOfFrames, 0, place, place += frames * regions), many = regions > 1, keys = regions * length;
    const inTurn = (t: Tensor): Tensor => (many ? transpose(reshape(t, [frames, regions, heads, length * d]), [0, 2, 1, 3]) : t);
    const rows = (t: Tensor): Tensor => reshape(inTurn(gather(t, index)), [frames, heads, keys, d]);
    const present = reshape(gather(text.bias, index), [frames, 1, 1, keys]);
    const hearing = (): Tensor => reshape(slice(hears!, 0, heard, heard += frames * tokens * regions), [frames, tokens, regions, 1]);
    const bias = many ? reshape(add(reshape(present, [frames, 1, regions, length]), hearing()), [frames, 1, tokens, keys]) : present;
    const queries = toHeads(slice(q, 0, token, token += frames * tokens), frames, heads);     // [frames, heads, tokens, d]
    const read = fromHeads(attention(queries, rows(kRows), rows(vRows), bias));               // [frames·tokens, D]
    return many ? mul(read, slice(listens!, 0, listener, listener += frames * tokens)) : read;
  });
  return linear(p.proj, concat(outputs, 0));
}

/** Neighbouring groups whose latent frames have equally many tokens and captions, taken together. */
function framesBySize(layout: PackLayout): { frames: number; tokens: number; regions: number }[] {
  const out: { frames: number; tokens: number; regions: number }[] = [];
  for (const g of layout.groups) {
    const last = out.at(-1), tokens = g.height * g.width, frames = g.count * g.frames, regions = regionsOf(g);
    if (last?.tokens === tokens && last.regions === regions) last.frames += frames;
    else out.push({ frames, tokens, regions });
  }
  return out;
}

/** What each latent frame takes of captions `[captions, D]`: its own's row, or the mean over its regions: `[frames, D]`. */
export function captionsOfFrames(rows: Tensor, captionOfFrames: Tensor, layout: PackLayout): Tensor {
  if (layout.groups.every((g) => regionsOf(g) === 1)) return gather(rows, captionOfFrames);
  let place = 0;
  const parts = framesBySize(layout).map(({ frames, regions }) => {
    const own = gather(rows, slice(captionOfFrames, 0, place, place += frames * regions));
    return reshape(mean(reshape(own, [frames, regions, -1]), [1]), [frames, -1]);
  });
  return concat(parts, 0);
}

/**
 * One block. x `[N, D]`; `cond` `[frames, D]` (modulation `zero`, after its SiLU) or `[frames, 6D]` (modulation `single`): what the modulation is made of.
 * `index` tells which of the blocks it is.
 */
export function ditBlock(p: BlockParams, x: Tensor, cond: Tensor, context: PackContext, index: number): Tensor {
  const { config, frameOfRuns } = context;
  const vectors = p.modulation ? linear(p.modulation, cond) : add(cond, p.table!);            // [frames, 6D]
  const { attn, mlp: feed } = gathered(vectors, frameOfRuns);                                 // each [runs, 1, D]
  const rows = x.shape[0]!, runs = frameOfRuns.shape[0]!, d = config.width;
  const inRuns = (t: Tensor): Tensor => reshape(t, [runs, rows / runs, d]);
  const inRows = (t: Tensor): Tensor => reshape(t, [rows, d]);
  const h = segmentAttention(p.attn, inRows(modulate(inRuns(x), attn, config.norm)), context);
  let y = add(inRuns(x), mul(inRuns(h), attn.gate));                                          // [runs, run, D]
  if (p.cross) y = add(y, inRuns(crossAttention(p.cross, inRows(norm(y, config.norm)), context, index)));
  const m = mlp(p.mlp, inRows(modulate(y, feed, config.norm)), config.mlp);
  return inRows(add(y, mul(inRuns(m), feed.gate)));                                           // [N, D]
}
