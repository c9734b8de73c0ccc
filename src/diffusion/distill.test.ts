import { expect, test } from 'vitest';
import { normals } from '../core/random.ts';
import { segmentRows, segmentTarget, trajectoryStates } from './distill.ts';
import { frameSigmas, frameSpans } from './frames.ts';
import { key, LINE, mixtureVelocity } from './mixture.fixture.ts';
import { convertPrediction, type PredictionName } from './prediction.ts';
import type { VelocityFn } from './samplers/contract.ts';
import { euler } from './samplers/euler.ts';
import { heun } from './samplers/heun.ts';
import { sigmaGrid } from './timesteps.ts';

/** Two samples of different shapes; the first frame of the second is given at σ = 0.02. */
const pack = [{ frames: 2, perFrame: 3 }, { frames: 3, perFrame: 5 }], spans = frameSpans(pack), GIVEN_FRAME = 2;
const noise = normals(key(3), 21);
const rows = frameSigmas(sigmaGrid(16, 4), spans.length).map((row) => { row[GIVEN_FRAME] = 0.02; return row; });
const velocity: VelocityFn = async (z, sigma) => Float32Array.from(spans.flatMap(({ start, end }, f) => [...mixtureVelocity(LINE, z.slice(start, end), sigma[f]!, 'linear', 1)]));
const largest = (a: Float32Array, b: Float32Array): number => Math.max(...a.map((x, i) => Math.abs(x - b[i]!)));

test.each([['euler', euler, 'x'], ['heun', heun, 'x'], ['euler', euler, 'velocity'], ['heun', heun, 'velocity']] as const)(
  'a student that hits every target makes the film of 16 steps of %s in 4 (%s)', async (_, teacher, prediction: PredictionName) => {
    const film = await teacher.sample({ velocity, noise, pack, sigmas: rows });
    const few4 = segmentRows(rows, 4), states = await trajectoryStates(teacher, { velocity, noise, pack, sigmas: rows }, 4);
    const targets = few4.slice(1).map((next, i) => {
      const { target, moves } = segmentTarget({ start: states[i]!, end: states[i + 1]!, sigma: few4[i]!, next, pack }, prediction);
      expect(moves).toEqual([true, true, false, true, true]);
      return target;
    });
    expect([states.length, states[0]]).toEqual([5, noise]);
    expect(largest(states[4]!, film)).toBe(0);
    let step = 0;
    const student: VelocityFn = async (z, sigma) => convertPrediction(targets[step++]!, { from: prediction, to: 'velocity', z, sigma, pack });
    const few = await euler.sample({ velocity: student, noise, pack, sigmas: few4 });
    expect(largest(few, film)).toBeLessThan(1e-5);
    const { start: from, end: to } = spans[GIVEN_FRAME]!;
    expect(few.slice(from, to)).toEqual(noise.slice(from, to));
  });

test('by hand: two Euler steps 1 → 0.5 → 0 with v = z are one step with v = 0.75·z, x = 0.25·z', async () => {
  const z = Float32Array.of(4, -8), sigmas = frameSigmas([1, 0.5, 0], 1);
  const o = { velocity: async (at: Float32Array) => at.slice(), noise: z, pack: [{ frames: 1, perFrame: 2 }], sigmas };
  const [start, end] = await trajectoryStates(euler, o, 1), segment = { start: start!, end: end!, sigma: sigmas[0]!, next: sigmas[2]!, pack: o.pack };
  expect(end).toEqual(Float32Array.of(1, -2));
  expect(segmentTarget(segment, 'velocity')).toEqual({ target: Float32Array.of(3, -6), moves: [true] });
  expect(segmentTarget(segment, 'x').target).toEqual(Float32Array.of(1, -2));
});

test('samples of a pack may be at different segments, each with the target that it has alone', async () => {
  const few = segmentRows(rows, 4), states = await trajectoryStates(euler, { velocity, noise, pack, sigmas: rows }, 4), values = 6, frames = 2;
  const mixed = (of: readonly Float32Array[], a: number, b: number, split: number): Float32Array => Float32Array.from([...of[a]!.slice(0, split), ...of[b]!.slice(split)]);
  const both = segmentTarget({
    start: mixed(states, 1, 3, values), end: mixed(states, 2, 4, values), sigma: mixed(few, 1, 3, frames), next: mixed(few, 2, 4, frames), pack,
  }, 'x');
  const alone = [1, 3].map((i) => segmentTarget({ start: states[i]!, end: states[i + 1]!, sigma: few[i]!, next: few[i + 1]!, pack }, 'x').target);
  expect(both.target).toEqual(mixed(alone, 0, 1, values));
});

test('refusals name the figures', async () => {
  expect(() => segmentRows(rows, 5)).toThrow('16 steps of the teacher do not divide into 5 segments');
  expect(() => segmentRows(rows, 32)).toThrow('16 steps of the teacher do not divide into 32 segments');
  await expect(trajectoryStates(euler, { velocity, noise, pack, sigmas: rows, path: 'gvp' }, 4)).rejects.toThrow('needs the path linear, not gvp');
});
