import { describe, expect, test } from 'vitest';
import { normals } from '../core/random.ts';
import { CONVENTION_TABLE, CONVENTIONS, linearAlphasCumprod, toForeignLatents, velocityFromForeign, velocityToForeign, vpConvention } from './conventions.ts';
import { frameLossWeights, lossTarget, velocityLossFactor } from './loss.ts';
import { addNoise, PATHS, pathVelocity } from './path.ts';
import { convertPrediction, PREDICTIONS } from './prediction.ts';

const pack = [{ frames: 3, perFrame: 5 }];
const x = normals({ seed: 2, stream: 'x', step: 0 }, 15), eps = normals({ seed: 2, stream: 'eps', step: 0 }, 15);

function expectClose(actual: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: number): void {
  expect(actual.length).toBe(wanted.length);
  for (let i = 0; i < wanted.length; i++) {
    expect(Math.abs(actual[i]! - wanted[i]!), `value ${i}: ${actual[i]} for ${wanted[i]}`).toBeLessThanOrEqual(tolerance * (1 + Math.abs(wanted[i]!)));
  }
}

describe.each(PATHS)('predictions on the path %s', (path) => {
  const sigma = [0.1, 0.5, 0.9];
  const z = addNoise({ x, eps, pack, path, sigma });
  const truth = { velocity: pathVelocity({ x, eps, pack, path, sigma }), x, noise: eps };
  for (const from of PREDICTIONS) {
    for (const to of PREDICTIONS) {
      test(`${from} → ${to}`, () => {
        expectClose(convertPrediction(truth[from], { from, to, z, sigma, pack, path }), truth[to], 3e-6);
      });
    }
  }
});

test('x → velocity on the linear path is (z − x)/σ, and finite at 0', () => {
  const z = addNoise({ x, eps, pack, sigma: 0.02 });
  expectClose(convertPrediction(x, { from: 'x', to: 'velocity', z, sigma: 0.02, pack }), Array.from(z, (value, i) => (value - x[i]!) / 0.02), 1e-5);
  expect(convertPrediction(x, { from: 'x', to: 'velocity', z, sigma: 0, pack }).every(Number.isFinite)).toBe(true);
});

describe.each(CONVENTIONS)('convention %s', (name) => {
  const c = CONVENTION_TABLE[name];
  test('time and predictions go round', () => {
    for (const sigma of [0.02, 0.3, 0.5, 0.77, 0.99]) {
      expect(c.sigmaOf(c.timeOf(sigma))).toBeCloseTo(sigma, 12);
      const z = addNoise({ x, eps, pack, sigma }), v = pathVelocity({ x, eps, pack, sigma });
      expectClose(velocityFromForeign(c, velocityToForeign(c, v, z, sigma), z, sigma), v, 2e-5);
    }
  });
});

test('SiT counts from noise to data and points at data; Flux and Wan as Kinora', () => {
  const z = addNoise({ x, eps, pack, sigma: 0.25 }), v = pathVelocity({ x, eps, pack, sigma: 0.25 });
  expect(CONVENTION_TABLE.sit.timeOf(0.25)).toBe(0.75);
  expectClose(velocityToForeign(CONVENTION_TABLE.sit, v, z, 0.25), x.map((value, i) => value - eps[i]!), 1e-6);
  expect(CONVENTION_TABLE.wan.timeOf(0.25)).toBe(250);
  expectClose(velocityToForeign(CONVENTION_TABLE.flux, v, z, 0.25), eps.map((value, i) => value - x[i]!), 1e-6);
});

test('DiT: every timestep goes round; latents and ε are those of the variance-preserving path', () => {
  const abar = linearAlphasCumprod(), c = CONVENTION_TABLE.dit;
  expect(abar[0]).toBeCloseTo(0.9999, 12);
  expect(abar[999]).toBeCloseTo(4.036e-5, 7);                                // DDPM's well-known last ᾱ
  for (let t = 0; t < 1000; t++) expect(c.timeOf(c.sigmaOf(t))).toBeCloseTo(t, 6);
  for (const t of [0, 17, 500, 999]) {
    const sigma = c.sigmaOf(t), z = addNoise({ x, eps, pack, sigma }), v = pathVelocity({ x, eps, pack, sigma });
    const alpha = Math.sqrt(abar[t]!), beta = Math.sqrt(1 - abar[t]!);
    expectClose(toForeignLatents(c, z, sigma), x.map((value, i) => alpha * value + beta * eps[i]!), 1e-5);
    expectClose(velocityToForeign(c, v, z, sigma), eps, 1e-5);
    const vp = vpConvention(abar, 'v');
    expectClose(velocityToForeign(vp, v, z, sigma), eps.map((value, i) => alpha * value - beta * x[i]!), 1e-5);
    expectClose(velocityFromForeign(vp, velocityToForeign(vp, v, z, sigma), z, sigma), v, 2e-5);
  }
  expect(c.timeOf(1)).toBe(999);
  expect(c.timeOf(0)).toBe(0);
  expect(() => c.sigmaOf(1000)).toThrow('timestep 1000 is outside 0…999');
});

describe('loss', () => {
  test('the weighted error of any prediction is the error of its velocity', () => {
    const sigma = [0.2, 0.5, 0.8], z = addNoise({ x, eps, pack, sigma });
    const target = pathVelocity({ x, eps, pack, sigma });
    const guess = target.map((value, i) => value + Math.sin(i));
    for (const prediction of PREDICTIONS) {
      const own = convertPrediction(guess, { from: 'velocity', to: prediction, z, sigma, pack });
      const wanted = lossTarget(prediction, { x, eps, pack, sigma });
      for (const [i, value] of own.entries()) {
        const factor = velocityLossFactor(prediction, sigma[Math.floor(i / 5)]!);
        expect(factor * (value - wanted[i]!) ** 2).toBeCloseTo((guess[i]! - target[i]!) ** 2, 4);
      }
    }
    expect(velocityLossFactor('x', 0.01)).toBeCloseTo(400, 9);
  });
  test('given frames weigh nothing and every sample the same', () => {
    const samples = [
      { tokensPerFrame: 16, generated: [false, true, true] }, { tokensPerFrame: 64, generated: [true] },
      { tokensPerFrame: 4, generated: [false] },
    ];
    const weights = frameLossWeights(samples, { prediction: 'velocity', sigma: 0.5 });
    expect([...weights]).toEqual([0, 1 / 64, 1 / 64, 1 / 128, 0]);
    expect(frameLossWeights(samples, { prediction: 'x', sigma: [0, 0.5, 0.25, 1, 0] })[2]).toBe(16 / 64);
    expect(() => frameLossWeights([samples[2]!], { prediction: 'x', sigma: 0.5 })).toThrow('at least one sample with a generated frame');
  });
});
