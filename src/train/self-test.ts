/**
 * @file The trainer's self-test: one clip and its caption are learnt by heart, then sampled from noise and compared with what the autoencoder itself
 * makes of the clip's latents. It fails when anything on the way is wrong: noise, prediction, weights of the loss, update, sampler, order of channels.
 */
import { ResourceError } from '../core/errors.ts';
import { psnr } from '../media/metrics.ts';
import { joinNewWords } from '../models/text/new-words.ts';
import type { DiTRunConfig } from './config.ts';
import { ditTask, type DiTTaskParts } from './tasks/dit-task.ts';
import { filmBatch, filmDecoder } from './tasks/film-batch.ts';
import { clipStream, shapeName } from './clips/clip-shape.ts';
import type { LatentClips } from './clips/latents.ts';
import { sampleTokens, type SampleShape } from './tasks/layout-bank.ts';
import { runTraining, type StepProgress } from './loop/loop.ts';

/** Options of {@link overfitOneClip}. */
export interface SelfTestOptions {
  readonly optim: DiTRunConfig['optim'];
  /** Folder of the run; left behind with its metrics. */
  readonly dir: string;
  /** The clip: the first of these latents. */
  readonly clips: LatentClips;
  /** Copies of the clip in a pack, each at a noise level of its own. Default 4. */
  readonly copies?: number;
  readonly signal?: AbortSignal;
  readonly onStep?: (progress: StepProgress) => void;
}

/** Of the noise levels: a clip is learnt by heart at high ones, where nothing but the memory helps. */
const SHIFT = 12;

/** The optimisation of a self-test: that of a run, in few steps. */
export const selfTestOptim = (optim: DiTRunConfig['optim'], steps: number): DiTRunConfig['optim'] =>
  ({ ...optim, steps, warmup: Math.ceil(steps / 20), decayShare: 0.5, emaLimit: 0.9 });

/** dB that a film learnt by heart must reach against the autoencoder's own. */
export const SELF_TEST_PSNR = 35;
const SAMPLING_STEPS = 16;

/** PSNR in dB between the sampled film and the autoencoder's reconstruction. Throws a FileError when `dir` holds checkpoints. */
export async function overfitOneClip(parts: Omit<DiTTaskParts, 'latents'>, { optim, dir, clips, copies = 4, signal, onStep }: SelfTestOptions): Promise<number> {
  const kind: SampleShape = { ...clips.shape, given: 0, share: 1 }, one: LatentClips = { ...clips, clips: 1 };
  const data = {
    ...parts.data, shift: SHIFT, stages: [{ from: 0, shapes: [kind] }], tokens: copies * sampleTokens(kind, parts.config.patch), layouts: 1,
    dropCaption: 0, noisyCaption: 0, deedCaption: 0, independent: 0, prefix: 0,
  };
  const { stock: _all, ...source } = parts.source;              // of a dataset one clip alone, not each in its turn
  const whole: DiTTaskParts = { ...parts, source, data, latents: new Map([[shapeName(clips.shape), one]]) }, task = ditTask(whole);
  const state = await runTraining(task, {
    backend: parts.backend, seed: data.seed, optim, dir, configHash: 'self-test', resume: false, programs: 1, checkpointSeconds: Infinity, validateEvery: Infinity,
    ...(signal ? { signal } : {}), ...(onStep ? { onStep } : {}),
  });
  const key = { seed: data.seed, stream: clipStream('train', clips.shape), step: 0 };
  const caption = parts.source.caption({ seed: data.seed, split: 'train', shape: clips.shape, index: 0 }, { key, looks: true });
  const sample = filmBatch(whole, { shape: clips.shape, prompts: [caption], steps: SAMPLING_STEPS, guidance: 1, seed: data.seed });
  const [film] = await sample(joinNewWords({ ...parts.tower, ...state.windows('ema') }));
  return psnr(await filmDecoder(parts.vae, parts.backend, clips.shape)(one.clip(0)), film!);
}

/** Throws a ResourceError unless the figure is good enough. */
export function assertSelfTest(decibels: number): void {
  if (!(decibels > SELF_TEST_PSNR))
    throw new ResourceError(`the self-test failed: one clip learnt by heart comes back at ${decibels.toFixed(1)} dB, wanted more than ${SELF_TEST_PSNR}`);
}
