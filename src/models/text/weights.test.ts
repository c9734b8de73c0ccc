import { expect, test } from 'vitest';
import { InputError } from '../../core/errors.ts';
import { formatWeights, parseWeights } from './weights.ts';

test.each([
  ['a knight', 'a knight', []],
  ['a (red hair:1.3) woman', 'a red hair woman', [['red hair', 1.3]]],
  ['(a:0)(b:4) (c:.5)', 'ab c', [['a', 0], ['b', 4], ['c', 0.5]]],
  ['一个（红发：1.5）女人', '一个红发女人', [['红发', 1.5]]],
  ['a man (old) walks', 'a man (old) walks', []],
  ['a man (note: old) walks', 'a man (note: old) walks', []],
  ['\\(red hair:1.3\\)', '(red hair:1.3)', []],
  ['(red: dark:1.2)', 'red: dark', [['red: dark', 1.2]]],
] as const)('%s', (prompt, text, parts) => {
  const read = parseWeights(prompt);
  expect(read.text).toBe(text);
  expect(read.parts.map(({ start, end, weight }) => [read.text.slice(start, end), weight])).toEqual(parts);
  expect(parseWeights(formatWeights(read))).toEqual(read);
});

test.each([['(red:4.1)', '4.1'], ['(red:-1)', '-1'], ['(red:1.2.3)', '1.2.3'], ['(red:1x)', '1x'], ['(red:1,5)', '1,5']])('%s is refused', (prompt, weight) => {
  expect(() => parseWeights(prompt)).toThrow(InputError);
  expect(() => parseWeights(prompt)).toThrow(`weight "${weight}" of "(red:${weight})" is not possible: wanted a number from 0 to 4`);
});
