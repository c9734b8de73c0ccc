/**
 * @file Shape inference: one rule per op, total over the vocabulary.
 */
import { broadcastShapes, sameShape, show, sizeOf, type Shape } from '../core/shape.ts';
import { BINARY_OPS, UNARY_OPS, type OpName, type OpParams } from './ops.ts';

type Rule<K extends OpName> = (params: OpParams[K], inputs: readonly Shape[]) => Shape;
type Rules = { readonly [K in OpName]: Rule<K> };

const first = (_: unknown, [x]: readonly Shape[]): Shape => x!;
const need = (ok: boolean, message: () => string): void => { if (!ok) throw new RangeError(message()); };
const given = (): Shape => { throw new RangeError('shape must be given'); };

const reduce = (p: { axes: readonly number[] }, [x]: readonly Shape[]): Shape => {
  need(p.axes.every((a) => a >= 0 && a < x!.length), () => `axes ${p.axes.join()} outside of ${show(x!)}`);
  return x!.map((n, i) => (p.axes.includes(i) ? 1 : n));
};

const unary = Object.fromEntries(UNARY_OPS.map((op) => [op, first])) as Pick<Rules, (typeof UNARY_OPS)[number]>;
const binary = Object.fromEntries(
  BINARY_OPS.map((op) => [op, (_: unknown, [a, b]: readonly Shape[]) => broadcastShapes(a!, b!)]),
) as unknown as Pick<Rules, (typeof BINARY_OPS)[number]>;

const RULES: Rules = {
  ...unary,
  ...binary,
  input: given,
  constant: given,
  reshape: ({ shape }, [x]) => {
    need(sizeOf(shape) === sizeOf(x!), () => `cannot reshape ${show(x!)} to ${show(shape)}`);
    return shape;
  },
  transpose: ({ perm }, [x]) => {
    need(perm.length === x!.length && [...perm].sort((a, b) => a - b).every((a, i) => a === i), () => `perm ${perm.join()} does not fit ${show(x!)}`);
    return perm.map((a) => x![a]!);
  },
  broadcast: ({ shape }, [x]) => {
    need(sameShape(broadcastShapes(x!, shape), shape), () => `cannot broadcast ${show(x!)} to ${show(shape)}`);
    return shape;
  },
  slice: ({ starts, ends }, [x]) => {
    need(starts.length === x!.length && ends.length === x!.length, () => `slice needs a range per axis of ${show(x!)}`);
    need(x!.every((n, i) => 0 <= starts[i]! && starts[i]! < ends[i]! && ends[i]! <= n), () => `slice ${starts.join()}–${ends.join()} outside of ${show(x!)}`);
    return x!.map((_, i) => ends[i]! - starts[i]!);
  },
  pad: ({ before, after }, [x]) => x!.map((n, i) => n + before[i]! + after[i]!),
  flip: first,
  concat: ({ axis }, inputs) => {
    const [x] = inputs;
    need(inputs.every((y) => y.length === x!.length && y.every((n, i) => i === axis || n === x![i])), () => `cannot concat ${inputs.map(show).join(', ')} on axis ${axis}`);
    return x!.map((n, i) => (i === axis ? inputs.reduce((sum, y) => sum + y[axis]!, 0) : n));
  },
  sum: reduce,
  sumSquares: reduce,
  reduceMax: reduce,
  matmul: ({ transA, transB }, [a, b]) => {
    need(a!.length >= 2 && b!.length >= 2, () => `matmul needs two axes each, got ${show(a!)} and ${show(b!)}`);
    const [m, k] = transA ? [a!.at(-1)!, a!.at(-2)!] : [a!.at(-2)!, a!.at(-1)!];
    const [k2, n] = transB ? [b!.at(-1)!, b!.at(-2)!] : [b!.at(-2)!, b!.at(-1)!];
    need(k === k2, () => `matmul inner sizes differ: ${show(a!)}${transA ? 'ᵀ' : ''} · ${show(b!)}${transB ? 'ᵀ' : ''}`);
    return [...broadcastShapes(a!.slice(0, -2), b!.slice(0, -2)), m, n];
  },
  int8Scale: (_, [x]) => {
    need(x!.length === 2, () => `int8Scale needs two axes, got ${show(x!)}`);
    return [x![0]!, 1];
  },
  int8Matmul: (_, [x, rows, w, columns]) => {
    need(x!.length === 2 && w!.length === 2 && x![1] === w![0], () => `int8Matmul of ${show(x!)} by ${show(w!)}`);
    need(sameShape(rows!, [x![0]!, 1]) && sameShape(columns!, [w![1]!]), () => `int8Matmul of ${show(x!)} by ${show(w!)} with scales ${show(rows!)} and ${show(columns!)}`);
    return [x![0]!, w![1]!];
  },
  conv: ({ pads }, [x, w]) => {
    need(x!.length === 5 && w!.length === 5 && x![1] === w![1] && pads.length === 6, () => `conv of ${show(x!)} by ${show(w!)}`);
    const out = [0, 1, 2].map((i) => x![i + 2]! + pads[2 * i]! + pads[2 * i + 1]! - w![i + 2]! + 1);
    need(out.every((n) => n > 0), () => `conv kernel ${show(w!)} larger than ${show(x!)}`);
    return [x![0]!, w![0]!, ...out];
  },
  gather: (_, [table, index]) => [...index!, ...table!.slice(1)],
  scatterAdd: ({ rows }, [x, index]) => {
    need(x!.length === 2 && index!.length === 1 && x![0] === index![0], () => `scatterAdd of ${show(x!)} at ${show(index!)}`);
    return [rows, x![1]!];
  },
  softmax: first,
  rmsNorm: first,
  layerNorm: first,
  rope: (_, [x, cos, sin]) => {
    const want = [x![0]!, x![2]!, x![3]! / 2];
    need(x!.length === 4 && sameShape(cos!, want) && sameShape(sin!, want), () => `rope of ${show(x!)} needs tables ${show(want)}, got ${show(cos!)} and ${show(sin!)}`);
    return x!;
  },
  after: first,
};

/** Output shape of an op; throws a RangeError that names op and shapes when the inputs do not fit. */
export function inferShape<K extends OpName>(op: K, params: OpParams[K], inputs: readonly { shape: Shape }[]): Shape {
  try {
    return RULES[op](params, inputs.map((x) => x.shape));
  } catch (cause) {
    throw new RangeError(`${op}: ${(cause as Error).message}`, { cause });
  }
}
