/**
 * @file The mean of the weights of two runs that started from the same ones: often better than either at what each of them learnt (Wortsman et al. 2022, "Model soups",
 * arXiv:2203.05482v3), at the cost of neither.
 */
import { FileError } from '../core/errors.ts';
import type { StoredTensor } from '../io/safetensors.ts';

/** Tensors by name. */
export type Tensors = ReadonlyMap<string, StoredTensor>;

/** (a + b) / 2 of each tensor. Throws a FileError, which says that `b` is not of the same shape, when a name or a shape differs. */
export function averageWeights(a: Tensors, b: Tensors, nameOfB: string): Map<string, StoredTensor> {
  const missing = [...a.keys()].find((name) => a.get(name)!.shape.join() !== b.get(name)?.shape.join()) ?? [...b.keys()].find((name) => !a.has(name));
  if (missing !== undefined) throw new FileError(`${nameOfB} is not of this model's shape: ${missing} differs`);
  return new Map([...a].map(([name, { shape, data }]) => {
    const other = b.get(name)!.data;
    return [name, { shape, data: Float32Array.from(data, (x, i) => (x + other[i]!) / 2) }];
  }));
}
