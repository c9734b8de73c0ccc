/**
 * @file One training step: forward, backward, clipping, AdamW and running average, of the transformer (width 384, eight segments of 256 tokens: one
 * latent frame of 16×16 tokens each, no text, so that every weight that counts acts on every token) and of the autoencoder (two clips of 17 frames).
 * Against the best MatMul of the same process and, where python3 has torch, against PyTorch in turns. Compilation is counted apart.
 * Flags: --cases=dit,vae  --depth=6,12  --segments=8  --vae=large  --rounds=N (default 7)  --torch (must be there) or --torch=off.
 */
import { ortBackend } from '../src/backend/ort/ort.ts';
import type { Backend, HostArray } from '../src/backend/backend.ts';
import { integer } from '../src/cli/options.ts';
import { InputError, oneOf } from '../src/core/errors.ts';
import { normals } from '../src/core/random.ts';
import { sizeOf } from '../src/core/shape.ts';
import { gradients } from '../src/autodiff/gradients.ts';
import { Graph } from '../src/graph/graph.ts';
import { DIT_PRESETS, type DiTConfig } from '../src/models/dit/config.ts';
import { dit, ditParams, packInputs, type DiTParams } from '../src/models/dit/dit.ts';
import { packFrames, packTokens, segmentTokens, type PackLayout } from '../src/models/dit/layout.ts';
import { GENERATED, packFeeds } from '../src/models/dit/pack-feeds.ts';
import { latentFrames, SPACE_FACTOR, VAE_PRESETS, type VaeConfig } from '../src/models/vae/config.ts';
import { vaeParams } from '../src/models/vae/vae.ts';
import { bindParams, countParams, listParams, type Bound } from '../src/nn/param.ts';
import { matmulCeiling, type Product } from '../src/train/report/ceiling.ts';
import { weightedLoss } from '../src/train/tasks/dit-task.ts';
import { createOptimizer, TrainState } from '../src/train/loop/state.ts';
import { compileTrainingStep, gradName, type LossGraph } from '../src/train/loop/step-program.ts';
import { vaeLoss } from '../src/train/tasks/vae-task.ts';
import { graphFlop } from './graph-stats.ts';
import { interleave, median } from './interleave.ts';
import { peakMemoryMb, resetPeakMemory } from './machine.ts';
import type { Bench, BenchCase } from './contract.ts';
import { openTorch, type TorchMode } from './torch.ts';

const FLAGS = ['cases', 'depth', 'segments', 'vae', 'rounds', 'torch'] as const;
/** What is wanted: share of the ceiling; speed against PyTorch, eager. */
const WANTED = { dit: { fraction: 0.65, torch_ratio: 1.2 }, vae: { torch_ratio: 0.5 } } as const;

/** Steps before those that count. */
const WARMUP = 2;

/** A step to be measured. `T` is the model's tree of parameters. */
interface StepCase<T> {
  readonly model: 'dit' | 'vae';
  /** Fields of the row that say what it is. */
  readonly row: BenchCase;
  readonly specs: T;
  readonly build: (graph: Graph, params: Bound<T>) => LossGraph;
  readonly feeds: Readonly<Record<string, HostArray>>;
  /** Operations of a step. */
  readonly flop: number;
  /** What the PyTorch side builds. */
  readonly twin: object;
}

/** Our transformer's step. FLOPs = 6 · P · tokens + 12 · Σ Lᵢ² · width · depth; P = weights that act per token (modulation acts per frame). */
function ditCase(depth: number, segments: number): StepCase<ReturnType<typeof ditParams>> {
  const config: DiTConfig = { ...DIT_PRESETS.base, depth, textWidth: null }, specs = ditParams(config);
  const layout: PackLayout = { groups: [{ frames: 1, height: 16, width: 16, count: segments }], captions: 1 };
  const tokens = packTokens(layout), frames = packFrames(layout), perToken = config.channels * config.patch ** 2;
  const actsPerToken = (name: string): boolean => /(^|\.)(embed|qkv|proj|fc1|fc2|linear)\.weight$/.test(name) && !name.startsWith('time.');
  const P = listParams(specs).reduce((n, { name, leaf }) => n + (actsPerToken(name) ? sizeOf(leaf.shape) : 0), 0);
  const squares = layout.groups.reduce((n, g) => n + g.count * segmentTokens(g) ** 2, 0);
  const values = (stream: string, size: number): Float32Array => normals({ seed: 0, stream, step: 0 }, size);
  const pack = Array.from({ length: segments }, (_, i) => ({
    times: [0], kinds: [GENERATED], captions: [0], sigmas: [(i + 0.5) / segments], tokens: values(`tokens/${i}`, 256 * perToken),
  }));
  return {
    model: 'dit', row: { depth, width: config.width, tokens, segments, parameters: countParams(specs) }, specs, flop: 6 * P * tokens + 12 * squares * config.width * depth,
    build: (graph, p) => ({ loss: weightedLoss(graph, dit(p as DiTParams, packInputs(graph, layout, config), layout, config), layout) }),
    feeds: { ...packFeeds(layout, pack, config), target: values('target', tokens * perToken), weight: new Float32Array(frames).fill(1 / tokens) } as Record<string, HostArray>,
    twin: { model: 'dit', config, segments, rows: 16, columns: 16 },
  };
}

