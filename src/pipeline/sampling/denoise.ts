/**
 * @file The denoiser of one film as a sampler's velocity: the pack of its guidance branches, every block's text keys and values computed once, context
 * frames beside the generated ones, guidance. Conditional and unconditional branch (without words, without context) stand in one pack as two segments;
 * outside of the guidance interval a pack of one segment is enough. A film's pack is run by itself, or by whoever joins those of several films (step-batcher.ts).
 */
import type { Backend, HostArray, Program } from '../../backend/backend.ts';
import type { ProgramCache } from '../../backend/cache.ts';
import { guide, isGuided, type GuidanceOptions } from '../../diffusion/guidance.ts';
import { convertPrediction, type PredictionName } from '../../diffusion/prediction.ts';
import type { VelocityFn } from '../../diffusion/samplers/contract.ts';
import { slice } from '../../graph/build.ts';
import { Graph, type Tensor } from '../../graph/graph.ts';
import { textKeys } from '../../models/dit/block.ts';
import type { DiTConfig, Quantization } from '../../models/dit/config.ts';
import { dit, ditParams, packInputs, SIGMA_FEATURES } from '../../models/dit/dit.ts';
import { layoutKey, packTokens, type PackGroup, type PackLayout } from '../../models/dit/layout.ts';
import { CONTEXT_SIGMA, fixedPackFeeds, GENERATED, GIVEN, latentTime, type FixedPackFeeds, type PackSegment } from '../../models/dit/pack-feeds.ts';
import { REGIONS, stage, type Staged, type Staging } from '../../models/dit/regions.ts';
import { sigmaFeatures } from '../../models/dit/rope.ts';
import { textParams, textTower, type TextConfig } from '../../models/text/tower.ts';
import { SPACE_FACTOR } from '../../models/vae/config.ts';
import { bindParams } from '../../nn/param.ts';

/** A transformer and its text tower that can run. */
export interface DitRuntime {
  readonly backend: Backend;
  readonly programs: ProgramCache;
  readonly config: DiTConfig;
  readonly text: TextConfig;
  readonly prediction: PredictionName;
  /** Names dit.* and text.*. */
  readonly weights: Readonly<Record<string, HostArray>>;
  /** In which numbers its large products are computed; `int8` wants weights of int8.ts. Default `none`: float32. */
  readonly quantize?: Quantization;
  /** Runs a film's steps. Default {@link stepAlone}. */
  readonly step?: RunStep;
}

/** A film's pack with everything that stays the same over the steps of a window. */
export interface FilmPack {
  readonly rt: DitRuntime;
  readonly film: DenoisedFilm;
  readonly layout: PackLayout;
  /** One for each place of the layout. */
  readonly segments: readonly Omit<PackSegment, 'sigmas' | 'tokens'>[];
  readonly fixed: FixedPackFeeds;
  readonly text: TextStates;
}

/** One evaluation of a film's pack: `predicted` is written. */
export interface PackStep {
  readonly pack: FilmPack;
  readonly tokens: Float32Array;
  /** Of each latent frame of the pack. */
  readonly sigmas: readonly number[];
  readonly predicted: Float32Array;
}
export type RunStep = (step: PackStep) => Promise<void>;

/** A caption as a tokenizer gives it: `length` ids, 1 where there is a token, and what each counts (default: 1). */
export interface CaptionTokens { readonly ids: Int32Array; readonly present: Float32Array; readonly weights?: Float32Array }

/** The logarithm of a token's weight, as attention adds it; of 0 that of padding. */
const emphasisOf = (weight: number): number => (weight === 0 ? -1e9 : Math.log(weight));

/** What the denoiser reads of the two branches' captions, those of the conditional one first, of both equally many: `pooled`, `bias`, and `kv.<block>.k`, `kv.<block>.v`. */
export type TextStates = Readonly<Record<string, Float32Array>>;

/** An image or part of a clip that the film must hold. */
export interface ContextFrame {
  /** Position in pixel frames of the film. */
  readonly time: number;
  /** One latent frame as tokens, normalised, with noise of {@link CONTEXT_SIGMA} in it. */
  readonly tokens: Float32Array;
}

/** Of a film that is told by regions: who hears what, and where a window lies in what its captions tell. */
export interface FilmRegions {
  readonly staging: Staging;
  /** Pixel frames of the captions' stretch before the window's first. */
  readonly start: number;
  /** Pixel frames of that stretch. */
  readonly frames: number;
}

