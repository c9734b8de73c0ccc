import { expect, test } from 'vitest';
import { draws, normals, philox, portableCosSin, portableLog, randomBits, uniforms } from './random.ts';

// Known-answer vectors of Random123 1.14 (kat_vectors, "philox4x32 10").
test.each([
  [[0, 0, 0, 0], [0, 0], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]],
  [[0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]],
  [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1]],
])('philox 4x32-10 published vector %#', (counter, key, expected) => {
  const out = new Uint32Array(4);
  philox(counter, key, out);
  expect([...out]).toEqual(expected);
});

test('portable log and cos agree with Math to 1e-14', () => {
  for (let i = 1; i < 4000; i++) {
    const x = i / 1333;
    expect(Math.abs(portableLog(x) - Math.log(x))).toBeLessThan(1e-14);
    const turns = i / 4000;
    const [c, s] = portableCosSin(turns);
    expect(Math.abs(c - Math.cos(2 * Math.PI * turns))).toBeLessThan(1e-14);
    expect(Math.abs(s - Math.sin(2 * Math.PI * turns))).toBeLessThan(1e-14);
  }
});

test('normals have the moments of a standard Gaussian', () => {
  const n = 200_000;
  const x = normals({ seed: 3, stream: 'test', step: 5 }, n);
  const moment = (p: number): number => x.reduce((sum, v) => sum + v ** p, 0) / n;
  expect(Math.abs(moment(1))).toBeLessThan(0.01);               // 4.5 standard errors
  expect(Math.abs(moment(2) - 1)).toBeLessThan(0.015);
  expect(Math.abs(moment(4) - 3)).toBeLessThan(0.1);
});

test('streams, seeds and steps are separate, and a prefix does not depend on the count', () => {
  const base = { seed: 1, stream: 'noise', step: 0 };
  const bits = (key: typeof base): string => randomBits(key, 8).join();
  expect(new Set([bits(base), bits({ ...base, seed: 2 }), bits({ ...base, stream: 'data' }), bits({ ...base, step: 1 }), bits({ ...base, seed: 2 ** 40 })]).size).toBe(5);
  expect([...normals(base, 5)]).toEqual([...normals(base, 50).subarray(0, 5)]);
  const d = draws(base);
  expect([d.uniform(), d.uniform()]).toEqual([...uniforms(base, 2)]);
});
