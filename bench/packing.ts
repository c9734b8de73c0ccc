/**
 * @file Packs of mixed shapes beside buckets of one shape, on the same samples: training steps (gradients and update) of the same model with the same
 * budget of tokens, text included, synthetic latents. Packs are those of a run's layout bank; a bucket holds as many samples of its shape as fit
 * the budget. Every sample of the packs is charged to the bucket side at its bucket's time ÷ its bucket's size.
 * Padding = computed tokens that belong to no sample; what a layout leaves of the budget is not computed and is reported as unfilled.
 * Flags: --model=small  --tokens=3072  --layouts=N measured (default 8)  --rounds=N (default 5).
 */
import type { HostArray } from '../src/backend/backend.ts';
import { ortBackend } from '../src/backend/ort/ort.ts';
import { integer } from '../src/cli/options.ts';
import { oneOf } from '../src/core/errors.ts';
import { normals, uniforms } from '../src/core/random.ts';
import { DIT_PRESETS } from '../src/models/dit/config.ts';
import { layoutKey, packFrames, packTokens, segmentTokens, type PackLayout } from '../src/models/dit/layout.ts';
import { CONTEXT_SIGMA, GENERATED, GIVEN, latentTime, packFeeds } from '../src/models/dit/pack-feeds.ts';
import { latentFrames, SPACE_FACTOR } from '../src/models/vae/config.ts';
import { filmDenoiser, filmParams, weightedLoss } from '../src/train/tasks/dit-task.ts';
import { layoutBank, type SampleShape } from '../src/train/tasks/layout-bank.ts';
import { createOptimizer, TrainState } from '../src/train/loop/state.ts';
import { compileTrainingStep, gradName } from '../src/train/loop/step-program.ts';
import { interleave } from './interleave.ts';
import type { Bench } from './contract.ts';

const FLAGS = ['model', 'tokens', 'layouts', 'rounds'] as const;
/** Padding at most, samples a second against buckets at least, compiled graphs at most. */
const WANTED = { padding: 0.03, ratio: 1, graphs: 32 } as const;
const BANK = 32;

/** Images, short and long clips on all canvases, with up to two given frames. */
const SHAPES: readonly SampleShape[] = [
  { frames: 17, width: 64, height: 64, given: 0, share: 6 }, { frames: 17, width: 64, height: 64, given: 1, share: 3 }, { frames: 17, width: 64, height: 64, given: 2, share: 1 },
  { frames: 1, width: 64, height: 64, given: 0, share: 4 }, { frames: 9, width: 64, height: 64, given: 0, share: 3 }, { frames: 33, width: 64, height: 64, given: 0, share: 2 },
  { frames: 17, width: 96, height: 64, given: 0, share: 2 }, { frames: 17, width: 128, height: 64, given: 0, share: 2 }, { frames: 17, width: 64, height: 96, given: 0, share: 2 },
  { frames: 1, width: 128, height: 64, given: 0, share: 1 },
];
const nameOf = (s: SampleShape): string => `${s.frames}x${s.width}x${s.height}+${s.given}`;

/** Samples of one compiled step: what a pack or a bucket holds, in order. */
interface Filled { readonly layout: PackLayout; readonly samples: readonly SampleShape[] }

