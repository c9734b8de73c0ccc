import { expect, test } from 'vitest';
import { cubeRoot } from './roots.ts';

test('portable cube roots agree with Math to two units in the last place', () => {
  for (const x of [1e-300, 2 ** -60, ...Array.from({ length: 4000 }, (_, i) => (i + 1) / 1333), 12345.678, 1e300]) {
    expect(Math.abs(cubeRoot(x) / Math.cbrt(x) - 1), `∛${x}`).toBeLessThanOrEqual(2 * Number.EPSILON);
  }
  expect(cubeRoot(0)).toBe(0);
});

test('as float32 the gains of 256 coefficients of the autoencoder are those that shipped weights were trained with', () => {
  for (let row = 1; row <= 256; row++) expect(Math.fround(cubeRoot(row))).toBe(Math.fround(Math.cbrt(row)));
});
