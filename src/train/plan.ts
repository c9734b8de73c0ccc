/**
 * @file What a run will be, before it starts: parameters, arithmetic, memory and time, from the graphs alone.
 */
import { gradients } from '../autodiff/gradients.ts';
import { sizeOf } from '../core/shape.ts';
import { flopsOf } from '../backend/ort/lower.ts';
import { isGuided } from '../diffusion/guidance.ts';
import { sigmaGrid } from '../diffusion/timesteps.ts';
import { Graph, reachable, type Tensor } from '../graph/graph.ts';
import { peakBytes } from '../graph/memory.ts';
import type { DiTConfig } from '../models/dit/config.ts';
import { layoutKey, packTokens, type PackLayout } from '../models/dit/layout.ts';
import type { CaptionTokenizer } from '../models/text/tokenizer.ts';
import { SPACE_FACTOR, VAE_PRESETS } from '../models/vae/config.ts';
import { vaeParams } from '../models/vae/vae.ts';
import type { LoraConfig } from '../nn/lora.ts';
import { bindParams, countParams, listParams, type Bound } from '../nn/param.ts';
import type { ModelInfo } from '../pipeline/model/model-store.ts';
import { checkSprites, type DistillRunConfig, type DiTRunConfig, type RunConfig, type TextRunConfig, type Trainable, type VaeRunConfig } from './config.ts';
import { distillBank, teacherSampling } from './distill.ts';
import { epochSteps } from './tasks/distill-task.ts';
import { filmDenoiser, filmParams, stageBank, trainedParams, weightedLoss, type TrainedParams } from './tasks/dit-task.ts';
import { describeDiTFootage, describeVaeFootage, footageDiT, footageVae, footageWords, splitOptions } from './footage-config.ts';
import { openFootage } from './clips/footage-source.ts';
import { keptFrames, shapeOf } from './clips/clip-shape.ts';
import { sampleTokens, type BankLayout } from './tasks/layout-bank.ts';
import { bindLora, loraTrained } from './tasks/lora-task.ts';
import type { LossGraph } from './loop/step-program.ts';
import { textParams, type TextConfig } from '../models/text/tower.ts';
import { filmConfig } from './run/dit-run.ts';
import type { RunPlan } from './run-plan.ts';
import { textLoss, textTaskParams } from './tasks/text-task.ts';
import { vaeLoss } from './tasks/vae-task.ts';

/** Speed that the predicted time assumes, 10⁹ operations a second: two laptop cores. */
export const ASSUMED_GFLOPS = 180;

/**
 * A session's pool ÷ values that are alive together in graph order: pools grow by powers of two, and the session's own order keeps more. Five
 * layouts of 4,096 tokens: 6.4 GB alive, 15 GB measured.
 */
const POOL = 2.3;

interface Measured { readonly gflop: number; readonly bytes: number }

/** Products of the nodes that outputs need, in 10⁹ floating-point operations. */
function gflopOf(graph: Graph, outputs: readonly Tensor[]): number {
  let flop = 0;
  for (const id of reachable(graph, outputs)) {
    const node = graph.nodes[id]!;
    flop += flopsOf(node.op, node.inputs.map((i) => graph.nodes[i]!), node.shape, node.params);
  }
  return flop / 1e9;
}

function measure<T>(specs: T, build: (graph: Graph, params: Bound<T>) => LossGraph): Measured {
  const graph = new Graph(), params = bindParams(graph, specs), { loss } = build(graph, params);
  const grads = gradients(loss, listParams(specs).map(({ name }) => graph.inputs.get(name)!));
  return { gflop: gflopOf(graph, [loss, ...grads]), bytes: POOL * peakBytes({ loss, ...Object.fromEntries(grads.map((grad, i) => [String(i), grad])) }) };
}

/** A layout of a plan. `rows` are computed, `filled` hold a sample, `wanted` is what was to be filled; all three in tokens. */
interface PlannedLayout {
  readonly name: string;
  readonly share: number;
  readonly samples: number;
  readonly measured: Measured;
  readonly rows?: number;
  readonly filled?: number;
  readonly wanted?: number;
}

/** Bytes of a run's weights: values, gradients, average, first and second moments, of which Muon keeps one for its matrices; what is frozen is there once. */
function stateBytes(trained: unknown, matrices: RunConfig[Trainable]['optim']['matrices'], frozen: number): number {
  const muon = matrices === 'muon' ? listParams(trained).filter(({ leaf }) => leaf.decay).reduce((n, { leaf }) => n + sizeOf(leaf.shape), 0) : 0;
  return 4 * (5 * countParams(trained) - muon + frozen);
}