/** The bench. */
export const bench: Bench = {
  summary: 'packs of mixed shapes beside buckets of one shape: padding and samples a second',
  async run({ seed, threads, flags, log }) {
    for (const flag of Object.keys(flags)) oneOf('flag', flag, FLAGS);
    const number = (flag: (typeof FLAGS)[number], fallback: number): number => integer(`--${flag}`, { min: 1 })(String(flags[flag] ?? fallback));
    const tokens = number('tokens', 3072), measured = Math.min(BANK, number('layouts', 8)), rounds = number('rounds', 5);
    const preset = oneOf('model', String(flags['model'] ?? 'small'), ['tiny', 'small', 'base'] as const), config = DIT_PRESETS[preset];
    const text = { vocabulary: 256, length: 24, width: config.textWidth, depth: 3, heads: Math.max(2, config.textWidth / 64), mlp: 'relu2' } as const;

    const tokensOf = (s: SampleShape): number => (latentFrames(s.frames) + s.given) * (s.height / SPACE_FACTOR / config.patch) * (s.width / SPACE_FACTOR / config.patch);
    const shapes = SHAPES.filter((s) => tokensOf(s) <= tokens);
    const bank = layoutBank({ seed, shapes, tokens, layouts: BANK, patch: config.patch });
    const buckets = shapes.map((s): Filled => {
      const count = Math.floor(tokens / tokensOf(s)), frames = latentFrames(s.frames) + s.given;
      const group = { frames, height: s.height / SPACE_FACTOR / config.patch, width: s.width / SPACE_FACTOR / config.patch, count };
      return { layout: { groups: [group], captions: count }, samples: new Array<SampleShape>(count).fill(s) };
    });

    const backend = ortBackend({ threads }), specs = filmParams(config, text), state = new TrainState(specs);
    state.initialise(seed);
    using optimizer = await createOptimizer(backend, state);
    const grads = Object.fromEntries(Object.entries(state.windows('grad')).map(([name, window]) => [gradName(name), window]));
    let compileMs = 0, step = 0;
    /** Compiles one step. */
    const stepper = async ({ layout, samples }: Filled): Promise<{ run: () => Promise<void>; dispose: () => void }> => {
      const program = await compileTrainingStep({ backend, specs, build: (graph, p) => ({ loss: weightedLoss(graph, filmDenoiser(graph, p, layout, config, text), layout) }) });
      compileMs += program.compileMs;
      const feeds = { ...state.windows('value'), ...synthetic({ layout, samples }, seed) };
      return {
        async run() {
          const result = await program.run(feeds, grads);
          await optimizer.step({ rate: 1e-4, decay: 0.01, gradScale: Math.min(1, 1 / Math.sqrt(result['gradSquares']![0]!)), step: ++step, emaDecay: 0.999 });
        },
        dispose: () => { program[Symbol.dispose](); },
      };
    };
    /** Arrays of one pack, drawn. */
    const synthetic = ({ layout, samples }: Filled, seedOfData: number): Record<string, HostArray> => {
      const perToken = config.channels * config.patch ** 2, values = (stream: string, n: number): Float32Array => normals({ seed: seedOfData, stream, step: 0 }, n);
      const segments = samples.map((s, i) => {
        const frames = latentFrames(s.frames), given = Array.from({ length: s.given }, (_, j) => j * (s.frames - 1));
        return {
          times: [...Array.from({ length: frames }, (_, j) => latentTime(j)), ...given], kinds: [...new Array<number>(frames).fill(GENERATED), ...given.map(() => GIVEN)],
          sigmas: [...new Array<number>(frames).fill(0.5), ...given.map(() => CONTEXT_SIGMA)],
          captions: new Array<number>(frames + s.given).fill(i), tokens: values(`tokens/${i}`, tokensOf(s) * perToken),
        };
      });
      const ids = uniforms({ seed: seedOfData, stream: 'ids', step: 0 }, layout.captions * text.length);
      return {
        ...packFeeds(layout, segments, config), target: values('target', packTokens(layout) * perToken), weight: new Float32Array(packFrames(layout)).fill(1 / packTokens(layout)),
        ids: Int32Array.from(ids, (u) => Math.floor(u * text.vocabulary)), present: new Float32Array(ids.length).fill(1),
      } as Record<string, HostArray>;
    };

    // Each layout takes turns with a bucket; both lists are gone through at least once, so that a drift of the machine meets both.
    const packMs: number[][] = Array.from({ length: measured }, () => []), bucketMs: number[][] = buckets.map(() => []);
    for (let i = 0; i < Math.max(measured, buckets.length); i++) {
      const a = i % measured, b = i % buckets.length, pack = await stepper(bank[a]!), bucket = await stepper(buckets[b]!);
      const found = await interleave(pack.run, bucket.run, { rounds });
      packMs[a]!.push(found.aMs); bucketMs[b]!.push(found.bMs);
      pack.dispose(); bucket.dispose();
      log(`${layoutKey(bank[a]!.layout)}: ${found.aMs.toFixed(0)} ms; bucket ${nameOf(shapes[b]!)}: ${found.bMs.toFixed(0)} ms`);
    }
    const mean = (list: readonly number[]): number => list.reduce((x, y) => x + y, 0) / list.length;
    const samples = bank.slice(0, measured).flatMap((l) => l.samples), packs = packMs.map(mean).reduce((x, y) => x + y, 0);
    const bucketed = samples.reduce((n, s) => { const b = shapes.indexOf(s); return n + mean(bucketMs[b]!) / buckets[b]!.samples.length; }, 0);
    const share = (list: readonly Filled[], left: (f: Filled) => number): number => mean(list.map(left));
    const ofSamples = ({ samples: all }: Filled): number => all.reduce((n, s) => n + tokensOf(s), 0);
    const padding = share(bank, (f) => 1 - ofSamples(f) / packTokens(f.layout)), graphs = new Set(bank.map(({ layout }) => layoutKey(layout))).size;
    const result = {
      padding, samples_per_second: samples.length / packs * 1000, buckets_samples_per_second: samples.length / bucketed * 1000, ratio: bucketed / packs, graphs,
      unfilled: share(bank, (f) => 1 - ofSamples(f) / tokens), buckets_graphs: buckets.length, buckets_unfilled: share(buckets, (f) => 1 - ofSamples(f) / tokens),
      attention_share: share(bank, ({ layout }) => layout.groups.reduce((n, g) => n + g.count * segmentTokens(g) ** 2, 0) / packTokens(layout) ** 2),
      compile_ms: compileMs, layouts: measured, rounds,
    };
    return {
      config: { model: preset, text, tokens, shapes, bank: BANK, measured, rounds },
      cases: [result], extra: { ...result, wanted: WANTED },
    };
  },
};
