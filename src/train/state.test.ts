import { expect, test } from 'vitest';
import { constant, normal, param } from '../nn/param.ts';
import { TrainState } from './state.ts';

const specs = { reader: { weight: param([3, 5], normal(1)), bias: param([5], constant(0)) }, body: { weight: param([5, 2], normal(1)) } };
const earlier = { 'reader.weight': new Float32Array(15).fill(7), 'reader.bias': new Float32Array(5).fill(8), 'body.weight': new Float32Array(10).fill(9), other: new Float32Array(1) };

test('earlier weights are taken, with their average, but for the parts that start anew', () => {
  const state = new TrainState(specs), untouched = new TrainState(specs);
  for (const s of [state, untouched]) s.initialise(3);
  state.adopt(earlier, ['reader.w']);
  for (const array of ['value', 'ema'] as const) {
    expect([...state.windows(array)['body.weight']!]).toEqual(new Array(10).fill(9));
    expect([...state.windows(array)['reader.bias']!]).toEqual(new Array(5).fill(8));
    expect(state.windows(array)['reader.weight']).toEqual(untouched.windows(array)['reader.weight']);
  }
});

test('a weight that is missing or of another size is named', () => {
  const state = new TrainState(specs);
  expect(() => { state.adopt({ ...earlier, 'body.weight': new Float32Array(9) }); }).toThrow('body.weight has 9 values, the model 10');
  expect(() => { state.adopt({ 'body.weight': earlier['body.weight'] }); }).toThrow('reader.weight has no values');
});

test('decayed weights and all others are two ranges that cover the state', () => {
  const state = new TrainState(specs), decayed = state.range(true), plain = state.range(false);
  expect([decayed.start, decayed.end, plain.end]).toEqual([0, plain.start, state.arrays.value.length]);
  for (const [name, { spec, start, end }] of state.slots) expect([name, spec.decay ? end <= decayed.end : start >= plain.start]).toEqual([name, true]);
});
