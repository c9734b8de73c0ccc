/** @file The run of a text tower: from a configuration to text.safetensors, and back into a run that keeps it fixed. */
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { InputError } from '../../core/errors.ts';
import { readTensors, type StoredTensor, writeTensors } from '../../io/safetensors.ts';
import type { TextConfig } from '../../models/text/tower.ts';
import { loadTokenizer } from '../../pipeline/prompt/tokenizer.ts';
import { dataFingerprint } from '../clips/identity.ts';
import type { TextRunConfig } from '../config.ts';
import { runTraining } from '../loop/loop.ts';
import { textTask } from '../tasks/text-task.ts';
import { averaged, type DiTRunOptions, loopOptions, type RunOptions, runWorld } from './options.ts';

/** Trains a text tower on captions and labels; returns the file. */
export async function trainText(config: TextRunConfig, o: RunOptions & Pick<DiTRunOptions, 'tokenizer'>): Promise<string> {
  const world = await runWorld(o), tokenizer = await loadTokenizer(o.tokenizer);
  const text: TextConfig = { ...config.model, vocabulary: tokenizer.vocabulary, length: tokenizer.length };
  const task = textTask(text, config, { world, tokenizer, backend: o.backend });
  const state = await runTraining(task, await loopOptions(config, o, dataFingerprint(world, tokenizer))), file = join(o.dir, 'text.safetensors');
  await writeTensors(file, new Map([...averaged(state)].filter(([name]) => name.startsWith('text.'))), { type: 'F16', metadata: { text: JSON.stringify(text) } });
  return file;
}

/** The tower's tensors of a file that {@link trainText} wrote, or of a transformer's. Throws an InputError unless it is of this configuration. */
export async function readTower(file: string, text: TextConfig): Promise<ReadonlyMap<string, StoredTensor>> {
  const { tensors, metadata } = await readTensors(file);
  if (!isDeepStrictEqual(JSON.parse(metadata['text'] ?? '{}'), text))
    throw new InputError(`${file} holds a text tower of ${metadata['text'] ?? 'no known shape'}; the configuration wants ${JSON.stringify(text)}`);
  return new Map([...tensors].filter(([name]) => name.startsWith('text.')));
}
