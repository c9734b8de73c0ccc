/**
 * @file Adaptations of a model (nn/lora.ts) by their files: read and checked against the model before its weights are, known in a film's record by name, hash and
 * strength, and added to the transformer's weights once, so that sampling costs what it costs without, in any numbers and on any device.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { z } from 'zod';
import { FileError, InputError } from '../core/errors.ts';
import { number } from '../core/range.ts';
import { readTensors } from '../io/safetensors.ts';
import { ditParams } from '../models/dit/dit.ts';
import { LORA_TARGETS, loraParams, mergeLora, type LoraWeights } from '../nn/lora.ts';
import { listParams } from '../nn/param.ts';
import type { DitRuntime } from './denoise.ts';
import type { ModelInfo } from './model-store.ts';

/** An adaptation that a film is made with. */
export interface GivenLora {
  /** lora.safetensors of a run with `"lora"` in its configuration. */
  readonly file: string;
  /** How much of it, −2 to 2; 0 is none. Default 1. */
  readonly strength?: number;
}

/** An adaptation as a film's record knows it. */
export interface LoraMark {
  /** Without its folder. */
  readonly name: string;
  readonly sha256: string;
  readonly strength: number;
}

/** An adaptation that was read. */
export interface LoadedLora { readonly mark: LoraMark; readonly weights: LoraWeights }

const MOST = 2;
const configSchema = z.object({ rank: z.int().min(1), alpha: z.number().positive(), targets: z.array(z.enum(LORA_TARGETS)).min(1) });

const bytesOf = (file: string): Promise<Buffer> =>
  readFile(file).catch((cause: NodeJS.ErrnoException) => { throw new FileError(`cannot read ${file}: ${cause.code === 'ENOENT' ? 'no such file' : cause.message}`, { cause }); });
const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Reads adaptations. Throws a FileError for a file that holds none, an InputError for one of another model's shape, or given twice. */
export async function readLoras(given: readonly GivenLora[], info: ModelInfo): Promise<LoadedLora[]> {
  const loaded: LoadedLora[] = [];
  for (const { file, strength = 1 } of given) {
    const mark = { name: basename(file), sha256: hashOf(await bytesOf(file)), strength: number(`strength of the adaptation ${file}:`, strength, -MOST, MOST) };
    if (loaded.some((other) => other.mark.sha256 === mark.sha256)) throw new InputError(`the adaptation ${file} is given twice: give it once, with the sum of both strengths`);
    const { tensors, metadata } = await readTensors(file), parsed = configSchema.safeParse(metadata['lora'] === undefined ? undefined : JSON.parse(metadata['lora']));
    if (!parsed.success) throw new FileError(`${file} holds no adaptation: its metadata has no "lora"`);
    const config = parsed.data, wanted = listParams(loraParams({ dit: ditParams(info.dit.config) }, config));
    const lacking = wanted.find(({ name, leaf }) => tensors.get(name)?.shape.join() !== leaf.shape.join())?.name;
    const odd = lacking ?? [...tensors.keys()].find((name) => !wanted.some((w) => w.name === name));
    if (odd !== undefined) throw new InputError(`the adaptation ${file} is of another model than ${info.id}: "${odd}" does not fit`);
    loaded.push({ mark, weights: { config, strength, tensors: Object.fromEntries([...tensors].map(([name, { data }]) => [name, data as Float32Array])) } });
  }
  return loaded;
}

/** The transformer with adaptations added to its weights; what is compiled stays. */
export const adaptedRuntime = (rt: DitRuntime, loras: readonly LoadedLora[]): DitRuntime =>
  ({ ...rt, weights: { ...rt.weights, ...mergeLora(rt.weights as Readonly<Record<string, Float32Array>>, loras.map(({ weights }) => weights)) } });

/** The files of the adaptations that a film was made with, out of those that are given. Throws a FileError that names the one that is missing. */
export async function matchLoras(marks: readonly LoraMark[], given: readonly GivenLora[], film: string): Promise<GivenLora[]> {
  const hashes = await Promise.all(given.map(async ({ file }) => ({ file, sha256: hashOf(await bytesOf(file)) })));
  return marks.map(({ name, sha256, strength }) => {
    const found = hashes.find((h) => h.sha256 === sha256);
    if (!found) throw new FileError(`${film} was made with the adaptation ${name} (SHA-256 ${sha256.slice(0, 12)}…): give that file with --lora`);
    return { file: found.file, strength };
  });
}
