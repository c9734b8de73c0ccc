/**
 * @file Feed-forward layers of transformer blocks.
 */
import { geluTanh, mul, reluSquared, silu, slice } from '../graph/build.ts';
import type { Tensor } from '../graph/graph.ts';
import { int8ReluSquared } from './int8.ts';
import { linear, linearParams, type LinearParams } from './linear.ts';
import { constant } from './param.ts';

/** GELU in its tanh form (DiT), SwiGLU (Shazeer 2020, section 2), squared ReLU (So et al. 2021, section 3: cheapest element-wise work). */
export const MLP_KINDS = ['gelu', 'swiglu', 'relu2'] as const;
export type MlpKind = (typeof MLP_KINDS)[number];

/** Options of {@link mlpParams}. */
export interface MlpOptions {
  readonly kind: MlpKind;
  /** Inner width ÷ outer width. SwiGLU has two thirds of it, so that all kinds weigh the same. */
  readonly ratio: number;
  readonly bias: boolean;
  /** Weights in 8-bit integers. Default false. */
  readonly int8?: boolean;
}

/** Inner width, a multiple of 16. */
export const innerWidth = (width: number, { kind, ratio }: MlpOptions): number => Math.round(width * ratio * (kind === 'swiglu' ? 2 / 3 : 1) / 16) * 16;

/** Parameters; the last layer starts at zero when `zero`. */
export function mlpParams(width: number, o: MlpOptions, zero = false) {
  const inner = innerWidth(width, o), { int8 = false } = o;
  return {
    fc1: linearParams(width, o.kind === 'swiglu' ? 2 * inner : inner, { bias: o.bias, int8 }),
    fc2: linearParams(inner, width, { bias: o.bias, int8, ...(zero ? { init: constant(0) } : {}) }),
  };
}

/** Whether a layer is a product of 8-bit integers and nothing else. */
const isInt8 = (p: LinearParams): p is LinearParams & { readonly scale: Tensor } => p.scale !== undefined && p.bias === undefined;

/** x `[N, D]` → `[N, D]`. */
export function mlp(p: { fc1: LinearParams; fc2: LinearParams }, x: Tensor, kind: MlpKind): Tensor {
  if (kind === 'relu2' && isInt8(p.fc1) && isInt8(p.fc2)) return int8ReluSquared({ fc1: p.fc1, fc2: p.fc2 }, x);
  const h = linear(p.fc1, x);                                                                // [N, inner] or [N, 2·inner]
  switch (kind) {
    case 'gelu': return linear(p.fc2, geluTanh(h));
    case 'relu2': return linear(p.fc2, reluSquared(h));
    case 'swiglu': {
      const inner = h.shape.at(-1)! / 2;
      return linear(p.fc2, mul(silu(slice(h, -1, 0, inner)), slice(h, -1, inner, 2 * inner)));
    }
    default: return kind satisfies never;
  }
}
