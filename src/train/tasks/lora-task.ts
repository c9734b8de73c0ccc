/**
 * @file Training an adaptation (nn/lora.ts) of a transformer: the same task, its weights frozen and fed as they are, the small matrices trained beside them.
 * What is validated and sampled is the sum of both.
 */
import { InputError } from '../../core/errors.ts';
import { writeTensors, type StoredTensor } from '../../io/safetensors.ts';
import { loraParams, mergeLora, withLora, type LoraConfig } from '../../nn/lora.ts';
import { NEW_WORDS } from '../../models/text/new-words.ts';
import type { Graph } from '../../graph/graph.ts';
import { bindParams, type Bound, isParam, listParams, type ParamSpec } from '../../nn/param.ts';
import type { TrainTask } from '../loop/loop.ts';

/** Parameters of an adaptation: pairs of matrices by layer, and vectors of new words where there are some. */
export type LoraTrained = ReturnType<typeof loraParams> & { readonly [NEW_WORDS]?: ParamSpec };

/** What an adaptation of these parameters trains: they stay as they are, but for vectors of new words. */
export function loraTrained(specs: unknown, config: LoraConfig): LoraTrained {
  const rows = (specs as { readonly [NEW_WORDS]?: unknown })[NEW_WORDS];
  return { ...loraParams(specs, config), ...(isParam(rows) ? { [NEW_WORDS]: rows } : {}) } as LoraTrained;
}

/** Bound parameters of a model with its adaptation: the model's own are inputs of the graph. */
export function bindLora<T>(graph: Graph, specs: T, trained: Bound<LoraTrained>, config: LoraConfig): Bound<T> {
  const { [NEW_WORDS]: rows, ...pairs } = trained, adapted = withLora(bindParams(graph, withoutWords(specs)), pairs, config);
  return (rows ? { ...adapted, [NEW_WORDS]: rows } : adapted) as Bound<T>;
}

const withoutWords = <T>(specs: T): Omit<T, typeof NEW_WORDS> => Object.fromEntries(Object.entries(specs as object).filter(([key]) => key !== NEW_WORDS)) as never;

/** The task that trains an adaptation of `inner`'s model, whose weights are `base`. Throws an InputError when weights are missing. */
export function loraTask<T>(inner: TrainTask<T>, base: Readonly<Record<string, Float32Array>>, config: LoraConfig): TrainTask<LoraTrained> {
  const frozen = listParams(withoutWords(inner.specs)).map(({ name }) => name);
  const missing = frozen.find((name) => base[name] === undefined);
  if (missing !== undefined) throw new InputError(`the weights to adapt lack "${missing}": --init wants the model of the configuration`);
  const weights = Object.fromEntries(frozen.map((name) => [name, base[name]!]));
  return {
    specs: loraTrained(inner.specs, config),
    async batch(step) {
      const batch = await inner.batch(step);
      return { ...batch, feeds: { ...weights, ...batch.feeds } };
    },
    build: (layout, graph, p) => inner.build(layout, graph, bindLora(graph, inner.specs, p, config)),
    ...(inner.validate ? {
      validate: ({ [NEW_WORDS]: rows, ...tensors }, step, dir, show) =>
        inner.validate!({ ...mergeLora(weights, [{ config, tensors, strength: 1 }]), ...(rows ? { [NEW_WORDS]: rows } : {}) }, step, dir, show),
    } : {}),
    warn: (figures, step, steps) => inner.warn?.(figures, step, steps),
  };
}

/** What an adaptation was trained for. */
export interface LoraOrigin {
  /** The transformer's configuration, as its file tells it. */
  readonly dit: string;
  /** New words whose vectors it holds, in their order. */
  readonly words?: readonly string[];
  readonly seed: number;
  readonly steps: number;
}

/** Writes an adaptation: its matrices in half precision, and in the metadata its shape, what it adapts and the words that it brings. */
export async function writeLora(file: string, tensors: ReadonlyMap<string, StoredTensor>, config: LoraConfig, { dit, words = [], seed, steps }: LoraOrigin): Promise<void> {
  await writeTensors(file, tensors, { type: 'F16', metadata: {
    lora: JSON.stringify(config), dit, seed: String(seed), steps: String(steps), ...(words.length > 0 ? { words: JSON.stringify(words) } : {}),
  } });
}
