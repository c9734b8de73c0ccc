/**
 * @file Adaptations of a model (nn/lora.ts) by their files: read and checked against the model before its weights are, known in a film's record by name, hash and
 * strength, and added to the transformer's weights once, so that sampling costs what it costs without, in any numbers and on any device. Words that they bring
 * are known for as long as they count.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { z } from 'zod';
import { FileError, InputError } from '../../core/errors.ts';
import { number } from '../../core/range.ts';
import { readTensors } from '../../io/safetensors.ts';
import { ditParams } from '../../models/dit/dit.ts';
import { joinRows, NEW_WORDS, newWordParams, newWords, TOWER_WORDS, withWords } from '../../models/text/new-words.ts';
import type { CaptionTokenizer } from '../../models/text/tokenizer.ts';
import { LORA_TARGETS, loraParams, mergeLora, type LoraWeights } from '../../nn/lora.ts';
import { listParams } from '../../nn/param.ts';
import type { DitRuntime } from '../sampling/denoise.ts';
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
export interface LoadedLora {
  readonly mark: LoraMark;
  readonly weights: LoraWeights;
  /** Words that the model does not know without it, with their vectors. */
  readonly words: ReadonlyMap<string, Float32Array>;
}

const MOST = 2;
const wordsSchema = z.array(z.string().min(1)).default([]);
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
    const config = parsed.data, { width } = info.text.config, words = wordsSchema.parse(metadata['words'] === undefined ? undefined : JSON.parse(metadata['words']));
    const rows = words.length > 0 ? { [NEW_WORDS]: newWordParams(words.length, width) } : {};
    const wanted = listParams({ ...loraParams({ dit: ditParams(info.dit.config) }, config), ...rows });
    const lacking = wanted.find(({ name, leaf }) => tensors.get(name)?.shape.join() !== leaf.shape.join())?.name;
    const odd = lacking ?? [...tensors.keys()].find((name) => !wanted.some((w) => w.name === name));
    if (odd !== undefined) throw new InputError(`the adaptation ${file} is of another model than ${info.id}: "${odd}" does not fit`);
    const { [NEW_WORDS]: table, ...matrices } = Object.fromEntries([...tensors].map(([name, { data }]) => [name, data as Float32Array]));
    const vectors = new Map(words.map((word, i) => [word, table!.subarray(i * width, (i + 1) * width)] as const));
    loaded.push({ mark, weights: { config, strength, tensors: matrices as LoraWeights['tensors'] }, words: vectors });
  }
  return loaded;
}

/**
 * Words that adaptations bring, in order, each with its vector: where several bring one, the mean of theirs by strength. One of strength 0 brings none, and what the
 * tokenizer knows stays what it is.
 */
export function broughtWords(loras: readonly LoadedLora[], { files: { words: known } }: Pick<CaptionTokenizer, 'files'>): ReadonlyMap<string, Float32Array> {
  const counting = loras.filter(({ mark }) => mark.strength !== 0), old = new Set([...known.english, ...known.hanzi]);
  const names = [...new Set(counting.flatMap(({ words }) => [...words.keys()]))].filter((word) => !old.has(word)).sort();
  return new Map(names.map((word) => {
    const bringing = counting.filter(({ words }) => words.has(word)), total = bringing.reduce((sum, { mark }) => sum + Math.abs(mark.strength), 0);
    return [word, bringing[0]!.words.get(word)!.map((_, i) => bringing.reduce((sum, { mark, words }) => sum + Math.abs(mark.strength) / total * words.get(word)![i]!, 0))];
  }));
}

/** A tokenizer that knows the words of adaptations too. */
export function adaptedTokenizer(tokenizer: CaptionTokenizer, loras: readonly LoadedLora[]): CaptionTokenizer {
  const words = broughtWords(loras, tokenizer);
  return words.size === 0 ? tokenizer : withWords(tokenizer, [...words.keys()]);
}

/** The transformer with adaptations added to its weights, and with the words that they bring in its tower's table; what is compiled stays. */
export function adaptedRuntime(rt: DitRuntime, loras: readonly LoadedLora[], tokenizer: CaptionTokenizer): DitRuntime {
  const base = rt.weights as Readonly<Record<string, Float32Array>>, weights = mergeLora(base, loras.map((lora) => lora.weights)), { text } = rt;
  const words = [...broughtWords(loras, tokenizer).values()];
  // A tower may have more rows than its tokenizer has words; new ones follow the tokenizer's.
  const table = base[TOWER_WORDS]!.subarray(0, tokenizer.vocabulary * text.width);
  return words.length === 0 ? { ...rt, weights }
    : { ...rt, text: { ...text, vocabulary: tokenizer.vocabulary + words.length }, weights: { ...weights, [TOWER_WORDS]: words.reduce(joinRows, table) } };
}

/** Whether a prompt uses a word that adaptations bring: it is worded as their captions are, not as the model's. */
export const inBroughtWords = (prompt: string, loras: readonly LoadedLora[], tokenizer: CaptionTokenizer): boolean => {
  const brought = broughtWords(loras, tokenizer);
  return brought.size > 0 && newWords([prompt], tokenizer, Infinity).some((word) => brought.has(word));
};

/** The files of the adaptations that a film was made with, out of those that are given. Throws a FileError that names the one that is missing. */
export async function matchLoras(marks: readonly LoraMark[], given: readonly GivenLora[], film: string): Promise<GivenLora[]> {
  const hashes = await Promise.all(given.map(async ({ file }) => ({ file, sha256: hashOf(await bytesOf(file)) })));
  return marks.map(({ name, sha256, strength }) => {
    const found = hashes.find((h) => h.sha256 === sha256);
    if (!found) throw new FileError(`${film} was made with the adaptation ${name} (SHA-256 ${sha256.slice(0, 12)}…): give that file with --lora`);
    return { file: found.file, strength };
  });
}
