/**
 * @file Functions that build graphs: the vocabulary as it is written in models. Scalars may stand for tensors in arithmetic.
 * Axes may be negative (counted from the end). Every function returns a symbolic tensor of the same graph.
 */
import { broadcastShapes, sameShape, type Shape } from '../core/shape.ts';
import type { Tensor } from './graph.ts';
import type { BinaryOp, UnaryOp } from './ops.ts';

type Operand = Tensor | number;

const axisOf = (x: Tensor, axis: number): number => (axis < 0 ? axis + x.shape.length : axis);

const unary = (op: UnaryOp) => (x: Tensor): Tensor => x.graph.add(op, {}, [x]);

function binary(op: BinaryOp, a: Operand, b: Operand): Tensor {
  const graph = typeof a !== 'number' ? a.graph : typeof b !== 'number' ? b.graph : undefined;
  if (!graph) throw new TypeError(`${op}: one operand must be a tensor`);
  const lift = (x: Operand): Tensor => (typeof x === 'number' ? graph.constant([x], []) : x);
  return graph.add(op, {}, [lift(a), lift(b)]);
}

/** a + b */
export const add = (a: Operand, b: Operand): Tensor => binary('add', a, b);
/** a − b */
export const sub = (a: Operand, b: Operand): Tensor => binary('sub', a, b);
/** a · b, element by element */
export const mul = (a: Operand, b: Operand): Tensor => binary('mul', a, b);
/** a / b */
export const div = (a: Operand, b: Operand): Tensor => binary('div', a, b);
/** The greater of each pair. */
export const maximum = (a: Operand, b: Operand): Tensor => binary('max', a, b);
/** The smaller of each pair. */
export const minimum = (a: Operand, b: Operand): Tensor => binary('min', a, b);
/** 1 where a > b, else 0. No gradient. */
export const greater = (a: Operand, b: Operand): Tensor => binary('greater', a, b);

/** −x */
export const neg = unary('neg');
/** eˣ */
export const exp = unary('exp');
/** ln x */
export const log = unary('log');
/** √x */
export const sqrt = unary('sqrt');
/** 1 / x */
export const reciprocal = unary('reciprocal');
/** |x| */
export const abs = unary('abs');
/** sin x */
export const sin = unary('sin');
/** cos x */
export const cos = unary('cos');
/** tanh x */
export const tanh = unary('tanh');
/** 1 / (1 + e⁻ˣ) */
export const sigmoid = unary('sigmoid');
/** x · sigmoid(x) */
export const silu = unary('silu');
/** max(x, 0) */
export const relu = unary('relu');
/** max(x, 0)² (So et al. 2021). */
export const reluSquared = unary('reluSquared');
/** Gauss error function. */
export const erf = unary('erf');

/** GELU, tanh form (Hendrycks & Gimpel 2016): ½x(1 + tanh(√(2/π)(x + 0.044715x³))). */
export function geluTanh(x: Tensor): Tensor {
  const inner = mul(mul(x, add(mul(mul(x, x), 0.044715), 1)), 1.5957691216057308); // 2·√(2/π): tanh(u) = 2·sigmoid(2u) − 1
  return mul(x, sigmoid(inner));
}

/** Same elements, other shape; one size may be −1. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const known = shape.reduce((n, s) => (s === -1 ? n : n * s), 1);
  const full = shape.map((s) => (s === -1 ? x.shape.reduce((n, v) => n * v, 1) / known : s));
  return sameShape(full, x.shape) ? x : x.graph.add('reshape', { shape: full }, [x], x.dtype);
}

/** Axes in another order. */
export function transpose(x: Tensor, perm: readonly number[]): Tensor {
  return perm.every((a, i) => a === i) ? x : x.graph.add('transpose', { perm: [...perm] }, [x], x.dtype);
}

/** NumPy broadcast. */
export function broadcast(x: Tensor, shape: Shape): Tensor {
  return sameShape(x.shape, shape) ? x : x.graph.add('broadcast', { shape: [...shape] }, [x]);
}

/** Elements `[start, end)` of one axis. */
export function slice(x: Tensor, axis: number, start: number, end: number): Tensor {
  const a = axisOf(x, axis);
  if (start === 0 && end === x.shape[a]) return x;
  return x.graph.add('slice', { starts: x.shape.map((_, i) => (i === a ? start : 0)), ends: x.shape.map((n, i) => (i === a ? end : n)) }, [x], x.dtype);
}

/** Cuts one axis into parts of the given sizes. */
export function split(x: Tensor, axis: number, sizes: readonly number[]): Tensor[] {
  let at = 0;
  return sizes.map((size) => slice(x, axis, at, (at += size)));
}

/** Zeros before and after, per axis. */
export function pad(x: Tensor, before: readonly number[], after: readonly number[]): Tensor {
  return [...before, ...after].every((n) => n === 0) ? x : x.graph.add('pad', { before: [...before], after: [...after] }, [x]);
}

/** Reversed order along the axes. */
export const flip = (x: Tensor, axes: readonly number[]): Tensor => x.graph.add('flip', { axes: axes.map((a) => axisOf(x, a)) }, [x]);

/** Joins tensors along an axis. */
export function concat(parts: readonly Tensor[], axis: number): Tensor {
  const [x] = parts;
  if (!x) throw new RangeError('concat: nothing to join');
  return parts.length === 1 ? x : x.graph.add('concat', { axis: axisOf(x, axis) }, parts, x.dtype);
}

