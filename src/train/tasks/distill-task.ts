/**
 * @file Training a student of few steps on a teacher's kept trajectories: in each update every film of a pack stands at the start of one of its segments, neighbours at
 * others, and over as many updates as there are segments each film is at each. The loss is the velocity's, as in training (dit-task.ts). Validation runs the student itself.
 */
import { ProgramCache } from '../../backend/cache.ts';
import { draws } from '../../core/random.ts';
import { segmentTarget } from '../../diffusion/distill.ts';
import { frameSpans } from '../../diffusion/frames.ts';
import { frameLossWeights } from '../../diffusion/loss.ts';
import { SAMPLER_TABLE } from '../../diffusion/samplers/registry.ts';
import { GENERATED, packFeeds } from '../../models/dit/pack-feeds.ts';
import { layoutKey } from '../../models/dit/layout.ts';
import { captionFeeds, captionIndices } from './caption-feeds.ts';
import { filmDenoiser, filmParams, weightedLoss, type TrainedParams } from './dit-task.ts';
import { kindName } from './dit-validate.ts';
import type { BankLayout } from './layout-bank.ts';
import type { Batch, TrainTask } from '../loop/loop.ts';
import type { OwnStates, SegmentEnds } from './own-states.ts';
import { packVelocity, type Denoiser, type Trajectories, type Trajectory } from './trajectories.ts';

/** Options of {@link distillTask}. */
export interface DistillTaskOptions {
  /** The student, which predicts what its teacher predicts. */
  readonly student: Denoiser;
  /** Weights of the text tower, which stays as it is, by `text.…`. */
  readonly tower: Readonly<Record<string, Float32Array>>;
  readonly trajectories: Trajectories;
  /** Where the student itself gets to, and the teacher from there, for {@link OWN} of the films. Default: all are on the teacher's trajectory. */
  readonly own?: OwnStates | undefined;
  readonly bank: readonly BankLayout[];
  readonly seed: number;
}

/**
 * Share of the films that start where the student itself got to, in a run that has such states: it learns what its teacher makes of its own errors
 * (Ross et al. 2011, "A Reduction of Imitation Learning and Structured Prediction to No-Regret Online Learning", section 3, arXiv:1011.0686).
 */
const OWN = 0.5;

/** Updates in which every film is once at each of its segments. */
export const epochSteps = ({ segments, packs }: Pick<Trajectories, 'segments' | 'packs'>): number => segments * packs.train;

/** Where films stand in a step: the pack, and the segment of its first film; those of the others count up from it, round and round. Once an epoch each pair, in drawn order. */
export function turnOf(seed: number, { segments, packs }: Pick<Trajectories, 'segments' | 'packs'>, step: number): { readonly pack: number; readonly segment: number } {
  const each = segments * packs.train, order = Array.from({ length: each }, (_, i) => i), d = draws({ seed, stream: 'distill/order', step: Math.floor(step / each) });
  for (let i = each - 1; i > 0; i--) { const j = d.int(i + 1); [order[i], order[j]] = [order[j]!, order[i]!]; }
  const turn = order[step % each]!;
  return { pack: Math.floor(turn / segments), segment: turn % segments };
}

/** Where a film stands in an update: the segment, and the states where segments begin and end. */
type Stand = (film: number) => SegmentEnds & { readonly segment: number };

/** The exercise of a pack: states, their σ, target, and the loss weight of each latent frame. */
function exercise({ samples, pack, states, sigmas }: Trajectory, stand: Stand, { prediction, config }: Denoiser) {
  const spans = frameSpans(pack), perToken = config.channels * config.patch ** 2, z = new Float32Array(states[0]!.length), end = z.slice();
  const sigma = new Float32Array(spans.length), next = sigma.slice();
  for (const [frame, { start, end: stop, sample }] of spans.entries()) {
    const { segment, starts, ends } = stand(sample);
    z.set(starts[segment]!.subarray(start, stop), start);
    end.set(ends[segment]!.subarray(start, stop), start);
    sigma[frame] = sigmas[segment]![frame]!;
    next[frame] = sigmas[segment + 1]![frame]!;
  }
  const { target, moves } = segmentTarget({ start: z, end, sigma, next, pack }, prediction);
  const ofFilm = (film: number): boolean[] => moves.filter((_, frame) => spans[frame]!.sample === film);
  const weight = frameLossWeights(samples.map((_, i) => ({ tokensPerFrame: pack[i]!.perFrame / perToken, generated: ofFilm(i) })), { prediction, sigma });
  return { z, sigma, target, weight };
}

