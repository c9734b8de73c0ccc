/**
 * @file Graph → ONNX nodes: one lowering per op, total over the vocabulary (opset 21 and com.microsoft 1, both in every onnxruntime build).
 */
import { INT8_LEAST, type BinaryOp, type OpName, type OpParams, type UnaryOp } from '../../graph/ops.ts';
import type { Tensor } from '../../graph/graph.ts';
import { sizeOf, type DType } from '../../core/shape.ts';

/** Attribute values; integers and integer lists are told from floats by `f`. */
export type Attribute = number | readonly number[] | string | { readonly f: number };

/** Where a lowering writes. */
export interface Emitter {
  /** Whether products of unsigned and signed bytes saturate on the machine, and both have to be unsigned. */
  readonly saturates: boolean;
  /** Whether the provider has products that transpose and scale their operands (FusedMatMul); where it has not, they are nodes of their own. */
  readonly fused: boolean;
  /** The type of floats, of those that {@link LOWERINGS} make too. */
  readonly float: number;
  /** Appends an ONNX node and returns its output's name. `out` names the output of the graph node itself. */
  node(type: string, inputs: readonly string[], attributes?: Readonly<Record<string, Attribute>>, o?: { domain?: string; out?: string }): string;
  /** Name of an int64 initializer. */
  ints(values: readonly number[], shape?: readonly number[]): string;
  /** Name of a float initializer filled with one value. */
  fill(value: number, shape: readonly number[]): string;
  /** Name of an int32 initializer. */
  ints32(values: readonly number[], shape: readonly number[]): string;
  /** Name of an unsigned 8-bit initializer. */
  bytes(values: Uint8Array, shape: readonly number[]): string;
  /** Name of a float initializer. */
  floats(values: readonly number[], shape: readonly number[]): string;
}

/** One graph node as a lowering sees it. */
interface Site { readonly inputs: readonly Tensor[]; readonly names: readonly string[]; readonly shape: readonly number[]; readonly dtype: DType; readonly out: string }

type Lowering<K extends OpName> = (e: Emitter, params: OpParams[K], site: Site) => void;

const MICROSOFT = 'com.microsoft';
/** ONNX TensorProto.DataType. */
export const ONNX_TYPE = { f32: 1, u8: 2, i8: 3, i32: 6, i64: 7, f16: 10 } as const;

/** Operations that stay in float32 where everything else is in halves: long sums, and what leaves their range of 6·10⁻⁸ to 65504. */
export const WIDE: ReadonlySet<OpName> = new Set<OpName>(['sum', 'sumSquares', 'exp', 'log', 'reciprocal', 'div', 'softmax']);

const plain = (type: string) => (e: Emitter, _: unknown, s: Site): void => { e.node(type, s.names, {}, s); };

const UNARY: { readonly [K in UnaryOp]: Lowering<K> } = {
  neg: plain('Neg'), exp: plain('Exp'), log: plain('Log'), sqrt: plain('Sqrt'), reciprocal: plain('Reciprocal'), abs: plain('Abs'), sin: plain('Sin'),
  cos: plain('Cos'), tanh: plain('Tanh'), sigmoid: plain('Sigmoid'), relu: plain('Relu'), erf: plain('Erf'),
  silu: (e, _, s) => { e.node('QuickGelu', s.names, { alpha: { f: 1 } }, { domain: MICROSOFT, out: s.out }); },
  reluSquared: (e, _, s) => {
    const positive = e.node('Relu', s.names);
    e.node('Mul', [positive, positive], {}, s);
  },
};

const BINARY: { readonly [K in BinaryOp]: Lowering<K> } = {
  add: plain('Add'), sub: plain('Sub'), mul: plain('Mul'), div: plain('Div'), max: plain('Max'), min: plain('Min'),
  greater: (e, _, s) => { e.node('Cast', [e.node('Greater', s.names)], { to: e.float }, s); },
};

const reduce = (type: string) => (e: Emitter, p: { axes: readonly number[] }, s: Site): void => { e.node(type, [s.names[0]!, e.ints(p.axes)], { keepdims: 1 }, s); };

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** An operand of a product: its name and its number of axes. */
interface Operand { readonly name: string; readonly rank: number }

