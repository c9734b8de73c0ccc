/**
 * @file A teacher's trajectories on disk, one file a pack: the states of a pack of films where a student's segments begin and end, from pure noise under the teacher's own
 * guidance, `[segments + 1, values]` in half precision, with captions and given frames drawn as training draws them. Files are written whole or not at all, so what is
 * there after an interruption is gone on with; each carries the hash of what it was made from, and another one's are refused (docs/decisions/013).
 */
import { join } from 'node:path';
import type { Backend, Program } from '../../backend/backend.ts';
import { ProgramCache } from '../../backend/cache.ts';
import { normals } from '../../core/random.ts';
import type { Split } from '../../data/sprites/world.ts';
import { trajectoryStates } from '../../diffusion/distill.ts';
import type { FrameLayout } from '../../diffusion/frames.ts';
import { guide, isGuided, type GuidanceOptions } from '../../diffusion/guidance.ts';
import { addNoise } from '../../diffusion/path.ts';
import { convertPrediction, type PredictionName } from '../../diffusion/prediction.ts';
import type { VelocityFn } from '../../diffusion/samplers/contract.ts';
import { SAMPLER_TABLE, type SamplerName } from '../../diffusion/samplers/registry.ts';
import { shiftForTokens, sigmaGrid } from '../../diffusion/timesteps.ts';
import { Graph } from '../../graph/graph.ts';
import { toHalf } from '../../io/half.ts';
import { readHalves, writeTensors } from '../../io/safetensors.ts';
import type { DiTConfig } from '../../models/dit/config.ts';
import { layoutKey, type PackLayout } from '../../models/dit/layout.ts';
import { CONTEXT_SIGMA, GIVEN, packFeeds } from '../../models/dit/pack-feeds.ts';
import type { CaptionTokenizer } from '../../models/text/tokenizer.ts';
import type { TextConfig } from '../../models/text/tower.ts';
import { latentFrames, SPACE_FACTOR } from '../../models/vae/config.ts';
import { bindParams } from '../../nn/param.ts';
import { captionFeeds, captionIndices } from './caption-feeds.ts';
import { filmDenoiser, filmParams, type sampleMaker } from './dit-task.ts';
import { keepPacks, packName, rowsOf } from './kept-packs.ts';
import { groupsOf, type BankLayout, type SampleShape } from './layout-bank.ts';

/** A transformer with its text tower, and what reads captions for it. */
export interface Denoiser {
  readonly backend: Backend;
  readonly config: DiTConfig;
  readonly text: TextConfig;
  readonly tokenizer: CaptionTokenizer;
  readonly prediction: PredictionName;
}

/** How a teacher samples. */
export interface TeacherSampling {
  readonly sampler: SamplerName;
  readonly steps: number;
  /** Of the default film; other sizes in proportion. */
  readonly shift: number;
  readonly guidance: GuidanceOptions;
}

/** One film of a pack: times and kinds of its latent frames, given ones beside it last, its captions (one, or one for each region), and which of them each token hears. */
export interface TrajectorySample {
  readonly times: readonly number[];
  readonly kinds: readonly number[];
  readonly captions: readonly string[];
  /** Of a film told by regions ({@link PackSegment.hears}). */
  readonly hears?: readonly number[];
  readonly columns?: readonly number[];
}

/** The films of a pack, and how its values lie. */
export interface TrajectoryPack {
  readonly bank: BankLayout;
  readonly samples: readonly TrajectorySample[];
  /** One entry a film; perFrame in values. */
  readonly pack: readonly FrameLayout[];
}

/** A pack with its trajectory. */
export interface Trajectory extends TrajectoryPack {
  /** `[segments + 1]` arrays of the pack's values: noise first, films last. */
  readonly states: readonly Float32Array[];
  /** σ of each frame there, `[segments + 1][frames]`. */
  readonly sigmas: readonly Float32Array[];
}

/** How the values of a layout's films lie. */
export const packOf = ({ layout }: BankLayout, { channels, patch }: DiTConfig): FrameLayout[] =>
  layout.groups.flatMap((g) => Array.from({ length: g.count }, () => ({ frames: g.frames, perFrame: g.height * g.width * channels * patch ** 2 })));

/** σ rows `[steps + 1][frames]` of a pack, each film on the grid of its size; given frames stay at their own. */
export function packSigmas({ bank, samples }: Pick<TrajectoryPack, 'bank' | 'samples'>, steps: number, shift: number): Float32Array[] {
  const grids = bank.samples.map((s) => sigmaGrid(steps, shift * shiftForTokens(latentFrames(s.frames) * (s.height / SPACE_FACTOR) * (s.width / SPACE_FACTOR))));
  return Array.from({ length: steps + 1 }, (_, row) =>
    Float32Array.from(samples.flatMap(({ kinds }, i) => kinds.map((kind) => (kind === GIVEN ? CONTEXT_SIGMA : grids[i]![row]!)))));
}

