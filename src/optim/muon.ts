/**
 * @file Muon (Jordan et al. 2024, "Muon: an optimizer for hidden layers"): momentum whose matrix is replaced by the nearest semi-orthogonal one,
 * found by five Newton–Schulz iterations. Step sizes are matched to AdamW's (Liu et al. 2025, "Muon is scalable", arXiv:2502.16982v1, section 2.2),
 * so both share one learning rate and decay. For weights of two axes and more; a convolution is a matrix of its outputs.
 */
import { add, div, matmul, mul, reshape, sqrt, sub, sumSquares, transpose } from '../graph/build.ts';
import { Graph, type Tensor } from '../graph/graph.ts';
import { sizeOf, type Shape } from '../core/shape.ts';

/** Coefficients of the quintic iteration (Jordan et al. 2024): steep at 0, so that small singular values grow fast. */
const NEWTON_SCHULZ = [3.4445, -4.775, 2.0315] as const;
const ITERATIONS = 5;

/** Options of {@link muon}. */
export interface MuonOptions {
  /** Decay of the momentum. Default 0.95. */
  readonly momentum?: number;
}

/** Arrays that a Muon step updates. */
export const MUON_STATE = ['value', 'm', 'ema'] as const;

/** Rows × columns of the matrix that a weight stands for: a convolution's outputs × everything else. */
export const matrixShape = (shape: Shape): [number, number] => [shape[0]!, sizeOf(shape.slice(1))];

/**
 * Nearest semi-orthogonal matrix of `[rows, cols]`, roughly (singular values in about 0.7 … 1.2). Every iterate is a polynomial of the Gram
 * matrix G = X·Xᵀ times X; where X is long, iterating on that polynomial, `[r, r]`, costs less than on X.
 */
export function orthogonalise(x: Tensor): Tensor {
  const [rows, cols] = x.shape as [number, number], wide = rows <= cols;
  const [a, b, c] = NEWTON_SCHULZ;
  let y = div(wide ? x : transpose(x, [1, 0]), add(reshape(sqrt(sumSquares(x)), []), 1e-7));      // [r, c], r ≤ c
  const r = Math.min(rows, cols), identity = x.graph.constant(Array.from({ length: r * r }, (_, i) => (i % (r + 1) === 0 ? a : 0)), [r, r]);
  const step = (gram: Tensor): Tensor => add(add(mul(gram, b), matmul(gram, gram, { alpha: c })), identity);   // a·I + b·G + c·G²
  if (Math.max(rows, cols) >= 2 * r) {
    let gram = matmul(y, y, { transB: true }), product: Tensor | undefined;
    for (let i = 0; i < ITERATIONS; i++) {
      const p = step(gram);                                                                   // symmetric, commutes with the Gram matrix
      product = product ? matmul(p, product) : p;
      if (i < ITERATIONS - 1) gram = matmul(matmul(p, gram), p);
    }
    y = matmul(product!, y);
  } else for (let i = 0; i < ITERATIONS; i++) y = matmul(step(matmul(y, y, { transB: true })), y);
  return wide ? y : transpose(y, [1, 0]);
}

/** The update of one weight as a graph; outputs carry the names of {@link MUON_STATE} and may overwrite the inputs of the same name. */
export function muon(shape: Shape, { momentum = 0.95 }: MuonOptions = {}): { graph: Graph; outputs: Record<(typeof MUON_STATE)[number], Tensor> } {
  const graph = new Graph();
  const [rows, cols] = matrixShape(shape);
  const input = (name: string): Tensor => graph.input(name, [rows, cols]);
  const scalar = (name: string): Tensor => graph.input(name, []);
  const [value, m0, ema0, g0] = [input('value'), input('m'), input('ema'), input('grad')];
  const grad = mul(g0, scalar('gradScale'));
  const m = add(mul(m0, momentum), grad);
  const direction = orthogonalise(add(grad, mul(m, momentum)));                               // Nesterov
  const update = mul(direction, mul(scalar('rate'), 0.2 * Math.sqrt(Math.max(rows, cols))));   // root mean square 0.2, as AdamW's in practice
  const next = sub(mul(value, scalar('keep')), update);
  return { graph, outputs: { value: next, m, ema: add(mul(ema0, scalar('emaDecay')), mul(next, scalar('emaRest'))) } };
}
