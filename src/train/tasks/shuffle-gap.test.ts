import { expect, test } from 'vitest';
import { dealtCaptions, shuffleGap, shuffleWarning } from './shuffle-gap.ts';

test('each caption is dealt another that says something else; where there is none, nothing is dealt', () => {
  expect(dealtCaptions(['a', 'b', 'c'])).toEqual(['b', 'c', 'a']);
  expect(dealtCaptions(['a', 'a', 'b', 'a'])).toEqual(['b', 'b', 'a', 'b']);
  expect(dealtCaptions(['a', 'b', 'c'], 1)).toEqual(['b']);
  expect(dealtCaptions(['a', 'a'])).toBeNull();
  expect(dealtCaptions(['a'])).toBeNull();
});

const figures = (dealt: number) => ({ 'loss@0.15': 9, 'loss@0.75': 0.4, 'loss@0.95': 0.6, 'dealt@0.75': 0.4 + dealt, 'dealt@0.95': 0.6 + dealt, 'loss@0.85/9x64x64': 5 });

test('the gap is the mean difference at the levels that were dealt', () => {
  expect(shuffleGap(figures(0.1))!.gap).toBeCloseTo(0.1, 12);
  expect(shuffleGap(figures(0.1))!.share).toBeCloseTo(0.2, 12);
  expect(shuffleGap({ 'loss@0.75': 1 })).toBeNull();
});

test('a model that does not listen is told of, though not in the first tenth of its run', () => {
  expect(shuffleWarning(figures(0.001), 50, 100)).toMatch(/^nothing is learnt from the text: .* 0\.20 % higher at levels 0\.75, 0\.85, 0\.95, wanted 1 % and more/);
  expect(shuffleWarning(figures(-0.01), 50, 100)).toContain('-2.00 %');
  expect(shuffleWarning(figures(0.001), 9, 100)).toBeUndefined();
  expect(shuffleWarning(figures(0.01), 50, 100)).toBeUndefined();
  expect(shuffleWarning({ loss: 1 }, 50, 100)).toBeUndefined();
});
