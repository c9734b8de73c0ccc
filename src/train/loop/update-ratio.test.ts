import { expect, test } from 'vitest';
import { normals } from '../../core/random.ts';
import { normal, param } from '../../nn/param.ts';
import { TrainState } from './state.ts';
import { groupOf, updateProbe } from './update-ratio.ts';

test('groups are parts of a model, all blocks together', () => {
  expect(['dit.blocks.7.attn.qkv.weight', 'dit.blocks.0.table', 'dit.embed.weight', 'dit.kinds', 'encoder.stage1.0.space.weight', 'weight'].map(groupOf))
    .toEqual(['dit.blocks.attn', 'dit.blocks.table', 'dit.embed', 'dit.kinds', 'encoder.stage1.space', 'weight']);
});

test('the ratio is that of the norms: exact for small weights, within 5 % from a sample of large ones; weights stay as they are', () => {
  const state = new TrainState({
    a: { small: param([3, 5], normal(1)) }, b: { large: param([512, 384], normal(1)), zero: param([4], normal(0)) }, c: { zero: param([7], normal(0)) },
  });
  state.initialise(2);
  const { value } = state.arrays, before = value.slice();
  const probe = updateProbe(state);
  expect(value).toEqual(before);
  expect(probe()).toEqual({ 'a.small': 0, 'b.large': 0 });
  const update = normals({ seed: 1, stream: 'update', step: 0 }, value.length);
  for (const name of ['a.small', 'b.large']) {
    const { start, end } = state.slots.get(name)!;
    for (let i = start; i < end; i++) value[i]! += update[i]! * (1 + (i % 384) / 50) / 100;          // columns that move unlike each other
  }
  const norm = (name: string, of: (i: number) => number): number => {
    const { start, end } = state.slots.get(name)!;
    return Math.sqrt(Array.from({ length: end - start }, (_, i) => of(start + i) ** 2).reduce((a, b) => a + b, 0));
  };
  const exact = (name: string): number => norm(name, (i) => value[i]! - before[i]!) / norm(name, (i) => before[i]!), ratios = probe();
  expect(ratios['a.small']).toBeCloseTo(exact('a.small'), 6);
  expect(Math.abs(ratios['b.large']! / exact('b.large') - 1)).toBeLessThan(0.05);
});