/** The film that is denoised, in tokens. */
export interface DenoisedFilm {
  /** Latent frames of the film, a given beginning included. */
  readonly frames: number;
  /** Rows and columns of tokens. */
  readonly height: number;
  readonly width: number;
  /** Images. */
  readonly context: readonly ContextFrame[];
  /** How many of its first latent frames are given; the caller keeps them, and their σ, as they are. Default 0. */
  readonly beginning?: number;
  /** Latent frames of a known end. */
  readonly ending?: readonly ContextFrame[] | undefined;
  /** Present when each branch has a caption for each of two regions. */
  readonly regions?: FilmRegions | undefined;
}

const BRANCHES = 2;

/** The text program's graph: the tower, and from its states the keys and values of every block of the transformer. `each` is how many captions a branch has. */
export function textOutputs(config: DiTConfig, text: TextConfig, each = 1): Record<string, Tensor> {
  const graph = new Graph(), shape = [BRANCHES * each, text.length];
  const weighted = { weights: graph.input('weights', shape), emphasis: graph.input('emphasis', shape) };
  const { states, pooled, bias } = textTower(bindParams(graph, textParams(text), 'text.'), graph.input('ids', shape, 'i32'), graph.input('present', shape), text, weighted);
  const readers = { blocks: ditParams(config).blocks.map(({ cross }) => (cross ? { cross: { kv: cross.kv } } : {})) };
  const keys = bindParams(graph, readers, 'dit.').blocks.flatMap(({ cross }, i) => {
    if (!cross) return [];
    const { k, v } = textKeys(cross.kv, states, config.heads);
    return [[`kv.${i}.k`, k], [`kv.${i}.v`, v]] as const;
  });
  return { pooled, bias, ...Object.fromEntries(keys) };
}

/** The program of the captions of both branches. */
export function textProgram({ backend, programs, config, text, weights }: DitRuntime, each = 1): Promise<Program> {
  return programs.get(`text ${text.vocabulary}/${each}`, () => backend.compile({ outputs: textOutputs(config, text, each), fixed: Object.keys(weights) }));
}

/** What the denoiser reads of the conditional caption, or of one for each region, and of the unconditional one. */
export async function encodeCaptions(rt: DitRuntime, conditional: CaptionTokens | readonly CaptionTokens[], unconditional: CaptionTokens): Promise<TextStates> {
  const told = 'ids' in conditional ? [conditional] : conditional, all = [...told, ...told.map(() => unconditional)];
  const { length } = rt.text, ids = new Int32Array(all.length * length), present = new Float32Array(all.length * length), weights = present.slice();
  all.forEach((c, i) => { ids.set(c.ids, i * length); present.set(c.present, i * length); weights.set(c.weights ?? c.present, i * length); });
  const emphasis = weights.map((weight, i) => (present[i] === 1 ? emphasisOf(weight) : 0));
  return (await textProgram(rt, told.length)).run({ ...rt.weights, ids, present, weights, emphasis });
}

/** What a pack's layout follows from: of what is given its size. */
export interface MeasuredFilm extends Pick<DenoisedFilm, 'frames' | 'height' | 'width' | 'regions'> {
  readonly context: { readonly length: number };
  readonly ending?: { readonly length: number } | undefined;
}

/** The layout of a film's pack with one or both branches; both branches' captions are always there, since products of one row round differently. */
export const filmLayout = (film: MeasuredFilm, branches: number): PackLayout =>
  ({ groups: groupsOf(film, branches).map((g) => (film.regions ? { ...g, regions: REGIONS } : g)), captions: BRANCHES * (film.regions ? REGIONS : 1) });

/**
 * The conditional branch with images beside it, the unconditional one without: guidance then pulls towards them as it pulls towards the words. A known end stands beside
 * both, as a known beginning stands in both: pulled towards, it would be overshot, and colours with it (docs/decisions/030).
 */
function groupsOf({ frames, height, width, context, ending = [] }: MeasuredFilm, branches: number): PackGroup[] {
  const bare = frames + ending.length;
  if (context.length === 0) return [{ frames: bare, height, width, count: branches }];
  const without = Array.from({ length: branches - 1 }, () => ({ frames: bare, height, width, count: 1 }));
  return [{ frames: bare + context.length, height, width, count: 1 }, ...without];
}

/** The graph's output: the prediction for every token. Products over all tokens in float32, or with `int8` in 8-bit integers. */
export function denoiseOutputs(layout: PackLayout, config: DiTConfig, text: TextConfig, quantize: Quantization = 'none'): Record<string, Tensor> {
  const graph = new Graph(), { captions } = layout;
  const keys = Array.from({ length: config.depth }, (_, i) => {
    const rows = (part: 'k' | 'v'): Tensor => graph.input(`kv.${i}.${part}`, [captions, text.length * config.width]);
    return { k: rows('k'), v: rows('v') };
  });
  const conditioning = { keys, pooled: graph.input('pooled', [captions, text.width]), bias: graph.input('bias', [captions, text.length]) };
  const out = dit(bindParams(graph, ditParams(config, quantize), 'dit.') as Parameters<typeof dit>[0], packInputs(graph, layout, config), layout, config, conditioning);
  return { prediction: slice(out, 1, 0, config.channels * config.patch ** 2) };
}

