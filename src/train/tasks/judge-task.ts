/**
 * @file Training the judge of sprite films, on clips of its own stream and seed that no model trains on. It must read films that went
 * through an autoencoder, so a part of each batch comes from a pool of round-tripped clips, and all are altered (augment.ts).
 * A part of the clips is frozen to one frame and labelled "still": without motion there is no action to read, even if a bow is seen.
 */
import type { Backend, Program } from '../../backend/backend.ts';
import { draws, type Draws, type RandomKey } from '../../core/random.ts';
import { ACTIONS, FACINGS, GARMENTS, HAIR_COLOURS, drawClip, renderClip, type CharacterLabels, type Split, type SpriteWorld } from '../../data/sprites/world.ts';
import { add } from '../../graph/build.ts';
import { Graph } from '../../graph/graph.ts';
import type { Frames } from '../../media/frames.ts';
import { mapPalette, quantizePalette } from '../../media/palette.ts';
import { ATTRIBUTES, classIndex, framesSeen, type Attribute, type JudgeConfig } from '../../models/judge/config.ts';
import { judge, judgeParams } from '../../models/judge/judge.ts';
import { bindParams } from '../../nn/param.ts';
import { augmentInto } from './augment.ts';
import { crossEntropy } from './cross-entropy.ts';
import { readFilms } from './judge-read.ts';
import type { FrozenVae } from '../clips/latents.ts';
import type { Batch, OptimConfig, TrainTask } from '../loop/loop.ts';
import { runReader, writeReader, type ReaderRunOptions } from './reader-run.ts';
import { reconstructor } from './reconstruct.ts';

/** Without motion. */
export const STILL = 'still';
/** Bald, or hair that headgear hides. */
export const NO_HAIR = 'none';

/** The judge of `models/sprites-64`: 0.64 million parameters, seven of 17 frames. */
export const SPRITES_JUDGE: JudgeConfig = {
  classes: { action: [...ACTIONS, STILL], facing: [...FACINGS], hair: [...HAIR_COLOURS, NO_HAIR], garment: [...GARMENTS] },
  side: 64, frames: 7, channels: [32, 96, 128], blocks: [2, 1], features: 160, hidden: 64,
};

/** What the judge should read off a character. */
export const truthOf = (l: CharacterLabels): Record<Attribute, string> => ({ action: l.action, facing: l.facing, hair: l.hairColour ?? NO_HAIR, garment: l.garment });

/** Data part of a judge's run. */
export interface JudgeTaskConfig {
  readonly judge: JudgeConfig;
  /** Another than any model's. Default of the shipped judge: 77. */
  readonly seed: number;
  readonly batch: number;
  /** Frames of a clip. */
  readonly clipFrames: number;
  /** Clips that go through the autoencoder once, before the first step (about 0.3 s each on two cores). */
  readonly pool: number;
  /** Share of a batch that comes from the pool. */
  readonly poolShare: number;
  /** Share of a batch that is frozen. */
  readonly stillShare: number;
  /** Target of the right class: 1 − smoothing, the rest spread over all. */
  readonly smoothing: number;
  /** Held-out clips of one validation. */
  readonly validationClips: number;
}

/** A run of about ten minutes on two cores. */
export const JUDGE_DEFAULTS: JudgeTaskConfig = {
  judge: SPRITES_JUDGE, seed: 77, batch: 32, clipFrames: 17, pool: 768, poolShare: 0.35, stillShare: 0.08, smoothing: 0.05, validationClips: 256,
};

/** A film and what there is to read. */
export interface LabelledClip { readonly frames: Frames; readonly truth: Readonly<Record<Attribute, string>> }

function labelledClip(world: SpriteWorld, key: RandomKey, split: Split, { clipFrames, judge: { side } }: JudgeTaskConfig): LabelledClip {
  const spec = drawClip(world, { key, split, width: side, height: side, frames: clipFrames });
  return { frames: renderClip(world, spec).frames, truth: truthOf(spec.characters[0]!.labels) };
}

