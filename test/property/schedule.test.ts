/** @file Schedules as functions of the step: where they start, where they bend, where they end. */
import { expect, test } from 'vitest';
import { emaDecay, learningRate } from '../../src/optim/schedule.ts';

const o = { peak: 2, warmup: 10, total: 100, decayShare: 0.3 };
const rates = Array.from({ length: 100 }, (_, step) => learningRate(o, step));

test('warm-up is linear and never zero, then flat, then a cosine to one hundredth', () => {
  for (let step = 0; step < 10; step++) expect(rates[step]).toBeCloseTo(2 * (step + 1) / 10, 12);
  for (let step = 10; step <= 70; step++) expect(rates[step]).toBe(2);
  for (let step = 71; step < 100; step++) expect(rates[step]!).toBeLessThan(rates[step - 1]!);
  expect(learningRate(o, 85)).toBeCloseTo(2 * (0.01 + 0.99 / 2), 12);                         // half of the decay
  expect(learningRate(o, 100)).toBeCloseTo(0.02, 12);
  expect(learningRate({ ...o, floor: 0.5 }, 100)).toBeCloseTo(1, 12);
});

test('no jump is larger than the cosine is steep', () => {
  const steepest = 2 * 0.99 * 0.5 * Math.PI / 30;
  for (let step = 10; step < 99; step++) expect(Math.abs(rates[step + 1]! - rates[step]!)).toBeLessThanOrEqual(steepest + 1e-12);
});

test('no decay and no warm-up are allowed', () => {
  expect(learningRate({ ...o, warmup: 0, decayShare: 0 }, 0)).toBe(2);
  expect(learningRate({ ...o, warmup: 0, decayShare: 0 }, 99)).toBe(2);
});

test('the running average starts at the weights and reaches back a tenth of the run', () => {
  expect(emaDecay(0, 0.999)).toBe(0);
  expect(emaDecay(1e6, 0.999)).toBe(0.999);
  for (let step = 1; step < 500; step++) expect(emaDecay(step, 0.999)).toBeGreaterThan(emaDecay(step - 1, 0.999));
  const age = (total: number): number => {                      // mean age of what is averaged
    let mean = 0;
    for (let step = 0; step < total; step++) mean = emaDecay(step, 1) * (mean + 1);
    return mean;
  };
  for (const total of [1000, 10000]) expect(age(total) / total).toBeCloseTo(1 / 11, 2);        // 1 / (1 + 1/share)
});