/** A pack's program: the prediction of all tokens. */
function predictionProgram({ backend, config, text }: Denoiser, programs: ProgramCache, layout: PackLayout): Promise<Program> {
  return programs.get(layoutKey(layout), () => {
    const graph = new Graph();
    return backend.compile({ outputs: { prediction: filmDenoiser(graph, bindParams(graph, filmParams(config, text)), layout, config, text) } });
  });
}

type Weights = Readonly<Record<string, Float32Array>>;

/** The velocity of a pack as its captions say, without guidance. `weights` are transformer and tower. */
export function packVelocity(d: Denoiser, programs: ProgramCache, { bank: { layout }, samples, pack }: TrajectoryPack, weights: Weights): VelocityFn {
  const captions = captionFeeds(samples.flatMap((s) => s.captions), d.tokenizer, d.text.length), told = captionIndices(samples);
  return velocityOf(d, programs, { layout, samples: samples.map((s, i) => ({ ...s, captions: told[i]! })), pack, feeds: { ...weights, ...captions } });
}

interface VelocityOptions {
  readonly layout: PackLayout;
  readonly samples: readonly (Omit<TrajectorySample, 'captions'> & { readonly captions: readonly number[] })[];
  readonly pack: readonly FrameLayout[];
  readonly feeds: Readonly<Record<string, Float32Array | Int32Array>>;
}

function velocityOf(d: Denoiser, programs: ProgramCache, { layout, samples, pack, feeds }: VelocityOptions): VelocityFn {
  return async (z, sigma) => {
    const program = await predictionProgram(d, programs, layout), tokens = perFilm(pack, z), sigmas = perFilm(pack.map(({ frames }) => ({ frames, perFrame: 1 })), sigma);
    const segments = samples.map((s, i) => ({ ...s, tokens: tokens[i]!, sigmas: sigmas[i]! }));
    const { prediction } = await program.run({ ...feeds, ...packFeeds(layout, segments, d.config) });
    return convertPrediction(prediction!, { from: d.prediction, to: 'velocity', z, sigma, pack });
  };
}

/** Windows of a pack's values, one a film. */
function perFilm(pack: readonly FrameLayout[], values: Float32Array): Float32Array[] {
  let at = 0;
  return pack.map(({ frames, perFrame }) => values.subarray(at, at += frames * perFrame));
}

/** The film with one caption and without images; a known end stays. */
const barely = ({ regions: _regions, ...s }: SampleShape): SampleShape => (s.given > 0 ? { ...s, given: 0, ending: undefined } : s);
const bareFrames = (s: SampleShape): number => latentFrames(s.frames) + (s.given > 0 || s.ending === undefined ? 0 : latentFrames(s.ending));

/** The guided velocity of a pack: against the same films without words and without images beside them, as users' films are guided (pipeline/sampling/denoise.ts). */
export function guidedVelocity(d: Denoiser, programs: ProgramCache, of: TrajectoryPack, weights: Weights, guidance: GuidanceOptions): VelocityFn {
  const { bank, samples, pack } = of, conditional = packVelocity(d, programs, of, weights), films = bank.samples.map(bareFrames);
  const barePack = pack.map(({ perFrame }, i) => ({ frames: films[i]!, perFrame }));
  const bare = velocityOf(d, programs, {
    layout: { groups: groupsOf(bank.samples.map(barely), d.config.patch), captions: 1 }, pack: barePack,
    samples: samples.map(({ times, kinds }, i) => ({ times: times.slice(0, films[i]), kinds: kinds.slice(0, films[i]), captions: new Array<number>(films[i]!).fill(0) })),
    feeds: { ...weights, ...captionFeeds([''], d.tokenizer, d.text.length) },
  });
  return async (z, sigma) => {
    const cond = await conditional(z, sigma);
    if (!sigma.some((s) => isGuided(s, guidance))) return cond;
    const first = (values: readonly Float32Array[], of: (i: number) => number): Float32Array[] => values.map((v, i) => v.subarray(0, of(i)));
    const size = (i: number): number => films[i]! * pack[i]!.perFrame, levels = first(perFilm(pack.map(({ frames }) => ({ frames, perFrame: 1 })), sigma), (i) => films[i]!);
    const uncond = perFilm(barePack, await bare(joined(first(perFilm(pack, z), size)), joined(levels))), out = cond.slice(), into = perFilm(pack, out);
    bank.samples.forEach((s, i) => {                              // the film's own frames alone: what is known counts in no mean
      const frames = latentFrames(s.frames), { perFrame } = pack[i]!, layout = { frames, perFrame };
      const own = (values: Float32Array): Float32Array => values.subarray(0, frames * perFrame);
      into[i]!.set(guide({ cond: own(into[i]!), uncond: own(uncond[i]!), sigma: levels[i]!.subarray(0, frames), layout }, guidance));
    });
    return out;
  };
}

