/**
 * @file Training the reader of looks, which tells a film model in words what a given picture shows. Pictures are frames of clips of its own stream and seed, some
 * that went through the autoencoder, all altered (augment.ts); a batch holds pictures of one canvas. What two characters look like is not learnt.
 */
import type { Backend } from '../../backend/backend.ts';
import { draws, type RandomKey } from '../../core/random.ts';
import { LOOK_NAMES, LOOKS, looksIn, type Look } from '../../data/sprites/looks.ts';
import { CANVASES, drawClip, renderClip, type Split, type SpriteWorld } from '../../data/sprites/world.ts';
import { add } from '../../graph/build.ts';
import { Graph } from '../../graph/graph.ts';
import { sliceFrames, toModel, type Frames } from '../../media/frames.ts';
import type { LooksConfig } from '../../models/looks/config.ts';
import { looks, looksParams } from '../../models/looks/looks.ts';
import { bindParams } from '../../nn/param.ts';
import { augmentInto } from './augment.ts';
import { crossEntropy } from './cross-entropy.ts';
import type { JudgeVae } from './judge-task.ts';
import type { Batch, OptimConfig, TrainTask } from '../loop/loop.ts';
import { runReader, type ReaderRunOptions } from './reader-run.ts';
import { reconstructor } from './reconstruct.ts';

/** The reader of `models/sprites-64`. */
export const SPRITES_LOOKS: LooksConfig = { world: 'sprites', classes: LOOKS, channels: [48, 128], blocks: [2, 3], glances: 2, hidden: 64 };

/** Data part of a reader's run. */
export interface LooksTaskConfig {
  readonly looks: LooksConfig;
  /** Another than the judge's and than any model's. */
  readonly seed: number;
  /** Pictures of 64×64 in a batch; of larger canvases so many fewer that the pixels are as many. */
  readonly batch: number;
  /** Pictures that are taken from one clip. */
  readonly views: number;
  /** Clips that go through the autoencoder once, before the first step. */
  readonly pool: number;
  /** Share of the clips of 64×64 that come from the pool. */
  readonly poolShare: number;
  /** Share of clips in which somebody falls, beside those that happen to. */
  readonly fallShare: number;
  readonly smoothing: number;
  /** Held-out clips of one validation. */
  readonly validationClips: number;
}

/** A run of about ten minutes on two cores. */
export const LOOKS_DEFAULTS: LooksTaskConfig = {
  looks: SPRITES_LOOKS, seed: 4801, batch: 32, views: 2, pool: 256, poolShare: 0.25, fallShare: 0.1, smoothing: 0.03, validationClips: 256,
};

/** Muon: in 400 steps hair is read right in 90 % of held-out pictures, with AdamW in 5. */
export const LOOKS_OPTIM: OptimConfig = { steps: 2500, rate: 4e-3, warmup: 100, decayShare: 0.6, weightDecay: 0.05, clip: 1, emaLimit: 0.995, beta2: 0.99, matrices: 'muon' };

/** Lengths of clips that pictures are taken from: one telling frame, or any of a film. */
const FRAMES = [1, 9, 17] as const;
/** Canvases by turns: half of the batches are square. */
const TURNS = [0, 1, 0, 2, 0, 3].map((i) => CANVASES[i]!);

interface SeenClip { readonly frames: Frames; readonly truth: Partial<Record<Look, string>> }

function seenClip(world: SpriteWorld, key: RandomKey, split: Split, [width, height]: readonly [number, number], fallShare: number, frames?: number): SeenClip {
  const d = draws({ ...key, stream: `${key.stream}/shape` }), length = frames ?? d.pick(FRAMES);
  const spec = drawClip(world, { key, split, width, height, frames: length, ...(d.chance(fallShare) ? { deeds: 'fall' as const } : {}) });
  return { frames: renderClip(world, spec).frames, truth: looksIn(spec) };
}

/** What a reader's run stands on. */
export interface LooksTaskOptions {
  readonly world: SpriteWorld;
  readonly backend: Backend;
  /** Default: none, then no picture went through an autoencoder. */
  readonly vae?: JudgeVae;
  readonly onPrepare?: (what: string, done: number, total: number) => void;
}

async function roundTrips(o: LooksTaskConfig, { world, backend, onPrepare }: LooksTaskOptions, vae: JudgeVae): Promise<SeenClip[]> {
  using reconstruct = reconstructor(vae, backend);
  const pool: SeenClip[] = [];
  for (let first = 0; first < o.pool; first += 8) {
    const keys = Array.from({ length: Math.min(8, o.pool - first) }, (_, i) => ({ seed: o.seed, stream: 'looks/pool', step: first + i }));
    const clips = keys.map((key) => seenClip(world, key, 'train', CANVASES[0], o.fallShare, 17));
    const made = await reconstruct(clips.map((c) => c.frames));
    made.forEach((frames, i) => { pool.push({ ...clips[i]!, frames }); });
    onPrepare?.('round trips', pool.length, o.pool);
  }
  return pool;
}

