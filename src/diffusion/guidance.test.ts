import { expect, test } from 'vitest';
import { normals } from '../core/random.ts';
import { guide, isGuided, type GuidanceOptions } from './guidance.ts';

const layout = { frames: 4, perFrame: 50 };
const cond = normals({ seed: 4, stream: 'cond', step: 0 }, 200), uncond = normals({ seed: 4, stream: 'uncond', step: 0 }, 200);
const run = (o: GuidanceOptions, sigma: number | number[] = 0.5): Float32Array => guide({ cond, uncond, sigma, layout }, o);

function std(values: Float32Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

test('scale 1 is the conditional prediction, bit for bit, in a new array; scale 0 the unconditional one', () => {
  expect(run({ scale: 1, rescale: 0.7 })).toEqual(cond);
  expect(run({ scale: 1 })).not.toBe(cond);
  for (const [i, value] of run({ scale: 0 }).entries()) expect(value).toBeCloseTo(uncond[i]!, 6);
});

test('guidance is u + w·(c − u)', () => {
  for (const [i, value] of run({ scale: 4 }).entries()) expect(value).toBeCloseTo(uncond[i]! + 4 * (cond[i]! - uncond[i]!), 5);
});

test('outside of the interval, open below and closed above, frames equal the conditional prediction', () => {
  const out = run({ scale: 4, interval: [0.25, 0.75] }, [0.25, 0.5, 0.75, 0.9]);
  const full = run({ scale: 4 });
  expect(out.subarray(0, 50)).toEqual(cond.subarray(0, 50));
  expect(out.subarray(50, 150)).toEqual(full.subarray(50, 150));
  expect(out.subarray(150)).toEqual(cond.subarray(150));
  expect([0.25, 0.5, 0.75, 0.9].map((s) => isGuided(s, { scale: 4, interval: [0.25, 0.75] }))).toEqual([false, true, true, false]);
  expect(isGuided(0.5, { scale: 1 })).toBe(false);
});

test('rescale 1 keeps the standard deviation over the sample; φ mixes', () => {
  const plain = run({ scale: 6 }), kept = run({ scale: 6, rescale: 1 });
  expect(std(plain)).toBeGreaterThan(1.5 * std(cond));
  expect(std(kept)).toBeCloseTo(std(cond), 5);
  expect(std(run({ scale: 6, rescale: 0.7 }))).toBeCloseTo(0.7 * std(cond) + 0.3 * std(plain), 4);
  const part = run({ scale: 6, rescale: 1, interval: [0, 0.5] }, [0.4, 0.4, 0.9, 0.9]);
  expect(std(part.subarray(0, 100))).toBeCloseTo(std(cond.subarray(0, 100)), 5);
  expect(part.subarray(100)).toEqual(cond.subarray(100));
});

test('wrong options are named with their figures', () => {
  expect(() => run({ scale: -1 })).toThrow('guidance scale is -1');
  expect(() => run({ scale: 2, interval: [0.8, 0.2] })).toThrow('[0.8, 0.2]');
  expect(() => run({ scale: 2, rescale: 1.5 })).toThrow('guidance rescale is 1.5');
  expect(() => guide({ cond, uncond: uncond.subarray(1), sigma: 0.5, layout }, { scale: 2 })).toThrow('uncond has 199 values');
});
