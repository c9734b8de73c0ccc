/**
 * @file The slow float64 evaluator's kernels: one per op, total over the vocabulary, written for plainness. Tests trust these.
 */
import { BINARY_OPS, INT8_LEAST, UNARY_OPS, type BinaryOp, type OpName, type OpParams, type UnaryOp } from '../../graph/ops.ts';
import { sizeOf, stridesOf, type Shape } from '../../core/shape.ts';

/** A float64 array with its shape. */
export interface Value { readonly data: Float64Array; readonly shape: Shape }

type Kernel<K extends OpName> = (params: OpParams[K], inputs: readonly Value[], shape: Shape) => Float64Array;

/** Calls `f` with each index of `shape` in row-major order. */
function eachIndex(shape: Shape, f: (index: number[], flat: number) => void): void {
  const index = new Array<number>(shape.length).fill(0);
  const size = sizeOf(shape);
  for (let flat = 0; flat < size; flat++) {
    f(index, flat);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
}

/** Output made by reading one input element per output element. */
function gatherBy(x: Value, shape: Shape, source: (index: readonly number[], axis: number) => number | null): Float64Array {
  const out = new Float64Array(sizeOf(shape)), strides = stridesOf(x.shape);
  eachIndex(shape, (index, flat) => {
    let at = 0;
    for (let axis = 0; axis < x.shape.length; axis++) {
      const i = source(index, axis);
      if (i === null) return;
      at += i * strides[axis]!;
    }
    out[flat] = x.data[at]!;
  });
  return out;
}

/** Index into a broadcast operand. */
const broadcastTo = (x: Value, shape: Shape): Float64Array =>
  gatherBy(x, shape, (index, axis) => (x.shape[axis] === 1 ? 0 : index[axis + shape.length - x.shape.length]!));

function reduceBy(x: Value, axes: readonly number[], shape: Shape, start: number, f: (a: number, b: number) => number): Float64Array {
  const out = new Float64Array(sizeOf(shape)).fill(start), strides = stridesOf(shape);
  eachIndex(x.shape, (index, flat) => {
    let at = 0;
    index.forEach((i, axis) => { if (!axes.includes(axis)) at += i * strides[axis]!; });
    out[at] = f(out[at]!, x.data[flat]!);
  });
  return out;
}

/** Applies `f` to each row of the last axis. */
function byRow(x: Value, f: (row: Float64Array) => Float64Array): Float64Array {
  const width = x.shape.at(-1)!, out = new Float64Array(x.data.length);
  for (let at = 0; at < out.length; at += width) out.set(f(x.data.subarray(at, at + width)), at);
  return out;
}

/** erf by its Maclaurin series for small x and the continued fraction of erfc for large x (Abramowitz & Stegun 7.1.5, 7.1.14). */
function erf(x: number): number {
  const a = Math.abs(x);
  if (a < 2.5) {
    let term = a, sum = a;
    for (let n = 1; n < 80; n++) { term *= -a * a / n; sum += term / (2 * n + 1); }
    return Math.sign(x) * sum * 2 / Math.sqrt(Math.PI);
  }
  let fraction = 0;
  for (let n = 60; n >= 1; n--) fraction = (n / 2) / (a + fraction);
  return Math.sign(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + fraction));
}