function plan(trained: unknown, config: RunConfig[Trainable], layouts: readonly PlannedLayout[], data: string, held = 0, frozen = 0): RunPlan {
  const total = layouts.reduce((n, l) => n + l.share, 0), average = (f: (l: PlannedLayout) => number): number => layouts.reduce((n, l) => n + f(l) * l.share / total, 0);
  const kept = layouts.map((l) => l.measured.bytes).sort((a, b) => b - a).slice(0, config.programs);
  const gflopPerStep = average((l) => l.measured.gflop);
  return {
    parameters: countParams(trained) + frozen, steps: config.optim.steps, samplesPerStep: average((l) => l.samples), gflopPerStep, data,
    padding: average((l) => 1 - (l.filled ?? 1) / (l.rows ?? 1)), unfilled: average((l) => 1 - (l.filled ?? 1) / (l.wanted ?? 1)),
    memoryMb: (stateBytes(trained, config.optim.matrices, frozen) + held + kept.reduce((a, b) => a + b, 0)) / 1e6, kept: kept.length,
    hours: config.optim.steps * gflopPerStep / ASSUMED_GFLOPS / 3600, gflops: ASSUMED_GFLOPS, layouts: layouts.map((l) => l.name),
  };
}

/** The plan of an autoencoder's run on sprites. */
export function planVae(config: VaeRunConfig): RunPlan {
  checkSprites(config);
  return vaePlan(config, 'clips drawn anew for each step');
}

/** The plan of an autoencoder's run on a dataset, a folder. */
export async function planFootageVae(config: VaeRunConfig, data: string): Promise<RunPlan> {
  const footage = await openFootage(data, splitOptions(config));
  return vaePlan(footageVae(config, footage).config, describeVaeFootage(config, footage));
}

function vaePlan(config: VaeRunConfig, data: string): RunPlan {
  const model = VAE_PRESETS[config.model], specs = vaeParams(model);
  return plan(specs, config, config.layouts.map((l) => ({
    name: `${l.batch}·${l.frames}x${l.width}x${l.height}`, share: l.share, samples: l.batch,
    measured: measure(specs, (graph, p) => vaeLoss(graph, p, l, model, config)),
  })), data);
}

/** The plan of a text tower's run. */
export function planText(config: TextRunConfig, tokenizer: { readonly vocabulary: number; readonly length: number }): RunPlan {
  const text: TextConfig = { ...config.model, vocabulary: tokenizer.vocabulary, length: tokenizer.length }, specs = textTaskParams(text);
  return plan(specs, config, [{
    name: `${config.batch} captions`, share: 1, samples: config.batch,
    measured: measure(specs, (graph, p) => textLoss(graph, p, config.batch, text)),
  }], 'captions drawn anew for each step');
}

/** What a transformer's plan needs to know of its autoencoder and its tokenizer. */
type VaeFacts = { readonly config: { readonly latentChannels: number } };
type TokenizerFacts = Pick<CaptionTokenizer, 'vocabulary' | 'length'>;

/** The plan of a transformer's run on sprites, over the layouts of its last stage. */
export function planDiT(config: DiTRunConfig, vae: VaeFacts, tokenizer: TokenizerFacts): RunPlan {
  checkSprites(config);
  const data = Object.entries(config.clips).map(([name, count]) => `${count} of ${name}`).join(', ');
  return ditPlan(config, { vae, tokenizer, data, held: latentBytes(config, vae.config.latentChannels) });
}

/** Options of {@link planFootageDiT}. */
export interface PlanFootageOptions {
  readonly vae: VaeFacts;
  readonly tokenizer: CaptionTokenizer;
  /** The dataset's folder. */
  readonly data: string;
}

/** The plan of a transformer's run on a dataset, whose latents stay on disk. */
export async function planFootageDiT(asked: DiTRunConfig, { vae, tokenizer: known, data }: PlanFootageOptions): Promise<RunPlan> {
  const footage = await openFootage(data, splitOptions(asked)), config = footageDiT(asked, footage);
  const { words, tokenizer } = footageWords(config, footage, known), planned = ditPlan(config, { vae, tokenizer, known: known.vocabulary, data: '', held: 0 });
  return { ...planned, data: describeDiTFootage(config, { footage, tokenizer, words, vae, samplesPerStep: planned.samplesPerStep }) };
}

/** `known` are the words of the tokenizer that are not new; default all. */
interface DiTPlanOptions { readonly vae: VaeFacts; readonly tokenizer: TokenizerFacts; readonly known?: number; readonly data: string; readonly held: number }

