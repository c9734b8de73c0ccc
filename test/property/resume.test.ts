/**
 * @file Training that is stopped, resumed or killed ends in the same bits as training that was left alone; steps with a gradient that is not a
 * number are skipped and told, five in a row end the run.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { draws } from '../../src/core/random.ts';
import { CancelledError, ResourceError } from '../../src/core/errors.ts';
import { readTensors, writeTensors } from '../../src/io/safetensors.ts';
import { listCheckpoints, loadCheckpoint, saveCheckpoint } from '../../src/train/loop/checkpoint.ts';
import type { TrainState } from '../../src/train/loop/state.ts';
import { trainTiny } from '../support/tiny-training.ts';

let root: string;
beforeAll(async () => { root = await mkdtemp(join(tmpdir(), 'kinora-resume-')); });
afterAll(async () => { await rm(root, { recursive: true, force: true }); });

interface Entry { readonly event?: string; readonly step: number; readonly loss: number | null; readonly gradNorm: number | null; readonly rate?: number; readonly batch?: string }
const logOf = async (dir: string): Promise<Entry[]> => (await readFile(join(dir, 'metrics.jsonl'), 'utf8')).trim().split('\n').map((line) => JSON.parse(line) as Entry);

/** Loss, norm and rate by step; no step stands there twice, also where one was done again because its checkpoint was lost. */
async function curve(dir: string): Promise<Map<number, string>> {
  const out = new Map<number, string>();
  for (const { event, step, loss, gradNorm, rate } of await logOf(dir)) {
    if (event !== undefined) continue;
    expect(out.has(step), `step ${step} twice`).toBe(false);
    out.set(step, JSON.stringify({ loss, gradNorm, rate }));
  }
  return out;
}

const lastCheckpoint = async (dir: string): Promise<Buffer> => readFile(join(dir, `step-${String((await listCheckpoints(dir)).at(-1)).padStart(8, '0')}.safetensors`));

/** Every array that goes on into the next step. */
function expectSameState(a: TrainState, b: TrainState): void {
  for (const array of ['value', 'm', 'v', 'ema'] as const) expect(Buffer.from(a.arrays[array].buffer).equals(Buffer.from(b.arrays[array].buffer)), array).toBe(true);
}

test.each(['adamw', 'muon'] as const)('%s: stopped three times and resumed equals uninterrupted, bit for bit', async (matrices) => {
  const whole = join(root, `whole-${matrices}`), parts = join(root, `parts-${matrices}`), steps = 60;
  const uninterrupted = await trainTiny({ dir: whole, resume: false, steps, matrices });
  for (const stopAt of [6, 7, 40]) {
    const controller = new AbortController();
    const running = trainTiny({ dir: parts, resume: stopAt !== 6, steps, matrices, signal: controller.signal, onStep: ({ step }) => { if (step === stopAt) controller.abort(); } });
    await expect(running).rejects.toThrow(CancelledError);
    expect((await listCheckpoints(parts)).at(-1)).toBe(stopAt + 1);
  }
  expectSameState(await trainTiny({ dir: parts, resume: true, steps, matrices }), uninterrupted);
  expect(await curve(parts)).toEqual(await curve(whole));
  expect((await curve(whole)).size).toBe(steps);
  expect((await lastCheckpoint(parts)).equals(await lastCheckpoint(whole))).toBe(true);
  const losses = (await logOf(whole)).map((e) => e.loss!);
  expect(losses.at(-1)!, 'it learns').toBeLessThan(losses[0]! / 2);
});

/** Runs the program; kills it `after` milliseconds past its first step. Resolves to whether it was killed. */
async function runAndKill({ dir, steps, hidden, after }: { dir: string; steps: number; hidden: number; after: number }): Promise<boolean> {
  const argv = ['--import', 'tsx', join(import.meta.dirname, '..', 'support', 'tiny-training.ts'), dir, String(steps), String(hidden)];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (data: Buffer) => { errors += data.toString(); });
  child.stdout.once('data', () => { setTimeout(() => { child.kill('SIGKILL'); }, after); });
  const [code, signal] = await once(child, 'exit') as [number | null, string | null];
  if (signal === null) expect(code, errors).toBe(0);
  return signal === 'SIGKILL';
}

// 240,000 weights: writing a checkpoint of 3.8 MB is most of a step, so most kills hit one that is being written
test('killed with SIGKILL at random moments while every step writes a checkpoint, and resumed: the same bits', async () => {
  const dir = join(root, 'killed'), whole = join(root, 'left-alone'), steps = 40, hidden = 30_000, when = draws({ seed: 3, stream: 'kill', step: 0 });
  let kills = 0;
  while (kills < 6 && await runAndKill({ dir, steps, hidden, after: when.uniform() * 80 })) kills++;
  expect(kills, 'the run ended too early to prove anything').toBeGreaterThanOrEqual(3);
  const resumed = await trainTiny({ dir, resume: true, steps, hidden });
  expectSameState(resumed, await trainTiny({ dir: whole, resume: false, steps, hidden }));
  expect((await lastCheckpoint(dir)).equals(await lastCheckpoint(whole))).toBe(true);
  expect(await curve(dir)).toEqual(await curve(whole));
  expect((await readdir(dir)).filter((name) => !/^(metrics\.jsonl|step-\d{8}\.safetensors)$/.test(name)), 'half-written files').toEqual([]);
});