/** The autoencoder's step, loss of its training; FLOPs = all products of the graph. */
function vaeCase(preset: keyof typeof VAE_PRESETS): StepCase<ReturnType<typeof vaeParams>> {
  const config: VaeConfig = VAE_PRESETS[preset], specs = vaeParams(config), l = { frames: 17, width: 64, height: 64, batch: 2, share: 1 }, kl = 1e-6;
  const build = (graph: Graph, p: Bound<typeof specs>): LossGraph => vaeLoss(graph, p, l, config, { kl });
  const graph = new Graph(), { loss } = build(graph, bindParams(graph, specs)), grads = gradients(loss, listParams(specs).map(({ name }) => graph.inputs.get(name)!));
  const flop = graphFlop([loss, ...grads]);
  const pixels = l.frames * l.height * l.width, latent = config.latentChannels * latentFrames(l.frames) * (l.height / SPACE_FACTOR) * (l.width / SPACE_FACTOR);
  const values = (stream: string, size: number): Float32Array => normals({ seed: 0, stream, step: 0 }, size);
  return {
    model: 'vae', row: { preset, clips: l.batch, frames: l.frames, parameters: countParams(specs) }, specs, flop, build,
    feeds: {
      video: values('video', l.batch * 3 * pixels).map((x) => x / 3), weight: new Float32Array(l.batch * pixels).fill(1),
      noise: values('noise', l.batch * latent), amplitude: new Float32Array(l.batch),
    },
    twin: { model: 'vae', config, batch: l.batch, frames: l.frames, height: l.height, width: l.width, kl },
  };
}

/** How a case is measured. */
interface MeasureOptions {
  readonly backend: Backend;
  readonly products: readonly Product[];
  readonly rounds: number;
  readonly torch: 'auto' | 'on' | 'off';
  readonly log: (line: string) => void;
}

