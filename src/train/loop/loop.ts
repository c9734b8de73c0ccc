/**
 * @file The training loop, the same for every model: batch → gradients → skip or clip → update → log, validate, checkpoint.
 * A batch is a pure function of (seed, step), so an interrupted and resumed run equals an uninterrupted one bit for bit.
 */
import { appendFile, mkdir } from 'node:fs/promises';
import { ProgramCache } from '../../backend/cache.ts';
import type { Backend, HostArray } from '../../backend/backend.ts';
import { CancelledError, FileError, ResourceError } from '../../core/errors.ts';
import type { Graph } from '../../graph/graph.ts';
import { fileError } from '../../media/pending.ts';
import type { Bound } from '../../nn/param.ts';
import { emaDecay, learningRate } from '../../optim/schedule.ts';
import { createOptimizer, TrainState, type MatrixOptimizer } from './state.ts';
import { listCheckpoints, loadCheckpoint, saveCheckpoint } from './checkpoint.ts';
import { matmulCeiling } from '../report/ceiling.ts';
import { cutMetrics, metricsFile } from '../report/metrics.ts';
import { writeRecord, type RunDescription } from '../report/record.ts';
import { cutWalls, wallWriter, type ShowFilms } from '../report/walls.ts';
import { writeRunReport } from '../report/write.ts';
import { RATIO_EVERY, updateProbe } from './update-ratio.ts';
import { compileTrainingStep, gradName, type LossGraph } from './step-program.ts';

/** One batch: the layout that its graph is compiled for, and what is fed. */
export interface Batch {
  /** Batches of one layout share a compiled graph. */
  readonly layout: string;
  readonly feeds: Readonly<Record<string, HostArray>>;
  /** Samples in it, for the speed figure. */
  readonly samples: number;
  /** What is in it, to name when it must be blamed. */
  readonly describe: string;
}

/** A model to train. `T` is its tree of parameters. */
export interface TrainTask<T> {
  readonly specs: T;
  /** The batch of a step; a pure function. */
  batch(step: number): Promise<Batch>;
  /** The loss of a layout. */
  build(layout: string, graph: Graph, params: Bound<T>): LossGraph;
  /** Scalars measured on fixed held-out clips with the running average of weights; films go to `show`, where a page is kept. */
  validate?(weights: Readonly<Record<string, Float32Array>>, step: number, dir: string, show?: ShowFilms): Promise<Readonly<Record<string, number>>>;
  /** What is wrong, from the figures of a validation; undefined where all is well. */
  warn?(figures: Readonly<Record<string, number>>, step: number, steps: number): string | undefined;
}

/** Optimisation part of a configuration. */
export interface OptimConfig {
  readonly steps: number;
  readonly rate: number;
  readonly warmup: number;
  readonly decayShare: number;
  readonly weightDecay: number;
  readonly clip: number;
  readonly emaLimit: number;
  readonly beta2: number;
  /** What updates matrices. */
  readonly matrices: MatrixOptimizer;
  /** Beside Muon: rate of everything that is no matrix, as a share. Default 1. */
  readonly plainShare?: number | undefined;
}

/** Options of {@link runTraining}. */
export interface TrainOptions {
  readonly backend: Backend;
  readonly seed: number;
  readonly optim: OptimConfig;
  /** Folder of the run. */
  readonly dir: string;
  readonly configHash: string;
  /** Weights to start from instead of random ones, by parameter name. */
  readonly init?: Readonly<Record<string, Float32Array>>;
  /** Parts of names that start from random ones all the same. */
  readonly fresh?: readonly string[];
  /** Go on from the newest checkpoint. */
  readonly resume: boolean;
  /** Compiled layouts kept at once. */
  readonly programs: number;
  /** Seconds between checkpoints. */
  readonly checkpointSeconds: number;
  /** Steps between validations. */
  readonly validateEvery: number;
  /** What the run is, for `run.json` in its folder; without it there is none. */
  readonly describe?: RunDescription;
  /** Keep the run's page in its folder up to date (`report.html` and what goes beside it). Changes no number of the training. Default false. */
  readonly report?: boolean;
  readonly signal?: AbortSignal;
  readonly onStep?: (progress: StepProgress) => void;
  /** Told of what goes wrong while the run goes on; it stands in the log too. */
  readonly onWarning?: (message: string) => void;
}

/** What a step reports. */
export interface StepProgress {
  /** From 0; records in the log count from 1. */
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  readonly gradNorm: number;
  readonly rate: number;
  readonly samplesPerSecond: number;
  /** Seconds to the end, at the median time of the last steps. */
  readonly eta: number;
  readonly skipped: boolean;
  readonly ms: { readonly data: number; readonly gradients: number; readonly update: number };
}

/** Steps whose gradient norm and time are remembered, for the medians. */
const HISTORY = 64;
const WORST_RUN = 5;

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? Infinity;

/** Waits until a file or folder is written; failing that, the error names it. */
const written = <T>(path: string, work: Promise<T>): Promise<T> => work.catch((cause: unknown) => { throw fileError('write', path, cause); });

