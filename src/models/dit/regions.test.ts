import { expect, test } from 'vitest';
import { compileDit, ditFeeds, layoutOf, type DiTCase, type Sample } from '../../../test/support/dit-case.ts';
import { DIT_PRESETS } from './config.ts';
import { layoutKey } from './layout.ts';
import { stage, type Staging } from './regions.ts';

const text = { vocabulary: 12, length: 16, width: 16, depth: 2, heads: 2, mlp: 'relu2' } as const;
const LEFT = [1, 7, 3, 9], RIGHT = [11, 5, 5, 8, 4, 10], FRAMES = 3, HEIGHT = 4, WIDTH = 8, TOKENS = FRAMES * HEIGHT * WIDTH;
const each = <T>(f: (i: number) => T): T[] => Array.from({ length: FRAMES }, (_, i) => f(i));
const film = (caption: readonly number[], hears?: readonly number[]): Sample =>
  ({
    name: 'film', frames: FRAMES, height: HEIGHT, width: WIDTH, sigma: each((i) => 0.9 - 0.2 * i), kind: each(() => 0), caption,
    time: each((i) => 4 * i), ...(hears ? { hears } : {}),
  });
/** A film beside another sample, so that a pack has frames with one caption and with two. */
const caseOf = (captions: readonly (readonly number[])[], sample: Sample): DiTCase =>
  ({ config: { ...DIT_PRESETS.tiny, textWidth: 16 }, text, captions, samples: [{ ...film(each(() => 0)), name: 'beside', width: 4 }, sample] });
async function run(c: DiTCase): Promise<Record<string, Float32Array>> {
  using program = await compileDit(c, { threads: 1, gradients: true });
  return program.run(ditFeeds(c));
}
const distance = (a: Float32Array, b: Float32Array): number => Math.hypot(...a.map((x, i) => x - b[i]!)) / Math.hypot(...b);
const halves = Array.from({ length: TOKENS }, (_, i) => (i % WIDTH < WIDTH / 2 ? [1, 0] : [0, 1])).flat();

test('whoever is in reach is heard, as they walk; out of reach nobody', () => {
  const row = (staging: Staging, share: number): string => {
    const { hears: at } = stage({ staging, progress: [share], height: 1, width: WIDTH, side: 8 });
    return Array.from({ length: WIDTH }, (_, x) => `${at[2 * x]}${at[2 * x + 1]}`).join(' ');
  };
  expect(row('whole', 0.5)).toBe(Array.from({ length: WIDTH }, () => '11').join(' '));
  const passing = [{ from: 0, to: 64 }, { from: 64, to: 0 }] as const;                                 // the middles of tokens are 4, 12 … 60
  expect([0, 0.5, 1].map((share) => row(passing, share))).toEqual(
    ['10 10 10 00 00 01 01 01', '00 11 11 11 11 11 11 00', '01 01 01 00 00 10 10 10']);
  const standing = [{ from: 16, to: 16 }, { from: 56, to: 56 }] as const;
  expect([0, 1].map((share) => row(standing, share))).toEqual(Array.from({ length: 2 }, () => '10 10 10 10 11 01 01 01'));
});

test('columns go with whoever is in reach and nearer, and stay where nobody is', () => {
  const columns = (staging: Staging, share: number): number[] => [...stage({ staging, progress: [share], height: 1, width: WIDTH, side: 8 }).columns];
  const still = Array.from({ length: WIDTH }, (_, x) => x), passing = [{ from: 0, to: 64 }, { from: 64, to: 0 }] as const;
  expect([columns('whole', 1), columns([{ from: 16, to: 16 }, { from: 48, to: 48 }], 1), columns(passing, 0)]).toEqual([still, still, still]);
  expect(columns(passing, 0.25)).toEqual([-2, -1, 0, 1, 6, 7, 8, 9]);                                  // middles at 16 and 48: two columns on, two back
  expect(columns([{ from: 0, to: 64 }, { from: 0, to: 64 }], 1)).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((x) => (x < 5 ? x : x - 8)));
});

