import { describe, expect, test } from 'vitest';
import { CancelledError } from '../../core/errors.ts';
import { normals } from '../../core/random.ts';
import { frameSigmas } from '../frames.ts';
import { key, LINE, mixtureMoment, oneFrame, PLANE, reference, slope, velocityOf } from '../mixture.fixture.ts';
import { PATHS } from '../path.ts';
import { sigmaGrid } from '../timesteps.ts';
import type { SampleOptions } from './contract.ts';
import { SAMPLER_TABLE, SAMPLERS } from './registry.ts';

describe.each(PATHS)('order of convergence on the path %s', (path) => {
  for (const [label, mixture, dimension] of [['line', LINE, 1], ['plane', PLANE, 2]] as const) {
    const noise = normals(key(5), 64);
    const exact = reference(mixture, noise, path, dimension, 1000);
    for (const name of ['euler', 'heun', 'ab2'] as const) {
      test(`${name} on the ${label}`, async () => {
        const counts = [16, 32, 64, 128], errors: number[] = [];
        for (const steps of counts) {
          const z = await SAMPLER_TABLE[name].sample(oneFrame(noise, mixture, dimension, steps, path));
          errors.push(Math.sqrt(z.reduce((sum, value, i) => sum + (value - exact[i]!) ** 2, 0) / z.length));
        }
        const order = -slope(counts.map(Math.log), errors.map(Math.log));
        expect(order, `errors ${errors.join(', ')} at ${counts.join(', ')} steps`).toBeGreaterThan(SAMPLER_TABLE[name].order - 0.15);
        expect(order).toBeLessThan(SAMPLER_TABLE[name].order + 0.35);
      });
    }
  }
});

/** Largest of |measured − exact| / standard error over mean, variance, 4th central moment and the left component's share. */
function worstMoment(z: Float32Array): number {
  const n = z.length, split = -0.5;
  const mean = mixtureMoment(LINE, 1, 0), moment = (k: number): number => mixtureMoment(LINE, k, mean);
  const average = (f: (v: number) => number): number => z.reduce((sum, v) => sum + f(v), 0) / n;
  const left = LINE.reduce((sum, c) => sum + c.weight * normalCdf((split - c.mean[0]!) / c.std), 0);
  const scores = [
    (average((v) => v) - mean) / Math.sqrt(moment(2) / n),
    (average((v) => (v - mean) ** 2) - moment(2)) / Math.sqrt((moment(4) - moment(2) ** 2) / n),
    (average((v) => (v - mean) ** 4) - moment(4)) / Math.sqrt((moment(8) - moment(4) ** 2) / n),
    (average((v) => Number(v < split)) - left) / Math.sqrt(left * (1 - left) / n),
  ];
  return Math.max(...scores.map(Math.abs));
}

/** Standard normal distribution function by Simpson's rule from −8; to 1e-9. */
function normalCdf(x: number): number {
  const n = 2000, h = (x + 8) / n, f = (t: number): number => Math.exp(-t * t / 2) / Math.sqrt(2 * Math.PI);
  return h / 3 * Array.from({ length: n + 1 }, (_, i) => (i === 0 || i === n ? 1 : i % 2 ? 4 : 2) * f(-8 + i * h)).reduce((a, b) => a + b, 0);
}

describe.each(PATHS)('8,000 particles end in the mixture, every moment within 3 standard errors, on the path %s', (path) => {
  const noise = normals(key(11), 8000);
  test('heun, 40 steps', async () => {
    expect(worstMoment(await SAMPLER_TABLE.heun.sample(oneFrame(noise, LINE, 1, 40, path)))).toBeLessThan(3);
  });
  test('Euler–Maruyama, 150 steps', async () => {
    expect(worstMoment(await SAMPLER_TABLE['euler-maruyama'].sample(oneFrame(noise, LINE, 1, 150, path)))).toBeLessThan(3);
  });
});

