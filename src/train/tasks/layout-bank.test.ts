import { expect, test } from 'vitest';
import { layoutKey, packTokens, segmentTokens } from '../../models/dit/layout.ts';
import { latentFrames } from '../../models/vae/config.ts';
import { evenBank, layoutBank, type BankOptions, type SampleShape } from './layout-bank.ts';

const shape = (frames: number, width: number, height: number, given: number, share: number): SampleShape => ({ frames, width, height, given, share });
const SHAPES = [
  shape(1, 64, 64, 0, 4), shape(5, 64, 64, 0, 3), shape(5, 64, 64, 1, 1), shape(17, 64, 64, 0, 2), shape(17, 128, 64, 0, 0.5),
  shape(17, 64, 96, 2, 0.5), { ...shape(17, 64, 64, 0, 0.5), ending: 9 },
];
const options: BankOptions = { seed: 1, shapes: SHAPES, tokens: 3072, layouts: 24, patch: 1 };
const tokensOf = (s: SampleShape): number => (latentFrames(s.frames) + s.given + (s.ending === undefined ? 0 : latentFrames(s.ending))) * (s.height / 8) * (s.width / 8);

test('a layout holds its samples and nothing else: no padding, never over the tokens, nothing more would fit', () => {
  const smallest = Math.min(...SHAPES.map(tokensOf));
  for (const { layout, samples } of layoutBank(options)) {
    const tokens = packTokens(layout);
    expect(tokens).toBe(samples.reduce((n, s) => n + tokensOf(s), 0));
    expect(tokens).toBeLessThanOrEqual(options.tokens);
    expect(options.tokens - tokens).toBeLessThan(smallest);
    expect(layout.captions).toBe(samples.length);
    const segments = layout.groups.flatMap((g) => Array.from({ length: g.count }, () => [segmentTokens(g), g.width, g.height]));
    expect(segments).toEqual(samples.map((s) => [tokensOf(s), s.width / 8, s.height / 8]));     // groups stand in the order of the samples
  }
});

test('shares over a large bank follow those that were asked for, but for what fills a pack up', () => {
  const samples = layoutBank({ ...options, layouts: 400 }).flatMap((b) => b.samples), total = SHAPES.reduce((n, s) => n + s.share, 0);
  for (const s of SHAPES) {
    const found = samples.filter((x) => x === s).length / samples.length;
    expect(Math.abs(found - s.share / total), `${s.frames}x${s.width}x${s.height}, ${s.given} given: ${found} of ${s.share / total}`).toBeLessThan(0.06);
  }
});

test('an even bank fills its packs in the same way, keeps shares closely, and leaves no shape to chance', () => {
  const bank = evenBank(options), samples = bank.flatMap((b) => b.samples), total = SHAPES.reduce((n, s) => n + s.share, 0);
  for (const { layout, samples: own } of bank) {
    expect(packTokens(layout)).toBe(own.reduce((n, s) => n + tokensOf(s), 0));
    expect(options.tokens - packTokens(layout)).toBeLessThan(64);
    expect(packTokens(layout)).toBeLessThanOrEqual(options.tokens);
  }
  for (const s of SHAPES) expect(Math.abs(samples.filter((x) => x === s).length - s.share / total * samples.length), `${s.frames}x${s.width}x${s.height}`).toBeLessThan(3);
  const many = Array.from({ length: 40 }, (_, i) => shape(5, 64, 64, 0, 1 + i % 3));
  expect(new Set(evenBank({ ...options, shapes: many, layouts: 8 }).flatMap((b) => b.samples)).size).toBe(40);
  expect(evenBank({ ...options, layouts: 5 })).toEqual(bank.slice(0, 5));                         // a longer bank begins as a shorter one
});

test('a function of its options; another seed, another bank', () => {
  const keys = (o: BankOptions): string[] => layoutBank(o).map(({ layout }) => layoutKey(layout));
  expect(keys(options)).toEqual(keys(options));
  expect(keys({ ...options, layouts: 5 })).toEqual(keys(options).slice(0, 5));
  expect(keys({ ...options, seed: 2 })).not.toEqual(keys(options));
  expect(layoutBank({ ...options, patch: 2, layouts: 1 })[0]!.layout.groups.every((g) => g.width <= 8 && g.height <= 6)).toBe(true);
});
