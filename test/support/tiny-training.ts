/**
 * @file A training run of well under a second: a network of two layers learns a fixed map. As a program it trains in the folder it is given, always
 * resuming, writes a checkpoint at each step and prints it: `tsx test/support/tiny-training.ts <folder> <steps> <hidden>`. Tests kill it.
 */
import { ortBackend } from '../../src/backend/ort/ort.ts';
import { normals } from '../../src/core/random.ts';
import { mean, mul, silu, sub } from '../../src/graph/build.ts';
import { linear, linearParams } from '../../src/nn/linear.ts';
import { runTraining, type TrainOptions, type TrainTask } from '../../src/train/loop/loop.ts';
import type { TrainState } from '../../src/train/loop/state.ts';

const SEED = 5, ROWS = 16;
const specsOf = (hidden: number) => ({ fc1: linearParams(6, hidden), fc2: linearParams(hidden, 2) });

type Steps = (step: number) => boolean;
const NEVER: Steps = () => false;

/** What the task may be. */
interface TinyTask {
  /** Inner width. Default 16. */
  readonly hidden?: number;
  /** Steps whose batch holds a NaN. */
  readonly poisoned?: Steps;
  /** Steps whose batch has large targets. */
  readonly loud?: Steps;
}

/** The task; every third step has another layout. */
function tinyTask({ hidden = 16, poisoned = NEVER, loud = NEVER }: TinyTask = {}): TrainTask<ReturnType<typeof specsOf>> {
  return {
    specs: specsOf(hidden),
    async batch(step) {
      const rows = step % 3 === 2 ? ROWS * 2 : ROWS;
      const x = normals({ seed: SEED, stream: 'tiny/x', step }, rows * 6);
      const target = Float32Array.from({ length: rows * 2 }, (_, i) => Math.max(-1, Math.min(1, x[Math.floor(i / 2) * 6 + (i % 2)]! * x[Math.floor(i / 2) * 6 + 2]!)));
      if (poisoned(step)) x[3] = NaN;
      if (loud(step)) target.fill(1000);
      return { layout: String(rows), feeds: { x, target }, samples: rows, describe: `tiny batch ${step}` };
    },
    build(layout, graph, p) {
      const rows = Number(layout);
      const error = sub(linear(p.fc2, silu(linear(p.fc1, graph.input('x', [rows, 6])))), graph.input('target', [rows, 2]));
      return { loss: mean(mul(error, error)), metrics: { mse: mean(mul(error, error)) } };
    },
  };
}

/** What a test may choose. */
type TinyOptions = Pick<TrainOptions, 'dir' | 'resume'> & Partial<Pick<TrainOptions, 'checkpointSeconds' | 'signal' | 'onStep'>> & TinyTask & {
  readonly steps: number;
  readonly matrices?: 'adamw' | 'muon';
};

/** Trains. */
export const trainTiny = ({ steps, matrices = 'adamw', checkpointSeconds = 1e9, ...o }: TinyOptions): Promise<TrainState> => runTraining(tinyTask(o), {
  backend: ortBackend({ threads: 1 }), seed: SEED, configHash: 'tiny', programs: 2, checkpointSeconds, validateEvery: 1e9,
  optim: { steps, rate: 0.01, warmup: 5, decayShare: 0.3, weightDecay: 0.05, clip: 0.5, emaLimit: 0.99, beta2: 0.98, matrices }, ...o,
});

const [, program, dir, steps, hidden] = process.argv;
if (program?.endsWith('tiny-training.ts') && dir !== undefined) {
  await trainTiny({ dir, resume: true, steps: Number(steps), hidden: Number(hidden), checkpointSeconds: 0, onStep: ({ step }) => { process.stdout.write(`${step}\n`); } });
}
