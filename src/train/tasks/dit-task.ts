/**
 * @file Training the diffusion transformer on packs of cached latents: images, short and long clips of all canvases in one sequence.
 * Objective: velocity on the linear path (SiT, Ma et al. 2024, equation 1), one σ per sample or per frame; given frames stand beside as nearly clean
 * context; the loss counts generated tokens, averaged per sample.
 */
import type { Backend } from '../../backend/backend.ts';
import { InputError } from '../../core/errors.ts';
import { draws, normals, type Draws, type RandomKey } from '../../core/random.ts';
import { noisyCaption, type Split } from '../../data/sprites/world.ts';
import { frameLossWeights, lossTarget } from '../../diffusion/loss.ts';
import { addNoise } from '../../diffusion/path.ts';
import type { PredictionName } from '../../diffusion/prediction.ts';
import { drawFrameSigmas, shiftForTokens } from '../../diffusion/timesteps.ts';
import { gather, mul, reshape, sub, sum } from '../../graph/build.ts';
import type { Graph, Tensor } from '../../graph/graph.ts';
import type { DiTConfig } from '../../models/dit/config.ts';
import { dit, ditParams, packInputs, type DiTParams } from '../../models/dit/dit.ts';
import { layoutKey, packFrames, packTokens, runLength, type PackLayout } from '../../models/dit/layout.ts';
import { CONTEXT_SIGMA, GENERATED, GIVEN, latentTime, packFeeds, type PackSegment } from '../../models/dit/pack-feeds.ts';
import { stage } from '../../models/dit/regions.ts';
import { patchify } from '../../models/dit/patch.ts';
import { NEW_WORDS, newWordParams, TOWER_WORDS, withNewRows } from '../../models/text/new-words.ts';
import { textParams, textTower, type TextConfig } from '../../models/text/tower.ts';
import type { CaptionTokenizer } from '../../models/text/tokenizer.ts';
import { latentFrames, SPACE_FACTOR } from '../../models/vae/config.ts';
import { bindParams, type Bound, type ParamSpec } from '../../nn/param.ts';
import { captionFeeds, captionIndices } from './caption-feeds.ts';
import type { ClipRef, ClipSource, ToldRegions } from '../clips/clip-source.ts';
import { givenFrames, shapeName, type ClipShape } from '../clips/clip-shape.ts';
import type { FrozenVae, LatentClips } from '../clips/latents.ts';
import { evenBank, layoutBank, type BankLayout, type SampleShape } from './layout-bank.ts';
import type { Batch, TrainTask } from '../loop/loop.ts';
import { shuffleWarning } from './shuffle-gap.ts';
import { positions } from '../clips/turns.ts';

/** Samples that are drawn from step `from` on. */
export interface DiTStage { readonly from: number; readonly shapes: readonly SampleShape[] }

/** Data part of a run. */
export interface DiTTaskConfig {
  readonly seed: number;
  /** What the network predicts; the loss is the velocity's. */
  readonly prediction: PredictionName;
  /** Shift of the noise levels for the default film. */
  readonly shift: number;
  /** Tokens of a pack. */
  readonly tokens: number;
  /** Layouts of a stage's bank. */
  readonly layouts: number;
  /** Keeps shares over the bank instead of drawing it (evenBank). */
  readonly even?: boolean | undefined;
  readonly stages: readonly DiTStage[];
  /** Share of captions that are dropped. */
  readonly dropCaption: number;
  /** Share of captions that carry a word that means nothing. */
  readonly noisyCaption: number;
  /** Of clips with given frames, the share whose captions tell the deed alone: what characters look like is to be read off the given frames. */
  readonly deedCaption: number;
  /** Share of clips without given frames whose latent frames have independent σ. */
  readonly independent: number;
  /** Share of clips without given frames whose first latent frames are given. */
  readonly prefix: number;
  /** Prompts of the films that validation samples; else captions of held-out clips. */
  readonly prompts?: readonly string[] | undefined;
  /** Of a run on a dataset: how it is split and what is given. Such runs are always `even`. */
  readonly footage?: object | undefined;
}

/** The layouts of a stage. */
export const stageBank = (
  { seed, tokens, layouts, even, footage }: Pick<DiTTaskConfig, 'seed' | 'tokens' | 'layouts' | 'even' | 'footage'>, { shapes }: DiTStage, patch: number,
): BankLayout[] =>
  (even || footage ? evenBank({ shapes, tokens, layouts, patch }) : layoutBank({ seed, shapes, tokens, layouts, patch }));

