import { expect, test } from 'vitest';
import { ResourceError } from '../../core/errors.ts';
import * as ort from 'onnxruntime-node';
import { normals } from '../../core/random.ts';
import { add, broadcast, div, exp, int8Matmul, int8Scale, layerNorm, matmul, mul, reluSquared, rmsNorm, softmax, sum } from '../../graph/build.ts';
import { Graph } from '../../graph/graph.ts';
import { toOnnx } from './model.ts';
import { ortBackend } from './ort.ts';
import { compileProgram } from './program.ts';

test('a value that no machine has room for is refused as a lack of memory', async () => {
  const graph = new Graph(), side = 2 ** 23;                    // 4 · side² = 2⁴⁸ bytes: beyond the address space of a process
  using program = await ortBackend({ threads: 1 }).compile({ outputs: { y: sum(exp(broadcast(graph.input('x', [1, 1]), [side, side]))) } });
  const running = program.run({ x: new Float32Array(1) });
  await expect(running).rejects.toThrow(ResourceError);
  await expect(running).rejects.toThrow(/^not enough memory to run a program: .*allocate/);
});

test('products of bytes have the same bits in the form for machines that would saturate', async () => {
  const graph = new Graph(), [m, k, n] = [48, 96, 32] as const, x = graph.input('x', [m, k]), weight = graph.input('weight', [k, n], 'i8'), columns = graph.input('columns', [n]);
  const y = int8Matmul(x, { rows: int8Scale(x), weight, columns }), values = normals({ seed: 1, stream: 'x', step: 0 }, m * k);
  // Pairs of u8·s8 products stay within 16 bits while steps stay within ±63; within ±127 machines without VNNI saturate, and there the program has the other form.
  const small = Int8Array.from({ length: k * n }, (_, i) => ((i * 37) % 127) - 63), whole = Int8Array.from({ length: k * n }, (_, i) => ((i * 37) % 255) - 127);
  const scales = Float32Array.from({ length: n }, (_, i) => (i + 1) / 100);
  const run = async (saturates: boolean, steps: Int8Array): Promise<Float32Array> => {
    const feeds = { x: new ort.Tensor('float32', values, [m, k]), weight: new ort.Tensor('int8', steps, [k, n]), columns: new ort.Tensor('float32', scales, [n]) };
    const session = await ort.InferenceSession.create(toOnnx(graph, { y }, { saturates }).bytes, { intraOpNumThreads: 1 });
    return (await session.run(feeds))['out:y']!.data as Float32Array;
  };
  using program = await ortBackend({ threads: 1 }).compile({ outputs: { y } });
  expect(await run(true, small)).toEqual(await run(false, small));
  for (const steps of [small, whole]) expect((await program.run({ x: values, weight: steps, columns: scales }))['y']).toEqual(await run(true, steps));
});

test('where a package does not write to memory that it is given, results are copied there', async () => {
  const graph = new Graph(), given = new Float32Array(2), outputs = { y: exp(graph.input('x', [2])) };
  using program = await compileProgram({ outputs }, { package: ort, writesInto: false, session: { executionProviders: ['cpu'] } });
  const { y } = await program.run({ x: Float32Array.of(0, 1) }, { y: given });
  expect(y).toBe(given);
  expect([...given]).toEqual([1, Math.fround(Math.E)]);
});

test('in halves a program takes and gives float32, near that of float32; arrays that are not fixed may change between runs; masks of −10⁹ stay numbers', async () => {
  const graph = new Graph(), [n, d] = [24, 32] as const, x = graph.input('x', [n, d]), w = graph.input('w', [d, d]), mask = graph.input('mask', [n, n]);
  const scores = softmax(add(matmul(rmsNorm(x), layerNorm(x), { transB: true, alpha: 0.2 }), mask)), y = matmul(reluSquared(matmul(scores, x)), w);
  const outputs = { y, mean: div(sum(mul(y, y)), graph.constant([n * d], [])) };
  using whole = await ortBackend({ threads: 1 }).compile({ outputs });
  using half = await ortBackend({ threads: 1, precision: 'fp16' }).compile({ outputs, fixed: ['w'] });
  const draw = (stream: string, length: number): Float32Array => normals({ seed: 1, stream, step: 0 }, length);
  const feeds = { x: draw('x', n * d), w: draw('w', d * d), mask: Float32Array.from({ length: n * n }, (_, i) => (i % 3 === 0 ? -1e9 : 0)) }, into = new Float32Array(n * d);
  for (const seed of ['x', 'again']) {
    feeds.x.set(draw(seed, n * d));
    const exact = await whole.run(feeds), near = await half.run(feeds, { y: into });
    expect(near['y']).toBe(into);
    const most = Math.max(...exact['y']!.map(Math.abs)), apart = Math.max(...exact['y']!.map((v, i) => Math.abs(v - into[i]!)));
    expect(apart).toBeGreaterThan(0);
    expect(apart / most).toBeLessThan(5e-3);
    expect(Math.abs(near['mean']![0]! / exact['mean']![0]! - 1)).toBeLessThan(5e-3);
  }
});

test('products that transpose and scale give the same where the provider has no fused ones', async () => {
  const graph = new Graph(), a = graph.input('a', [3, 5, 4]), b = graph.input('b', [3, 6, 5]), outputs = { y: matmul(a, b, { transA: true, transB: true, alpha: 0.5 }) };
  const feeds = { a: normals({ seed: 1, stream: 'a', step: 0 }, 60), b: normals({ seed: 1, stream: 'b', step: 0 }, 90) };
  using fused = await ortBackend({ threads: 1 }).compile({ outputs });
  using apart = await compileProgram({ outputs }, { package: ort, writesInto: false, fused: false, session: { executionProviders: ['cpu'], graphOptimizationLevel: 'disabled' } });
  const [{ y }, { y: same }] = [await fused.run(feeds), await apart.run(feeds)];
  expect(Math.max(...y!.map((v, i) => Math.abs(v - same![i]!)))).toBeLessThan(1e-5);
});
