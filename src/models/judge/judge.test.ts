import { describe, expect, test } from 'vitest';
import { gradients } from '../../autodiff/gradients.ts';
import { ortBackend } from '../../backend/ort/ort.ts';
import { evaluate } from '../../backend/reference/reference.ts';
import { normals } from '../../core/random.ts';
import { InputError } from '../../core/errors.ts';
import { sizeOf } from '../../core/shape.ts';
import { add, mul, sum } from '../../graph/build.ts';
import { Graph } from '../../graph/graph.ts';
import { bindParams, countParams, listParams } from '../../nn/param.ts';
import { SPRITES_JUDGE } from '../../train/tasks/judge-task.ts';
import { expectClose } from '../../../test/support/check-op.ts';
import { ATTRIBUTES, classIndex, framesSeen, type JudgeConfig } from './config.ts';
import { judge, judgeParams } from './judge.ts';

const TINY: JudgeConfig = { ...SPRITES_JUDGE, side: 32, frames: 3, channels: [4, 8, 8], blocks: [1, 1], features: 8, hidden: 8 };
const values = (name: string, size: number, scale = 0.3): Float32Array => normals({ seed: 5, stream: name, step: 0 }, size).map((x) => x * scale);
const weights = Object.fromEntries(listParams(judgeParams(TINY)).map(({ name, leaf }) => [name, values(name, leaf.shape.reduce((a, b) => a * b, 1))]));
const graph = new Graph();
const outputs = judge(bindParams(graph, judgeParams(TINY)), graph.input('video', [2, 3, 3, 32, 32]), TINY);
const PLANE = 32 * 32, video = values('video', 2 * 3 * 3 * PLANE, 1);
const withFrames = (order: readonly number[]): Float32Array => {
  const out = video.slice();
  for (let bc = 0; bc < 6; bc++) order.forEach((t, i) => { out.set(video.subarray((bc * 3 + t) * PLANE, (bc * 3 + t + 1) * PLANE), (bc * 3 + i) * PLANE); });
  return out;
};

describe('judge', () => {
  test('weighs less than 0.7 million parameters', () => {
    expect(countParams(judgeParams(SPRITES_JUDGE))).toBeLessThan(700_000);
  });

  test('onnxruntime agrees with the evaluator in float64, whole tensors to 1e-4', async () => {
    const fast = await (await ortBackend().compile({ outputs })).run({ ...weights, video });
    const slow = evaluate(graph, ATTRIBUTES.map((a) => outputs[a]), { ...weights, video });
    ATTRIBUTES.forEach((a, k) => { fast[a]!.forEach((x, i) => { expect(Math.abs(x - slow[k]!.data[i]!), `${a}[${i}]`).toBeLessThan(1e-4); }); });
  });

  test('every gradient: onnxruntime against float64, and float64 against differences along a random direction', async () => {
    const feeds: Record<string, Float32Array> = { ...weights, video }, names = Object.keys(feeds), h = 1e-5;
    const loss = ATTRIBUTES.map((a) => {
      feeds[`weights/${a}`] = values(`weights/${a}`, sizeOf(outputs[a].shape), 1);
      return sum(mul(outputs[a], graph.input(`weights/${a}`, outputs[a].shape)));
    }).reduce((x, y) => add(x, y));
    const grads = gradients(loss, names.map((name) => graph.inputs.get(name)!)), slow = evaluate(graph, grads, feeds);
    using program = await ortBackend().compile({ outputs: Object.fromEntries(names.map((name, i) => [name, grads[i]!])) });
    const fast = await program.run(feeds);
    for (const [i, name] of names.entries()) {
      expectClose(`${name} (onnxruntime against float64)`, fast[name]!, slow[i]!.data, 2e-5);
      const direction = values(`direction/${name}`, fast[name]!.length, 1), slope = slow[i]!.data.reduce((n, g, j) => n + g * direction[j]!, 0);
      const lossAt = (t: number): number => evaluate(graph, [loss], { ...feeds, [name]: Float64Array.from(feeds[name]!, (x, j) => x + t * direction[j]!) })[0]!.data[0]!;
      expectClose(`${name} (gradient against differences)`, [slope], [(lossAt(h) - lossAt(-h)) / (2 * h)], 1e-6);
    }
  });

  test('a film backwards reads the same; frames in another order, or frozen, do not', async () => {
    const program = await ortBackend().compile({ outputs });
    const read = async (order: readonly number[]): Promise<Float32Array> => (await program.run({ ...weights, video: withFrames(order) }))['action']!;
    const forward = await read([0, 1, 2]), gap = (a: Float32Array, b: Float32Array): number => Math.max(...a.map((x, i) => Math.abs(x - b[i]!)));
    expect(gap(forward, await read([2, 1, 0]))).toBeLessThan(1e-4);
    expect(gap(forward, await read([1, 0, 2]))).toBeGreaterThan(1e-3);
    expect(gap(forward, await read([0, 0, 0]))).toBeGreaterThan(1e-3);
  });
});

test('frames that are seen: first, last, evenly between; repeated in short films', () => {
  expect(framesSeen(17, 9)).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16]);
  expect(framesSeen(1, 3)).toEqual([0, 0, 0]);
  expect(framesSeen(2, 4)).toEqual([0, 0, 1, 1]);
});

test('an unknown class is refused with the list of members', () => {
  expect(classIndex(TINY, 'facing', 'right')).toBe(3);
  expect(() => classIndex(TINY, 'facing', 'up')).toThrow(InputError);
  expect(() => classIndex(TINY, 'facing', 'up')).toThrow(/away, left, towards, right/);
});
