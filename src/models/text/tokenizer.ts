/**
 * @file Captions to token ids: byte-level BPE over words (tools/tokenizer/train.py makes tokenizer.json and words.json).
 * A known word is one token wherever it stands. Words that are not known are left out, so that they change nothing, and reported; mistyped ones are
 * read as what they must mean. (Were they kept, they would fall into pieces of at most two bytes that are no known words.) Spaces carry nothing.
 * Pure: reading the two files is src/pipeline/prompt/tokenizer.ts.
 */
import { Tokenizer } from '@huggingface/tokenizers';
import { InputError } from '../../core/errors.ts';
import { parseWeights } from './weights.ts';

/** Ids with a meaning of their own. */
export const SPECIAL_TOKENS = { pad: 0, bos: 1, eos: 2 } as const;

/** A caption as the text tower takes it. */
export interface EncodedCaption {
  /** `[length]`: bos, tokens, eos, padding. */
  readonly ids: Int32Array;
  /** `[length]`: 1 at tokens, 0 at padding. */
  readonly present: Float32Array;
  /** `[length]`: what each token counts (weights.ts): 1 unless said, 0 at padding. */
  readonly weights: Float32Array;
  /** Words of the caption that the model does not know, each once, in order, in lower case. */
  readonly ignored: readonly string[];
  /** Mistyped words, in lower case, and the known words as which they are read. */
  readonly mended: Readonly<Record<string, string>>;
  /** True when the caption's end did not fit. */
  readonly truncated: boolean;
}

/** Encodes captions of one fixed length. "" is the caption that says nothing: bos, eos. */
export interface CaptionTokenizer {
  /** What it is made of, the contents of tokenizer.json and words.json. */
  readonly files: { readonly tokenizer: object; readonly words: KnownWords };
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
  const read = wordReader(words);
  return {
    vocabulary, length, files: { tokenizer: tokenizerJson, words },
    encode(text) {
      const parts = weightedParts(text).map(({ words, weight }) => ({ weight, ...read(words) }));
      const tokens = parts.flatMap(({ text: known, weight }) =>
        (known.trim() === '' ? [] : tokenizer.encode(known, { add_special_tokens: false }).ids.map((id: number) => ({ id, weight }))));
      const kept = tokens.slice(0, length - 2), present = new Float32Array(length).fill(1, 0, kept.length + 2), weights = present.slice();
      const ids = new Int32Array(length).fill(SPECIAL_TOKENS.pad);
      ids.set([SPECIAL_TOKENS.bos, ...kept.map(({ id }) => id), SPECIAL_TOKENS.eos]);
      weights.set(kept.map(({ weight }) => weight), 1);
      const ignored = [...new Set(parts.flatMap((part) => part.ignored))], mended = Object.assign({}, ...parts.map((part) => part.mended)) as Record<string, string>;
      return { ids, present, weights, ignored, mended, truncated: kept.length < tokens.length };
    },
    decode: (ids) => tokenizer.decode(Array.from(ids).filter((id) => id > SPECIAL_TOKENS.eos), { clean_up_tokenization_spaces: false }),
  };
}

/** A prompt cut where the weight changes; what counts 1 stays in one piece with what stands around it. */
function weightedParts(prompt: string): { words: string; weight: number }[] {
  const { text, parts } = parseWeights(prompt), cuts: { words: string; weight: number }[] = [];
  let from = 0;
  for (const { start, end, weight } of parts.filter((part) => part.weight !== 1)) {
    cuts.push({ words: text.slice(from, start), weight: 1 }, { words: text.slice(start, end), weight });
    from = end;
  }
  return [...cuts, { words: text.slice(from), weight: 1 }];
}

const HANZI = '[㐀-鿿豈-﫿]';

/** A text as a model that knows some words can read it. */
interface ReadText {
  /** Only what is known: lower case, compatible forms made equal. */
  readonly text: string;
  readonly ignored: readonly string[];
  readonly mended: Readonly<Record<string, string>>;
}

/** Letters from which on a word is mended: shorter ones decide between members ("left", "shirt") and are a letter from other words. One letter too many needs a long word. */
const MENDABLE = { letters: 6, added: 8 };
/** Words that are one letter from a known one and mean something else. */
const NO_SLIPS = new Set(['banana']);

/**
 * Leaves out the words that are not known, and puts right those that are one slip of the keyboard from one known word, the first letter being
 * right. Numbers count as words, a possessive 's and punctuation do not; neighbouring unknown hanzi are one word.
 */
function wordReader({ english, hanzi }: KnownWords): (text: string) => ReadText {
  const known = new Set([...english, ...hanzi]), mend = mender(english.filter((word) => word.length >= MENDABLE.letters));
  const longestFirst = [...hanzi].sort((a, b) => b.length - a.length);
  const pattern = new RegExp([...longestFirst, HANZI, `(?:(?!${HANZI})[\\p{L}\\p{M}])+`, '\\p{N}+(?:[.,]\\p{N}+)*', '\\p{Extended_Pictographic}'].join('|'), 'gu');
  const isHanzi = new RegExp(`^${HANZI}`, 'u');
  return (text) => {
    const found: string[] = [], mended: Record<string, string> = {};
    let runEnd = -1;                                            // where an unknown run of hanzi may go on
    const normal = text.normalize('NFKC').toLowerCase();
    const readable = normal.replaceAll(pattern, (word: string, index: number) => {
      if (known.has(word) || (word === 's' && /['’]/.test(normal[index - 1] ?? ''))) return word;
      const meant = mend(word);
      if (meant !== undefined) return mended[word] = meant;
      if (isHanzi.test(word) && index === runEnd) found[found.length - 1] += word;
      else found.push(word);
      runEnd = isHanzi.test(word) ? index + word.length : -1;
      return ' ';                                               // not nothing: its neighbours must not join
    });
    return { text: readable, ignored: [...new Set(found)], mended };
  };
}

/** The one known word from which a word is one slip away; undefined when there is none, or more than one. */
function mender(known: readonly string[]): (word: string) => string | undefined {
  const from = new Map<string, Set<string>>();                  // a word with one letter left out → known words
  const shorter = (word: string): string[] => Array.from({ length: word.length - 1 }, (_, i) => word.slice(0, i + 1) + word.slice(i + 2));
  for (const word of known) for (const key of [word, ...shorter(word)]) from.set(key, (from.get(key) ?? new Set()).add(word));
  return (word) => {
    if (NO_SLIPS.has(word)) return undefined;
    const near = new Set([word, ...shorter(word)].flatMap((key) => [...(from.get(key) ?? [])]).filter((meant) => isSlip(word, meant)));
    return near.size === 1 ? [...near][0] : undefined;
  };
}

/** Whether one letter exchanged, swapped with the next one, missing, or in a long word too many, makes the known word `b` of `a`. */
function isSlip(a: string, b: string): boolean {
  let start = 0, end = 0;
  while (start < Math.min(a.length, b.length) && a[start] === b[start]) start++;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const x = a.slice(start, a.length - end), y = b.slice(start, b.length - end);
  const swapped = x.length === 2 && x[0] === y[1] && x[1] === y[0];
  return start > 0 && (swapped || (x.length <= 1 && y.length <= 1 && (a.length <= b.length || b.length >= MENDABLE.added)));
}
