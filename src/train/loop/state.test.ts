import { expect, test } from 'vitest';
import { constant, normal, param } from '../../nn/param.ts';
import { ortBackend } from '../../backend/ort/ort.ts';
import { createOptimizer, STATE_ARRAYS, TrainState } from './state.ts';

const specs = { reader: { weight: param([3, 5], normal(1)), bias: param([5], constant(0)) }, body: { weight: param([5, 2], normal(1)) } };
const earlier = {
  'reader.weight': new Float32Array(15).fill(7), 'reader.bias': new Float32Array(5).fill(8), 'body.weight': new Float32Array(10).fill(9),
  other: new Float32Array(1),
};

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

const matrices = ['reader.weight', 'body.weight'];

test.each(['adamw', 'muon'] as const)('%s: decayed weights and all others are two parts that cover the state', (kind) => {
  const state = new TrainState(specs, kind), decayed = state.part(true), plain = state.part(false);
  for (const array of STATE_ARRAYS) {
    const kept = array === 'v' && kind === 'muon' ? ['reader.bias'] : [...matrices, 'reader.bias'];
    expect([array, Object.keys(state.windows(array))]).toEqual([array, kept]);
    for (const [name, window] of Object.entries(state.windows(array))) {
      const part = matrices.includes(name) ? decayed[array] : plain[array];
      window.fill(name.length);
      expect([array, name, part.filter((x) => x === name.length).length]).toEqual([array, name, state.slots.get(name)!.end - state.slots.get(name)!.start]);
    }
    expect(decayed[array].length + plain[array].length).toBe(state.arrays[array].length);
  }
});

test('a state for Muon has one moment of matrices, so AdamW refuses it', async () => {
  const state = new TrainState(specs, 'muon'), elements = (array: 'm' | 'v'): number => state.arrays[array].length;
  expect([elements('m'), elements('v')]).toEqual([16 + 16 + 16, 16]);                        // 15, 10 and 5 values, each on a line of its own
  await expect(createOptimizer(ortBackend(), state, { matrices: 'adamw' })).rejects.toThrow('made for Muon');
});