async function measure<T>(c: StepCase<T>, { backend, products, rounds, torch, log }: MeasureOptions): Promise<{ row: BenchCase; ceilings: readonly object[] }> {
  resetPeakMemory();
  const before = await matmulCeiling(backend, products);
  const state = new TrainState(c.specs);
  state.initialise(0);
  const compiling = performance.now();
  using program = await compileTrainingStep({ backend, specs: c.specs, build: c.build });
  using optimizer = await createOptimizer(backend, state, { matrices: 'adamw' });
  const compileMs = performance.now() - compiling;
  const grads = Object.fromEntries(Object.entries(state.windows('grad')).map(([name, window]) => [gradName(name), window])), feeds = { ...state.windows('value'), ...c.feeds };
  const parts = { gradients: [] as number[], update: [] as number[] };
  let step = 0;
  const ours = async (): Promise<void> => {
    const started = performance.now(), result = await program.run(feeds, grads), computed = performance.now();
    const norm = Math.sqrt(result['gradSquares']![0]!);
    if (!Number.isFinite(norm)) throw new InputError(`step ${step} of the bench diverged`);
    await optimizer.step({ rate: 1e-4, decay: 0.01, gradScale: Math.min(1, 1 / norm), step: ++step, emaDecay: 0.999 });
    parts.gradients.push(computed - started); parts.update.push(performance.now() - computed);
  };
  using twin = torch === 'off' ? null : await openTorch(c.twin);
  if (torch === 'on' && !twin) throw new InputError('--torch: there is no python3 with torch');
  if (twin && twin.parameters !== countParams(c.specs)) throw new InputError(`the model has ${countParams(c.specs)} parameters here and ${twin.parameters} in PyTorch`);
  const against = async (mode: TorchMode) => {
    if (!twin) return null;
    try {
      return await interleave(ours, () => twin.step(mode), { rounds, warmup: WARMUP });
    } catch (error) {
      if (!(error instanceof InputError) || mode === 'eager') throw error;
      log(error.message);                                       // no compiler for torch.compile: a null in the row
      return null;
    }
  };
  const eager = await against('eager'), compiled = await against('compiled');
  let ms = eager?.aMs;
  if (ms === undefined) {
    const all: number[] = [];
    for (let round = -WARMUP; round < rounds; round++) {
      const started = performance.now();
      await ours();
      if (round >= 0) all.push(performance.now() - started);
    }
    ms = median(all);
  }
  const after = await matmulCeiling(backend, products), ceiling = Math.max(before.best, after.best), gflops = c.flop / ms / 1e6;
  const row: BenchCase = {
    model: c.model, ...c.row, ms,
    gradients_ms: median(parts.gradients.slice(WARMUP)), update_ms: median(parts.update.slice(WARMUP)), compile_ms: compileMs,
    gflop: c.flop / 1e9, gflops, ceiling, fraction: gflops / ceiling,
    torch_ratio: eager?.ratio ?? null, torch_ms: eager?.bMs ?? null,
    torch_compiled_ratio: compiled?.ratio ?? null, torch_compiled_ms: compiled?.bMs ?? null, peak_mb: peakMemoryMb(), rounds,
    ...Object.fromEntries(Object.entries(WANTED[c.model]).map(([name, value]) => [`wanted_${name}`, value])), ...(twin ? { torch: twin.torch, torch_threads: twin.threads } : {}),
  };
  return { row, ceilings: [before.each, after.each] };
}

/** The bench. */
export const bench: Bench = {
  summary: 'a training step of transformer and autoencoder, against the machine and against PyTorch',
  async run({ threads, flags, log }) {
    for (const flag of Object.keys(flags)) oneOf('flag', flag, FLAGS);
    const list = (flag: (typeof FLAGS)[number], fallback: string): string[] => String(flags[flag] ?? fallback).split(',');
    const number = (flag: (typeof FLAGS)[number], text: string): number => integer(`--${flag}`, { min: 1 })(text);
    const rounds = number('rounds', String(flags['rounds'] ?? 7)), segments = number('segments', String(flags['segments'] ?? 8));
    const depths = list('depth', '6,12').map((d) => number('depth', d));
    const torch = flags['torch'] === undefined ? 'auto' : oneOf('--torch', flags['torch'] === true ? 'on' : flags['torch'], ['on', 'off', 'auto'] as const);
    const preset = oneOf('autoencoder', String(flags['vae'] ?? 'large'), Object.keys(VAE_PRESETS) as (keyof typeof VAE_PRESETS)[]);
    const backend = ortBackend({ threads }), { width, mlpRatio } = DIT_PRESETS.base, tokens = 256 * segments;
    const products: Product[] = [[1024, 1024, 1024], [tokens, width, 3 * width], [tokens, width, mlpRatio * width], [tokens, mlpRatio * width, width]];
    const options = { backend, products, rounds, torch, log }, cases: BenchCase[] = [], ceilings: object[] = [];
    const add = ({ row, ceilings: found }: Awaited<ReturnType<typeof measure>>): void => {
      cases.push(row); ceilings.push(...found);
      log(`${String(row['model'])} ${String(row['depth'] ?? row['preset'])}: ${Number(row['ms']).toFixed(0)} ms, ${(100 * Number(row['fraction'])).toFixed(0)} % of the ceiling`);
    };
    for (const model of list('cases', 'dit,vae').map((name) => oneOf('case', name, ['dit', 'vae'] as const))) {
      if (model === 'vae') add(await measure(vaeCase(preset), options));
      else for (const depth of depths) add(await measure(ditCase(depth, segments), options));
    }
    return {
      config: {
        dit: DIT_PRESETS.base, depths, segments, segment: '1 latent frame of 16x16 tokens', text: false, vae: VAE_PRESETS[preset], rounds, products,
      },
      cases, extra: { ceilings },
    };
  },
};
