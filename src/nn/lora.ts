/**
 * @file Low-rank adaptation (LoRA, Hu et al. 2022, section 4.1, arXiv:2106.09685v2): beside a frozen weight W `[in, out]` stands a trained product of two small
 * matrices, y = x·W + (x·down)·up · alpha ÷ rank. Trained beside frozen weights, whose own gradients are never computed; used by adding it to W once, so that a
 * film costs what it costs without.
 */
import { matmul } from '../graph/build.ts';
import type { Tensor } from '../graph/graph.ts';
import { constant, listParams, normal, param, type Bound, type ParamSpec } from './param.ts';

/** Which of a transformer's layers are adapted, by the part of a block that they belong to. */
export const LORA_TARGETS = ['attn', 'cross', 'mlp'] as const;
export type LoraTarget = (typeof LORA_TARGETS)[number];

/** Shape of an adaptation. */
export interface LoraConfig {
  /** Inner width of the product. */
  readonly rank: number;
  /** The product counts alpha ÷ rank. */
  readonly alpha: number;
  readonly targets: readonly LoraTarget[];
}

/** The trained pair of one layer. */
type LoraPair = { readonly down: ParamSpec; readonly up: ParamSpec };
/** The product beside a layer's weight, in a graph. */
export interface LoraTerm { readonly down: Tensor; readonly up: Tensor; readonly scale: number }

/** Names of the adapted layers with their weights, in the order of the tree. */
function layersOf(specs: unknown, targets: readonly LoraTarget[]): { layer: string; weight: ParamSpec }[] {
  const wanted = new RegExp(`(^|\\.)blocks\\.\\d+\\.(${targets.join('|')})\\.`);
  const adapted = listParams(specs).filter(({ name, leaf }) => name.endsWith('.weight') && leaf.shape.length === 2 && wanted.test(name));
  return adapted.map(({ name, leaf }) => ({ layer: name.slice(0, -'.weight'.length), weight: leaf }));
}

/** Trained parameters by layer: `down` `[in, rank]` random, `up` `[rank, out]` zero, so that an adaptation starts as none. */
export function loraParams(specs: unknown, { rank, targets }: LoraConfig): Readonly<Record<string, LoraPair>> {
  return Object.fromEntries(layersOf(specs, targets).map(({ layer, weight: { shape } }) =>
    [layer, { down: param([shape[0]!, rank], normal(1 / Math.sqrt(shape[0]!))), up: param([rank, shape[1]!], constant(0)) }]));
}

/** Bound parameters of which the adapted layers have their {@link LoraTerm} beside the weight. */
export function withLora<T>(bound: T, lora: Bound<Readonly<Record<string, LoraPair>>>, { rank, alpha }: LoraConfig, path = ''): T {
  if (typeof bound !== 'object' || bound === null || 'graph' in bound) return bound;
  const join = (key: string): string => (path === '' ? key : `${path}.${key}`);
  if (Array.isArray(bound)) return bound.map((child, i) => withLora(child as unknown, lora, { rank, alpha, targets: [] }, join(String(i)))) as T;
  const children = Object.fromEntries(Object.entries(bound).map(([key, child]) => [key, withLora(child as unknown, lora, { rank, alpha, targets: [] }, join(key))]));
  const own = lora[path];
  return (own ? { ...children, lora: { down: own.down, up: own.up, scale: alpha / rank } satisfies LoraTerm } : children) as T;
}

/** (x·down)·up · scale: x `[rows, in]` → `[rows, out]`. */
export const loraProduct = ({ down, up, scale }: LoraTerm, rows: Tensor): Tensor => matmul(matmul(rows, down), up, { alpha: scale });

/** One adaptation's matrices by `<layer>.down` and `<layer>.up`, and how much its products count. */
export interface LoraWeights {
  readonly config: LoraConfig;
  readonly tensors: Readonly<Record<string, Float32Array>>;
  /** On top of alpha ÷ rank. 1 as trained; negative turns it round. */
  readonly strength: number;
}

/** Weights with adaptations added: W + Σ strength · alpha ÷ rank · down·up. What is not adapted is shared with `weights`. */
export function mergeLora(weights: Readonly<Record<string, Float32Array>>, loras: readonly LoraWeights[]): Record<string, Float32Array> {
  const merged: Record<string, Float32Array> = { ...weights };
  for (const { config: { rank, alpha }, tensors, strength } of loras) {
    for (const name of Object.keys(tensors).filter((key) => key.endsWith('.down'))) {
      const layer = name.slice(0, -'.down'.length), key = `${layer}.weight`, down = tensors[name]!, up = tensors[`${layer}.up`]!;
      const rows = down.length / rank, columns = up.length / rank, scale = strength * alpha / rank, before = merged[key]!, sum = before.slice();
      for (let i = 0; i < rows; i++) {
        for (let r = 0; r < rank; r++) {
          const factor = scale * down[i * rank + r]!;
          for (let j = 0; j < columns; j++) sum[i * columns + j]! += factor * up[r * columns + j]!;
        }
      }
      merged[key] = sum;
    }
  }
  return merged;
}
