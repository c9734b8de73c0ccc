/**
 * @file Words that a model does not know and is to learn: found in captions, and added to a tokenizer, one token a word, after all that are there. The vectors of the
 * new tokens are learnt while the text tower stays as it is (textual inversion, Gal et al. 2022, section 3, arXiv:2208.01618v1); here they are rows that go
 * behind the tower's own. Pure.
 */
import { concat } from '../../graph/build.ts';
import type { Tensor } from '../../graph/graph.ts';
import { normal, param, type ParamSpec } from '../../nn/param.ts';
import { captionTokenizer, type CaptionTokenizer } from './tokenizer.ts';

/** Name of the new rows among trained parameters and in an adaptation's file; of the tower's table that they belong to. */
export const NEW_WORDS = 'words', TOWER_WORDS = 'text.tokens';

const HANZI = /[㐀-鿿豈-﫿]/u, LETTERS = /^[\p{L}\p{M}]+$/u;

/**
 * Words of captions that a tokenizer does not know, or takes for slips of others: those of most captions first, at most `most`. Hanzi are words of one sign each;
 * numbers stay unknown.
 */
export function newWords(captions: readonly string[], tokenizer: Pick<CaptionTokenizer, 'encode'>, most: number): string[] {
  const counts = new Map<string, number>();
  for (const caption of captions) {
    const { ignored, mended } = tokenizer.encode(caption);
    const words = [...ignored, ...Object.keys(mended)].flatMap((word) => (HANZI.test(word) ? [...word] : [word])).filter((word) => LETTERS.test(word));
    for (const word of new Set(words)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, most).map(([word]) => word);
}

/** How byte-level BPE spells a byte (GPT-2): printable ones as they are, all others from U+0100 on. */
const BYTE_SIGNS: readonly string[] = (() => {
  const plain = (b: number): boolean => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
  let next = 256;
  return Array.from({ length: 256 }, (_, b) => String.fromCodePoint(plain(b) ? b : next++));
})();
const spelled = (word: string): string => Array.from(new TextEncoder().encode(word), (b) => BYTE_SIGNS[b]!).join('');

/** The part of tokenizer.json that grows. */
interface BpeJson { readonly model: { readonly vocab: Readonly<Record<string, number>> } }

/** The tokenizer with words added, in their order; those that it knows already are passed over. Captions keep their length. */
export function withWords(tokenizer: CaptionTokenizer, added: readonly string[]): CaptionTokenizer {
  const { tokenizer: json, words } = tokenizer.files, bpe = json as BpeJson, known = new Set([...words.english, ...words.hanzi]);
  const fresh = [...new Set(added)].filter((word) => !known.has(word)), vocab: Record<string, number> = { ...bpe.model.vocab };
  fresh.forEach((word, i) => {
    const sign = spelled(word), piece = vocab[sign];
    if (piece !== undefined) vocab[`<piece ${piece}>`] = piece;          // a piece of unknown words, which never reach the tower: its row stays, without use
    vocab[sign] = tokenizer.vocabulary + i;
  });
  const split = (hanzi: boolean): string[] => fresh.filter((word) => HANZI.test(word) === hanzi);
  return captionTokenizer({ ...bpe, model: { ...bpe.model, vocab } }, {
    length: tokenizer.length, english: [...words.english, ...split(false)], hanzi: [...words.hanzi, ...split(true)],
  });
}

/** Parameters of so many new rows: they start as the rows of a tower do. */
export const newWordParams = (count: number, width: number): ParamSpec => param([count, width], normal(0.5), false);

/** A tower's table `[vocabulary, width]` with new rows behind it. */
export const withNewRows = (tokens: Tensor, rows: Tensor): Tensor => concat([tokens, rows], 0);

/** Weights whose new rows have gone behind the tower's own; weights without any as they are. */
export function joinNewWords(weights: Readonly<Record<string, Float32Array>>): Readonly<Record<string, Float32Array>> {
  const { [NEW_WORDS]: rows, ...rest } = weights;
  return rows === undefined ? weights : { ...rest, [TOWER_WORDS]: joinRows(rest[TOWER_WORDS]!, rows) };
}

/** Two tables of one width, one behind the other. */
export function joinRows(table: Float32Array, rows: Float32Array): Float32Array {
  const joined = new Float32Array(table.length + rows.length);
  joined.set(table);
  joined.set(rows, table.length);
  return joined;
}
