/**
 * @file One scan that decides whether an output may share the memory of an input: only if every reader of that input is an ancestor of the
 * output's producer, or is the producer itself reading element by element at the place it writes. Moves may share their input's memory (a reshape
 * in onnxruntime does), so whoever reads a moved input counts as a reader of the input.
 */
import { BINARY_OPS, UNARY_OPS, type OpName } from '../graph/ops.ts';
import { reachable, type Tensor } from '../graph/graph.ts';
import { sameShape } from '../core/shape.ts';

const ELEMENTWISE: ReadonlySet<string> = new Set<string>([...UNARY_OPS, ...BINARY_OPS]);
/** Moves that a backend may do without copying. */
const VIEWS: ReadonlySet<string> = new Set<OpName>(['reshape', 'transpose', 'broadcast', 'slice', 'flip']);

/**
 * Throws a RangeError that names the reader when `output` may not overwrite `input`. `outputs` are all results of the program.
 * The rule holds in any order that respects dependencies, so it needs no knowledge of the backend's schedule.
 */
export function checkAlias(output: Tensor, input: Tensor, outputs: readonly Tensor[]): void {
  const { graph } = output;
  if (!sameShape(output.shape, input.shape) || output.dtype !== input.dtype) throw new RangeError('an alias must keep shape and type');
  if (output.id === input.id) throw new RangeError('an output that is an input needs no alias');
  const ancestors = new Set(reachable(graph, [output]));
  ancestors.delete(output.id);
  const shared = new Set([input.id]);
  for (const id of reachable(graph, outputs)) {
    const node = graph.nodes[id]!;
    if (!node.inputs.some((i) => shared.has(i))) continue;
    if (VIEWS.has(node.op)) shared.add(id);
    if (ancestors.has(id)) continue;
    if (id === output.id && ELEMENTWISE.has(node.op) && node.inputs.every((i) => i === input.id || !shared.has(i))) continue;
    throw new RangeError(`alias refused: node %${id} (${node.op}) may read %${input.id} after %${output.id} (${graph.nodes[output.id]!.op}) has overwritten it`);
  }
}