/** The nearest whole number, of two the even one. */
function halfToEven(x: number): number {
  const down = Math.floor(x), part = x - down;
  return part > 0.5 || (part === 0.5 && down % 2 !== 0) ? down + 1 : down;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

const UNARY: Record<UnaryOp, (x: number) => number> = {
  neg: (x) => -x, exp: Math.exp, log: Math.log, sqrt: Math.sqrt, reciprocal: (x) => 1 / x, abs: Math.abs, sin: Math.sin, cos: Math.cos,
  tanh: Math.tanh, sigmoid, silu: (x) => x * sigmoid(x), relu: (x) => Math.max(x, 0), reluSquared: (x) => Math.max(x, 0) ** 2, erf,
};

const BINARY: Record<BinaryOp, (a: number, b: number) => number> = {
  add: (a, b) => a + b, sub: (a, b) => a - b, mul: (a, b) => a * b, div: (a, b) => a / b, max: Math.max, min: Math.min, greater: (a, b) => (a > b ? 1 : 0),
};

const unary = Object.fromEntries(UNARY_OPS.map((op) => [op, (_: unknown, [x]: readonly Value[]) => x!.data.map(UNARY[op])])) as unknown as { [K in UnaryOp]: Kernel<K> };
const binary = Object.fromEntries(BINARY_OPS.map((op) => [op, (_: unknown, [a, b]: readonly Value[], shape: Shape) => {
  const x = broadcastTo(a!, shape), y = broadcastTo(b!, shape);
  return x.map((v, i) => BINARY[op](v, y[i]!));
}])) as unknown as { [K in BinaryOp]: Kernel<K> };

const fed = (): never => { throw new RangeError('a leaf has no kernel'); };

/** The kernels. */
export const KERNELS: { readonly [K in OpName]: Kernel<K> } = {
  ...unary,
  ...binary,
  input: fed,
  constant: (p) => Float64Array.from(p.values),
  reshape: (_, [x]) => x!.data,
  transpose: ({ perm }, [x], shape) => gatherBy(x!, shape, (index, axis) => index[perm.indexOf(axis)]!),
  broadcast: (_, [x], shape) => broadcastTo(x!, shape),
  slice: ({ starts }, [x], shape) => gatherBy(x!, shape, (index, axis) => index[axis]! + starts[axis]!),
  pad: ({ before }, [x], shape) => gatherBy(x!, shape, (index, axis) => {
    const i = index[axis]! - before[axis]!;
    return i < 0 || i >= x!.shape[axis]! ? null : i;
  }),
  flip: ({ axes }, [x], shape) => gatherBy(x!, shape, (index, axis) => (axes.includes(axis) ? shape[axis]! - 1 - index[axis]! : index[axis]!)),
  concat: ({ axis }, inputs, shape) => {
    const out = new Float64Array(sizeOf(shape)), strides = stridesOf(shape);
    let at = 0;
    for (const x of inputs) {
      eachIndex(x.shape, (index, flat) => { out[index.reduce((sum, i, a) => sum + (a === axis ? i + at : i) * strides[a]!, 0)] = x.data[flat]!; });
      at += x.shape[axis]!;
    }
    return out;
  },
  sum: ({ axes }, [x], shape) => reduceBy(x!, axes, shape, 0, (a, b) => a + b),
  sumSquares: ({ axes }, [x], shape) => reduceBy(x!, axes, shape, 0, (a, b) => a + b * b),
  reduceMax: ({ axes }, [x], shape) => reduceBy(x!, axes, shape, -Infinity, Math.max),
  matmul: ({ transA, transB, alpha }, [a, b], shape) => {
    const [m, n] = shape.slice(-2) as [number, number], lead = shape.slice(0, -2);
    const k = transA ? a!.shape.at(-2)! : a!.shape.at(-1)!;
    const A = broadcastTo(a!, [...lead, ...a!.shape.slice(-2)]), B = broadcastTo(b!, [...lead, ...b!.shape.slice(-2)]);
    const out = new Float64Array(sizeOf(shape));
    for (let batch = 0; batch < sizeOf(lead); batch++) for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let l = 0; l < k; l++) sum += A[batch * m * k + (transA ? l * m + i : i * k + l)]! * B[batch * k * n + (transB ? j * k + l : l * n + j)]!;
      out[(batch * m + i) * n + j] = alpha * sum;
    }
    return out;
  },
  int8Scale: ({ positive }, [x], [rows]) => {
    const width = x!.shape[1]!, out = new Float64Array(rows!).fill(INT8_LEAST), step = Math.fround(1 / (positive ? 255 : 127));
    x!.data.forEach((v, i) => { const row = Math.floor(i / width); out[row] = Math.max(out[row]!, positive ? v : Math.abs(v)); });
    return out.map((v) => Math.fround(Math.fround(v) * step));
  },
  int8Matmul: ({ positive }, [x, rows, w, columns], [m, n]) => {
    const k = x!.shape[1]!, out = new Float64Array(m! * n!), [least, most] = positive ? [0, 255] : [-128, 127];
    const steps = x!.data.map((v, i) => Math.min(most, Math.max(least, halfToEven(Math.fround(Math.fround(v) / rows!.data[Math.floor(i / k)]!)))));
    for (let i = 0; i < m!; i++) for (let j = 0; j < n!; j++) {
      let sum = 0;
      for (let l = 0; l < k; l++) sum += steps[i * k + l]! * w!.data[l * n! + j]!;
      out[i * n! + j] = sum * columns!.data[j]!;
    }
    return out;
  },
  conv: ({ pads }, [x, w, bias], shape) => {
    const [, channels, T, H, W] = x!.shape as [number, number, number, number, number];
    const [, , kt, kh, kw] = w!.shape as [number, number, number, number, number];
    const out = new Float64Array(sizeOf(shape));
    eachIndex(shape, ([b, o, t, h, q], flat) => {
      let sum = bias?.data[o!] ?? 0;
      for (let c = 0; c < channels; c++) for (let i = 0; i < kt; i++) for (let j = 0; j < kh; j++) for (let k = 0; k < kw; k++) {
        const at = t! + i - pads[0]!, ah = h! + j - pads[2]!, aw = q! + k - pads[4]!;
        if (at < 0 || at >= T || ah < 0 || ah >= H || aw < 0 || aw >= W) continue;
        sum += x!.data[(((b! * channels + c) * T + at) * H + ah) * W + aw]! * w!.data[(((o! * channels + c) * kt + i) * kh + j) * kw + k]!;
      }
      out[flat] = sum;
    });
    return out;
  },
  gather: (_, [table, index], shape) => {
    const width = sizeOf(table!.shape.slice(1)), out = new Float64Array(sizeOf(shape));
    index!.data.forEach((row, i) => out.set(table!.data.subarray(row * width, (row + 1) * width), i * width));
    return out;
  },
  scatterAdd: (_, [x, index], shape) => {
    const width = shape[1]!, out = new Float64Array(sizeOf(shape));
    index!.data.forEach((row, i) => { for (let j = 0; j < width; j++) out[row * width + j]! += x!.data[i * width + j]!; });
    return out;
  },
  softmax: (_, [x]) => byRow(x!, (row) => {
    const top = Math.max(...row), e = row.map((v) => Math.exp(v - top)), total = e.reduce((a, b) => a + b, 0);
    return e.map((v) => v / total);
  }),
  rmsNorm: ({ eps }, [x]) => byRow(x!, (row) => {
    const r = 1 / Math.sqrt(row.reduce((a, v) => a + v * v, 0) / row.length + eps);
    return row.map((v) => v * r);
  }),
  layerNorm: ({ eps }, [x]) => byRow(x!, (row) => {
    const mean = row.reduce((a, v) => a + v, 0) / row.length;
    const r = 1 / Math.sqrt(row.reduce((a, v) => a + (v - mean) ** 2, 0) / row.length + eps);
    return row.map((v) => (v - mean) * r);
  }),
  rope: (_, [x, cos, sin]) => {
    const [n, heads, length, d] = x!.shape as [number, number, number, number], half = d / 2;
    const out = new Float64Array(x!.data.length);
    for (let s = 0; s < n; s++) for (let h = 0; h < heads; h++) for (let l = 0; l < length; l++) for (let i = 0; i < half; i++) {
      const at = ((s * heads + h) * length + l) * d + i, angle = (s * length + l) * half + i;
      const a = x!.data[at]!, b = x!.data[at + half]!, c = cos!.data[angle]!, si = sin!.data[angle]!;
      out[at] = a * c - b * si;
      out[at + half] = b * c + a * si;
    }
    return out;
  },
  after: (_, [x]) => x!.data,
};
