/**
 * @file A loaded transformer whose blocks' large weights are 8-bit integers: quantized here, once, from the weights as the model folder has them, so that any
 * model can be sampled so without files of its own. Text tower, embedding, modulation, and first and last layers stay as they are.
 */
import type { HostArray } from '../../backend/backend.ts';
import { ditParams } from '../../models/dit/dit.ts';
import { quantizeWeight } from '../../nn/int8.ts';
import { listParams } from '../../nn/param.ts';
import type { DitRuntime } from './denoise.ts';

/** The same transformer in 8-bit integers; weights that are not quantized are shared with `rt`. */
export function int8Runtime(rt: DitRuntime): DitRuntime {
  const weights: Record<string, HostArray> = { ...rt.weights };
  for (const { name, leaf } of listParams({ dit: ditParams(rt.config, 'int8') })) {
    if (leaf.dtype !== 'i8') continue;
    const { weight, scale } = quantizeWeight(rt.weights[name] as Float32Array, leaf.shape[1]!);
    weights[name] = weight;
    weights[name.replace(/weight$/, 'scale')] = scale;
  }
  return { ...rt, quantize: 'int8', weights };
}
