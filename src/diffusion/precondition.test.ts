import { expect, test } from 'vitest';
import { normals } from '../core/random.ts';
import { OUTPUT_KINDS, outputFactors, outputTarget, outputToVelocity } from './precondition.ts';

const STD = [3, 1, 0.2], ROWS = 4000;
const eps = normals({ seed: 1, stream: 'eps', step: 0 }, ROWS * STD.length);
const x = normals({ seed: 1, stream: 'x', step: 0 }, ROWS * STD.length).map((v, i) => v * STD[i % STD.length]!);
const noised = (sigma: number): Float32Array => x.map((v, i) => (1 - sigma) * v + sigma * eps[i]!);

test.each(OUTPUT_KINDS.flatMap((kind) => [0.06, 0.3, 0.7, 0.99].map((sigma) => [kind, sigma] as const)))('%s at σ = %f: the perfect output gives the velocity ε − x', (kind, sigma) => {
  const target = new Float32Array(x.length), factor = new Float32Array(STD.length), o = { kind, sigma, std: STD };
  outputTarget(o, x, eps, target, factor);
  outputToVelocity(o, noised(sigma), target);
  expect(Math.max(...target.map((v, i) => Math.abs(v - (eps[i]! - x[i]!))))).toBeLessThan(2e-5 / sigma ** 2);
});

test.each(OUTPUT_KINDS.flatMap((kind) => [0.06, 0.5, 0.95].map((sigma) => [kind, sigma] as const)))('%s at σ = %f: an error of the output times the factor is the error of the velocity', (kind, sigma) => {
  const target = new Float32Array(x.length), factor = new Float32Array(STD.length), o = { kind, sigma, std: STD };
  outputTarget(o, x, eps, target, factor);
  const wrong = target.map((v) => v + 0.1);
  outputToVelocity(o, noised(sigma), wrong);
  outputToVelocity(o, noised(sigma), target);
  for (let i = 0; i < 30; i++) expect(Math.abs(wrong[i]! - target[i]!)).toBeCloseTo(0.1 * Math.abs(factor[i % STD.length]!), 3);
});

test.each([0.02, 0.3, 0.8, 1])('preconditioned targets have unit variance in every channel at σ = %f', (sigma) => {
  const target = new Float32Array(x.length);
  outputTarget({ kind: 'preconditioned', sigma, std: STD }, x, eps, target, new Float32Array(STD.length));
  for (const c of STD.keys()) {
    const values = target.filter((_, i) => i % STD.length === c);
    expect(values.reduce((a, v) => a + v * v, 0) / values.length).toBeCloseTo(1, 0.8);
  }
});

test('with an output of zero, preconditioned is the best linear filter per channel', () => {
  const { skip } = outputFactors('preconditioned', 0.4, 0.5);
  const error = (f: number): number => (f * 0.6 - 1) ** 2 * 0.25 + (f * 0.4) ** 2;                // E|f·z − x|² for z = 0.6·x + 0.4·ε
  expect(error(skip)).toBeLessThan(error(skip + 0.01));
  expect(error(skip)).toBeLessThan(error(skip - 0.01));
});

test('a level outside [0, 1] and rows that do not fit are refused', () => {
  expect(() => { outputToVelocity({ kind: 'x', sigma: 1.5, std: STD }, x, x.slice()); }).toThrow('sigma is 1.5; it must be within [0, 1]');
  expect(() => { outputToVelocity({ kind: 'x', sigma: 0.5, std: [1, 1, 1, 1, 1, 1, 1] }, x, x.slice()); }).toThrow('12000 values are no rows of 7 channels');
});
