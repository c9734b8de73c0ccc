import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Backend } from '../../backend/backend.ts';
import { FileError } from '../../core/errors.ts';
import { mul, sum } from '../../graph/build.ts';
import { normal, param } from '../../nn/param.ts';
import { runTraining, type StepProgress, type TrainOptions, type TrainTask } from './loop.ts';

let root: string;
beforeAll(async () => { root = await mkdtemp(join(tmpdir(), 'kinora-loop-')); });
afterAll(() => rm(root, { recursive: true, force: true }));

/** An engine that computes nothing: every program says 1. What it is asked is checked elsewhere (test/property/resume.test.ts). */
const backend: Backend = {
  name: 'none',
  compile: ({ outputs }) => Promise.resolve({
    inputs: [], outputs: Object.keys(outputs), compileMs: 0, [Symbol.dispose]() { /* holds nothing */ },
    run: () => Promise.resolve(Object.fromEntries(Object.keys(outputs).map((name) => [name, Float32Array.of(1)]))),
  }),
};
const specs = { weight: param([2, 2], normal(1)) };

/** Six steps of a task whose third batch takes `stall` milliseconds. */
async function train(dir: string, stall = 0, o: Partial<TrainOptions> = {}, more: Partial<TrainTask<typeof specs>> = {}): Promise<StepProgress[]> {
  const told: StepProgress[] = [];
  const task: TrainTask<typeof specs> = {
    specs,
    async batch(step) {
      if (step === 2) await new Promise((resolve) => { setTimeout(resolve, stall); });
      return { layout: 'one', feeds: {}, samples: 1, describe: `batch ${step}` };
    },
    build: (_, __, p) => ({ loss: sum(mul(p.weight, p.weight)) }), ...more,
  };
  await runTraining(task, {
    backend, seed: 1, dir, configHash: 'test', resume: false, programs: 1, checkpointSeconds: 1e9, validateEvery: 1e9, onStep: (p) => { told.push(p); },
    optim: { steps: 6, rate: 0.1, warmup: 0, decayShare: 0, weightDecay: 0, clip: 1, emaLimit: 0, beta2: 0.99, matrices: 'adamw' }, ...o,
  });
  return told;
}

test('one slow step does not move the time that is left', async () => {
  const told = await train(join(root, 'slow'), 1000);
  expect(told.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(told[2]!.eta, 'three steps of a second each').toBeLessThan(1.5);
  expect(told.at(-1)!.eta).toBe(0);
  expect((await readFile(join(root, 'slow', 'metrics.jsonl'), 'utf8')).trim().split('\n').map((line) => (JSON.parse(line) as { step: number }).step)).toEqual([1, 2, 3, 4, 5, 6]);
});

test('a folder or a log that cannot be written is named in one line', async () => {
  const file = join(root, 'file'), taken = join(root, 'taken');
  await writeFile(file, '');
  await mkdir(join(taken, 'metrics.jsonl'), { recursive: true });
  await expect(train(join(file, 'run'))).rejects.toThrow(new FileError(`cannot write ${join(file, 'run')}: part of its path is a file`));
  await expect(train(taken)).rejects.toThrow(new FileError(`cannot write ${join(taken, 'metrics.jsonl')}: it is a folder`));
});

test('with a report, page, card and record lie beside the log; without, the log alone', async () => {
  const dir = join(root, 'told');
  await train(dir, 0, { report: true, describe: { kind: 'vae', config: { a: 1 } } });
  const files = ['card.md', 'metrics.jsonl', 'report.html', 'run.json', 'step-00000006.safetensors', 'tensorboard'];
  expect((await readdir(dir)).sort()).toEqual(files);
  expect(await readFile(join(dir, 'report.html'), 'utf8')).toContain('6 of 6 steps');
  await train(join(root, 'silent'));
  expect((await readdir(join(root, 'silent'))).sort()).toEqual(['metrics.jsonl', 'step-00000006.safetensors']);
});

test('what a run that never reached a checkpoint left in its log does not stand in the next one', async () => {
  const dir = join(root, 'again');
  await mkdir(dir);
  await writeFile(join(dir, 'metrics.jsonl'), '{"step":1,"loss":9}\n{"step":2,"lo');
  await train(dir);
  const losses = (await readFile(join(dir, 'metrics.jsonl'), 'utf8')).trim().split('\n').map((line) => (JSON.parse(line) as { loss: number }).loss);
  expect(losses).toEqual([1, 1, 1, 1, 1, 1]);
});

test('what a task warns of is told, logged and shown as long as it holds', async () => {
  const dir = join(root, 'warned'), told: string[] = [];
  await train(dir, 0, { report: true, validateEvery: 2, onWarning: (message) => { told.push(message); } }, {
    validate: (_, step) => Promise.resolve({ loss: step }),
    warn: ({ loss }, step, steps) => (loss! < 4 ? `loss of step ${step} of ${steps}` : undefined),
  });
  expect(told).toEqual(['loss of step 2 of 6']);
  const log = (await readFile(join(dir, 'metrics.jsonl'), 'utf8')).trim().split('\n').map((line) => JSON.parse(line) as { event?: string; step: number; message?: string });
  expect(log.filter(({ event }) => event === 'warning')).toMatchObject([{ step: 2, message: 'loss of step 2 of 6' }]);
  const page = await readFile(join(dir, 'report.html'), 'utf8');
  expect(page).toContain('step 2: loss of step 2 of 6');
  expect(page, 'no more at the end').not.toContain('class="warn"');
});
