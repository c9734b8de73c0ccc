import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { splitOf } from './split.ts';
import { ACTIONS, GARMENTS, HAIR_COLOURS } from './vocabulary.ts';

const HAIR = [...HAIR_COLOURS, null];

test('about one triple in eight is held out', () => {
  let held = 0;
  for (const g of GARMENTS) for (const h of HAIR) for (const a of ACTIONS) if (splitOf(g, h, a) === 'heldout') held++;
  const share = held / (GARMENTS.length * HAIR.length * ACTIONS.length);                     // 10 × 10 × 6 = 600: σ = 1.35 %
  expect(share).toBeGreaterThan(0.085);
  expect(share).toBeLessThan(0.165);
});

test('every pair of garment, hair colour and action occurs in training', () => {
  const train = <A, B, C>(as: readonly A[], bs: readonly B[], cs: readonly C[], split: (a: A, b: B, c: C) => string): void => {
    for (const a of as) for (const b of bs) expect(cs.some((c) => split(a, b, c) === 'train'), `${String(a)} with ${String(b)}`).toBe(true);
  };
  train(GARMENTS, HAIR, ACTIONS, (g, h, a) => splitOf(g, h, a));
  train(GARMENTS, ACTIONS, HAIR, (g, a, h) => splitOf(g, h, a));
  train(HAIR, ACTIONS, GARMENTS, (h, a, g) => splitOf(g, h, a));
});

test('every action, garment and hair colour has held-out triples', () => {
  for (const a of ACTIONS) expect(GARMENTS.some((g) => HAIR.some((h) => splitOf(g, h, a) === 'heldout')), a).toBe(true);
  for (const g of GARMENTS) expect(HAIR.some((h) => ACTIONS.some((a) => splitOf(g, h, a) === 'heldout')), g).toBe(true);
  for (const h of HAIR) expect(GARMENTS.some((g) => ACTIONS.some((a) => splitOf(g, h, a) === 'heldout')), String(h)).toBe(true);
});

test('the split is frozen: changing the hash would leak held-out combinations into shipped training', () => {
  const held = GARMENTS.flatMap((g) => HAIR.flatMap((h) => ACTIONS.filter((a) => splitOf(g, h, a) === 'heldout').map((a) => `${g}|${h ?? 'none'}|${a}`)));
  expect(held.length).toBe(85);
  expect(createHash('sha256').update(held.join('\n')).digest('hex').slice(0, 16)).toBe('766ad808ca45047b');
});
