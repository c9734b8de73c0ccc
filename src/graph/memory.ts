/**
 * @file Memory of one run of a graph, from the graph alone: the most bytes that are alive at once when nodes run in order and a value is freed
 * after its last reader. Views (reshape) cost nothing; inputs are the caller's. An estimate for refusing what cannot fit, not a promise:
 * a backend fuses nodes (less) and keeps scratch memory and pools (more).
 */
import { DTYPE_BYTES, sizeOf } from '../core/shape.ts';
import { reachable, type Tensor } from './graph.ts';

/** Greatest sum of bytes of values that are alive together while `outputs` are computed, inputs aside. */
export function peakBytes(outputs: Readonly<Record<string, Tensor>>): number {
  const results = Object.values(outputs), [first] = results;
  if (!first) return 0;
  const { graph } = first, order = reachable(graph, results);
  const owner = new Map<number, number>(), lastReader = new Map<number, number>();
  for (const id of order) {
    const node = graph.nodes[id]!;
    owner.set(id, node.op === 'reshape' ? owner.get(node.inputs[0]!)! : id);
    for (const input of node.inputs) lastReader.set(owner.get(input)!, id);
  }
  for (const x of results) lastReader.set(owner.get(x.id)!, Infinity);
  let alive = 0, peak = 0;
  const bytesOf = (id: number): number => {
    const { op, dtype, shape } = graph.nodes[id]!;
    return op === 'input' ? 0 : DTYPE_BYTES[dtype] * sizeOf(shape);
  };
  for (const id of order) {
    if (owner.get(id) !== id) continue;
    alive += bytesOf(id);
    peak = Math.max(peak, alive);
    for (const input of new Set(graph.nodes[id]!.inputs.map((i) => owner.get(i)!))) if (lastReader.get(input) === id) alive -= bytesOf(input);
  }
  return peak;
}
