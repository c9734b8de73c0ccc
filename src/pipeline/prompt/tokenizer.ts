/** @file Reads a model folder's tokenizer: tokenizer.json and words.json, checked, into a CaptionTokenizer. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { FileError } from '../../core/errors.ts';
import type { CaptionTokenizer } from '../../models/text/tokenizer.ts';
import { parseTokenizer } from './words.ts';

/** Options of {@link loadTokenizer}. */
export interface LoadTokenizerOptions {
  /** Tokens of a caption. Default: as in words.json. */
  readonly length?: number;
}

/** The tokenizer of the model in `dir`. */
export async function loadTokenizer(dir: string, { length }: LoadTokenizerOptions = {}): Promise<CaptionTokenizer> {
  const [tokenizer, words] = await Promise.all([readJson(path.join(dir, 'tokenizer.json')), readJson(path.join(dir, 'words.json'))]);
  return parseTokenizer({ tokenizer, words }, { where: dir, length });
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new FileError(`cannot read ${file}: ${(cause as Error).message}`, { cause });
  }
}
