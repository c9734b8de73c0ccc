/**
 * @file Linear layer. Weights are `[in, out]`, so that y = x·W needs no transpose.
 */
import { add, matmul, reshape } from '../graph/build.ts';
import type { Tensor } from '../graph/graph.ts';
import { constant, param, xavier, type Bound, type Init } from './param.ts';

/** Options of {@link linearParams}. */
export interface LinearOptions {
  /** Default true. */
  readonly bias?: boolean;
  /** Default Xavier uniform. */
  readonly init?: Init;
}

/** Parameters of a linear layer; `bias` is absent where it is switched off. */
export function linearParams(fanIn: number, fanOut: number, o: LinearOptions = {}) {
  return {
    weight: param([fanIn, fanOut], o.init ?? xavier(fanIn, fanOut)),
    ...((o.bias ?? true) ? { bias: param([fanOut], constant(0)) } : {}),
  };
}

/** Parameters of a linear layer, bound to a graph. */
export type LinearParams = Bound<{ weight: import('./param.ts').ParamSpec; bias?: import('./param.ts').ParamSpec }>;

/** x `[…, in]` → `[…, out]`. Leading axes are flattened, so that the weight's gradient is one product. */
export function linear(p: LinearParams, x: Tensor): Tensor {
  const [fanIn, fanOut] = p.weight.shape as [number, number];
  const flat = matmul(reshape(x, [-1, fanIn]), p.weight);                                   // [rows, out]
  const y = p.bias ? add(flat, p.bias) : flat;
  return reshape(y, [...x.shape.slice(0, -1), fanOut]);
}
