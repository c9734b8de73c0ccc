/**
 * @file Reverse-mode differentiation over the graph: appends the nodes that compute d loss / d wrt.
 * Values inside of a rematerialised range are computed again, after the gradient that needs them has arrived.
 */
import { after } from '../graph/build.ts';
import type { Graph, Node, Tensor } from '../graph/graph.ts';
import type { OpName } from '../graph/ops.ts';
import { accumulate } from './accumulate.ts';
import type { Rule } from './rule.ts';
import { binaryRules, unaryRules } from './rules/elementwise.ts';
import { linearRules } from './rules/linear.ts';
import { shapeRules } from './rules/shape.ts';

const RULES: { readonly [K in OpName]: Rule<K> } = { ...unaryRules, ...binaryRules, ...shapeRules, ...linearRules };

/** Which nodes depend on one of `wrt`. */
function dependents(graph: Graph, wrt: readonly Tensor[], count: number): Uint8Array {
  const depends = new Uint8Array(count);
  for (const x of wrt) depends[x.id] = 1;
  for (let id = 0; id < count; id++) if (graph.nodes[id]!.inputs.some((input) => depends[input])) depends[id] = 1;
  return depends;
}

/** Makes the values of one rematerialised range again, once, behind a trigger. */
function recomputer(graph: Graph, range: { start: number; end: number }, trigger: Tensor): (id: number) => Tensor {
  const made = new Map<number, Tensor>();
  const remake = (id: number): Tensor => {
    const node = graph.nodes[id]!;
    const leaf = node.op === 'input' || node.op === 'constant';
    if (leaf) return graph.tensor(id);
    const known = made.get(id);
    if (known) return known;
    const value = id < range.start
      ? (node.dtype === 'f32' ? after(graph.tensor(id), trigger) : graph.tensor(id))
      : graph.add(node.op, node.params, node.inputs.map(remake), node.dtype, node.shape);
    made.set(id, value);
    return value;
  };
  return remake;
}

/**
 * Gradients of the scalar `loss` with respect to each of `wrt`, as new nodes of the same graph.
 * Throws a RangeError when the loss is not a single element or does not depend on one of `wrt`.
 */
export function gradients(loss: Tensor, wrt: readonly Tensor[]): Tensor[] {
  const graph = loss.graph;
  const count = loss.id + 1;
  if (loss.shape.some((n) => n !== 1)) throw new RangeError(`the loss must have one element, not shape [${loss.shape.join(', ')}]`);
  const depends = dependents(graph, wrt, count);
  const contributions = new Map<number, Tensor[]>([[loss.id, [graph.constant(new Array<number>(1).fill(1), loss.shape)]]]);
  const grads = new Map<number, Tensor>();
  const gradOf = (id: number): Tensor | undefined => {
    const parts = contributions.get(id), known = grads.get(id);
    if (known || !parts) return known;
    const grad = accumulate(parts);
    grads.set(id, grad);
    return grad;
  };
  const remakers = new Map<number, (id: number) => Tensor>();

  for (let id = loss.id; id >= 0; id--) {
    const grad = depends[id] ? gradOf(id) : undefined;
    if (!grad) continue;
    const node = graph.nodes[id]! as Node;
    const wanted = node.inputs.map((input) => depends[input] === 1);
    if (!wanted.includes(true)) continue;
    const range = graph.rematerialised.findIndex((r) => id >= r.start && id < r.end);
    let value = (i: number): Tensor => graph.tensor(i);
    if (range >= 0) {
      if (!remakers.has(range)) remakers.set(range, recomputer(graph, graph.rematerialised[range]!, grad));
      value = remakers.get(range)!;
    }
    const rule = RULES[node.op] as Rule<OpName>;
    const inputGrads = rule({ params: node.params, inputs: node.inputs.map(value), output: value(id), grad, wanted });
    node.inputs.forEach((input, i) => {
      const g = inputGrads[i];
      if (!wanted[i] || !g) return;
      const known = contributions.get(input);
      if (known) known.push(g);
      else contributions.set(input, [g]);
    });
  }
  return wrt.map((x, i) => {
    const grad = gradOf(x.id);
    if (!grad) throw new RangeError(`the loss does not depend on wrt[${i}] (node ${x.id})`);
    return grad;
  });
}