test('a checkpoint appears whole or not at all', async () => {
  const dir = join(root, 'atomic'), sizes = new Set<number>(), hidden = 50_000;
  const state = await trainTiny({ dir, resume: false, steps: 1, hidden });
  const now = { saving: true };
  const saving = saveCheckpoint(dir, state, { step: 2, configHash: 'tiny', norms: new Float32Array(0), skipped: [] }).finally(() => { now.saving = false; });
  while (now.saving) {
    const size = statSync(join(dir, 'step-00000002.safetensors'), { throwIfNoEntry: false })?.size;
    if (size !== undefined) sizes.add(size);
    await new Promise(setImmediate);
  }
  await saving;
  expect([...sizes].filter((size) => size !== statSync(join(dir, 'step-00000002.safetensors')).size), 'sizes seen while it was written').toEqual([]);
});

test('a checkpoint of another configuration is refused', async () => {
  const dir = join(root, 'other'), state = await trainTiny({ dir, resume: false, steps: 2 });
  await expect(loadCheckpoint(dir, state, 'another')).rejects.toThrow('belongs to configuration tiny, this run has another');
  expect((await loadCheckpoint(dir, state, 'tiny'))?.step).toBe(2);
});

test('a new run in the folder of an old one does not lose its checkpoints to it', async () => {
  const dir = join(root, 'reused');
  await trainTiny({ dir, resume: false, steps: 12, checkpointSeconds: 0 });
  await expect(trainTiny({ dir, resume: false, steps: 4 }).then(() => 'no error')).rejects.toThrow('holds checkpoints');
});

test('a gradient that is not a number is skipped, logged with its clips, and leaves every value as it was', async () => {
  const dir = join(root, 'poisoned'), values: Buffer[] = [];
  const poisoned = (step: number): boolean => [4, 5, 6, 7, 11].includes(step);
  const state = await trainTiny({ dir, resume: false, steps: 20, poisoned });
  expect(state.arrays.value.every(Number.isFinite) && state.arrays.ema.every(Number.isFinite)).toBe(true);
  const skips = (await logOf(dir)).filter((e) => e.event === 'skip');
  expect(skips.map((e) => [e.step, e.batch, e.gradNorm])).toEqual([4, 5, 6, 7, 11].map((step) => [step + 1, `tiny batch ${step}`, null]));
  for (const steps of [4, 8]) values.push(Buffer.from((await stateAfter(steps, poisoned)).arrays.value.buffer));
  expect(values[0]!.equals(values[1]!), 'four skipped steps change nothing').toBe(true);
});

/** State after `steps` of a run of twenty. */
async function stateAfter(steps: number, poisoned: (step: number) => boolean): Promise<TrainState> {
  const dir = join(root, `after-${steps}`), controller = new AbortController();
  await expect(trainTiny({
    dir, resume: false, steps: 20, poisoned, signal: controller.signal,
    onStep: ({ step }) => { if (step === steps - 1) controller.abort(); },
  })).rejects.toThrow(CancelledError);
  return trainTiny({ dir, resume: true, steps });
}

test('a gradient ten times the median is skipped too, once there is a median to speak of', async () => {
  const dir = join(root, 'loud');
  await trainTiny({ dir, resume: false, steps: 50, loud: (step) => step === 10 || step === 45 });
  expect((await logOf(dir)).filter((e) => e.event === 'skip').map((e) => e.step)).toEqual([46]);
});

test('five such steps in a row stop the run and name the clips', async () => {
  const dir = join(root, 'stopped');
  const running = trainTiny({ dir, resume: false, steps: 20, poisoned: (step) => step >= 7 });
  await expect(running).rejects.toThrow(ResourceError);
  const told = /stopped at step 12: 5 steps in a row .*clips: tiny batch 7; tiny batch 8; tiny batch 9; tiny batch 10; tiny batch 11$/;
  await expect(running).rejects.toThrow(told);
  expect((await logOf(dir)).filter((e) => e.event === 'skip').map((e) => e.step)).toEqual([8, 9, 10, 11, 12]);

  const parts = join(root, 'stopped-in-parts'), controller = new AbortController();
  await expect(trainTiny({
    dir: parts, resume: false, steps: 20, poisoned: (step) => step >= 7, signal: controller.signal,
    onStep: ({ step }) => { if (step === 8) controller.abort(); },
  })).rejects.toThrow(CancelledError);
  await expect(trainTiny({ dir: parts, resume: true, steps: 20, poisoned: (step) => step >= 7 })).rejects.toThrow(told);
});

test('a checkpoint from before Muon kept one moment goes on as if it had', async () => {
  const dir = join(root, 'older'), steps = 20, controller = new AbortController(), o = { resume: false, steps, matrices: 'muon' } as const;
  await expect(trainTiny({ ...o, dir, signal: controller.signal, onStep: ({ step }) => { if (step === 9) controller.abort(); } })).rejects.toThrow(CancelledError);
  const file = join(dir, 'step-00000010.safetensors'), { tensors, metadata } = await readTensors(file), { skipped: _, ...older } = metadata;
  const matrices = [...tensors]
    .filter(([name, { shape }]) => name.startsWith('m/') && shape.length > 1)
    .map(([name, t]) => [name.replace('m/', 'v/'), { ...t, data: new Float32Array(t.data.length) }] as const);
  expect(matrices.map(([name]) => [name, tensors.has(name)])).toEqual([['v/fc1.weight', false], ['v/fc2.weight', false]]);
  await writeTensors(file, new Map([...tensors, ...matrices]), { metadata: older });
  expectSameState(await trainTiny({ ...o, dir, resume: true }), await trainTiny({ ...o, dir: join(root, 'newer') }));
});
