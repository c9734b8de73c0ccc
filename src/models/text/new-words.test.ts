import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { loadTokenizer } from '../../pipeline/prompt/tokenizer.ts';
import { joinNewWords, newWords, withWords } from './new-words.ts';

const tokenizer = await loadTokenizer(fileURLToPath(new URL('../../../models/sprites-64/', import.meta.url)));
const grown = withWords(tokenizer, ['slime', 'go', 'stripes', 'naïve', '姆', 'woman', 'slime']);
const tokensOf = (t: typeof tokenizer, text: string): number[] => { const { ids, present } = t.encode(text); return [...ids].filter((_, i) => present[i] === 1).slice(1, -1); };

test('words that are not known are found, those of most captions first; slips of known words are words too, numbers are none', () => {
  const captions = ['a green slime hops', 'a red slime with stripes', 'a Slime, a slime! 12 (slime)', '一个绿色史莱姆'];
  expect(tokenizer.encode('stripes').mended).toEqual({ stripes: 'strides' });
  expect(newWords(captions, tokenizer, 100)).toEqual(['slime', 'hops', 'stripes', '史', '姆', '莱']);
  expect(newWords(captions, tokenizer, 2)).toEqual(['slime', 'hops']);
  expect(newWords(captions, withWords(tokenizer, newWords(captions, tokenizer, 100)), 100)).toEqual([]);
});

test('an added word is one token behind all others, a piece of two letters too; all other captions keep their tokens', () => {
  const first = tokenizer.vocabulary;
  expect([grown.vocabulary, tokensOf(grown, 'slime go'), tokensOf(grown, 'naïve 姆 STRIPES')]).toEqual([first + 5, [first, first + 1], [first + 3, first + 4, first + 2]]);
  expect(grown.encode('a slime goes')).toMatchObject({ ignored: ['goes'], mended: {} });
  expect(grown.decode(grown.encode('a naïve slime, go 姆').ids)).toBe('anaïveslime,go姆');
  for (const text of ['a woman with long red hair walks to the left', '一个女人向左走', 'dragon']) expect([...grown.encode(text).ids]).toEqual([...tokenizer.encode(text).ids]);
  expect(tokensOf(withWords(grown, ['dragon']), 'slime dragon')).toEqual([first, first + 5]);
});

test('rows of new words go behind the tower\'s', () => {
  const weights = { 'text.tokens': Float32Array.of(1, 2, 3, 4), other: Float32Array.of(9) };
  expect(joinNewWords(weights)).toBe(weights);
  expect(joinNewWords({ ...weights, words: Float32Array.of(5, 6) })).toEqual({ ...weights, 'text.tokens': Float32Array.of(1, 2, 3, 4, 5, 6) });
});
