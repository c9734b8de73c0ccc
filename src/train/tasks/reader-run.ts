/** @file The run of a network that reads films or pictures (judge-task.ts, looks-task.ts): a task, where it is kept, and the file that it ends with. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Backend } from '../../backend/backend.ts';
import { configHash } from '../../io/environment.ts';
import { writeTensors, type StoredTensor } from '../../io/safetensors.ts';
import { fileError } from '../../media/pending.ts';
import { listParams } from '../../nn/param.ts';
import { runTraining, type OptimConfig, type TrainOptions, type TrainTask } from '../loop/loop.ts';

/** Options of a reader's training, beside what its task is made of; `config` overrides the defaults of its data. */
export interface ReaderRunOptions<C> {
  readonly backend: Backend;
  /** Folder of the run. */
  readonly dir: string;
  /** File that receives the weights (half precision) and the configuration. */
  readonly out: string;
  readonly config?: Partial<C>;
  readonly optim?: Partial<OptimConfig>;
  /** Default false. */
  readonly resume?: boolean;
  /** Keep the run's page in `dir` up to date. Default false. */
  readonly report?: boolean;
  readonly signal?: AbortSignal;
  readonly onStep?: TrainOptions['onStep'];
}

/** A reader that is trained. */
export interface ReaderRun<T, C> {
  readonly kind: 'judge' | 'looks';
  readonly task: TrainTask<T>;
  readonly config: C & { readonly seed: number };
  readonly optim: OptimConfig;
  /** Layouts kept compiled. */
  readonly programs: number;
  /** The network's own configuration, which stands in the file under the kind's name. */
  readonly network: object;
}

/** Trains a reader and writes its file; returns what it validated to at the end. */
export async function runReader<T, C>({ kind, task, config, optim, programs, network }: ReaderRun<T, C>, o: ReaderRunOptions<C>): Promise<Readonly<Record<string, number>>> {
  const run = configHash({ config, optim });
  const state = await runTraining(task, {
    backend: o.backend, seed: config.seed, optim, dir: o.dir, configHash: run, resume: o.resume ?? false, report: o.report ?? false,
    describe: { kind, config: { ...config, optim } }, programs, checkpointSeconds: 120,
    validateEvery: Math.max(200, Math.ceil(optim.steps / 6)), ...(o.signal ? { signal: o.signal } : {}), ...(o.onStep ? { onStep: o.onStep } : {}),
  });
  const weights = state.windows('ema');
  await writeReader(o.out, task.specs, weights, { seed: String(config.seed), steps: String(optim.steps), run, [kind]: JSON.stringify(network) });
  return task.validate!(weights, optim.steps, o.dir);
}

/** Writes a reader's file: weights by name, its configuration in the metadata. */
export async function writeReader<T>(file: string, specs: T, weights: Readonly<Record<string, Float32Array>>, metadata: Readonly<Record<string, string>>): Promise<void> {
  const tensors = new Map<string, StoredTensor>(listParams(specs).map(({ name, leaf }) => [name, { shape: leaf.shape, data: weights[name]! }]));
  await mkdir(dirname(file), { recursive: true }).catch((cause: unknown) => { throw fileError('write', file, cause); });
  await writeTensors(file, tensors, { type: 'F16', metadata });
}
