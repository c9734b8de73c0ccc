import { expect, test } from 'vitest';
import { averageWeights, type Tensors } from './average.ts';

const tensors = (entries: Record<string, number[]>): Tensors =>
  new Map(Object.entries(entries).map(([name, data]) => [name, { shape: [data.length], data: Float32Array.from(data) }]));

test('each weight is the mean of both', () => {
  const mean = averageWeights(tensors({ w: [1, 2, -3], b: [0.5] }), tensors({ w: [3, 2, 1], b: [-0.5] }), 'other');
  expect([...mean].map(([name, { shape, data }]) => [name, shape, [...data]])).toEqual([['w', [3], [2, 2, -1]], ['b', [1], [0]]]);
});

test('weights of another model are refused by the tensor that differs', () => {
  expect(() => averageWeights(tensors({ w: [1, 2] }), tensors({ w: [1] }), 'other.safetensors')).toThrow("other.safetensors is not of this model's shape: w differs");
  expect(() => averageWeights(tensors({ w: [1] }), tensors({ w: [1], more: [2] }), 'other')).toThrow('more differs');
});