/** A product of two operands, each transposed in its last two axes where asked for, times `alpha`. */
function product(e: Emitter, [a, b]: readonly [Operand, Operand], { transA, transB, alpha }: OpParams['matmul'], out: { readonly out: string }): void {
  if (!transA && !transB && alpha === 1) { e.node('MatMul', [a.name, b.name], {}, out); return; }
  if (e.fused) {
    e.node('FusedMatMul', [a.name, b.name], { transA: Number(transA), transB: Number(transB), alpha: { f: alpha } }, { domain: MICROSOFT, ...out });
    return;
  }
  const turned = ({ name, rank }: Operand, turn: boolean): string => (turn ? e.node('Transpose', [name], { perm: [...range(rank - 2), rank - 1, rank - 2] }) : name);
  const operands = [turned(a, transA), turned(b, transB)];
  if (alpha === 1) e.node('MatMul', operands, {}, out);
  else e.node('Mul', [e.node('MatMul', operands), e.fill(alpha, [])], {}, out);
}

const OTHERS: { readonly [K in Exclude<OpName, UnaryOp | BinaryOp>]: Lowering<K> } = {
  input: () => undefined,
  constant: (e, p, s) => {
    const uniform = p.values.every((v) => v === p.values[0]);
    const name = s.dtype === 'i32' ? e.ints32(p.values, s.shape) : uniform && p.values.length > 0 ? e.fill(p.values[0]!, s.shape) : e.floats(p.values, s.shape);
    e.node('Identity', [name], {}, s);
  },
  reshape: (e, p, s) => { e.node('Reshape', [s.names[0]!, e.ints(p.shape)], {}, s); },
  transpose: (e, p, s) => { e.node('Transpose', s.names, { perm: p.perm }, s); },
  broadcast: (e, p, s) => { e.node('Expand', [s.names[0]!, e.ints(p.shape)], {}, s); },
  slice: (e, p, s) => {
    const axes = range(s.shape.length).filter((a) => p.starts[a] !== 0 || p.ends[a] !== s.inputs[0]!.shape[a]);
    e.node('Slice', [s.names[0]!, e.ints(axes.map((a) => p.starts[a]!)), e.ints(axes.map((a) => p.ends[a]!)), e.ints(axes)], {}, s);
  },
  pad: (e, p, s) => { e.node('Pad', [s.names[0]!, e.ints([...p.before, ...p.after])], { mode: 'constant' }, s); },
  flip: (e, p, s) => {
    if (p.axes.length === 0) { e.node('Identity', s.names, {}, s); return; }
    e.node('Slice', [s.names[0]!, e.ints(p.axes.map(() => -1)), e.ints(p.axes.map(() => -2147483648)), e.ints(p.axes), e.ints(p.axes.map(() => -1))], {}, s);
  },
  concat: (e, p, s) => { e.node('Concat', s.names, { axis: p.axis }, s); },
  sum: reduce('ReduceSum'),
  sumSquares: reduce('ReduceSumSquare'),
  reduceMax: reduce('ReduceMax'),
  matmul: (e, p, s) => {
    const operand = (i: 0 | 1): Operand => ({ name: s.names[i]!, rank: s.inputs[i]!.shape.length });
    product(e, [operand(0), operand(1)], p, { out: s.out });
  },
  int8Scale: (e, { positive }, s) => {
    const axes = e.ints([1]), greatest = e.node('ReduceMax', [s.names[0]!, axes], { keepdims: 1 }), least = e.fill(INT8_LEAST, []);
    const ends = positive ? [greatest] : [greatest, e.node('Neg', [e.node('ReduceMin', [s.names[0]!, axes], { keepdims: 1 })])];
    e.node('Mul', [e.node('Max', [...ends, least]), e.fill(1 / (positive ? 255 : 127), [])], {}, s);
  },
  int8Matmul: (e, { positive }, s) => {
    const [x, rows, weight, columns] = s.names as [string, string, string, string], zero = positive ? 0 : 128, m = s.shape[0]!;
    const steps = e.node('QuantizeLinear', [x, e.node('Reshape', [rows, e.ints([m])]), e.bytes(new Uint8Array(m).fill(zero), [m])], { axis: 0 });      // u8: −127…127 as 1…255
    const operands = (w: string): string[] => [steps, w, e.fill(1, []), columns, e.bytes(Uint8Array.of(zero), [])];
    if (!e.saturates) { e.node('MatMulIntegerToFloat', operands(weight), {}, { domain: MICROSOFT, out: s.out }); return; }
    const shifted = e.node('Cast', [e.node('Add', [e.node('Cast', [weight], { to: ONNX_TYPE.i32 }), e.ints32([128], [])])], { to: ONNX_TYPE.u8 });
    e.node('MatMulIntegerToFloat', [...operands(shifted), e.bytes(Uint8Array.of(128), [])], {}, { domain: MICROSOFT, out: s.out });
  },
  conv: (e, { pads: [t0, t1, h0, h1, w0, w1] }, s) => {
    e.node('Conv', s.names, { pads: [t0!, h0!, w0!, t1!, h1!, w1!], kernel_shape: s.inputs[1]!.shape.slice(2), strides: [1, 1, 1] }, s);
  },
  gather: (e, _, s) => { e.node('Gather', s.names, { axis: 0 }, s); },
  scatterAdd: (e, { rows }, s) => {                             // one-hot [n, rows], transposed, times x: deterministic, unlike a parallel scatter
    const index = e.node('Unsqueeze', [s.names[1]!, e.ints([1])]);
    const oneHot = e.node('Cast', [e.node('Equal', [index, e.ints32(range(rows), [1, rows])])], { to: e.float });
    product(e, [{ name: oneHot, rank: 2 }, { name: s.names[0]!, rank: 2 }], { transA: true, transB: false, alpha: 1 }, { out: s.out });
  },
  softmax: (e, _, s) => { e.node('Softmax', s.names, { axis: -1 }, s); },
  rmsNorm: (e, { eps }, s) => { e.node('SimplifiedLayerNormalization', [s.names[0]!, e.fill(1, [s.shape.at(-1)!])], { axis: -1, epsilon: { f: eps }, stash_type: 1 }, s); },
  layerNorm: (e, { eps }, s) => { e.node('LayerNormalization', [s.names[0]!, e.fill(1, [s.shape.at(-1)!])], { axis: -1, epsilon: { f: eps } }, s); },
  rope: (e, _, s) => {
    const [n, , length, d] = s.shape as [number, number, number, number];
    const table = (name: string): string => e.node('Reshape', [name, e.ints([n * length, d / 2])]);
    e.node('RotaryEmbedding', [s.names[0]!, e.ints(range(n * length), [n, length]), table(s.names[1]!), table(s.names[2]!)], { interleaved: 0 }, { domain: MICROSOFT, out: s.out });
  },
  after: (e, _, s) => {
    const rank = s.inputs[1]!.shape.length;
    const zeros = new Array<number>(rank).fill(0), ones = new Array<number>(rank).fill(1);
    const one = rank === 0 ? s.names[1]! : e.node('Slice', [s.names[1]!, e.ints(zeros), e.ints(ones), e.ints(range(rank))]);
    const zero = e.node('Mul', [e.node('Reshape', [one, e.ints([], [0])]), e.fill(0, [])]);
    e.node('Add', [s.names[0]!, zero], {}, s);
  },
};

/** The lowerings. */
export const LOWERINGS: { readonly [K in OpName]: Lowering<K> } = { ...UNARY, ...BINARY, ...OTHERS };

/** Approximate multiply-adds × 2 of one node: products only, as the field counts FLOPs. */
export function flopsOf(op: OpName, inputs: readonly { shape: readonly number[] }[], shape: readonly number[], params: unknown): number {
  if (op === 'matmul') {
    const { transA } = params as OpParams['matmul'];
    return 2 * sizeOf(shape) * (transA ? inputs[0]!.shape.at(-2)! : inputs[0]!.shape.at(-1)!);
  }
  if (op === 'int8Matmul') return 2 * sizeOf(shape) * inputs[0]!.shape[1]!;
  if (op === 'conv') return 2 * sizeOf(shape) * sizeOf(inputs[1]!.shape.slice(1));
  return 0;
}

