/** @file What every run shares: what it is given, the engine, and what the training loop is told. */
import type { Backend } from '../../backend/backend.ts';
import { ortBackend } from '../../backend/ort/ort.ts';
import { InputError } from '../../core/errors.ts';
import { loadSpriteWorld, type SpriteWorld } from '../../data/sprites/world.ts';
import { readTensors, type StoredTensor } from '../../io/safetensors.ts';
import { joinHashes } from '../clips/identity.ts';
import { type RunConfig, runHash, type Trainable } from '../config.ts';
import type { StepProgress } from '../loop/loop.ts';
import type { TrainState } from '../loop/state.ts';
import type { RunPlan } from '../run-plan.ts';

/** What every run is given beside its configuration. */
export interface RunOptions {
  readonly backend: Backend;
  /** Checkout of the Liberated Pixel Cup layers. Default `lpc`. */
  readonly lpc?: string;
  /** Folder of the run. */
  readonly dir: string;
  /** Folder of what can be made again: decoded layers, latents. */
  readonly cacheDir: string;
  readonly resume: boolean;
  /** Weights file of an earlier run to start from: a fine-tuning. */
  readonly init?: string;
  /** Keep the run's page in its folder up to date: `report.html` and what goes beside it. Default false. */
  readonly report?: boolean;
  /** The run's figures, for its page. */
  readonly plan?: RunPlan;
  readonly signal?: AbortSignal;
  readonly onStep?: (progress: StepProgress) => void;
  /** Told of what goes wrong while the run goes on, such as that nothing is learnt from the text. */
  readonly onWarning?: (message: string) => void;
  /** Progress of preparations: what, done, total. */
  readonly onPrepare?: (what: string, done: number, total: number) => void;
}

/** Where clips come from, of runs that can be trained on footage. */
export interface DataOptions {
  /** A dataset that `kinora data ingest` wrote, in place of the sprite world. */
  readonly data?: string;
}

/** Loads the layers of a run. */
export const runWorld = ({ lpc = 'lpc', cacheDir }: Pick<RunOptions, 'lpc' | 'cacheDir'>): Promise<SpriteWorld> => loadSpriteWorld(lpc, { cacheDir });

/** Throws an InputError when a run has two sources of clips. */
export function checkSource({ lpc, data }: Pick<RunOptions, 'lpc'> & DataOptions): void {
  if (lpc !== undefined && data !== undefined) throw new InputError(`a run is on sprites (lpc ${lpc}) or on a dataset (data ${data}), not on both`);
}

/** A transformer's run beside what every run has. */
export interface DiTRunOptions extends RunOptions, DataOptions {
  /** The autoencoder's file. */
  readonly vae: string;
  /** Folder with tokenizer.json and words.json. */
  readonly tokenizer: string;
  /** The text tower's file, for a configuration that keeps it fixed. */
  readonly text?: string;
}

/** The engine that runs train on, with so many threads (default: all cores). */
export const runBackend = (threads?: number): Backend => ortBackend(threads === undefined ? {} : { threads });

/** The running average of a state's weights, as tensors. */
export function averaged(state: TrainState): Map<string, StoredTensor> {
  return new Map([...state.slots].map(([name, { spec }]) => [name, { shape: spec.shape, data: state.windows('ema')[name]! }]));
}

/** All tensors of a weights file. */
async function startWeights(file: string): Promise<Record<string, Float32Array>> {
  return Object.fromEntries([...(await readTensors(file)).tensors].map(([name, { data }]) => [name, data as Float32Array]));
}

/** `standsOn` are hashes of all that decides the numbers beside the configuration: a run is gone on with on the same data and the same frozen parts only. */
export const loopOptions = async (config: RunConfig[Trainable], o: RunOptions, ...standsOn: string[]) => ({
  ...(o.init === undefined ? {} : { init: await startWeights(o.init), ...('fresh' in config && config.fresh ? { fresh: config.fresh } : {}) }),
  backend: o.backend, seed: config.seed, optim: config.optim, dir: o.dir, configHash: joinHashes(runHash(config), ...standsOn), resume: o.resume, programs: config.programs,
  checkpointSeconds: config.checkpointSeconds, validateEvery: config.validateEvery,
  describe: { kind: config.kind, config, ...(o.plan ? { plan: { ...o.plan } } : {}) }, report: o.report ?? false,
  ...(o.signal ? { signal: o.signal } : {}), ...(o.onStep ? { onStep: o.onStep } : {}), ...(o.onWarning ? { onWarning: o.onWarning } : {}),
});
