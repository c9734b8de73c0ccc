/**
 * @file Captions to token ids: byte-level BPE over words (tools/tokenizer/train.py makes tokenizer.json and words.json).
 * A known word is one token wherever it stands; everything else falls into pieces of at most two bytes that are no known words,
 * so what `ignored` reports is just what the model sees in pieces, and was trained to pass over. Spaces carry nothing.
 * Pure: reading the two files is src/pipeline/tokenizer.ts.
 */
import { Tokenizer } from '@huggingface/tokenizers';
import { InputError } from '../../core/errors.ts';

/** Ids with a meaning of their own. */
export const SPECIAL_TOKENS = { pad: 0, bos: 1, eos: 2 } as const;

/** A caption as the text tower takes it. */
export interface EncodedCaption {
  /** `[length]`: bos, tokens, eos, padding. */
  readonly ids: Int32Array;
  /** `[length]`: 1 at tokens, 0 at padding. */
  readonly present: Float32Array;
  /** Words of the caption that the model does not know, each once, in order, in lower case. */
  readonly ignored: readonly string[];
  /** True when the caption's end did not fit. */
  readonly truncated: boolean;
}

/** Encodes captions of one fixed length. "" is the caption that says nothing: bos, eos. */
export interface CaptionTokenizer {
  /** Number of ids. */
  readonly vocabulary: number;
  /** Tokens of an encoded caption, with bos and eos. */
  readonly length: number;
  encode(text: string): EncodedCaption;
  /** The text of ids, normalised and without spaces. */
  decode(ids: ArrayLike<number>): string;
}

/** Contents of words.json. */
export interface KnownWords {
  /** Default length of captions. */
  readonly length: number;
  /** Words of letters, in lower case. */
  readonly english: readonly string[];
  /** Words of hanzi; read by the longest match. */
  readonly hanzi: readonly string[];
}

/** A tokenizer from the contents of tokenizer.json and words.json. `length` overrides that of words.json. */
export function captionTokenizer(tokenizerJson: object, words: KnownWords, length = words.length): CaptionTokenizer {
  if (!Number.isInteger(length) || length < 3) throw new InputError(`captions of ${length} tokens; needed are at least 3: bos, one token, eos`);
  const tokenizer = new Tokenizer(tokenizerJson, {});
  const vocabulary = tokenizer.get_vocab().size;
  const unknown = unknownWords(words);
  return {
    vocabulary, length,
    encode(text) {
      const tokens = text.trim() === '' ? [] : tokenizer.encode(text, { add_special_tokens: false }).ids;
      const kept = tokens.slice(0, length - 2);
      const ids = new Int32Array(length).fill(SPECIAL_TOKENS.pad);
      ids.set([SPECIAL_TOKENS.bos, ...kept, SPECIAL_TOKENS.eos]);
      return { ids, present: new Float32Array(length).fill(1, 0, kept.length + 2), ignored: unknown(text), truncated: kept.length < tokens.length };
    },
    decode: (ids) => tokenizer.decode(Array.from(ids).filter((id) => id > SPECIAL_TOKENS.eos), { clean_up_tokenization_spaces: false }),
  };
}

const HANZI = '[㐀-鿿豈-﫿]';

/** Finds the words that are not known. Numbers count as words, a possessive 's and punctuation do not; neighbouring unknown hanzi are one word. */
function unknownWords({ english, hanzi }: KnownWords): (text: string) => string[] {
  const known = new Set([...english, ...hanzi]);
  const longestFirst = [...hanzi].sort((a, b) => b.length - a.length);
  const pattern = new RegExp([...longestFirst, HANZI, `(?:(?!${HANZI})[\\p{L}\\p{M}])+`, '\\p{N}+(?:[.,]\\p{N}+)*', '\\p{Extended_Pictographic}'].join('|'), 'gu');
  const isHanzi = new RegExp(`^${HANZI}`, 'u');
  return (text) => {
    const found: string[] = [];
    let runEnd = -1;                                            // where an unknown run of hanzi may go on
    const normal = text.normalize('NFKC').toLowerCase();
    for (const { 0: word, index } of normal.matchAll(pattern)) {
      if (known.has(word) || (word === 's' && /['’]/.test(normal[index - 1] ?? ''))) continue;
      if (isHanzi.test(word) && index === runEnd) found[found.length - 1] += word;
      else found.push(word);
      runEnd = isHanzi.test(word) ? index + word.length : -1;
    }
    return [...new Set(found)];
  };
}