const axesOf = (x: Tensor, axes: readonly number[] | undefined): number[] => (axes ?? x.shape.map((_, i) => i)).map((a) => axisOf(x, a)).sort((a, b) => a - b);

/** Sum over axes (all by default); reduced axes stay with size 1. */
export function sum(x: Tensor, axes?: readonly number[]): Tensor {
  const list = axesOf(x, axes);
  return list.every((a) => x.shape[a] === 1) ? x : x.graph.add('sum', { axes: list }, [x]);
}

/** Sum of squares over axes (all by default); reduced axes stay with size 1. */
export const sumSquares = (x: Tensor, axes?: readonly number[]): Tensor => x.graph.add('sumSquares', { axes: axesOf(x, axes) }, [x]);

/** Greatest over axes (all by default); reduced axes stay with size 1. No gradient. */
export const reduceMax = (x: Tensor, axes?: readonly number[]): Tensor => x.graph.add('reduceMax', { axes: axesOf(x, axes) }, [x]);

/** Mean over axes (all by default); reduced axes stay with size 1. */
export function mean(x: Tensor, axes?: readonly number[]): Tensor {
  const count = axesOf(x, axes).reduce((n, a) => n * x.shape[a]!, 1);
  return mul(sum(x, axes), 1 / count);
}

/** Options of {@link matmul}. */
export interface MatmulOptions {
  /** Read A with its last two axes swapped. */
  readonly transA?: boolean;
  /** Read B with its last two axes swapped. */
  readonly transB?: boolean;
  /** Factor of the product. Default 1. */
  readonly alpha?: number;
}

/** `alpha · A·B` over the last two axes; leading axes broadcast. */
export function matmul(a: Tensor, b: Tensor, o: MatmulOptions = {}): Tensor {
  return a.graph.add('matmul', { transA: o.transA ?? false, transB: o.transB ?? false, alpha: o.alpha ?? 1 }, [a, b]);
}

/** Step of each row's 8-bit grid, x `[M, K]` → `[M, 1]`; `positive` where no x is below 0, whose grid is then twice as fine. No gradient. */
export const int8Scale = (x: Tensor, positive = false): Tensor => x.graph.add('int8Scale', { positive }, [x]);

/** Operands of {@link int8Matmul}. */
export interface Int8MatmulOptions {
  /** {@link int8Scale} of x, with the same `positive`: `[M, 1]`. */
  readonly rows: Tensor;
  /** i8 `[K, N]`. */
  readonly weight: Tensor;
  /** What a step of each of the weight's columns is worth: `[N]`. */
  readonly columns: Tensor;
  /** Default false. */
  readonly positive?: boolean;
}

/** x `[M, K]` in 8-bit steps of its rows, times an 8-bit weight and its columns' scales: `[M, N]`, still to be multiplied by `rows`. No gradient. */
export const int8Matmul = (x: Tensor, { rows, weight, columns, positive = false }: Int8MatmulOptions): Tensor =>
  x.graph.add('int8Matmul', { positive }, [x, rows, weight, columns]);

/** 3-D correlation with stride 1; `pads` = zeros `[t0, t1, h0, h1, w0, w1]`; `bias` is per output channel. */
export const conv = (x: Tensor, weight: Tensor, pads: readonly number[], bias?: Tensor): Tensor => x.graph.add('conv', { pads: [...pads] }, bias ? [x, weight, bias] : [x, weight]);

/** Rows of `table` at i32 indices. */
export const gather = (table: Tensor, index: Tensor): Tensor => table.graph.add('gather', {}, [table, index], table.dtype);

/** Adds rows `[n, d]` into a zero table `[rows, d]`. */
export const scatterAdd = (x: Tensor, index: Tensor, rows: number): Tensor => x.graph.add('scatterAdd', { rows }, [x, index]);

/** Softmax over the last axis. */
export const softmax = (x: Tensor): Tensor => x.graph.add('softmax', {}, [x]);

/** x / √(mean x² + eps) over the last axis. */
export const rmsNorm = (x: Tensor, eps = 1e-6): Tensor => x.graph.add('rmsNorm', { eps }, [x]);

/** (x − mean) / √(var + eps) over the last axis. */
export const layerNorm = (x: Tensor, eps = 1e-6): Tensor => x.graph.add('layerNorm', { eps }, [x]);

/** Rotary embedding of `[n, heads, L, d]` by `[n, L, d/2]` tables of cosines and sines. */
export const rope = (x: Tensor, cosines: Tensor, sines: Tensor): Tensor => x.graph.add('rope', {}, [x, cosines, sines]);

/** The value of x, computed only after `trigger` is known. */
export const after = (x: Tensor, trigger: Tensor): Tensor => x.graph.add('after', {}, [x, trigger]);

/** Sums x down to `shape`: the transpose of broadcasting. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const lead = x.shape.length - shape.length;
  const axes = x.shape.map((_, i) => i).filter((i) => i < lead || (shape[i - lead] === 1 && x.shape[i] !== 1));
  // Leading axes one by one: long rows are added up, in less than half the time.
  if (axes.at(-1) === axes.length - 1) return reshape(axes.reduce((part, axis) => sum(part, [axis]), x), shape);
  return reshape(axes.length > 0 ? sum(x, axes) : x, shape);
}

/** Shape that two tensors broadcast to. */
export const commonShape = (a: Tensor, b: Tensor): Shape => broadcastShapes(a.shape, b.shape);
