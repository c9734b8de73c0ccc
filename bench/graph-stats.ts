/**
 * @file What a graph moves: nodes and bytes read and written by op kind, from the graph alone, so that waste shows before anything runs. A pass is
 * counted as one read of each input and one write of the output. Reshapes are views; constants are held by the session. Products are counted too,
 * but what bounds them is arithmetic: see {@link MovedBytes.flop}. A backend may fuse passes, so this is an upper bound, good for comparing two graphs.
 */
import { flopsOf } from '../src/backend/ort/lower.ts';
import { DTYPE_BYTES, sizeOf } from '../src/core/shape.ts';
import { reachable, type Node, type Tensor } from '../src/graph/graph.ts';

/** What the nodes of one kind move. */
export interface MovedBytes {
  readonly op: string;
  readonly nodes: number;
  /** Bytes read plus bytes written. */
  readonly bytes: number;
  /** Floating-point operations of products. */
  readonly flop: number;
}

/** Ops that move nothing. */
const FREE: ReadonlySet<Node['op']> = new Set<Node['op']>(['input', 'constant', 'reshape']);
/** Ops that multiply matrices. */
const PRODUCTS: ReadonlySet<string> = new Set<Node['op']>(['matmul', 'int8Matmul', 'conv']);
/** Ops that read as many elements as they write, not the whole input. */
const PARTIAL: ReadonlySet<Node['op']> = new Set<Node['op']>(['slice', 'gather']);

/** Kinds of nodes behind `results`, those that move most first. */
export function graphStats(results: readonly Tensor[]): MovedBytes[] {
  const kinds = new Map<string, { nodes: number; bytes: number; flop: number }>(), { graph } = results[0]!;
  for (const id of reachable(graph, results)) {
    const node = graph.nodes[id]!;
    if (FREE.has(node.op)) continue;
    const bytesOf = ({ dtype, shape }: Node): number => DTYPE_BYTES[dtype] * sizeOf(shape);
    const inputs = [...new Set(node.inputs)].map((i) => graph.nodes[i]!), written = bytesOf(node);
    const read = PARTIAL.has(node.op) ? written : inputs.reduce((n, x) => n + bytesOf(x), 0);
    const kind = kinds.get(node.op) ?? { nodes: 0, bytes: 0, flop: 0 };
    kinds.set(node.op, {
      nodes: kind.nodes + 1,
      bytes: kind.bytes + read + written,
      flop: kind.flop + flopsOf(node.op, node.inputs.map((i) => graph.nodes[i]!), node.shape, node.params),
    });
  }
  return [...kinds].map(([op, kind]) => ({ op, ...kind })).toSorted((a, b) => b.bytes - a.bytes);
}

/** Bytes that all kinds but products move. */
export const passBytes = (stats: readonly MovedBytes[]): number => stats.reduce((n, { op, bytes }) => n + (PRODUCTS.has(op) ? 0 : bytes), 0);

/** Floating-point operations of all products behind `results`. */
export const graphFlop = (results: readonly Tensor[]): number => graphStats(results).reduce((n, { flop }) => n + flop, 0);
