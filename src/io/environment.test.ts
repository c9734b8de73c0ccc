import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { configHash, environment } from './environment.ts';

test('the hash of a configuration depends on its content, not on the order of its keys', () => {
  const hash = configHash({ width: 384, blocks: [{ a: 1, b: 2 }] });
  expect(hash).toMatch(/^[0-9a-f]{12}$/);
  expect(configHash({ blocks: [{ b: 2, a: 1 }], width: 384 })).toBe(hash);
  expect(configHash({ width: 384, blocks: [{ a: 2, b: 1 }] })).not.toBe(hash);
  expect(configHash([1, 2])).not.toBe(configHash([2, 1]));
});

test('a measurement can be traced', () => {
  const found = environment({ config: { a: 1 }, seed: 7, threads: 2, now: new Date(0) });
  expect(found).toMatchObject({ configHash: configHash({ a: 1 }), seed: 7, threads: 2, node: process.version, date: '1970-01-01T00:00:00.000Z' });
  expect(found.onnxruntime).toMatch(/^\d+\.\d+\.\d+/);
  expect(found.cores).toBeGreaterThan(0);
  expect(found.load.every((x) => x >= 0)).toBe(true);
});

test('outside of a checkout there is no commit', () => {
  expect(environment({ config: {}, seed: 0, threads: 1, now: new Date(0), folder: tmpdir() })).toMatchObject({ commit: null, dirty: null });
});