/** Of clips of somebody alone that are told by regions, the share whose words are heard everywhere: the place is to be found. */
const UNPLACED = 0.2;

/** Of clips whose end is given, the share whose first latent frames are given too: what lies between is to be found. */
const BOTH_ENDS = 0.5;

/** Parameters: transformer and text tower. */
export const filmParams = (config: DiTConfig, text: TextConfig) => ({ dit: ditParams(config), text: textParams(text) });
export type FilmParams = ReturnType<typeof filmParams>;
/** What a run trains: all of it, or the transformer under a tower that is given, and then vectors of the words which that tower does not know. */
export type TrainedParams = Pick<FilmParams, 'dit'> & Partial<FilmParams> & { readonly [NEW_WORDS]?: ParamSpec };

/** What a run trains. `known` are the words of a tower that is given; those of `text` beyond them are new. */
export function trainedParams(config: DiTConfig, text: TextConfig, known?: number): TrainedParams {
  const whole = filmParams(config, text);
  if (known === undefined) return whole;
  return { dit: whole.dit, ...(text.vocabulary > known ? { [NEW_WORDS]: newWordParams(text.vocabulary - known, text.width) } : {}) };
}

/** What a task is made of. */
export interface DiTTaskParts {
  readonly config: DiTConfig;
  readonly text: TextConfig;
  readonly data: DiTTaskConfig;
  readonly source: ClipSource;
  readonly vae: FrozenVae;
  readonly tokenizer: CaptionTokenizer;
  readonly backend: Backend;
  /** Latents by {@link shapeName}. */
  readonly latents: ReadonlyMap<string, LatentClips>;
  /** Weights of a text tower that stays as it is, by `text.…`; without it the tower is trained with the transformer. Words that it lacks of `text` are learnt. */
  readonly tower?: Readonly<Record<string, Float32Array>>;
}

/** One sample before noise. */
interface Sample {
  readonly clean: Float32Array;
  readonly times: number[];
  readonly kinds: number[];
  readonly sigmas: Float32Array;
  /** One, or one for each region. */
  readonly captions: readonly string[];
  /** Of a sample with regions ({@link PackSegment.hears}). */
  readonly hears?: Uint8Array;
  readonly columns?: Float32Array;
}

/** The denoiser of a layout on a graph, text included. */
export function filmDenoiser(graph: Graph, p: Bound<TrainedParams>, layout: PackLayout, config: DiTConfig, text: TextConfig): Tensor {
  const tower = p.text ?? givenTower(graph, p[NEW_WORDS] as Tensor | undefined, text);
  const ids = graph.input('ids', [layout.captions, text.length], 'i32'), present = graph.input('present', [layout.captions, text.length]);
  return dit(p.dit as DiTParams, packInputs(graph, layout, config), layout, config, textTower(tower, ids, present, text));
}

/** A tower whose weights are fed; `rows` are those of new words, which it lacks. */
function givenTower(graph: Graph, rows: Tensor | undefined, text: TextConfig): Bound<ReturnType<typeof textParams>> {
  const known = { ...text, vocabulary: text.vocabulary - (rows?.shape[0] ?? 0) }, { text: tower } = bindParams(graph, { text: textParams(known) });
  return rows ? { ...tower, tokens: withNewRows(tower.tokens, rows) } : tower;
}

