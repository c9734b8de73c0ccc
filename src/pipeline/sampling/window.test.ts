import { expect, test } from 'vitest';
import { tokenRegion, windowNoise } from './window.ts';

test('a token is made again if any of its pixels is', () => {
  const region = new Uint8Array(32 * 16);
  region[0] = 1;                                                // first token
  region[15 * 32 + 31] = 1;                                     // last one
  expect([...tokenRegion(region, { width: 32, height: 16 }, 8)]).toEqual([1, 0, 0, 0, 0, 0, 0, 1]);
});

test('noise is named by seed and place; a variation keeps its spread and leaves it by the cosine of a share of a quarter turn', () => {
  const noise = (vary: { amount: number; seed: number } | null, start = 0): Float32Array => windowNoise({ seed: 1, vary }, { start }, 20_000);
  const own = noise(null), dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0) / a.length;
  expect(noise({ amount: 0, seed: 2 })).toEqual(own);
  expect(noise(null, 24)).not.toEqual(own);
  for (const amount of [0.3, 0.7, 1]) {
    const varied = noise({ amount, seed: 2 });
    expect(dot(varied, varied)).toBeCloseTo(1, 1);
    expect(dot(varied, own)).toBeCloseTo(Math.cos(amount * Math.PI / 2), 1);
  }
  expect(dot(noise({ amount: 1, seed: 2 }), noise({ amount: 1, seed: 3 }))).toBeCloseTo(0, 1);
});
