/** @file An adaptation of the tiny model (tiny-model.ts) with random matrices. */
import { normals } from '../../src/core/random.ts';
import { sizeOf } from '../../src/core/shape.ts';
import type { StoredTensor } from '../../src/io/safetensors.ts';
import { DIT_PRESETS } from '../../src/models/dit/config.ts';
import { ditParams } from '../../src/models/dit/dit.ts';
import { loraParams, type LoraConfig } from '../../src/nn/lora.ts';
import { listParams } from '../../src/nn/param.ts';
import { writeLora } from '../../src/train/tasks/lora-task.ts';

const CONFIG: LoraConfig = { rank: 2, alpha: 2, targets: ['attn', 'mlp'] };

/** Writes one; another `name`, other matrices. It brings `words`; `width` is of a model that is not the tiny one. */
export async function writeTinyLora(file: string, name: string, { words = [], ...change }: { readonly width?: number; readonly words?: readonly string[] } = {}): Promise<void> {
  const specs = loraParams({ dit: ditParams({ ...DIT_PRESETS.tiny, textWidth: 16, ...change }) }, CONFIG);
  const tensors = new Map<string, StoredTensor>(listParams(specs).map(({ name: key, leaf }) =>
    [key, { shape: leaf.shape, data: normals({ seed: 1, stream: `${name}/${key}`, step: 0 }, sizeOf(leaf.shape)).map((x) => 0.5 * x) }]));
  if (words.length > 0) tensors.set('words', { shape: [words.length, 16], data: normals({ seed: 1, stream: name, step: 0 }, 16 * words.length) });
  await writeLora(file, tensors, CONFIG, { dit: '{}', words, seed: 1, steps: 1 });
}
