/**
 * @file Graph and symbolic tensors. A Tensor is a handle: it owns no memory. Nodes are appended in topological order and
 * equal nodes are built once (hash consing), so a graph is also the result of common-subexpression elimination.
 */
import type { DType, Shape } from '../core/shape.ts';
import { inferShape } from './shape-rules.ts';
import type { OpName, OpParams } from './ops.ts';

/** One operation of a graph. */
export type Node = { [K in OpName]: NodeOf<K> }[OpName];

/** A node whose op is known. */
export interface NodeOf<K extends OpName> {
  readonly id: number;
  readonly op: K;
  readonly params: OpParams[K];
  /** Ids of earlier nodes. */
  readonly inputs: readonly number[];
  readonly shape: Shape;
  readonly dtype: DType;
}

/** A symbolic tensor: node `id` of `graph`. */
export interface Tensor {
  readonly graph: Graph;
  readonly id: number;
  readonly shape: Shape;
  readonly dtype: DType;
}

const keyOf = (op: OpName, params: unknown, ids: readonly number[], dtype: DType, shape?: Shape): string =>
  `${op}|${ids.join()}|${dtype}|${JSON.stringify(params)}|${shape ? shape.join() : ''}`;

/** A constant of more values is a table. */
const TABLE = 256;

/** A growing list of nodes. */
export class Graph {
  readonly nodes: Node[] = [];
  /** Ranges `[start, end)` of node ids whose values the backward pass computes again instead of keeping. */
  readonly rematerialised: { readonly start: number; readonly end: number }[] = [];
  readonly #known = new Map<string, Tensor>();
  readonly #inputs = new Map<string, Tensor>();
  readonly #tables = new Map<readonly number[], number>();

  /** Appends an op (or finds the equal one) and infers its shape; throws a RangeError that names op and shapes. */
  add<K extends OpName>(op: K, params: OpParams[K], inputs: readonly Tensor[], dtype: DType = 'f32', shape?: Shape): Tensor {
    for (const x of inputs) if (x.graph !== this) throw new RangeError(`${op}: an input belongs to another graph`);
    const ids = inputs.map((x) => x.id);
    return this.#append(keyOf(op, params, ids, dtype, shape), op, params, ids, dtype, shape ?? inferShape(op, params, inputs));
  }

  #append<K extends OpName>(key: string, op: K, params: OpParams[K], ids: readonly number[], dtype: DType, shape: Shape): Tensor {
    const known = this.#known.get(key);
    if (known) return known;
    const node = { id: this.nodes.length, op, params, inputs: ids, shape, dtype } as unknown as Node;
    this.nodes.push(node);
    const tensor: Tensor = { graph: this, id: node.id, shape, dtype };
    this.#known.set(key, tensor);
    return tensor;
  }

  /** The node that {@link add} would find, if it is there. Lets a gradient rule use a value only where it costs nothing. */
  find<K extends OpName>(op: K, params: OpParams[K], inputs: readonly Tensor[]): Tensor | undefined {
    return this.#known.get(keyOf(op, params, inputs.map((x) => x.id), 'f32'));
  }

  /** A named value that is fed at each run. */
  input(name: string, shape: Shape, dtype: DType = 'f32'): Tensor {
    if (this.#inputs.has(name)) throw new RangeError(`input "${name}" exists already`);
    const tensor = this.add('input', { name }, [], dtype, shape);
    this.#inputs.set(name, tensor);
    return tensor;
  }

  /** A fixed value. Of a table, one array makes one node, but two equal arrays make two: comparing them would cost more than it saves. */
  constant(values: readonly number[], shape: Shape, dtype: DType = 'f32'): Tensor {
    if (values.length <= TABLE) return this.add('constant', { values }, [], dtype, shape);
    const table = this.#tables.get(values) ?? this.#tables.size;
    this.#tables.set(values, table);
    return this.#append(`table ${table}|${dtype}|${shape.join()}`, 'constant', { values }, [], dtype, shape);
  }

  /** The handle of node `id`. */
  tensor(id: number): Tensor {
    const node = this.nodes[id];
    if (!node) throw new RangeError(`no node ${id}`);
    return { graph: this, id, shape: node.shape, dtype: node.dtype };
  }

  /** Names and handles of the inputs, in order. */
  get inputs(): ReadonlyMap<string, Tensor> { return this.#inputs; }
}

/** Ids of all nodes that `roots` depend on, in topological order, roots included. */
export function reachable(graph: Graph, roots: readonly Tensor[]): number[] {
  const seen = new Uint8Array(graph.nodes.length);
  for (const root of roots) seen[root.id] = 1;
  for (let id = graph.nodes.length - 1; id >= 0; id--) if (seen[id]) for (const input of graph.nodes[id]!.inputs) seen[input] = 1;
  return graph.nodes.filter((node) => seen[node.id]).map((node) => node.id);
}

/** The graph as text, one node a line, for reading and for tests. */
export function printGraph(graph: Graph): string {
  return graph.nodes.map((n) => `%${n.id} = ${n.op}(${n.inputs.map((i) => `%${i}`).join(', ')}) ${JSON.stringify(n.params)} : ${n.dtype}[${n.shape.join(', ')}]`).join('\n');
}

/** Builds `f` so that the backward pass recomputes its inner values from its inputs instead of keeping them (Chen et al. 2016). */
export function rematerialise<T>(graph: Graph, f: () => T): T {
  const start = graph.nodes.length;
  const result = f();
  graph.rematerialised.push({ start, end: graph.nodes.length });
  return result;
}
