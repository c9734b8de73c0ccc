/**
 * @file The update ratio, ‖update‖ ÷ ‖weights‖ by group of weights: about 1e-3 is healthy at full rate; far above, a group is being rewritten, far below, it
 * stands still. Of large weights a spread sample of elements is looked at, so that it costs next to nothing; weights are only read.
 */
import type { TrainState } from './state.ts';

/** Steps between two measurements. */
export const RATIO_EVERY = 20;

/** Elements of a weight that are looked at, at most: of Gaussian ones, the norm is right to 1 ÷ √(2 · 4096) = 1.1 %. */
const SAMPLE = 4096;

/** A weight's group: its first two names, or three where blocks are numbered (`dit.blocks.7.attn.qkv.weight` → `dit.blocks.attn`). */
export function groupOf(name: string): string {
  const parts = name.split('.'), named = parts.filter((part) => !/^\d+$/.test(part));
  return named.slice(0, named.length < parts.length ? 3 : 2).join('.');
}

const divides = (a: number, b: number): number => (b === 0 ? a : divides(b, a % b));

/** A step through `size` elements that visits at most {@link SAMPLE}, and all columns of a matrix with rows of `row` elements alike. */
function strideOf(size: number, row: number): number {
  let stride = Math.ceil(size / SAMPLE);
  while (stride > 1 && divides(stride, row) !== 1) stride++;
  return stride;
}

/** Remembers weights as they are; the returned function tells how far they have moved since, by group. A group of zeros has no ratio. */
export function updateProbe(state: TrainState): () => Record<string, number> {
  const kept = [...state.slots].map(([name, { spec }]) => {
    const values = state.windows('value')[name]!, stride = strideOf(values.length, spec.shape.at(-1) ?? 1);
    return { group: groupOf(name), values, stride, before: Float32Array.from({ length: Math.ceil(values.length / stride) }, (_, i) => values[i * stride]!) };
  });
  return () => {
    const sums = new Map<string, { moved: number; weight: number }>();
    for (const { group, values, stride, before } of kept) {
      const sum = sums.get(group) ?? { moved: 0, weight: 0 }, each = values.length / before.length;
      before.forEach((old, i) => { sum.moved += each * (values[i * stride]! - old) ** 2; sum.weight += each * old ** 2; });
      sums.set(group, sum);
    }
    return Object.fromEntries([...sums].flatMap(([group, { moved, weight }]) => (weight > 0 ? [[group, Math.sqrt(moved / weight)]] : [])));
  };
}