/** Makes samples and packs from parts; also what validation uses. */
export function sampleMaker({ config, data, source, vae, latents }: Omit<DiTTaskParts, 'tokenizer' | 'text' | 'backend'>) {
  const tokensOf = (z: Float32Array, frames: number, s: ClipShape): Float32Array =>
    patchify(z, { channels: config.channels, frames, height: s.height / SPACE_FACTOR, width: s.width / SPACE_FACTOR, patch: config.patch, stats: vae });

  const captionsFor = (s: SampleShape, ref: ClipRef, given: boolean, d: Draws, key: RandomKey): ToldRegions | readonly [string] => {
    const byRegions = (s.regions ?? 1) > 1, dropped = d.chance(data.dropCaption);
    if (dropped) return byRegions ? { captions: ['', ''], alone: true, staging: 'whole' } : [''];
    const draw = { key: { ...key, stream: `${key.stream}/caption` }, looks: !(given && d.chance(data.deedCaption)) };
    const noisy = (caption: string): string => (d.chance(data.noisyCaption) ? noisyCaption(caption, { ...key, stream: `${key.stream}/noise` }) : caption);
    if (!byRegions) return [noisy(source.caption(ref, draw))];
    if (!source.regions) throw new InputError(`a sample of ${shapeName(s)} is told by ${s.regions} regions, which these clips have no words for: wanted 1`);
    const { captions: [left, right], alone, staging } = source.regions(ref, draw), first = noisy(left);
    return { captions: [first, alone ? first : noisy(right)], alone, staging: alone && d.chance(UNPLACED) ? 'whole' : staging };
  };

  const poolOf = (s: ClipShape): LatentClips => {
    const pool = latents.get(shapeName(s));
    if (!pool) throw new InputError(`the configuration keeps no clips of ${shapeName(s)}, it has ${[...latents.keys()].join(', ')}`);
    return pool;
  };

  return {
    /** Sample `step` of a stream: clip (drawn, where it is not said), given frames, noise levels, caption. */
    sample(s: SampleShape, split: Split, { clip, ...key }: RandomKey & { readonly clip?: number | undefined }): Sample {
      const d = draws(key), pool = poolOf({ ...s, ending: undefined }), endings = s.ending === undefined ? undefined : poolOf(s);
      const index = clip ?? d.int(endings ? Math.min(pool.clips, endings.clips) : pool.clips), frames = latentFrames(s.frames);
      const ref: ClipRef = { seed: data.seed, split, shape: s, index };
      const times = Array.from({ length: frames }, (_, i) => latentTime(i)), kinds = new Array<number>(frames).fill(GENERATED);
      const parts = [tokensOf(pool.clip(index), frames, s)];
      // What was done before stands in the first frames, so they are given.
      const changes = s.deeds === 'change', begun = changes || s.deeds === 'late';
      const alone = s.given === 0 && !endings && !begun, independent = alone && frames > 1 && d.chance(data.independent);
      const shift = (s.shift ?? data.shift) * shiftForTokens(frames * (s.height / SPACE_FACTOR) * (s.width / SPACE_FACTOR));
      const generated = drawFrameSigmas({ ...key, stream: `${key.stream}/sigma` }, frames, { mode: independent ? 'independent' : 'shared', shift });
      if (begun || (s.given === 0 && frames > 1 && !independent && d.chance(endings ? BOTH_ENDS : data.prefix))) {
        const given = changes ? source.framesBefore(ref) : 1 + d.int(frames - 1);
        for (let i = 0; i < given; i++) { kinds[i] = GIVEN; generated[i] = CONTEXT_SIGMA; }
      }
      const choices = d.chance(0.6) ? [0, 1] : d.chance(0.5) ? [1, 0] : [2, 0];                 // first (and last), last (and first), one between (and first)
      const at = givenFrames(data.seed, split, s, index);
      for (const which of choices.slice(0, s.given)) {
        times.push(at[which]!); kinds.push(GIVEN);
        parts.push(tokensOf(pool.given(index, which), 1, s));
      }
      if (endings) {
        for (let i = 0; i < endings.frames; i++) { times.push(latentTime(i, s.frames - s.ending!)); kinds.push(GIVEN); }
        parts.push(tokensOf(endings.clip(index), endings.frames, s));
      }
      const clean = new Float32Array(parts.reduce((n, part) => n + part.length, 0));
      let start = 0;
      for (const part of parts) { clean.set(part, start); start += part.length; }
      const sigmas = new Float32Array(times.length).fill(CONTEXT_SIGMA);
      sigmas.set(generated);
      const told = captionsFor(s, ref, kinds.includes(GIVEN), d, key);
      if (!('staging' in told)) return { clean, times, kinds, sigmas, captions: told };
      const { captions, staging } = told, side = SPACE_FACTOR * config.patch, progress = times.map((time) => time / Math.max(1, s.frames - 1));
      return { clean, times, kinds, sigmas, captions, ...stage({ staging, progress, height: s.height / side, width: s.width / side, side }) };
    },

    /** Noises samples and lays them out. `target` is the perfect prediction per token; `weight` the loss weight per latent frame, which turns its error into the velocity's. */
    pack(bank: BankLayout, samples: readonly Sample[], key: { seed: number; stream: string; step: number }) {
      const x = new Float32Array(samples.reduce((n, s) => n + s.clean.length, 0)), eps = normals(key, x.length), sigma = samples.flatMap((s) => [...s.sigmas]);
      let at = 0;
      for (const s of samples) { x.set(s.clean, at); at += s.clean.length; }
      const path = { x, eps, sigma, pack: samples.map((s) => ({ frames: s.times.length, perFrame: s.clean.length / s.times.length })) }, noised = addNoise(path);
      at = 0;
      const told = captionIndices(samples);
      const segments = samples.map((s, i): PackSegment => {
        const tokens = noised.subarray(at, at += s.clean.length);
        return {
          times: s.times, kinds: s.kinds, sigmas: s.sigmas, captions: told[i]!, tokens, ...(s.hears ? { hears: s.hears } : {}), ...(s.columns ? { columns: s.columns } : {}),
        };
      });
      const perToken = config.channels * config.patch ** 2;
      const weight = frameLossWeights(samples.map((s) => ({ tokensPerFrame: s.clean.length / s.times.length / perToken, generated: s.kinds.map((k) => k === GENERATED) })),
        { prediction: data.prediction, sigma });
      const target = lossTarget(data.prediction, path);
      return { feeds: { ...packFeeds(bank.layout, segments, config), target, weight } };
    },
  };
}

