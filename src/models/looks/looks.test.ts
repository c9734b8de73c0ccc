import { expect, test } from 'vitest';
import { gradients } from '../../autodiff/gradients.ts';
import { ortBackend } from '../../backend/ort/ort.ts';
import { evaluate } from '../../backend/reference/reference.ts';
import { normals } from '../../core/random.ts';
import { sizeOf } from '../../core/shape.ts';
import { add, mul, sum } from '../../graph/build.ts';
import { Graph } from '../../graph/graph.ts';
import { bindParams, countParams, listParams } from '../../nn/param.ts';
import { SPRITES_LOOKS } from '../../train/tasks/looks-task.ts';
import { expectClose } from '../../../test/support/check-op.ts';
import type { LooksConfig } from './config.ts';
import { looks, looksParams } from './looks.ts';

const TINY: LooksConfig = { world: 'sprites', classes: { hair: ['red', 'black', 'none'], folk: ['human', 'orc'] }, channels: [4, 6], blocks: [1, 1], glances: 2, hidden: 5 };
const values = (name: string, size: number, scale = 0.3): Float32Array => normals({ seed: 6, stream: name, step: 0 }, size).map((x) => x * scale);
const weights = Object.fromEntries(listParams(looksParams(TINY)).map(({ name, leaf }) => [name, values(name, sizeOf(leaf.shape))]));
const read = (height: number, width: number) => {
  const graph = new Graph(), outputs = looks(bindParams(graph, looksParams(TINY)), graph.input('pictures', [2, 3, height, width]), TINY);
  return { graph, outputs, pictures: values('pictures', 2 * 3 * height * width, 1) };
};

test('weighs about a million parameters and names its weights by path', () => {
  expect(countParams(looksParams(SPRITES_LOOKS))).toBeLessThan(1_400_000);
  expect(Object.keys(weights)).toContain('heads.hair.out.weight');
});

test.each([[16, 16], [16, 24]])('pictures of %i×%i: onnxruntime and every gradient against float64, and that against differences', async (height, width) => {
  const { graph, outputs, pictures } = read(height, width), feeds: Record<string, Float32Array> = { ...weights, pictures }, names = Object.keys(feeds), h = 1e-5;
  expect(outputs['hair']!.shape).toEqual([2, 3]);
  const loss = Object.entries(outputs).map(([name, logits]) => {
    feeds[`by/${name}`] = values(`by/${name}`, sizeOf(logits.shape), 1);
    return sum(mul(logits, graph.input(`by/${name}`, logits.shape)));
  }).reduce((x, y) => add(x, y));
  const grads = gradients(loss, names.map((name) => graph.inputs.get(name)!)), slow = evaluate(graph, [...grads, outputs['hair']!], feeds);
  using program = await ortBackend().compile({ outputs: { ...Object.fromEntries(names.map((name, i) => [name, grads[i]!])), hair: outputs['hair']! } });
  const fast = await program.run(feeds);
  expectClose('logits', fast['hair']!, slow.at(-1)!.data, 2e-5);
  for (const [i, name] of names.entries()) {
    expectClose(`${name} (onnxruntime against float64)`, fast[name]!, slow[i]!.data, 2e-5);
    const direction = values(`direction/${name}`, fast[name]!.length, 1), slope = slow[i]!.data.reduce((n, g, j) => n + g * direction[j]!, 0);
    const lossAt = (t: number): number => evaluate(graph, [loss], { ...feeds, [name]: Float64Array.from(feeds[name]!, (x, j) => x + t * direction[j]!) })[0]!.data[0]!;
    expectClose(`${name} (gradient against differences)`, [slope], [(lossAt(h) - lossAt(-h)) / (2 * h)], 1e-6);
  }
});

test('the pictures of a batch are read by themselves', async () => {
  const { outputs, pictures } = read(16, 16), program = await ortBackend().compile({ outputs }), size = pictures.length / 2;
  const swapped = Float32Array.from([...pictures.subarray(size), ...pictures.subarray(0, size)]);
  const [a, b] = [(await program.run({ ...weights, pictures }))['hair']!, (await program.run({ ...weights, pictures: swapped }))['hair']!];
  expectClose('swapped', b, [...a.subarray(3), ...a.subarray(0, 3)], 1e-6);
  expect(Math.abs(a[0]! - a[3]!)).toBeGreaterThan(1e-4);
});
