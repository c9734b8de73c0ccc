/**
 * @file Linear layer. Weights are `[in, out]`, so that y = x·W needs no transpose.
 */
import { add, matmul, reshape } from '../graph/build.ts';
import type { Tensor } from '../graph/graph.ts';
import { int8Linear } from './int8.ts';
import { loraProduct, type LoraTerm } from './lora.ts';
import { constant, param, xavier, type Bound, type Init, type ParamSpec } from './param.ts';

/** Options of {@link linearParams}. */
export interface LinearOptions {
  /** Default true. */
  readonly bias?: boolean;
  /** Default Xavier uniform. */
  readonly init?: Init;
  /** Weights in 8-bit integers with a `scale` per output (int8.ts). Default false. */
  readonly int8?: boolean;
}

/** Parameters of a linear layer; `bias` is absent where it is switched off, `scale` where weights are float32. */
export function linearParams(fanIn: number, fanOut: number, o: LinearOptions = {}) {
  return {
    weight: { ...param([fanIn, fanOut], o.init ?? xavier(fanIn, fanOut)), ...(o.int8 ? { dtype: 'i8' as const } : {}) },
    ...(o.int8 ? { scale: param([fanOut], constant(1)) } : {}),
    ...((o.bias ?? true) ? { bias: param([fanOut], constant(0)) } : {}),
  };
}

/** Parameters of a linear layer, bound to a graph, and while an adaptation is trained its product (lora.ts). */
export type LinearParams = Bound<{ weight: ParamSpec; scale?: ParamSpec; bias?: ParamSpec }> & { readonly lora?: LoraTerm };

/** x `[…, in]` → `[…, out]`. Leading axes are flattened, so that the weight's gradient is one product. */
export function linear(p: LinearParams, x: Tensor): Tensor {
  const [fanIn, fanOut] = p.weight.shape as [number, number];
  const rows = reshape(x, [-1, fanIn]);
  const flat = p.scale ? int8Linear({ weight: p.weight, scale: p.scale }, rows) : matmul(rows, p.weight);                     // [rows, out]
  const adapted = p.lora ? add(flat, loraProduct(p.lora, rows)) : flat, y = p.bias ? add(adapted, p.bias) : adapted;
  return reshape(y, [...x.shape.slice(0, -1), fanOut]);
}
