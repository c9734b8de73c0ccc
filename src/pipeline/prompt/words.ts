/** @file A model's tokenizer from the contents of tokenizer.json and words.json, checked. */
import { z } from 'zod';
import { FileError } from '../../core/errors.ts';
import { captionTokenizer, type CaptionTokenizer } from '../../models/text/tokenizer.ts';

const wordsSchema = z.object({ length: z.int().min(3), english: z.array(z.string()), hanzi: z.array(z.string()) });

/** Contents of the two files, as JSON. */
export interface TokenizerFiles { readonly tokenizer: unknown; readonly words: unknown }

/** Options of {@link parseTokenizer}. */
export interface ParseTokenizerOptions {
  /** The folder or address that errors name. */
  readonly where: string;
  /** Tokens of a caption. Default: as in words.json. */
  readonly length?: number | undefined;
}

/** The tokenizer. Throws a FileError when the files are damaged. */
export function parseTokenizer({ tokenizer, words }: TokenizerFiles, { where, length }: ParseTokenizerOptions): CaptionTokenizer {
  try {
    return captionTokenizer(tokenizer as object, wordsSchema.parse(words), length);
  } catch (cause) {
    throw new FileError(`the tokenizer in ${where} is damaged: ${(cause as Error).message}`, { cause });
  }
}
