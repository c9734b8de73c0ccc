/**
 * @file What a transformer's run measures on held-out clips with the running average of its weights: the velocity loss at ten noise levels on
 * fixed clips and noise, the same under other clips' captions (words that are used make it worse), at two levels for each kind of sample that the run
 * draws (lengths, canvases, given frames), and a sheet of films at fixed prompts and seeds.
 */
import { join } from 'node:path';
import type { Program } from '../../backend/backend.ts';
import { Graph } from '../../graph/graph.ts';
import { contactSheet, writePng } from '../../media/contact-sheet.ts';
import { GIVEN } from '../../models/dit/pack-feeds.ts';
import { joinNewWords } from '../../models/text/new-words.ts';
import { bindParams } from '../../nn/param.ts';
import { captionFeeds } from './caption-feeds.ts';
import { filmDenoiser, filmParams, sampleMaker, weightedLoss, type DiTTaskParts, type TrainedParams } from './dit-task.ts';
import { filmBatch } from './film-batch.ts';
import { shapeName } from '../clips/clip-shape.ts';
import { sampleLayout, sampleTokens, type SampleShape } from './layout-bank.ts';
import type { TrainTask } from '../loop/loop.ts';
import { DEALT_LEVELS, dealtCaptions, shuffleGap } from './shuffle-gap.ts';

const LEVELS = Array.from({ length: 10 }, (_, i) => (i + 0.5) / 10);
/** Levels at which each kind of sample is measured. */
const KIND_LEVELS = [0.45, 0.85];
const FILMS = 8, KIND_FILMS = 4, STEPS = 16, GUIDANCE = 3;

/** Held-out clips of each shape that are kept: of the default film, of the others. */
export const HELDOUT_CLIPS = { main: 256, other: 16 };

/** `17x64x64+1`: clips with one given frame; `17x64x64/9`: with their last nine frames. */
export const kindName = (s: SampleShape): string => (s.given > 0 ? `${shapeName(s)}+${s.given}` : shapeName(s));

/** Each kind of sample that is drawn in some stage, once. */
const kindsOf = ({ stages }: DiTTaskParts['data']): SampleShape[] => [...new Map(stages.flatMap(({ shapes }) => shapes.map((s) => [kindName(s), s] as const))).values()];

/** Validation for {@link import('./dit-task.ts').ditTask}; latents of the source's main shape must be in `heldout`; kinds of other shapes are measured where theirs are. */
export function ditValidation(parts: DiTTaskParts, heldout: DiTTaskParts['latents']): NonNullable<TrainTask<TrainedParams>['validate']> {
  const { config, text, data, source, tokenizer, backend, tower } = parts, { stock } = source, MAIN: SampleShape = { ...source.main, given: 0, share: 1 };
  const maker = sampleMaker({ ...parts, latents: heldout, data: { ...data, dropCaption: 0, noisyCaption: 0, deedCaption: 0, independent: 0, prefix: 0 } });
  /** Films of a dataset may be large: no more of a kind together than a pack has room for, and the held-out clips in turn. */
  const countOf = (kind: SampleShape, most: number): number =>
    (stock ? Math.max(1, Math.min(most, Math.floor(data.tokens / sampleTokens(kind, config.patch)))) : most);
  const samplesOf = (kind: SampleShape, count: number) => Array.from({ length: count }, (_, step) =>
    maker.sample(kind, 'heldout', { seed: data.seed, stream: 'dit/validation', step, clip: stock && step % heldout.get(shapeName(kind))!.clips }));
  const count = countOf(MAIN, FILMS), prompts = data.prompts ?? source.prompts(data.seed, count);
  const kinds = kindsOf(data).filter((s) => heldout.has(shapeName({ ...s, ending: undefined })));
  const compileLoss = (kind: SampleShape, count: number): Promise<Program> => {
    const graph = new Graph(), layout = sampleLayout(kind, count, config.patch);
    return backend.compile({ outputs: { loss: weightedLoss(graph, filmDenoiser(graph, bindParams(graph, filmParams(config, text)), layout, config, text), layout) } });
  };
  /** A dataset may hold out clips that are all called the same: captions of training clips are dealt too. */
  const strange = Array.from({ length: Math.min(FILMS, stock?.count('train', MAIN) ?? 0) }, (_, index) =>
    source.caption({ seed: data.seed, split: 'train', shape: MAIN, index }, { key: { seed: data.seed, stream: 'dit/dealt', step: index }, looks: true }));
  const main = samplesOf(MAIN, count), others = dealtCaptions([...samplesOf(MAIN, FILMS).flatMap((s) => s.captions), ...strange], count);
  const films = filmBatch(parts, { shape: source.main, prompts, together: Math.min(count, prompts.length), steps: STEPS, guidance: GUIDANCE, seed: data.seed });
  let mainLoss: Promise<Program> | undefined;

  type Weights = Readonly<Record<string, Float32Array>>;
  /** The loss of samples whose generated frames are all at one level. */
  async function lossAt(
    program: Program, weights: Weights, kind: SampleShape, samples: typeof main, sigma: number, step: number,
    captions = samples.flatMap((s) => s.captions),
  ): Promise<number> {
    const noised = samples.map((s) => ({ ...s, sigmas: s.sigmas.map((own, frame) => (s.kinds[frame] === GIVEN ? own : sigma)) }));
    const { feeds } = maker.pack({ layout: sampleLayout(kind, samples.length, config.patch), samples: [] }, noised, { seed: data.seed, stream: 'dit/validation-eps', step });
    return (await program.run({ ...weights, ...feeds, ...captionFeeds(captions, tokenizer, text.length) }))['loss']![0]!;
  }

  async function kindLosses(weights: Weights): Promise<Record<string, number>> {
    const losses: Record<string, number> = {};
    for (const kind of kinds) {
      const count = countOf(kind, KIND_FILMS);
      using program = await compileLoss(kind, count);      // compiled anew each time: a dozen of them would hold gigabytes
      const samples = samplesOf(kind, count);
      for (const [i, sigma] of KIND_LEVELS.entries()) losses[`loss@${sigma.toFixed(2)}/${kindName(kind)}`] = await lossAt(program, weights, kind, samples, sigma, i);
    }
    return losses;
  }

  return async (trained, step, dir, show) => {
    const weights = joinNewWords({ ...tower, ...trained }), program = await (mainLoss ??= compileLoss(MAIN, count));
    const levels: Record<string, number> = {}, dealt: Record<string, number> = {};
    for (const [i, sigma] of LEVELS.entries()) {
      levels[`loss@${sigma.toFixed(2)}`] = await lossAt(program, weights, MAIN, main, sigma, i);
      if (others && DEALT_LEVELS.includes(sigma)) dealt[`dealt@${sigma.toFixed(2)}`] = await lossAt(program, weights, MAIN, main, sigma, i, others);
    }
    const ofKinds = await kindLosses(weights);
    const file = join(dir, `films-${String(step).padStart(6, '0')}.png`);
    const made = await films(weights);
    await writePng(file, contactSheet(made, { columns: 9 }), {
      prompt: prompts.join(' | '), seed: data.seed, model: 'training', settings: { steps: STEPS, guidance: GUIDANCE },
    });
    await show?.('samples', made.map((film, i) => ({ film, caption: prompts[i]! })));
    const gap = shuffleGap({ ...levels, ...dealt });
    return { ...levels, ...dealt, ...(gap ? { shuffleGap: gap.gap } : {}), ...ofKinds, loss: Object.values(levels).reduce((a, b) => a + b, 0) / LEVELS.length };
  };
}