test('a model that follows is given columns, one that does not is not', async () => {
  const walk = [{ from: 8, to: 56 }, { from: 8, to: 56 }] as const;
  const { hears, columns } = stage({ staging: walk, progress: each((i) => i / 2), height: HEIGHT, width: WIDTH, side: 8 });
  const feeds = (follow: boolean, at?: Float32Array) => {
    const c = caseOf([LEFT, LEFT], { ...film(each(() => [0, 1]).flat(), [...hears]), ...(at ? { columns: [...at] } : {}) });
    return ditFeeds({ ...c, config: { ...c.config, follow } });
  };
  const [without, stays, goes] = [feeds(false, columns), feeds(true), feeds(true, columns)];
  expect(without['cos']).toEqual(stays['cos']);
  const changed = [...goes['cos']!].flatMap((x, i) => (x === stays['cos']![i] ? [] : [i % 8]));
  expect(new Set(changed)).toEqual(new Set([7]));                                    // of 4 pairs for time, 2 for rows and 2 for columns the last
  expect(() => feeds(true, columns.slice(1))).toThrow('segment 1 has 96 tokens, but 95 columns');
});

test('two captions that say the same are one: predictions and gradients', async () => {
  const one = await run(caseOf([LEFT], film(each(() => 0)))), twice = await run(caseOf([LEFT, LEFT], film(each(() => [0, 1]).flat(), halves)));
  for (const name of Object.keys(one)) expect(distance(twice[name]!, one[name]!), name).toBeLessThan(2e-5);
});

test('who hears nobody takes nothing out of captions: what reads them has no gradient', async () => {
  const read = async (hears: readonly number[]): Promise<number[]> => {
    const found = await run({ ...caseOf([LEFT, RIGHT], film([])), samples: [film(each(() => [0, 1]).flat(), hears)] });
    return Object.entries(found).filter(([name]) => /^grad:.*cross/.test(name)).map(([, gradient]) => Math.hypot(...gradient));
  };
  const [told, untold] = [await read(halves), await read(halves.map(() => 0))];
  expect(told.length).toBeGreaterThan(3);
  expect([told.every((size) => size > 0), untold.every((size) => size === 0)]).toEqual([true, true]);
});

test('which caption a token hears decides, not where it stands in the list', async () => {
  const order = (captions: readonly (readonly number[])[], hears: readonly number[]) => run(caseOf(captions, film(each(() => [0, 1]).flat(), hears)));
  const swapped = halves.map((_, i) => halves[i ^ 1]!);
  const ours = await order([LEFT, RIGHT], halves), same = await order([RIGHT, LEFT], swapped), other = await order([RIGHT, LEFT], halves);
  const own = (y: Float32Array): Float32Array => y.subarray(y.length - y.length * TOKENS / (TOKENS + TOKENS / 2));         // the sample beside hears caption 0, which differs
  expect(distance(own(same['y']!), own(ours['y']!))).toBeLessThan(2e-5);
  expect(distance(own(other['y']!), own(ours['y']!))).toBeGreaterThan(1e-3);
});

test('layouts with regions have another name, and wrong lists are refused', () => {
  const whole = film(each(() => 0)), parted = film(each(() => [0, 1]).flat(), halves);
  expect(layoutKey(layoutOf([whole], 2))).not.toBe(layoutKey(layoutOf([parted], 2)));
  expect(() => ditFeeds(caseOf([LEFT, RIGHT], film(each(() => 0), halves)))).toThrow('segment 1 has 3 frames of 2 regions, but 3 captions');
  expect(() => ditFeeds(caseOf([LEFT, RIGHT], film(each(() => [0, 1]).flat(), halves.slice(1)))))
    .toThrow('segment 1 has 96 tokens in 2 regions, but 191 values say which they hear');
});
