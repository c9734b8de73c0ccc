import { describe, expect, test } from 'vitest';
import { BASE_TOKENS, drawFrameSigmas, drawSigmas, shiftForTokens, shiftSigma, sigmaGrid } from './timesteps.ts';

const key = { seed: 3, stream: 'sigma', step: 0 };
const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

describe('training draws', () => {
  test('they stay inside (0, 1) and depend on the key alone', () => {
    const options = { shift: 4000 };
    const values = drawSigmas(key, 4096, options);
    expect(values.every((s) => s > 0 && s < 1)).toBe(true);
    expect(drawSigmas(key, 4096, options)).toEqual(values);
    expect(drawSigmas({ ...key, step: 1 }, 4096, options)).not.toEqual(values);
  });
  test('the logit is a standard Gaussian moved by log shift, within 4 standard errors', () => {
    const n = 20_000, values = drawSigmas(key, n, { shift: 3 });
    const logits = Float64Array.from(values, (s) => Math.log(s / (1 - s))), centre = Math.log(3);
    expect(Math.abs(mean(logits) - centre)).toBeLessThan(4 / Math.sqrt(n));
    expect(Math.abs(mean(logits.map((l) => (l - centre) ** 2)) - 1)).toBeLessThan(4 * Math.sqrt(2 / n));
  });
  test('frames share one σ or have their own', () => {
    const shared = drawFrameSigmas(key, 5, { mode: 'shared' }), own = drawFrameSigmas(key, 5, { mode: 'independent' });
    expect(new Set(shared).size).toBe(1);
    expect(new Set(own).size).toBe(5);
    expect(shared[0]).toBe(own[0]);
    expect(() => drawSigmas(key, 1, { shift: 0 })).toThrow('shift 0');
  });
});

describe('shift', () => {
  test('is 1 at the base and grows with the root of the tokens', () => {
    expect(shiftForTokens(BASE_TOKENS)).toBe(1);
    expect(shiftForTokens(4 * BASE_TOKENS)).toBe(2);
    expect(shiftSigma(0.5, 3)).toBe(0.75);                                   // 3·½ / (1 + 2·½)
    expect(() => shiftForTokens(0)).toThrow('tokens 0');
  });
});

test.each([0.1, 0.3, 1, 2.7, 12])('a grid with shift %f runs from exactly 1 to exactly 0, strictly falling', (shift) => {
  for (const steps of [1, 2, 20, 999]) {
    const grid = sigmaGrid(steps, shift);
    expect(grid).toHaveLength(steps + 1);
    expect(grid[0]).toBe(1);
    expect(grid[steps]).toBe(0);
    for (let i = 0; i < steps; i++) expect(grid[i + 1]!).toBeLessThan(grid[i]!);
  }
  expect(() => sigmaGrid(0)).toThrow('steps is 0');
  expect(() => sigmaGrid(2.5)).toThrow('steps is 2.5');
  expect(() => sigmaGrid(2, -1)).toThrow('shift is -1');
  expect(() => sigmaGrid(2, 1, 1.5)).toThrow('the first level is 1.5');
  expect([...sigmaGrid(2, 3, 0.5)]).toEqual([shiftSigma(0.5, 3), shiftSigma(0.25, 3), 0]);
});