/** Clips that went through the autoencoder: half of them with noise on their latents, a sixth reduced to 32 colours afterwards. */
async function roundTrips(o: JudgeTaskConfig, { world, backend, onPrepare }: Pick<JudgeTaskOptions, 'world' | 'backend' | 'onPrepare'>, vae: JudgeVae): Promise<LabelledClip[]> {
  using reconstruct = reconstructor(vae, backend);
  const pool: LabelledClip[] = [];
  const scale = vae.std ? vae.std.reduce((a, b) => a + b) / vae.std.length : 1;
  for (let first = 0; first < o.pool; first += 8) {
    const clips = Array.from({ length: Math.min(8, o.pool - first) }, (_, i) => labelledClip(world, { seed: o.seed, stream: 'judge/pool', step: first + i }, 'train', o));
    const d = draws({ seed: o.seed, stream: 'judge/pool-noise', step: first });
    const noise = d.chance(0.5) ? { key: { seed: o.seed, stream: 'judge/latent-noise', step: first }, std: 0.3 * d.uniform() * scale } : undefined;
    const made = await reconstruct(clips.map((c) => c.frames), noise ? { noise } : {});
    made.forEach((frames, i) => { pool.push({ ...clips[i]!, frames: d.chance(1 / 6) ? mapPalette(frames, quantizePalette(frames, { colours: 32, seed: o.seed })) : frames }); });
    onPrepare?.('round trips', pool.length, o.pool);
  }
  return pool;
}

/** The autoencoder whose marks the judge learns to overlook. */
export type JudgeVae = Pick<FrozenVae, 'config' | 'weights'> & Partial<Pick<FrozenVae, 'std'>>;

/** Options of {@link judgeTask}. */
export interface JudgeTaskOptions {
  readonly world: SpriteWorld;
  readonly backend: Backend;
  /** Default: none, then there is no pool and no validation on reconstructions. */
  readonly vae?: JudgeVae;
  /** Progress of the pool: what, done, total. */
  readonly onPrepare?: (what: string, done: number, total: number) => void;
  /** Instead of the pool: films of any origin. With `poolShare` 1 the judge learns from nothing else. */
  readonly films?: readonly LabelledClip[];
}

/** The task for {@link runTraining}. */
export function judgeTask(o: JudgeTaskConfig, options: JudgeTaskOptions): TrainTask<ReturnType<typeof judgeParams>> {
  const { world, backend, vae, films } = options, c = o.judge, specs = judgeParams(c), size = 3 * c.frames * c.side * c.side;
  const seen = framesSeen(o.clipFrames, c.frames);
  let pool: Promise<readonly LabelledClip[]> | undefined, sets: Promise<ValidationSets> | undefined;
  const videoShape = [o.batch, 3, c.frames, c.side, c.side];

  /** One clip of a batch: from the pool or fresh, in motion or frozen. */
  const sample = (d: Draws, made: readonly LabelledClip[], step: number): { clip: LabelledClip; still: number | null } => {
    const fromPool = d.chance(o.poolShare), which = d.int(Math.max(1, made.length)), frozen = d.chance(o.stillShare), frame = d.int(o.clipFrames);
    const clip = fromPool && made.length > 0 ? made[which]! : labelledClip(world, { seed: o.seed, stream: 'judge/clip', step }, 'train', o);
    return { clip, still: frozen ? frame : null };
  };

  return {
    specs,
    async batch(step): Promise<Batch> {
      pool ??= films ? Promise.resolve(films) : vae ? roundTrips(o, options, vae) : Promise.resolve([]);
      const made = await pool;
      const video = new Float32Array(o.batch * size);
      const targets = Object.fromEntries(ATTRIBUTES.map((a) =>
        [a, new Float32Array(o.batch * c.classes[a].length).fill(o.smoothing / c.classes[a].length)])) as Record<Attribute, Float32Array>;
      for (let i = 0; i < o.batch; i++) {
        const index = step * o.batch + i, d = draws({ seed: o.seed, stream: 'judge/augment', step: index });
        const { clip, still } = sample(d, made, index);
        augmentInto(video.subarray(i * size, (i + 1) * size), clip.frames, still === null ? seen : seen.map(() => still), d);
        for (const a of ATTRIBUTES) targets[a][i * c.classes[a].length + classIndex(c, a, a === 'action' && still !== null ? STILL : clip.truth[a])]! += 1 - o.smoothing;
      }
      return { layout: 'judge', feeds: { video, ...targets }, samples: o.batch, describe: `judge/clip ${step * o.batch}…${(step + 1) * o.batch - 1}` };
    },

    build(_, graph, p) {
      const logits = judge(p, graph.input('video', videoShape), c);
      const losses = ATTRIBUTES.map((a) => crossEntropy(logits[a], graph.input(a, logits[a].shape)));
      return { loss: losses.reduce((x, y) => add(x, y)), metrics: Object.fromEntries(ATTRIBUTES.map((a, i) => [a, losses[i]!])) };
    },

    async validate(weights) {
      sets ??= validationSets(o, world, backend, vae);
      const clipsByName = await sets, graph = new Graph(), scores: Record<string, number> = {};
      using program = await backend.compile({ outputs: judge(bindParams(graph, specs), graph.input('video', videoShape), c) });
      for (const [name, clips] of Object.entries(clipsByName)) {
        const shares = await accuracy(o, program, weights, clips);
        Object.assign(scores, Object.fromEntries(Object.entries(shares).map(([a, x]) => [`${name}.${a}`, x])));
      }
      return scores;
    },
  };
}

