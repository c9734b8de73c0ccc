import { describe, expect, test } from 'vitest';
import { normals } from '../core/random.ts';
import { frameSpans, sigmaAt } from './frames.ts';
import { addNoise, pathAt, PATHS, pathVelocity } from './path.ts';

const x = normals({ seed: 1, stream: 'x', step: 0 }, 12), eps = normals({ seed: 1, stream: 'eps', step: 0 }, 12);
const pack = [{ frames: 2, perFrame: 4 }, { frames: 1, perFrame: 4 }];

describe.each(PATHS)('path %s', (path) => {
  test('joins data at 0 and noise at 1', () => {
    expect(pathAt(path, 0).a).toBe(1);
    expect(pathAt(path, 0).b).toBe(0);
    expect(pathAt(path, 1).a).toBeCloseTo(0, 15);
    expect(pathAt(path, 1).b).toBeCloseTo(1, 15);
  });
  test('derivatives agree with central differences, and det is a·b′ − a′·b', () => {
    const h = 1e-5;
    for (let sigma = 0.01; sigma < 1; sigma += 0.07) {
      const p = pathAt(path, sigma), before = pathAt(path, sigma - h), after = pathAt(path, sigma + h);
      expect(p.da).toBeCloseTo((after.a - before.a) / (2 * h), 8);
      expect(p.db).toBeCloseTo((after.b - before.b) / (2 * h), 8);
      expect(p.det).toBeCloseTo(p.a * p.db - p.da * p.b, 12);
    }
  });
  test('pathVelocity is the derivative of addNoise, per frame', () => {
    const h = 2 ** -9, sigma = [0.25, 0.5, 0.75];
    const at = (by: number): Float32Array => addNoise({ x, eps, pack, path, sigma: sigma.map((s) => s + by) });
    const velocity = pathVelocity({ x, eps, pack, path, sigma }), plus = at(h), minus = at(-h);
    for (const [i, v] of velocity.entries()) expect(v).toBeCloseTo((plus[i]! - minus[i]!) / (2 * h), 3);
  });
});

test('gvp keeps unit variance', () => {
  for (const sigma of [0, 0.2, 0.5, 0.9, 1]) {
    const { a, b } = pathAt('gvp', sigma);
    expect(a * a + b * b).toBeCloseTo(1, 14);
  }
});

test('frames of a pack follow each other and know their sample', () => {
  expect(frameSpans([{ frames: 2, perFrame: 3 }, { frames: 1, perFrame: 5 }])).toEqual([
    { start: 0, end: 3, sample: 0 }, { start: 3, end: 6, sample: 0 }, { start: 6, end: 11, sample: 1 },
  ]);
  expect(() => frameSpans([{ frames: 0, perFrame: 3 }])).toThrow('sample 0 has 0 frames of 3 values');
  expect(() => addNoise({ x, eps: eps.subarray(1), pack, sigma: 0.5 })).toThrow('eps has 11 values, the pack has 12');
  expect(() => sigmaAt([0.1], 1)).toThrow('sigma of frame 1 is undefined');
  expect(() => sigmaAt(1.5, 0)).toThrow('must be within [0, 1]');
});
