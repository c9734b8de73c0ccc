/**
 * @file AdamW (Loshchilov & Hutter 2019, algorithm 2, decoupled decay) and the running average of weights, as one graph over a chunk of
 * values. It is element-wise, hence bound by memory: chunks that stay in cache are what makes it fast.
 */
import { add, div, mul, sqrt, sub } from '../graph/build.ts';
import { Graph, type Tensor } from '../graph/graph.ts';

/** Options of {@link adamW}. */
export interface AdamWOptions {
  /** Decay of the first moment. Default 0.9. */
  readonly beta1?: number;
  /** Decay of the second moment. Default 0.99. */
  readonly beta2?: number;
  /** Added to the root of the second moment. Default 1e-8. */
  readonly eps?: number;
}

/** Scalars of one update, fed at each step. */
export interface AdamWScalars {
  /** Step size. */
  readonly rate: number;
  /** Weight decay of this chunk. */
  readonly decay: number;
  /** Factor on gradients (clipping, averaging). */
  readonly gradScale: number;
  /** Number of this update, from 1. */
  readonly step: number;
  /** Decay of the running average, 0 … 1. */
  readonly emaDecay: number;
}

/** Chunk's arrays, each `[size]`. */
export const ADAMW_STATE = ['value', 'm', 'v', 'ema'] as const;

/** The update as a graph; outputs carry the names of {@link ADAMW_STATE} and may overwrite the inputs of the same name. */
export function adamW(size: number, o: AdamWOptions = {}): { graph: Graph; outputs: Record<(typeof ADAMW_STATE)[number], Tensor> } {
  const { beta1 = 0.9, beta2 = 0.99 } = o;
  const graph = new Graph();
  const [value, m0, v0, ema0, grad] = ['value', 'm', 'v', 'ema', 'grad'].map((name) => graph.input(name, [size])) as [Tensor, Tensor, Tensor, Tensor, Tensor];
  const scalar = (name: string): Tensor => graph.input(name, []);
  // Scalars are folded on the host, so that no pass over the chunk is spent on them: (1 − β)·gradScale into gradM and gradV; the bias corrections and
  // rate of rate · (m/(1 − β1ᵗ)) / (√(v/(1 − β2ᵗ)) + eps) into rateM and epsV, both multiplied by √(1 − β2ᵗ).
  const m = add(mul(m0, beta1), mul(grad, scalar('gradM')));
  const v = add(mul(v0, beta2), mul(mul(grad, grad), scalar('gradV')));
  const update = div(mul(m, scalar('rateM')), add(sqrt(v), scalar('epsV')));
  const next = sub(mul(value, scalar('keep')), update);
  const ema = add(mul(ema0, scalar('emaDecay')), mul(next, scalar('emaRest')));
  return { graph, outputs: { value: next, m, v, ema } };
}

/** Scalars → feeds of the graph of {@link adamW}. */
export function adamWFeeds({ rate, decay, gradScale, step, emaDecay }: AdamWScalars, { beta1 = 0.9, beta2 = 0.99, eps = 1e-8 }: AdamWOptions = {}): Record<string, Float32Array> {
  const one = (x: number): Float32Array => Float32Array.of(x), rootV = Math.sqrt(1 - beta2 ** step);
  return {
    gradM: one((1 - beta1) * gradScale), gradV: one((1 - beta2) * gradScale ** 2), rateM: one(rate * rootV / (1 - beta1 ** step)), epsV: one(eps * rootV),
    keep: one(1 - rate * decay), emaDecay: one(emaDecay), emaRest: one(1 - emaDecay),
  };
}