/** Arrays one after the other. */
export function joined(parts: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) { out.set(part, at); at += part.length; }
  return out;
}

/** Options of {@link openTrajectories}. */
export interface TrajectoryOptions {
  readonly teacher: Denoiser & { readonly weights: Weights; readonly sampling: TeacherSampling };
  /** Draw the films of each split. */
  readonly makers: Readonly<Record<Split, Pick<ReturnType<typeof sampleMaker>, 'sample'>>>;
  readonly bank: readonly BankLayout[];
  readonly seed: number;
  readonly segments: number;
  /** Packs of each split. */
  readonly packs: Readonly<Record<Split, number>>;
  readonly dir: string;
  /** Hash of all that decides the trajectories. */
  readonly identity: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** The trajectories of a run, read when they are asked for. */
export interface Trajectories {
  readonly segments: number;
  readonly packs: Readonly<Record<Split, number>>;
  /** Pack `index` of a split. */
  read(split: Split, index: number): Promise<Trajectory>;
}

/**
 * Makes what is not there yet, and opens the trajectories. Throws a FileError when the folder holds those of another teacher or configuration, and a CancelledError
 * between packs when the signal aborts: what is done stays.
 */
export async function openTrajectories(o: TrajectoryOptions): Promise<Trajectories> {
  const { dir, identity, segments, packs, bank, signal, onProgress } = o;
  const wanted = (['heldout', 'train'] as const).flatMap((split) => Array.from({ length: packs[split] }, (_, index) => ({ split, index, name: packName(split, index) })));
  using programs = new ProgramCache(2 * bank.length);            // with and without words; none outlives the making
  await keepPacks({
    dir, what: 'trajectories', identity, files: wanted.map(({ name }) => name), signal, onProgress,
    write: (i, file) => writePack(o, programs, { ...wanted[i]!, file }),
  });
  return { segments, packs, read: (split, index) => readPack(o, join(dir, packName(split, index)), index) };
}

/** A pack and where it is kept. */
interface PackFile { readonly split: Split; readonly index: number; readonly file: string }

/** Films of a pack beside each other in a stream of keys, at most. */
const MOST_SAMPLES = 1024;

async function writePack(o: TrajectoryOptions, programs: ProgramCache, { split, index, file }: PackFile): Promise<void> {
  const { teacher, makers, bank: banks, seed, segments, identity, signal } = o;
  const bank = banks[index % banks.length]!, pack = packOf(bank, teacher.config), { sampler, steps, shift, guidance } = teacher.sampling;
  const keysOf = (what: string) => bank.samples.map((_, i) => ({ seed, stream: `distill/${what}/${split}`, step: index * MOST_SAMPLES + i }));
  const keys = keysOf('sample'), drawn = bank.samples.map((s, i) => makers[split].sample(s, split, keys[i]!));
  const samples = drawn.map(({ hears, columns, ...s }) => ({ ...s, ...(hears ? { hears: [...hears] } : {}), ...(columns ? { columns: [...columns] } : {}) }));
  const of = { bank, samples, pack };
  const sigmas = packSigmas(of, steps, shift), x = joined(samples.map((s) => s.clean)), eps = normals({ seed, stream: `distill/noise/${split}`, step: index }, x.length);
  const states = await trajectoryStates(SAMPLER_TABLE[sampler], {
    noise: addNoise({ x, eps, sigma: sigmas[0]!, pack }), pack, sigmas, velocity: guidedVelocity(teacher, programs, of, teacher.weights, guidance),
    keys: keysOf('sampler'), ...(signal ? { signal } : {}),
  }, segments);
  const data = Uint16Array.from(joined(states), toHalf), words = samples.map(({ clean: _clean, sigmas: _sigmas, ...told }): TrajectorySample => told);
  await writeTensors(file, new Map([['states', { shape: [segments + 1, x.length], data }]]), { metadata: { identity, samples: JSON.stringify(words) } });
}

async function readPack({ bank: banks, teacher, segments }: TrajectoryOptions, file: string, index: number): Promise<Trajectory> {
  const { tensors, metadata } = await readHalves(file), bank = banks[index % banks.length]!, pack = packOf(bank, teacher.config);
  const samples = JSON.parse(metadata['samples']!) as TrajectorySample[];
  return { bank, samples, pack, states: rowsOf(tensors.get('states')!), sigmas: packSigmas({ bank, samples }, segments, teacher.sampling.shift) };
}