describe.each(SAMPLERS)('%s', (name) => {
  const sampler = SAMPLER_TABLE[name];
  const pack = [{ frames: 3, perFrame: 4 }, { frames: 1, perFrame: 6 }];
  const noise = normals(key(21), 18), velocity = velocityOf(LINE, 1);
  const inPack = async (z: Float32Array, sigma: Float32Array): Promise<Float32Array> => {
    const perFrame = [4, 4, 4, 6], parts: number[] = [];
    for (let frame = 0, at = 0; frame < sigma.length; at += perFrame[frame]!, frame++) {
      parts.push(...await velocity(z.slice(at, at + perFrame[frame]!), sigma.slice(frame, frame + 1)));
    }
    return Float32Array.from(parts);
  };
  const sigmas = Array.from(sigmaGrid(8, 2), (sigma) => Float32Array.of(sigma, 0.02, Math.max(0, 1.5 * sigma - 0.5), sigma));
  const keys = [key(1, 'a'), key(2, 'b')];
  const options: SampleOptions = { velocity: inPack, noise, pack, sigmas, keys };

  test('same key, same bytes; the noise given is left alone', async () => {
    const before = noise.slice();
    expect(await sampler.sample(options)).toEqual(await sampler.sample(options));
    expect(noise).toEqual(before);
  });
  test('a sample alone gives the bytes that it gives in a pack', async () => {
    const packed = await sampler.sample(options);
    const alone = await sampler.sample({
      ...options, velocity, noise: noise.subarray(12), pack: [pack[1]!], sigmas: sigmas.map((row) => row.subarray(3)), keys: [keys[1]!],
    });
    expect(alone).toEqual(packed.subarray(12));
  });
  test('a frame whose σ stays the same stays the same; the others finish and are finite', async () => {
    const z = await sampler.sample(options);
    expect(z.subarray(4, 8)).toEqual(noise.subarray(4, 8));
    expect(z.every(Number.isFinite)).toBe(true);
    expect(z.subarray(0, 4)).not.toEqual(noise.subarray(0, 4));
  });
  test('calls the model as often as it says, with σ per frame, and reports every step', async () => {
    let calls = 0;
    const seen: number[] = [];
    await sampler.sample({
      ...options,
      velocity: (z, sigma) => { calls++; expect(sigma).toHaveLength(4); return inPack(z, sigma); },
      onStep: ({ step, steps, sigma, z }) => { seen.push(step); expect([steps, sigma.length, z.length]).toEqual([8, 4, 18]); },
    });
    expect(calls).toBe(sampler.evaluationsPerStep * 7 + 1);
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });
  test('an abort raises CancelledError with its reason, before the next call of the model', async () => {
    const controller = new AbortController(), reason = new Error('enough');
    let calls = 0;
    const run = sampler.sample({
      ...options, signal: controller.signal,
      velocity: (z, sigma) => { calls++; return inPack(z, sigma); },
      onStep: ({ step }) => { if (step === 3) controller.abort(reason); },
    });
    await expect(run).rejects.toThrow(CancelledError);
    await expect(run).rejects.toMatchObject({ message: 'cancelled at step 4 of 8', cause: reason });
    expect(calls).toBe(3 * sampler.evaluationsPerStep);
  });
  test('lands on x when the model predicts one x everywhere', async () => {
    const towards = async (z: Float32Array, sigma: Float32Array): Promise<Float32Array> => z.map((value) => (value - 0.5) / sigma[0]!);
    const z = await sampler.sample({
      velocity: towards, noise, pack: [{ frames: 1, perFrame: 18 }], sigmas: frameSigmas(sigmaGrid(5), 1), keys: [key(4)],
    });
    for (const value of z) expect(value).toBeCloseTo(0.5, 5);
  });
  test('wrong inputs are named with their figures', async () => {
    const bad = (o: Partial<SampleOptions>, message: string) => expect(sampler.sample({ ...options, ...o })).rejects.toThrow(message);
    await bad({ noise: noise.subarray(1) }, 'noise has 17 values, the pack has 18');
    await bad({ sigmas: sigmas.slice(0, 1) }, 'sigmas has 1 rows');
    await bad({ sigmas: [sigmas[0]!, sigmas[1]!.subarray(1)] }, 'row 1 of sigmas has 3 entries, the pack 4 frames');
    await bad({ sigmas: sigmas.toReversed() }, 'it must fall within [0, 1]');
    await bad({ velocity: async (z) => z.subarray(2) }, 'velocity has 16 values');
  });
});
