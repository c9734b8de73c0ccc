/**
 * @file Golden files of tools/reference (float64 PyTorch): reading them, drawing the same weights and inputs, comparing whole tensors.
 * A golden that is missing, or a tensor of it that no test compares, fails.
 */
import { join } from 'node:path';
import { expect } from 'vitest';
import { normals } from '../../src/core/random.ts';
import { sizeOf, type Shape } from '../../src/core/shape.ts';
import { readTensors } from '../../src/io/safetensors.ts';
import { listParams } from '../../src/nn/param.ts';

const SEED = 20;                                                // tools/reference/common.py
const FOLDER = join(import.meta.dirname, '..', 'fixtures', 'goldens');

/** Greatest ‖got − want‖ ÷ ‖want‖ of an output or a gradient. */
export const PARITY = 1e-4;

/** One golden file. */
export interface Golden<C> {
  /** What the reference script was given. */
  readonly config: C;
  readonly names: readonly string[];
  /** Compares a tensor; throws with error and worst index. */
  expect(name: string, got: ArrayLike<number>, tolerance?: number): void;
  /** Tensors of the file that were never compared. */
  left(): readonly string[];
}

/** ‖got − want‖ ÷ ‖want‖, and the index of the largest difference. */
export function relativeError(got: ArrayLike<number>, want: ArrayLike<number>): { error: number; index: number } {
  let square = 0, norm = 0, worst = -1, index = 0;
  for (let i = 0; i < want.length; i++) {
    const d = Math.abs(got[i]! - want[i]!);
    square += d * d; norm += want[i]! ** 2;
    if (!(d <= worst)) { worst = d; index = i; }
  }
  return { error: norm === 0 ? Math.sqrt(square) : Math.sqrt(square / norm), index };
}

/** Opens a golden. */
export async function golden<C>(name: string): Promise<Golden<C>> {
  const { tensors, metadata } = await readTensors(join(FOLDER, `${name}.safetensors`));
  expect(Number(metadata['seed']), `${name}: seed`).toBe(SEED);
  for (const key of ['script', 'torch', 'numpy', 'python']) expect(metadata[key], `${name}: ${key}`).toBeTruthy();
  const left = new Set(tensors.keys());
  return {
    config: JSON.parse(metadata['case']!) as C,
    names: [...tensors.keys()],
    expect(tensor, got, tolerance = PARITY) {
      const want = tensors.get(tensor);
      if (!want) throw new RangeError(`${name} holds no "${tensor}"`);
      expect(got.length, `${name} ${tensor}: length`).toBe(want.data.length);
      expect(want.data.some((v) => v !== 0), `${name} ${tensor}: the golden is all zero, which proves nothing`).toBe(true);
      const { error, index } = relativeError(got, want.data);
      if (!(error <= tolerance)) expect.fail(`${name} ${tensor}: ‖a − b‖/‖b‖ = ${error} > ${tolerance}; worst at ${index}: got ${got[index]}, want ${want.data[index]}`);
      left.delete(tensor);
    },
    left: () => [...left],
  };
}

/** The Gaussian inputs of the reference scripts. */
export const drawn = (stream: string, shape: Shape): Float32Array => normals({ seed: SEED, stream, step: 0 }, sizeOf(shape));

/** A parameter of the reference scripts: no gate, bias or gain is zero or one. */
export function weightsOf(name: string, shape: Shape): Float32Array {
  const n = drawn(`param:${name}`, shape);
  if (shape.length === 1) return n.map((v) => 0.3 * v + (/norm/i.test(name) ? 1 : 0));
  const scale = Math.sqrt(shape.length === 2 ? shape[0]! : sizeOf(shape.slice(1)));
  return n.map((v) => v / scale);
}

/** All parameters of a tree, by name with `prefix` before. */
export const weightsOfTree = (specs: unknown, prefix = ''): Record<string, Float32Array> =>
  Object.fromEntries(listParams(specs).map(({ name, leaf }) => [prefix + name, weightsOf(prefix + name, leaf.shape)]));
