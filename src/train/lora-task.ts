/**
 * @file Training an adaptation (nn/lora.ts) of a transformer: the same task, its weights frozen and fed as they are, the small matrices trained beside them.
 * What is validated and sampled is the sum of both.
 */
import { InputError } from '../core/errors.ts';
import { writeTensors, type StoredTensor } from '../io/safetensors.ts';
import { loraParams, mergeLora, withLora, type LoraConfig } from '../nn/lora.ts';
import { bindParams, listParams } from '../nn/param.ts';
import type { TrainTask } from './loop.ts';

/** Parameters of an adaptation. */
export type LoraTrained = ReturnType<typeof loraParams>;

/** The task that trains an adaptation of `inner`'s model, whose weights are `base`. Throws an InputError when weights are missing. */
export function loraTask<T>(inner: TrainTask<T>, base: Readonly<Record<string, Float32Array>>, config: LoraConfig): TrainTask<LoraTrained> {
  const specs = loraParams(inner.specs, config), frozen = listParams(inner.specs).map(({ name }) => name);
  const missing = frozen.find((name) => base[name] === undefined);
  if (missing !== undefined) throw new InputError(`the weights to adapt lack "${missing}": --init wants the model of the configuration`);
  const weights = Object.fromEntries(frozen.map((name) => [name, base[name]!]));
  return {
    specs,
    async batch(step) {
      const batch = await inner.batch(step);
      return { ...batch, feeds: { ...weights, ...batch.feeds } };
    },
    build: (layout, graph, p) => inner.build(layout, graph, withLora(bindParams(graph, inner.specs), p, config)),
    ...(inner.validate ? {
      validate: (trained, step, dir, show) => inner.validate!(mergeLora(weights, [{ config, tensors: trained, strength: 1 }]), step, dir, show),
    } : {}),
    warn: (figures, step, steps) => inner.warn?.(figures, step, steps),
  };
}

/** What an adaptation was trained for. */
export interface LoraOrigin {
  /** The transformer's configuration, as its file tells it. */
  readonly dit: string;
  readonly seed: number;
  readonly steps: number;
}

/** Writes an adaptation: its matrices in half precision, and in the metadata its shape and what it adapts. */
export async function writeLora(file: string, tensors: ReadonlyMap<string, StoredTensor>, config: LoraConfig, { dit, seed, steps }: LoraOrigin): Promise<void> {
  await writeTensors(file, tensors, { type: 'F16', metadata: { lora: JSON.stringify(config), dit, seed: String(seed), steps: String(steps) } });
}
