import { expect, test } from 'vitest';
import { normals } from '../core/random.ts';
import { segmentRows, segmentTarget } from './distill.ts';
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
    let start = noise;
    const targets: Float32Array[] = [];
    for (const sigmas of segmentRows(rows, 4)) {
      const { end, target, moves } = await segmentTarget(teacher, { velocity, noise: start, pack, sigmas }, prediction);
      expect(moves).toEqual([true, true, false, true, true]);
      targets.push(target);
      start = end;
    }
    expect(largest(start, film)).toBe(0);                                                    // segments end to end are the teacher's run
    let step = 0;
    const student: VelocityFn = async (z, sigma) => convertPrediction(targets[step++]!, { from: prediction, to: 'velocity', z, sigma, pack });
    const few = await euler.sample({ velocity: student, noise, pack, sigmas: rows.filter((_row, i) => i % 4 === 0) });
    expect(largest(few, film)).toBeLessThan(1e-5);
    const { start: from, end: to } = spans[GIVEN_FRAME]!;
    expect(few.slice(from, to)).toEqual(noise.slice(from, to));
  });

test('by hand: two Euler steps 1 → 0.5 → 0 with v = z are one step with v = 0.75·z, x = 0.25·z', async () => {
  const z = Float32Array.of(4, -8), sigmas = frameSigmas([1, 0.5, 0], 1);
  const o = { velocity: async (at: Float32Array) => at.slice(), noise: z, pack: [{ frames: 1, perFrame: 2 }], sigmas };
  expect(await segmentTarget(euler, o, 'velocity')).toEqual({ end: Float32Array.of(1, -2), target: Float32Array.of(3, -6), moves: [true] });
  expect((await segmentTarget(euler, o, 'x')).target).toEqual(Float32Array.of(1, -2));
});

test('a sample does not depend on its neighbours in the pack', async () => {
  const [sigmas] = segmentRows(rows, 4), both = await segmentTarget(euler, { velocity, noise, pack, sigmas: sigmas! }, 'x');
  const alone: VelocityFn = async (z, sigma) => Float32Array.from([0, 1].flatMap((f) => [...mixtureVelocity(LINE, z.slice(f * 3, f * 3 + 3), sigma[f]!, 'linear', 1)]));
  const one = await segmentTarget(euler, { velocity: alone, noise: noise.slice(0, 6), pack: pack.slice(0, 1), sigmas: sigmas!.map((row) => row.slice(0, 2)) }, 'x');
  expect(one.target).toEqual(both.target.slice(0, 6));
});

test('refusals name the figures', async () => {
  expect(() => segmentRows(rows, 5)).toThrow('16 steps of the teacher do not divide into 5 segments');
  expect(() => segmentRows(rows, 32)).toThrow('16 steps of the teacher do not divide into 32 segments');
  await expect(segmentTarget(euler, { velocity, noise, pack, sigmas: rows, path: 'gvp' }, 'x')).rejects.toThrow('needs the path linear, not gvp');
});