/** The task for {@link runTraining}. */
export function looksTask(o: LooksTaskConfig, options: LooksTaskOptions): TrainTask<ReturnType<typeof looksParams>> {
  const { world, backend, vae } = options, c = o.looks, specs = looksParams(c);
  const sizeOf = (layout: string): [width: number, height: number] => layout.split('x').map(Number) as [number, number];
  const pictures = ([width, height]: readonly [number, number]): number => Math.floor(o.batch * 64 * 64 / (width * height));
  let pool: Promise<readonly SeenClip[]> | undefined, heldout: readonly SeenClip[] | undefined;

  return {
    specs,
    async batch(step): Promise<Batch> {
      const made = await (pool ??= vae ? roundTrips(o, options, vae) : Promise.resolve([]));
      const canvas = TURNS[step % TURNS.length]!, count = pictures(canvas), size = 3 * canvas[0] * canvas[1], video = new Float32Array(count * size);
      const targets = Object.fromEntries(LOOK_NAMES.map((name) => [name, new Float32Array(count * c.classes[name]!.length)]));
      for (let i = 0, clip: SeenClip | undefined; i < count; i++) {
        const index = step * o.batch + i, d = draws({ seed: o.seed, stream: 'looks/augment', step: index });
        if (i % o.views === 0 || !clip) {
          const fromPool = canvas === CANVASES[0] && made.length > 0 && d.chance(o.poolShare);
          clip = fromPool ? d.pick(made) : seenClip(world, { seed: o.seed, stream: 'looks/clip', step: index }, 'train', canvas, o.fallShare);
        }
        augmentInto(video.subarray(i * size, (i + 1) * size), clip.frames, [d.int(clip.frames.count)], d);
        for (const [name, value] of Object.entries(clip.truth)) {
          const classes = c.classes[name]!, row = targets[name]!.subarray(i * classes.length, (i + 1) * classes.length);
          row.fill(o.smoothing / classes.length);
          row[classes.indexOf(value)]! += 1 - o.smoothing;
        }
      }
      return { layout: canvas.join('x'), feeds: { pictures: video, ...targets }, samples: count, describe: `looks/clip ${step * o.batch}…${step * o.batch + count - 1}` };
    },

    build(layout, graph, p) {
      const [width, height] = sizeOf(layout), logits = looks(p, graph.input('pictures', [pictures([width, height]), 3, height, width]), c);
      const losses = LOOK_NAMES.map((name) => crossEntropy(logits[name]!, graph.input(name, logits[name]!.shape)));
      return { loss: losses.reduce((x, y) => add(x, y)), metrics: Object.fromEntries(LOOK_NAMES.map((name, i) => [name, losses[i]!])) };
    },

    /** Shares of held-out pictures read right: first frames, and the last ones of the same films. */
    async validate(weights) {
      heldout ??= Array.from({ length: o.validationClips }, (_, step) => seenClip(world, { seed: o.seed, stream: 'looks/validation', step }, 'heldout', CANVASES[0], 0, 17));
      const graph = new Graph(), [width, height] = CANVASES[0], size = 3 * width * height, scores: Record<string, number> = {};
      using program = await backend.compile({ outputs: looks(bindParams(graph, specs), graph.input('pictures', [o.batch, 3, height, width]), c) });
      for (const [where, at] of [['first', 0], ['last', 16]] as const) {
        const right = new Map<Look, number>();
        for (let first = 0; first < heldout.length; first += o.batch) {
          const part = heldout.slice(first, first + o.batch), video = new Float32Array(o.batch * size);
          part.forEach(({ frames }, i) => { video.set(toModel(sliceFrames(frames, at, at + 1)), i * size); });
          const out = await program.run({ ...weights, pictures: video });
          part.forEach(({ truth }, i) => {
            for (const name of LOOK_NAMES) {
              const classes = c.classes[name]!, row = out[name]!.subarray(i * classes.length, (i + 1) * classes.length);
              right.set(name, (right.get(name) ?? 0) + Number(classes[row.indexOf(Math.max(...row))] === truth[name]));
            }
          });
        }
        for (const [name, n] of right) scores[`${where}.${name}`] = n / heldout.length;
      }
      return scores;
    },
  };
}

/** Options of {@link trainLooks}. */
export interface TrainLooksOptions extends LooksTaskOptions, ReaderRunOptions<LooksTaskConfig> {}

/** Trains a reader and writes its file; returns what it validated to at the end. */
export function trainLooks(o: TrainLooksOptions): Promise<Readonly<Record<string, number>>> {
  const config = { ...LOOKS_DEFAULTS, ...o.config }, optim = { ...LOOKS_OPTIM, ...o.optim };
  return runReader({ kind: 'looks', task: looksTask(config, o), config, optim, programs: 4, network: config.looks }, o);
}
