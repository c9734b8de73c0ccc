import { describe, expect, test } from 'vitest';
import { sizeOf } from '../core/shape.ts';
import { VAE_PRESETS } from '../models/vae/config.ts';
import { vaeParams } from '../models/vae/vae.ts';
import { listParams } from '../nn/param.ts';
import type { DiTRunConfig, VaeRunConfig } from './config.ts';
import { ASSUMED_GFLOPS, planDiT, planVae } from './plan.ts';

const common = {
  seed: 1, validateEvery: 10, checkpointSeconds: 60, programs: 2,
  optim: { steps: 7, rate: 0.01, warmup: 1, decayShare: 0.5, weightDecay: 0, clip: 1, emaLimit: 0.9, beta2: 0.99, matrices: 'muon' as const },
};

describe('transformer', () => {
  const config: DiTRunConfig = {
    kind: 'dit', model: 'tiny', dit: {}, text: { width: 16, depth: 1, heads: 2 }, ...common,
    tokens: 400, layouts: 1, stages: [{ from: 0, shapes: [{ frames: 5, width: 64, height: 64, given: 1, share: 1 }] }], clips: { '5x64x64': 12 },
    prediction: 'velocity', shift: 1, dropCaption: 0, noisyCaption: 0, deedCaption: 0, independent: 0, prefix: 0,
  };
  const plan = planDiT(config, { config: { latentChannels: 4 } }, { vocabulary: 100, length: 32 });
  // Width 32, two blocks, text of width 16. A sample is 2 generated latent frames and a given one, 8×8 tokens each; 400 tokens hold two samples.
  const D = 32, T = 16, tokens = 2 * 3 * 64, frames = 6, captions = 2, length = 32, segment = 3 * 64;

  test('parameters, by hand', () => {
    const block = 3 * D * D + D * D + 2 * 16 /* norms of queries and keys */ + D * D + T * 2 * D + D * D /* cross-attention */ + 2 * D * 4 * D + 6 * D;
    const dit = (4 * D + D) + 60 * D /* places */ + 2 * D /* kinds */ + (256 * D + D) + (D * D + D) + T * D + (6 * D * D + 6 * D) + 2 * block
      + (2 * D * D + 2 * D) + (D * 4 + 4) + (D * 4 + 4) /* skip */;
    const text = 100 * T + 32 * T + (4 * T * T + 2 * T * 4 * T + 2 * T) + T;
    expect(plan.parameters).toBe(dit + text);
  });

  test('layout, samples, padding, time', () => {
    expect(plan.layouts).toEqual([expect.stringContaining('2·3×8×8')]);
    expect([plan.samplesPerStep, plan.padding, plan.steps]).toEqual([2, 0, 7]);
    expect(plan.unfilled).toBeCloseTo(1 - tokens / 400, 12);
    expect(plan.data).toBe('12 of 5x64x64');
    expect(plan.hours).toBeCloseTo(7 * plan.gflopPerStep / ASSUMED_GFLOPS / 3600, 12);
  });

  test('products, by hand: each is done once forward and, where both sides have a gradient, twice backward', () => {
    const block = tokens * D * (3 * D + D) + 2 * tokens * segment * D                       // self-attention
      + 2 * tokens * D * D + captions * length * T * 2 * D + 2 * tokens * length * D        // cross-attention
      + 2 * tokens * D * 4 * D;
    const text = captions * length * (4 * T * T + 2 * T * 4 * T) + 2 * captions * length * length * T;
    const both = 2 * block + text + frames * D * D /* fc2 */ + captions * T * D + frames * D * 6 * D + frames * D * 2 * D + frames * D * 4 /* skip */ + tokens * D * 4;
    const oneSided = tokens * (4 + 60) * D + frames * 256 * D + captions * length * T;             // latents, places, noise levels and the mask of tokens are data
    const expected = 2 * (3 * both + 2 * oneSided), counted = plan.gflopPerStep * 1e9;
    expect(counted).toBeGreaterThanOrEqual(expected);
    expect(counted).toBeLessThan(1.005 * expected);             // the gradient writes some sums as products with one column: 0.2 % here
  });
});

describe('autoencoder', () => {
  const layout = { width: 64, height: 64, share: 1 };
  const config: VaeRunConfig = {
    kind: 'vae', part: 'all', latentNoise: 0, model: 'tiny', ...common,
    layouts: [{ ...layout, frames: 1, batch: 4 }, { ...layout, frames: 9, batch: 2, share: 3 }],
    kl: 0, silhouette: 0, validationClips: 4, statisticsClips: 2000,
  };

  test('figures are averages by share, memory that of the compiled layouts', () => {
    const both = planVae(config), [image, film] = config.layouts.map((l) => planVae({ ...config, layouts: [l] })) as [ReturnType<typeof planVae>, ReturnType<typeof planVae>];
    expect(both.samplesPerStep).toBe((4 + 3 * 2) / 4);
    expect(both.gflopPerStep).toBeCloseTo((image.gflopPerStep + 3 * film.gflopPerStep) / 4, 9);
    const matrices = listParams(vaeParams(VAE_PRESETS[config.model])).filter(({ leaf }) => leaf.decay).reduce((n, { leaf }) => n + sizeOf(leaf.shape), 0);
    const state = (both.parameters * 5 - matrices) * 4 / 1e6;                                     // Muon keeps one moment of matrices
    expect(both.memoryMb).toBeCloseTo(film.memoryMb + image.memoryMb - state, 6);
    expect(planVae({ ...config, programs: 1 }).memoryMb).toBe(film.memoryMb);
    expect([both.parameters, both.layouts]).toEqual([film.parameters, ['4·1x64x64', '2·9x64x64']]);
  });

  test('a larger model weighs more and computes more', () => {
    const tiny = planVae(config);
    for (const model of Object.keys(VAE_PRESETS).filter((name) => name !== 'tiny') as ('base' | 'large')[]) {
      const plan = planVae({ ...config, model, layouts: [config.layouts[0]!] });
      expect(plan.parameters).toBeGreaterThan(20 * tiny.parameters);
      expect(plan.gflopPerStep).toBeGreaterThan(tiny.gflopPerStep);
    }
  });
});