/** Σ over latent frames of weight × Σ over tokens of the mean squared error per channel. */
export function weightedLoss(graph: Graph, prediction: Tensor, layout: PackLayout): Tensor {
  const run = runLength(layout), rows = packTokens(layout), channels = prediction.shape[1]!;
  const target = graph.input('target', [rows, channels]), weight = graph.input('weight', [packFrames(layout), 1]);
  const error = sub(prediction, target);
  const perRun = mul(sum(reshape(mul(error, error), [rows / run, run * channels]), [1]), 1 / channels);                 // [runs, 1]
  return sum(mul(perRun, gather(weight, graph.inputs.get('frameOfRuns')!)));
}

/** The task for {@link import('../loop/loop.ts').runTraining}. */
export function ditTask(parts: DiTTaskParts, validate?: TrainTask<TrainedParams>['validate']): TrainTask<TrainedParams> {
  const { config, text, data, tokenizer, tower, source: { stock } } = parts, maker = sampleMaker(parts);
  const banks = data.stages.map((stage) => ({ from: stage.from, bank: stageBank(data, stage, config.patch) }));
  const byKey = new Map(banks.flatMap(({ bank }) => bank.map((b) => [layoutKey(b.layout), b] as const)));
  const layoutAt = (step: number): BankLayout => {
    const { bank } = banks.findLast(({ from }) => step >= from) ?? banks[0]!;
    return bank[draws({ seed: data.seed, stream: 'dit/layout', step }).int(bank.length)]!;
  };
  const positionsAt = positions((step) => layoutAt(step).samples.map((s) => shapeName(s)));
  return {
    specs: trainedParams(config, text, tower && tower[TOWER_WORDS]!.length / text.width),
    async batch(step): Promise<Batch> {
      const chosen = layoutAt(step), turns = stock && positionsAt(step).map((position, i) => stock.turn(data.seed, chosen.samples[i]!, position));
      const samples = chosen.samples.map((s, i) => maker.sample(s, 'train', { seed: data.seed, stream: 'dit/sample', step: step * 1024 + i, clip: turns?.[i] }));
      const { feeds } = maker.pack(chosen, samples, { seed: data.seed, stream: 'dit/eps', step });
      return {
        layout: layoutKey(chosen.layout), samples: samples.length, describe: `dit/sample ${step * 1024}…${step * 1024 + samples.length - 1}`,
        feeds: { ...tower, ...feeds, ...captionFeeds(samples.flatMap((s) => s.captions), tokenizer, text.length) },
      };
    },
    build(key, graph, p) {
      const { layout } = byKey.get(key)!;
      return { loss: weightedLoss(graph, filmDenoiser(graph, p, layout, config, text), layout) };
    },
    ...(validate ? { validate, ...(data.dropCaption < 1 ? { warn: shuffleWarning } : {}) } : {}),
  };
}