/** The program of a layout. */
export function denoiseProgram({ backend, programs, config, text, weights, quantize = 'none' }: DitRuntime, layout: PackLayout): Promise<Program> {
  return programs.get(`denoise ${quantize} ${layoutKey(layout)}`, () => backend.compile({ outputs: denoiseOutputs(layout, config, text, quantize), fixed: Object.keys(weights) }));
}

/** Runs a film's step by itself. */
export async function stepAlone({ pack: { rt, layout, fixed, text }, tokens, sigmas, predicted }: PackStep): Promise<void> {
  const feeds = { ...rt.weights, ...fixed, ...text, tokens, sigma: sigmaFeatures(sigmas, SIGMA_FEATURES) } as Record<string, HostArray>;
  await (await denoiseProgram(rt, layout)).run(feeds, { prediction: predicted });
}

/** The predictions of a film's branches, at any step. */
function branchPack(rt: DitRuntime, film: DenoisedFilm, text: TextStates, branches: number): (z: Float32Array, sigma: Float32Array) => Promise<Float32Array[]> {
  const layout = filmLayout(film, branches), { frames, context, beginning = 0, ending = [] } = film, perToken = rt.config.channels * rt.config.patch ** 2;
  const perFrame = film.height * film.width * perToken, own = frames * perFrame;
  const given = Array.from({ length: branches }, (_, b) => (b === 0 ? [...context, ...ending] : ending));          // see groupsOf
  const starts = given.map((_, b) => given.slice(0, b).reduce((sum, beside) => sum + own + beside.length * perFrame, 0));
  const lists = (beside: readonly ContextFrame[], caption: number) => ({
    times: [...Array.from({ length: frames }, (_, i) => latentTime(i)), ...beside.map((c) => c.time)],
    kinds: [...new Array<number>(beginning).fill(GIVEN), ...new Array<number>(frames - beginning).fill(GENERATED), ...beside.map(() => GIVEN)],
    captions: Array.from({ length: frames + beside.length }, () => (film.regions ? [caption * REGIONS, caption * REGIONS + 1] : [caption])).flat(),
  });
  const heard = ({ times }: { readonly times: readonly number[] }): Partial<Staged> => {
    if (!film.regions) return {};
    const { staging, start, frames: all } = film.regions, progress = times.map((time) => (start + time) / Math.max(1, all - 1));
    return stage({ staging, progress, height: film.height, width: film.width, side: SPACE_FACTOR * rt.config.patch });
  };
  // Without words a token hears all of nothing, as in training, so guidance pulls towards the places too.
  const segments = given.map((beside, b) => { const own = lists(beside, b); return b === 0 ? { ...own, ...heard(own) } : own; });
  const fixed = fixedPackFeeds(layout, segments, rt.config), rows = packTokens(layout), pack = { rt, film, layout, segments, fixed, text };
  const tokens = new Float32Array(rows * perToken), predicted = new Float32Array(rows * perToken);
  given.forEach((beside, b) => { beside.forEach((c, i) => { tokens.set(c.tokens, starts[b]! + own + i * perFrame); }); });
  return async (z, sigma) => {
    for (const start of starts) tokens.set(z, start);
    await (rt.step ?? stepAlone)({ pack, tokens, predicted, sigmas: given.flatMap((beside) => [...sigma, ...beside.map(() => CONTEXT_SIGMA)]) });
    return starts.map((start) => convertPrediction(predicted.subarray(start, start + own), {
      from: rt.prediction, to: 'velocity', z, sigma, pack: [{ frames, perFrame }],
    }));
  };
}

/** The guided velocity of one film. */
export function filmVelocity(rt: DitRuntime, film: DenoisedFilm, text: TextStates, guidance: GuidanceOptions): VelocityFn {
  const packs = new Map<number, ReturnType<typeof branchPack>>();
  const layout = { frames: film.frames, perFrame: film.height * film.width * rt.config.channels * rt.config.patch ** 2 };
  return async (z, sigma) => {
    const branches = sigma.some((s) => isGuided(s, guidance)) ? BRANCHES : 1;
    const pack = packs.get(branches) ?? branchPack(rt, film, text, branches);
    packs.set(branches, pack);
    const [cond, uncond] = await pack(z, sigma);
    return uncond ? guide({ cond: cond!, uncond, sigma, layout }, guidance) : cond!;
  };
}
