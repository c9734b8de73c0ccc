/**
 * @file The reference backend: evaluates a graph node by node in float64 on plain arrays. Slow; for tests and for nothing else.
 */
import { reachable, type Graph, type Tensor } from '../../graph/graph.ts';
import type { OpName } from '../../graph/ops.ts';
import { sizeOf } from '../../core/shape.ts';
import { KERNELS, type Value } from './kernels.ts';

/** Values of `outputs` in float64. `feeds` holds an array per input. Throws a RangeError when an input is missing or of the wrong size. */
export function evaluate(graph: Graph, outputs: readonly Tensor[], feeds: Readonly<Record<string, ArrayLike<number>>>): Value[] {
  const values = new Map<number, Value>();
  for (const id of reachable(graph, outputs)) {
    const node = graph.nodes[id]!;
    if (node.op === 'input') {
      const fed = feeds[node.params.name];
      if (!fed || fed.length !== sizeOf(node.shape)) throw new RangeError(`input "${node.params.name}" wants ${sizeOf(node.shape)} elements, got ${fed?.length ?? 'nothing'}`);
      values.set(id, { data: Float64Array.from(fed), shape: node.shape });
      continue;
    }
    const kernel = KERNELS[node.op] as (params: unknown, inputs: readonly Value[], shape: readonly number[]) => Float64Array;
    values.set(id, { data: kernel(node.params, node.inputs.map((i) => values.get(i)!), node.shape), shape: node.shape });
  }
  return outputs.map((x) => values.get(x.id)!);
}

/** Names of all ops that have a kernel, for tests that must cover the vocabulary. */
export const REFERENCE_OPS = Object.keys(KERNELS) as OpName[];