/** Trains until the last step; returns the state. Throws a CancelledError after a checkpoint when the signal aborts. */
export async function runTraining<T>(task: TrainTask<T>, o: TrainOptions): Promise<TrainState> {
  const { optim, dir } = o, logFile = metricsFile(dir);
  await written(dir, mkdir(dir, { recursive: true }));
  if (!o.resume && (await listCheckpoints(dir)).length > 0) throw new FileError(`${dir} holds checkpoints of another run; go on with --resume, or choose another folder`);
  const state = new TrainState(task.specs, optim.matrices);
  state.initialise(o.seed);
  if (o.init) state.adopt(o.init, o.fresh);
  const restored = o.resume ? await loadCheckpoint(dir, state, o.configHash) : null;
  let norms = [...restored?.norms ?? []], skippedInARow = restored?.skipped ?? [], times: number[] = [];
  using optimizer = await createOptimizer(o.backend, state, { beta2: optim.beta2, plainShare: optim.plainShare ?? 1 });
  using programs = new ProgramCache(o.programs);
  const log = (entry: object): Promise<void> => written(logFile, appendFile(logFile, `${JSON.stringify({ ...entry, time: Date.now() })}\n`));
  const save = (step: number): Promise<void> => saveCheckpoint(dir, state, { step, configHash: o.configHash, norms: Float32Array.from(norms), skipped: skippedInARow });

  const grads = Object.fromEntries(Object.entries(state.windows('grad')).map(([name, window]) => [gradName(name), window]));
  const first = restored?.step ?? 0;
  await cutMetrics(dir, first);
  await cutWalls(dir, first);
  if (o.describe) {
    const ceiling = o.report ? (await matmulCeiling(o.backend)).best : undefined;
    await writeRecord(dir, { ...o.describe, seed: o.seed, steps: optim.steps, fromStep: first, ceilingGflops: ceiling, now: new Date() });
  }
  const warn = async (step: number, message: string): Promise<void> => { o.onWarning?.(message); await log({ event: 'warning', step, message }); };
  /** A page that cannot be written stops no training. */
  const report = async (step: number): Promise<void> => {
    if (o.report) await writeRunReport(dir).catch((cause: unknown) => warn(step, (cause as Error).message));
  };
  let prepared = first < optim.steps ? task.batch(first) : undefined;
  let saved = performance.now();
  for (let step = first; step < optim.steps; step++) {
    const started = performance.now();
    const batch = await prepared!;
    const ready = performance.now();
    const program = await programs.get(batch.layout, () => compileTrainingStep({
      backend: o.backend, specs: task.specs, build: (graph, params) => task.build(batch.layout, graph, params),
    }));
    const running = program.run({ ...state.windows('value'), ...batch.feeds }, grads);
    if (step + 1 < optim.steps) prepared = task.batch(step + 1);                              // drawn while the engine computes
    const result = await running;
    const computed = performance.now();
    const gradNorm = Math.sqrt(result['gradSquares']![0]!), loss = result['loss']![0]!;
    const rate = learningRate({ peak: optim.rate, warmup: optim.warmup, total: optim.steps, decayShare: optim.decayShare }, step);
    const skipped = !Number.isFinite(gradNorm) || !Number.isFinite(loss) || (norms.length >= HISTORY / 2 && gradNorm > 10 * median(norms));
    let updates: Record<string, number> | undefined;
    if (skipped) {
      skippedInARow = [...skippedInARow, batch.describe];
      await log({ event: 'skip', step: step + 1, gradNorm, loss, batch: batch.describe });
      if (skippedInARow.length === WORST_RUN)
        throw new ResourceError(`stopped at step ${step + 1}: ${WORST_RUN} steps in a row had a non-finite or tenfold gradient norm `
          + `(last ${gradNorm}); clips: ${skippedInARow.join('; ')}`);
    } else {
      skippedInARow = [];
      norms = [...norms, Math.fround(gradNorm)].slice(-HISTORY);
      const moved = step % RATIO_EVERY === 0 ? updateProbe(state) : undefined;
      await optimizer.step({ rate, decay: optim.weightDecay, gradScale: Math.min(1, optim.clip / gradNorm), step: step + 1, emaDecay: emaDecay(step, optim.emaLimit) });
      updates = moved?.();
    }
    const now = performance.now();
    const ms = { data: ready - started, gradients: computed - ready, update: now - computed };
    times = [...times, now - started].slice(-HISTORY);
    const samplesPerSecond = batch.samples / (now - started) * 1000;
    const progress: StepProgress = { step, steps: optim.steps, loss, gradNorm, rate, samplesPerSecond, eta: (optim.steps - step - 1) * median(times) / 1000, skipped, ms };
    o.onStep?.(progress);
    const metrics = Object.fromEntries(Object.entries(result).flatMap(([name, value]) => (name.startsWith('grad') || value.length !== 1 ? [] : [[name, value[0]!]])));
    await log({ step: step + 1, layout: batch.layout, ...metrics, gradNorm, rate, samplesPerSecond, ms, ...(updates ? { updates } : {}) });
    const last = step + 1 === optim.steps, cancelled = o.signal?.aborted ?? false;
    const due = last || cancelled || now - saved > o.checkpointSeconds * 1000, validates = task.validate !== undefined && (last || (step + 1) % o.validateEvery === 0);
    if (due) { await save(step + 1); saved = performance.now(); }
    if (due && (cancelled || !validates)) await report(step + 1);
    if (cancelled) throw new CancelledError(`stopped after step ${step + 1}; go on with --resume`);
    if (validates) {
      const show = o.report ? wallWriter(dir, step + 1) : undefined;
      const figures = await task.validate!(state.windows('ema'), step + 1, dir, show), message = task.warn?.(figures, step + 1, optim.steps);
      await log({ event: 'validation', step: step + 1, matrixRms: state.matrixRms(), ...figures });
      if (message !== undefined) await warn(step + 1, message);
      await report(step + 1);
    }
  }
  return state;
}
