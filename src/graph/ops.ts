/**
 * @file The op vocabulary: every operation that a graph may hold, with the parameters it takes. All ops have one output.
 * Tables over it (shape rule, gradient, ONNX lowering, float64 evaluation) are total mapped types: a missing rule does not compile.
 * Convolutions have stride 1: downsampling is a reshape (pixel unshuffle), so that no gradient needs a transposed convolution.
 */
import type { Shape } from '../core/shape.ts';

type None = Record<never, never>;

/** One-in, one-out functions of a single element. */
export const UNARY_OPS = ['neg', 'exp', 'log', 'sqrt', 'reciprocal', 'abs', 'sin', 'cos', 'tanh', 'sigmoid', 'silu', 'relu', 'reluSquared', 'erf'] as const;
/** Two-in, one-out functions of an element each, with NumPy broadcasting. `greater` gives 1 or 0. */
export const BINARY_OPS = ['add', 'sub', 'mul', 'div', 'max', 'min', 'greater'] as const;

/** Greatest value that a row of zeros counts as, so that the step of its 8-bit grid is a normal float32 and not 0. */
export const INT8_LEAST = 1e-30;

export type UnaryOp = (typeof UNARY_OPS)[number];
export type BinaryOp = (typeof BINARY_OPS)[number];

/** Parameters by op. */
export interface OpParams extends Record<UnaryOp, None>, Record<BinaryOp, None> {
  /** A value fed at each run. */
  input: { readonly name: string };
  /** A value fixed at build time (row-major). */
  constant: { readonly values: readonly number[] };
  reshape: { readonly shape: Shape };
  transpose: { readonly perm: readonly number[] };
  /** NumPy broadcast to `shape`. */
  broadcast: { readonly shape: Shape };
  /** `[start, end)` per axis. */
  slice: { readonly starts: readonly number[]; readonly ends: readonly number[] };
  /** Zeros before and after, per axis. */
  pad: { readonly before: readonly number[]; readonly after: readonly number[] };
  /** Reverses the order along the axes. */
  flip: { readonly axes: readonly number[] };
  concat: { readonly axis: number };
  /** Sum over the axes, which stay with size 1. */
  sum: { readonly axes: readonly number[] };
  /** Sum of squares over the axes, which stay with size 1. */
  sumSquares: { readonly axes: readonly number[] };
  /** Greatest over the axes, which stay with size 1. Not differentiable. */
  reduceMax: { readonly axes: readonly number[] };
  /** `alpha · A·B` over the last two axes, leading axes broadcast; A or B may be read transposed. */
  matmul: { readonly transA: boolean; readonly transB: boolean; readonly alpha: number };
  /** Step of each row's 8-bit grid, `[M, K]` → `[M, 1]`: greatest |x| ÷ 127, or where rows are `positive` greatest x ÷ 255; never 0. Not differentiable. */
  int8Scale: { readonly positive: boolean };
  /**
   * Product of 8-bit integers, exact in its sums: x `[M, K]` in steps of each row's scale `[M, 1]`, rounded half to even and held to −128…127 (`positive`:
   * 0…255), times a weight i8 `[K, N]`, times each column's scale `[N]` → `[M, N]`. The rows' scales are the caller's to multiply by. Not differentiable.
   */
  int8Matmul: { readonly positive: boolean };
  /** 3-D correlation, stride 1, zero padding `[t0, t1, h0, h1, w0, w1]`: `[B,C,T,H,W]`, `[O,C,kt,kh,kw]` (and a bias `[O]`) → `[B,O,T',H',W']`. */
  conv: { readonly pads: readonly number[] };
  /** Rows of a table `[R, …]` at i32 indices `[…i]` → `[…i, …]`. */
  gather: None;
  /** Adds rows `[n, d]` into a zero table `[rows, d]` at i32 indices `[n]`. */
  scatterAdd: { readonly rows: number };
  /** Over the last axis. */
  softmax: None;
  /** x / √(mean x² + eps) over the last axis (Zhang & Sennrich 2019), no gain. */
  rmsNorm: { readonly eps: number };
  /** (x − mean) / √(var + eps) over the last axis (Ba et al. 2016), no gain or bias. */
  layerNorm: { readonly eps: number };
  /** Rotary embedding of `[n, heads, L, d]` by tables cos, sin `[n, L, d/2]`; halves rotate together (GPT-NeoX layout). */
  rope: None;
  /** x + 0·trigger: the value of x, to be computed after `trigger` (rematerialisation needs the order). */
  after: None;
}

export type OpName = keyof OpParams;