/** Held-out clips by name: real ones, and the same through the autoencoder. */
type ValidationSets = Readonly<Record<string, readonly LabelledClip[]>>;

async function validationSets(o: JudgeTaskConfig, world: SpriteWorld, backend: Backend, vae?: JudgeVae): Promise<ValidationSets> {
  const real = Array.from({ length: o.validationClips }, (_, step) => labelledClip(world, { seed: o.seed, stream: 'judge/validation', step }, 'heldout', o));
  if (!vae) return { real };
  using reconstruct = reconstructor(vae, backend);
  const made = await reconstruct(real.map((clip) => clip.frames));
  return { real, reconstructed: real.map((clip, i) => ({ ...clip, frames: made[i]! })) };
}

async function accuracy(o: JudgeTaskConfig, program: Program, weights: Readonly<Record<string, Float32Array>>, clips: readonly LabelledClip[]): Promise<Record<Attribute, number>> {
  const readings = await readFilms({ config: o.judge, batch: o.batch, run: (video) => program.run({ ...weights, video }) }, clips.map((clip) => clip.frames));
  return Object.fromEntries(ATTRIBUTES.map((a) => [a, readings.filter((r, i) => r[a] === clips[i]!.truth[a]).length / clips.length])) as Record<Attribute, number>;
}

/** Options of {@link trainJudge}. */
export interface TrainJudgeOptions extends JudgeTaskOptions, ReaderRunOptions<JudgeTaskConfig> {}

/** 3,000 steps of 32 clips. */
export const JUDGE_OPTIM: OptimConfig = { steps: 3000, rate: 2e-3, warmup: 100, decayShare: 0.5, weightDecay: 0.05, clip: 1, emaLimit: 0.995, beta2: 0.99, matrices: 'adamw' };

/** Trains a judge and writes its file; returns what it validated to at the end. */
export function trainJudge(o: TrainJudgeOptions): Promise<Readonly<Record<string, number>>> {
  const config = { ...JUDGE_DEFAULTS, ...o.config }, optim = { ...JUDGE_OPTIM, ...o.optim };
  return runReader({ kind: 'judge', task: judgeTask(config, o), config, optim, programs: 2, network: config.judge }, o);
}

/** Writes a judge: weights by name, `judge` = its configuration in the metadata. */
export const writeJudge = (file: string, c: JudgeConfig, weights: Readonly<Record<string, Float32Array>>): Promise<void> =>
  writeReader(file, judgeParams(c), weights, { judge: JSON.stringify(c) });
