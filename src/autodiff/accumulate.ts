/**
 * @file Adds up the gradients that a tensor gets from its readers. Readers that are slices of it give padded pieces; pieces that lie side by side
 * are joined by one concat instead of being padded and added one by one, which for three equal parts moves a fifth of the bytes (6 units against 30).
 */
import { add, concat, pad } from '../graph/build.ts';
import type { Tensor } from '../graph/graph.ts';

/** A contribution that is zero outside of `[start, end)` of one axis. */
interface Piece { readonly inner: Tensor; readonly axis: number; readonly start: number; readonly end: number }

/** The piece in a padded contribution; null where nothing is padded, or more than one axis is. */
function pieceOf(x: Tensor): Piece | null {
  const node = x.graph.nodes[x.id]!;
  if (node.op !== 'pad') return null;
  const { before, after } = node.params, axes = before.flatMap((n, i) => (n > 0 || after[i]! > 0 ? [i] : []));
  const [axis] = axes;
  if (axis === undefined || axes.length > 1) return null;
  const inner = x.graph.tensor(node.inputs[0]!), start = before[axis]!;
  return { inner, axis, start, end: start + inner.shape[axis]! };
}

/** Padded pieces of one tensor → as few contributions as can be had by joining neighbours. */
function joined(pieces: readonly Piece[], size: readonly number[]): Tensor[] {
  const sorted = pieces.toSorted((a, b) => a.axis - b.axis || a.start - b.start), runs: Piece[][] = [];
  for (const piece of sorted) {
    const run = runs.find((r) => r[0]!.axis === piece.axis && r.at(-1)!.end === piece.start);
    if (run) run.push(piece);
    else runs.push([piece]);
  }
  return runs.map((run) => {
    const [{ axis, start }] = run as [Piece], { end } = run.at(-1)!;
    const at = (value: number): number[] => size.map((_, i) => (i === axis ? value : 0));
    return pad(concat(run.map(({ inner }) => inner), axis), at(start), at(size[axis]! - end));
  });
}

/** Sum of the contributions to one gradient, all of its shape. */
export function accumulate(contributions: readonly Tensor[]): Tensor {
  const [first] = contributions;
  if (!first) throw new RangeError('accumulate: nothing to add');
  if (contributions.length === 1) return first;
  const pieces = contributions.map(pieceOf), whole = contributions.filter((_, i) => pieces[i] === null);
  return [...whole, ...joined(pieces.filter((p) => p !== null), first.shape)].reduce((a, b) => add(a, b));
}