/** The task for {@link import('../loop/loop.ts').runTraining}; `init` must be the teacher's weights. */
export function distillTask({ student, tower, trajectories, own, bank, seed }: DistillTaskOptions): TrainTask<Pick<TrainedParams, 'dit'>> {
  const { config, text, tokenizer } = student, byKey = new Map(bank.map((b) => [layoutKey(b.layout), b] as const));
  return {
    specs: { dit: filmParams(config, text).dit },
    async batch(step): Promise<Batch> {
      const turn = turnOf(seed, trajectories, step), of = await trajectories.read('train', turn.pack);
      const mine = await own?.(turn.pack), d = draws({ seed, stream: 'distill/own', step }), its: SegmentEnds = { starts: of.states, ends: of.states.slice(1) };
      const stands = of.samples.map(() => (mine && d.chance(OWN) ? mine : its));
      const { z, sigma, target, weight } = exercise(of, (film) => ({ segment: (turn.segment + film) % trajectories.segments, ...stands[film]! }), student);
      const told = captionIndices(of.samples);
      let value = 0, frame = 0;
      const segments = of.samples.map((s, i) => {
        const { frames, perFrame } = of.pack[i]!;
        return { ...s, captions: told[i]!, tokens: z.subarray(value, value += frames * perFrame), sigmas: sigma.subarray(frame, frame += frames) };
      });
      return {
        layout: layoutKey(of.bank.layout), samples: of.samples.length, describe: `trajectories ${turn.pack} from segment ${turn.segment}`,
        feeds: { ...tower, ...packFeeds(of.bank.layout, segments, config), target, weight, ...captionFeeds(of.samples.flatMap((s) => s.captions), tokenizer, text.length) },
      };
    },
    build(key, graph, p) {
      const { layout } = byKey.get(key)!;
      return { loss: weightedLoss(graph, filmDenoiser(graph, p, layout, config, text), layout) };
    },
    validate: (weights) => validate({ student, trajectories, weights: { ...tower, ...weights } }),
  };
}

interface ValidateOptions {
  readonly student: Denoiser;
  readonly trajectories: Trajectories;
  readonly weights: Readonly<Record<string, Float32Array>>;
}

/**
 * On held-out trajectories, means over films: `end`, the squared error per value (normalised latents) between the student's own film of as many steps as there are segments and
 * the teacher's from the same noise; `end/<kind>` the same by kind; `loss/<n>`, the velocity's
 * squared error from the teacher's own state at the start of segment n (from 1), which is what training minimises.
 */
async function validate({ student, trajectories, weights }: ValidateOptions): Promise<Record<string, number>> {
  const sums = new Map<string, { sum: number; count: number }>(), { segments, packs } = trajectories;
  const add = (name: string, value: number): void => { const old = sums.get(name) ?? { sum: 0, count: 0 }; sums.set(name, { sum: old.sum + value, count: old.count + 1 }); };
  for (let index = 0; index < packs.heldout; index++) {
    using programs = new ProgramCache(1);                        // compiled anew each time: beside those that train, another would be held for nothing
    const of = await trajectories.read('heldout', index), { states, sigmas, pack } = of, velocity = packVelocity(student, programs, of, weights);
    const film = await SAMPLER_TABLE.euler.sample({ noise: states[0]!, pack, sigmas, velocity });
    filmErrors(of, film, states[segments]!).forEach((error, i) => { add('end', error); add(`end/${kindName(of.bank.samples[i]!)}`, error); });
    for (let s = 0; s < segments; s++) {
      const wanted = segmentTarget({ start: states[s]!, end: states[s + 1]!, sigma: sigmas[s]!, next: sigmas[s + 1]!, pack }, 'velocity').target;
      for (const error of filmErrors(of, await velocity(states[s]!, sigmas[s]!), wanted)) add(`loss/${s + 1}`, error);
    }
  }
  return Object.fromEntries([...sums].map(([name, { sum, count }]) => [name, sum / count]));
}

/** Mean squared error of each film's generated frames. */
function filmErrors({ samples, pack }: Trajectory, a: Float32Array, b: Float32Array): number[] {
  const kinds = samples.flatMap((s) => s.kinds), errors = samples.map(() => ({ sum: 0, count: 0 }));
  for (const [frame, { start, end, sample }] of frameSpans(pack).entries()) {
    if (kinds[frame] !== GENERATED) continue;
    for (let i = start; i < end; i++) errors[sample]!.sum += (a[i]! - b[i]!) ** 2;
    errors[sample]!.count += end - start;
  }
  return errors.map(({ sum, count }) => sum / count);
}
