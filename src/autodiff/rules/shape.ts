/**
 * @file Gradient rules of ops that move elements or reduce them.
 */
import { broadcast, flip, gather, mul, pad, reshape, scatterAdd, slice, sumTo, transpose } from '../../graph/build.ts';
import type { RulesFor } from '../rule.ts';

type MoveOp =
  | 'input' | 'constant' | 'reshape' | 'transpose' | 'broadcast' | 'slice' | 'pad' | 'flip' | 'concat'
  | 'sum' | 'sumSquares' | 'reduceMax' | 'gather' | 'scatterAdd' | 'after';

/** Inverse of a permutation. */
const inverse = (perm: readonly number[]): number[] => perm.map((_, i) => perm.indexOf(i));

/** Moves: the gradient moves back. */
export const shapeRules: RulesFor<MoveOp> = {
  input: () => [],
  constant: () => [],
  reshape: ({ grad, inputs: [x] }) => [reshape(grad, x!.shape)],
  transpose: ({ grad, params }) => [transpose(grad, inverse(params.perm))],
  broadcast: ({ grad, inputs: [x] }) => [sumTo(grad, x!.shape)],
  slice: ({ grad, inputs: [x], params }) => [pad(grad, params.starts, x!.shape.map((n, i) => n - params.ends[i]!))],
  pad: ({ grad, inputs: [x], params }) => {
    let g = grad;
    x!.shape.forEach((n, axis) => { g = slice(g, axis, params.before[axis]!, params.before[axis]! + n); });
    return [g];
  },
  flip: ({ grad, params }) => [flip(grad, params.axes)],
  concat: ({ grad, inputs, params: { axis } }) => {
    let at = 0;
    return inputs.map((x) => slice(grad, axis, at, (at += x.shape[axis]!)));
  },
  sum: ({ grad, inputs: [x] }) => [broadcast(grad, x!.shape)],
  sumSquares: ({ grad, inputs: [x] }) => [mul(x!, mul(grad, 2))],
  reduceMax: () => { throw new RangeError('reduceMax has no gradient'); },
  gather: ({ grad, inputs: [table, index] }) => {
    const rows = table!.shape[0]!, width = table!.shape.slice(1).reduce((n, s) => n * s, 1);
    const flat = scatterAdd(reshape(grad, [-1, width]), reshape(index!, [-1]), rows);
    return [reshape(flat, table!.shape), null];
  },
  scatterAdd: ({ grad, inputs: [, index] }) => [gather(grad, index!), null],
  after: ({ grad }) => [grad, null],
};

