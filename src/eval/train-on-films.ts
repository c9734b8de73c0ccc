/**
 * @file Train on films, test on real clips: a fresh classifier of the judge's architecture learns from made films alone, labelled by their prompts,
 * and reads real held-out clips. Beside it the same with real clips of the same prompts: what that many films can teach at all.
 * (Ravuri & Vinyals 2019, "Classification accuracy score for conditional generative models", arXiv:1905.10887v2, section 3.)
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Backend } from '../backend/backend.ts';
import type { SpriteWorld } from '../data/sprites/world.ts';
import type { Frames } from '../media/frames.ts';
import { JUDGE_DEFAULTS, JUDGE_OPTIM, judgeTask, type LabelledClip } from '../train/tasks/judge-task.ts';
import { runTraining, type TrainTask } from '../train/loop/loop.ts';
import { makeJudge } from './judge.ts';
import type { EvalPrompt } from './prompts.ts';
import { scoreReadings, type Scores } from './score.ts';

/** Options of {@link learnFrom}. */
export interface LearnFromOptions {
  readonly films: readonly LabelledClip[];
  /** Films that the classifier is tested on, and what they show. */
  readonly test: { readonly films: readonly Frames[]; readonly prompts: readonly EvalPrompt[] };
  readonly world: SpriteWorld;
  readonly backend: Backend;
  /** Steps of 32 films. */
  readonly steps: number;
}

/** Trains a classifier on `films` alone and scores it on the test. */
export async function learnFrom({ films, test, world, backend, steps }: LearnFromOptions): Promise<Scores> {
  const config = { ...JUDGE_DEFAULTS, seed: 78, poolShare: 1, clipFrames: films[0]!.frames.count };
  const dir = await mkdtemp(path.join(tmpdir(), 'kinora-films-'));
  try {
    const whole = judgeTask(config, { world, backend, films });
    const task: TrainTask<typeof whole.specs> = { specs: whole.specs, batch: (step) => whole.batch(step), build: (layout, graph, p) => whole.build(layout, graph, p) };
    const optim = { ...JUDGE_OPTIM, steps, warmup: Math.min(JUDGE_OPTIM.warmup, Math.ceil(steps / 10)) };
    const state = await runTraining(task, {
      backend, seed: config.seed, optim, dir, configHash: 'films', resume: false, programs: 1, checkpointSeconds: Infinity, validateEvery: steps,
    });
    using judge = await makeJudge(config.judge, state.windows('ema'), backend);
    return scoreReadings(await judge.read(test.films), test.prompts);
  } finally { await rm(dir, { recursive: true, force: true }); }
}