function ditPlan(config: DiTRunConfig, { vae, tokenizer, known = tokenizer.vocabulary, data, held }: DiTPlanOptions): RunPlan {
  const { dit, text } = filmConfig(config, vae, tokenizer), { fixed } = config.text, specs = trainedParams(dit, text, fixed ? known : undefined);
  const bank = stageBank(config, config.stages.at(-1)!, dit.patch), frozen = fixed ? countParams(textParams({ ...text, vocabulary: known })) : 0;
  const { lora } = config, layouts = packsOf(bank, config.tokens, { specs, dit, text }, lora);
  return lora ? plan(loraTrained(specs, lora), config, layouts, data, held, frozen + countParams({ dit: specs.dit })) : plan(specs, config, layouts, data, held, frozen);
}

/** What is trained, and the configuration of the whole. */
interface PackModel { readonly specs: TrainedParams; readonly dit: DiTConfig; readonly text: TextConfig }

/** The layouts of a bank, each as often as the others; with `lora` the model stays as it is, and its adaptation is trained. */
function packsOf(bank: readonly BankLayout[], tokens: number, { specs, dit, text }: PackModel, lora?: LoraConfig): PlannedLayout[] {
  const lossOf = (graph: Graph, p: Bound<TrainedParams>, layout: PackLayout): Tensor => weightedLoss(graph, filmDenoiser(graph, p, layout, dit, text), layout);
  return bank.map(({ layout, samples }) => ({
    name: `${layoutKey(layout)} (${packTokens(layout)} tokens)`, share: 1, samples: samples.length,
    rows: packTokens(layout), filled: samples.reduce((n, sample) => n + sampleTokens(sample, dit.patch), 0), wanted: tokens,
    measured: lora
      ? measure(loraTrained(specs, lora), (graph, p) => ({ loss: lossOf(graph, bindLora(graph, specs, p, lora), layout) }))
      : measure(specs, (graph, p) => ({ loss: lossOf(graph, p, layout) })),
  }));
}

/**
 * The plan of a student's run. `hours` are those of the teacher's trajectories and of training together. The teacher's steps that guide the default film count twice,
 * the branch without words as if it had the given frames too. Throws an InputError when the model cannot be the teacher.
 */
export function planDistill(config: DistillRunConfig, model: ModelInfo): RunPlan {
  const { dit: { config: dit }, text: { config: text } } = model;
  const { steps, shift, guidance } = teacherSampling(model, config), { segments, packs, rounds } = config;
  const bank = distillBank(config, dit.patch), perToken = dit.channels * dit.patch ** 2, whole = filmParams(dit, text), made = packs.train + packs.heldout;
  const forward = bank.reduce((sum, { layout }) => {
    const graph = new Graph();
    return sum + gflopOf(graph, [filmDenoiser(graph, bindParams(graph, whole), layout, dit, text)]) / bank.length;
  }, 0);
  const bytes = 2 * made * (segments + 1) * perToken * bank.reduce((n, { layout }) => n + packTokens(layout), 0) / bank.length;
  const passes = (first: number): number => steps - first + [...sigmaGrid(steps, shift)].slice(first).filter((sigma) => isGuided(sigma, guidance)).length;
  const later = segments - 1 + passes(steps / segments);         // the student to the starts of later segments, the teacher from there
  const teacherHours = (made * passes(0) + (rounds - 1) * packs.train * later) * forward / ASSUMED_GFLOPS / 3600;
  const epochs = (config.optim.steps / epochSteps(config)).toFixed(1);
  const stored = `${(bytes / 1e9).toFixed(2)} GB on disk, made first in about ${teacherHours.toFixed(2)} h`;
  const data = `${packs.train} + ${packs.heldout} packs of trajectories, ${stored}; ${epochs} epochs`;
  const specs = { dit: whole.dit }, layouts = packsOf(bank, config.tokens, { specs, dit, text });
  const planned = plan(specs, config, layouts, data, latentBytes(config, dit.channels), countParams(whole.text));
  return { ...planned, hours: rounds * planned.hours + teacherHours };
}

/** Bytes of all cached latents, in half precision. */
function latentBytes({ clips }: Pick<DiTRunConfig, 'clips'>, channels: number): number {
  return Object.entries(clips).reduce((sum, [name, count]) => {
    const shape = shapeOf(name);
    return sum + count * keptFrames(shape) * 2 * channels * (shape.width / SPACE_FACTOR) * (shape.height / SPACE_FACTOR);
  }, 0);
}
