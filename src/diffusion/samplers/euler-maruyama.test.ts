import { expect, test } from 'vitest';
import { normals } from '../../core/random.ts';
import { key, LINE, mixtureMoment, mixtureVelocity, oneFrame, slope, velocityOf, type Component } from '../mixture.fixture.ts';
import { PATHS } from '../path.ts';
import { eulerMaruyama } from './euler-maruyama.ts';
import { euler } from './euler.ts';

test.each(PATHS)('a step of Euler–Maruyama is a step of SiT in its own time t = 1 − σ, on the path %s', async (path) => {
  const noise = normals(key(31), 50), from = 0.6, to = 0.4, dt = from - to, t = 1 - from;
  const z = await eulerMaruyama.sample({
    ...oneFrame(noise, LINE, 1, 1, path), sigmas: [Float32Array.of(from), Float32Array.of(to)],
  });
  // transport/path.py: alpha, sigma and their derivatives by t; get_score_from_velocity; transport/integrators.py: one step.
  const [alpha, sigma, dAlpha, dSigma] = path === 'linear' ? [t, 1 - t, 1, -1] : [
    Math.sin(Math.PI * t / 2), Math.cos(Math.PI * t / 2), Math.PI / 2 * Math.cos(Math.PI * t / 2), -Math.PI / 2 * Math.sin(Math.PI * t / 2)];
  const ratio = alpha / dAlpha, xi = normals({ seed: 9, stream: 'brownian/step 0', step: 0 }, 50);
  for (const [i, velocity] of mixtureVelocity(LINE, noise, from, path, 1).entries()) {
    const score = (ratio * -velocity - noise[i]!) / (sigma ** 2 - ratio * dSigma * sigma);
    expect(z[i]!).toBeCloseTo(noise[i]! + (-velocity + sigma * score) * dt + Math.sqrt(2 * sigma * dt) * xi[i]!, 5);
  }
});

test('in 20 steps, ending at x leaves no noise on a narrow component', async () => {
  const narrow: readonly Component[] = [{ weight: 1, mean: [0.3], std: 0.02 }], noise = normals(key(32), 2000);
  const z = await eulerMaruyama.sample(oneFrame(noise, narrow, 1, 20, 'linear'));
  expect(Math.sqrt(z.reduce((sum, v) => sum + (v - 0.3) ** 2, 0) / z.length)).toBeLessThan(0.02);            // 0.013 measured
});

test('the noise of Euler–Maruyama is real: it forgets the start, as the ODE does not', async () => {
  const noise = normals(key(12), 2000), o = oneFrame(noise, LINE, 1, 40, 'linear');
  const correlation = (z: Float32Array): number => slope(Array.from(noise), Array.from(z)) / Math.sqrt(mixtureMoment(LINE, 2, mixtureMoment(LINE, 1, 0)));
  expect(correlation(await euler.sample(o))).toBeGreaterThan(0.85);
  expect(correlation(await eulerMaruyama.sample(o))).toBeLessThan(0.6);
});

test('noise depends on the key, and a frame that ends draws none even while others of its sample go on', async () => {
  const run = (seed: number): Promise<Float32Array> => eulerMaruyama.sample({
    velocity: velocityOf(LINE, 1), noise: normals(key(33), 12), pack: [{ frames: 2, perFrame: 6 }], keys: [key(seed)],
    sigmas: [Float32Array.of(0.3, 0.6), Float32Array.of(0, 0.4)],
  });
  const one = await run(1), two = await run(2);
  expect(two.subarray(0, 6)).toEqual(one.subarray(0, 6));
  for (let i = 6; i < 12; i++) expect(two[i]).not.toBe(one[i]);
});

test('it needs a key for each sample', async () => {
  const o = oneFrame(normals(key(34), 4), LINE, 1, 2, 'linear');
  await expect(eulerMaruyama.sample({ ...o, keys: [] })).rejects.toThrow('one random key per sample: 0 keys, 1 samples');
});
