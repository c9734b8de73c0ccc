import { expect, test } from 'vitest';
import { ResourceError } from '../../core/errors.ts';
import * as ort from 'onnxruntime-node';
import { normals } from '../../core/random.ts';
import { broadcast, exp, int8Matmul, int8Scale, sum } from '../../graph/build.ts';
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
  const steps = Int8Array.from({ length: k * n }, (_, i) => ((i * 37) % 255) - 127), scales = Float32Array.from({ length: n }, (_, i) => (i + 1) / 100);
  const feeds = { x: new ort.Tensor('float32', values, [m, k]), weight: new ort.Tensor('int8', steps, [k, n]), columns: new ort.Tensor('float32', scales, [n]) };
  const run = async (saturates: boolean): Promise<Float32Array> => {
    const session = await ort.InferenceSession.create(toOnnx(graph, { y }, { saturates }).bytes, { intraOpNumThreads: 1 });
    return (await session.run(feeds))['out:y']!.data as Float32Array;
  };
  using program = await ortBackend({ threads: 1 }).compile({ outputs: { y } });
  const plain = await run(false);
  expect(await run(true)).toEqual(plain);
  expect((await program.run({ x: values, weight: steps, columns: scales }))['y']).toEqual(plain);
});

test('where a package does not write to memory that it is given, results are copied there', async () => {
  const graph = new Graph(), given = new Float32Array(2), outputs = { y: exp(graph.input('x', [2])) };
  using program = await compileProgram({ outputs }, { package: ort, writesInto: false, session: { executionProviders: ['cpu'] } });
  const { y } = await program.run({ x: Float32Array.of(0, 1) }, { y: given });
  expect(y).toBe(given);
  expect([...given]).toEqual([1, Math.fround(Math.E)]);
});
