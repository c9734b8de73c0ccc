import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ortBackend } from '../../backend/ort/ort.ts';
import { normals } from '../../core/random.ts';
import { mean, mul, reluSquared, sub } from '../../graph/build.ts';
import { readTensors } from '../../io/safetensors.ts';
import { linear, linearParams } from '../../nn/linear.ts';
import { mergeLora, type LoraConfig } from '../../nn/lora.ts';
import { initialValues, listParams } from '../../nn/param.ts';
import { loraTask, writeLora } from './lora-task.ts';
import { runTraining, type TrainTask } from '../loop/loop.ts';
import { averaged } from '../run/options.ts';

const CONFIG: LoraConfig = { rank: 4, alpha: 4, targets: ['mlp'] };
const specs = { blocks: [{ mlp: { fc1: linearParams(6, 16), fc2: linearParams(16, 2) } }] };
const base = Object.fromEntries(listParams(specs).map(({ name, leaf }) => [name, initialValues(leaf, name, 3)]));
const validated: Readonly<Record<string, Float32Array>>[] = [];

const inner: TrainTask<typeof specs> = {
  specs,
  batch(step) {
    const x = normals({ seed: 1, stream: 'x', step }, 16 * 6), target = Float32Array.from({ length: 32 }, (_, i) => Math.tanh(x[Math.floor(i / 2) * 6 + i % 2]!));
    return Promise.resolve({ layout: 'all', feeds: { x, target }, samples: 16, describe: `batch ${step}` });
  },
  build(_, graph, p) {
    const { mlp } = p.blocks[0]!, error = sub(linear(mlp.fc2, reluSquared(linear(mlp.fc1, graph.input('x', [16, 6])))), graph.input('target', [16, 2]));
    return { loss: mean(mul(error, error)) };
  },
  validate(weights) { validated.push(weights); return Promise.resolve({ loss: 0 }); },
};

let dir: string;
beforeAll(async () => { dir = await mkdtemp(path.join(tmpdir(), 'kinora-lora-task-')); });
afterAll(() => rm(dir, { recursive: true, force: true }));

test('the adaptation learns, the weights stay; what is validated is their sum; the file says what it is', async () => {
  const before = Object.fromEntries(Object.entries(base).map(([name, v]) => [name, v.slice()])), losses: number[] = [], task = loraTask(inner, base, CONFIG);
  const state = await runTraining(task, {
    backend: ortBackend({ threads: 1 }), seed: 2, configHash: 'lora', programs: 1, checkpointSeconds: 1e9, validateEvery: 1e9, dir, resume: false,
    optim: { steps: 120, rate: 0.01, warmup: 5, decayShare: 0.5, weightDecay: 0, clip: 1, emaLimit: 0.9, beta2: 0.98, matrices: 'adamw' },
    onStep: ({ loss }) => { losses.push(loss); },
  });
  const average = (part: readonly number[]): number => part.reduce((a, b) => a + b) / part.length;
  expect(average(losses.slice(-10))).toBeLessThan(0.6 * average(losses.slice(0, 10)));
  expect(base).toEqual(before);
  expect(listParams(task.specs).map(({ name }) => name)).toEqual(['fc1', 'fc2'].flatMap((fc) => ['down', 'up'].map((part) => `blocks.0.mlp.${fc}.${part}`)));
  expect(validated.at(-1)).toEqual(mergeLora(base, [{ config: CONFIG, strength: 1, tensors: state.windows('ema') }]));
  expect(validated.at(-1)!['blocks.0.mlp.fc1.weight']).not.toEqual(base['blocks.0.mlp.fc1.weight']);
  const file = path.join(dir, 'lora.safetensors');
  await writeLora(file, averaged(state), CONFIG, { dit: '{}', seed: 2, steps: 120 });
  const { tensors, metadata } = await readTensors(file);
  expect([JSON.parse(metadata['lora']!), tensors.size, metadata['steps']]).toEqual([CONFIG, 4, '120']);
});

test('weights that do not belong to the configuration are named', () => {
  expect(() => loraTask(inner, { ...base, 'blocks.0.mlp.fc2.bias': undefined as never }, CONFIG)).toThrow('lack "blocks.0.mlp.fc2.bias"');
});
