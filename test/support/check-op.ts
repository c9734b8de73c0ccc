/**
 * @file One helper compares an op with independent references: onnxruntime forward against the float64 evaluator, every gradient of the float64
 * graph against central differences, and onnxruntime's gradients against the float64 ones. Whole tensors, with error and index.
 */
import { expect } from 'vitest';
import { gradients } from '../../src/autodiff/gradients.ts';
import { evaluate } from '../../src/backend/reference/reference.ts';
import { ortBackend } from '../../src/backend/ort/ort.ts';
import type { HostArray } from '../../src/backend/backend.ts';
import { sizeOf, type Shape } from '../../src/core/shape.ts';
import { normals } from '../../src/core/random.ts';
import { mul, sum } from '../../src/graph/build.ts';
import { Graph, type Tensor } from '../../src/graph/graph.ts';

/** One case: shapes of the float inputs, and the function under test. */
export interface OpCase {
  readonly name: string;
  readonly shapes: readonly Shape[];
  readonly build: (inputs: Tensor[], graph: Graph) => Tensor;
  /** Maps a standard Gaussian to the op's domain. */
  readonly domain?: (x: number) => number;
  /** Values of integer inputs that the function asks the graph for, by name. */
  readonly integers?: Readonly<Record<string, readonly number[]>>;
  /** Whether the op is meant to have gradients. Default true. */
  readonly differentiable?: boolean;
}

/** Fails with the first index whose error exceeds `tolerance` relative to the tensor's largest value (at least 1). */
export function expectClose(what: string, got: ArrayLike<number>, want: ArrayLike<number>, tolerance: number): void {
  expect(got.length, `${what}: length`).toBe(want.length);
  let scale = 1;
  for (let i = 0; i < want.length; i++) scale = Math.max(scale, Math.abs(want[i]!));
  for (let i = 0; i < want.length; i++) {
    const error = Math.abs(got[i]! - want[i]!) / scale;
    if (!(error <= tolerance)) expect.fail(`${what}: index ${i}: got ${got[i]}, want ${want[i]}, error ${error} > ${tolerance}`);
  }
}

/** Runs all comparisons of one case. */
export async function checkOp(c: OpCase): Promise<void> {
  const graph = new Graph();
  const inputs = c.shapes.map((shape, i) => graph.input(`x${i}`, shape));
  const output = c.build(inputs, graph);
  const feeds: Record<string, HostArray> = {};
  c.shapes.forEach((shape, i) => { feeds[`x${i}`] = normals({ seed: 11, stream: c.name, step: i }, sizeOf(shape)).map((v) => (c.domain ?? ((x) => x))(v)); });
  for (const [name, values] of Object.entries(c.integers ?? {})) feeds[name] = graph.inputs.get(name)!.dtype === 'i8' ? Int8Array.from(values) : Int32Array.from(values);
  const backend = ortBackend({ threads: 1 });

  const differentiable = c.differentiable ?? true;
  const weights = graph.input('weights', output.shape);
  feeds['weights'] = normals({ seed: 12, stream: c.name, step: 99 }, sizeOf(output.shape));
  const outputs: Record<string, Tensor> = { y: output };
  const loss = sum(mul(output, weights));
  if (differentiable) gradients(loss, inputs).forEach((g, i) => { outputs[`g${i}`] = g; });
  using program = await backend.compile({ outputs });
  const got = await program.run(feeds);
  const names = Object.keys(outputs);
  const want = evaluate(graph, Object.values(outputs), feeds);
  names.forEach((name, i) => { expectClose(`${c.name} ${name} (onnxruntime against float64)`, got[name]!, want[i]!.data, 2e-5); });

  if (!differentiable) return;
  const h = 1e-5;
  const lossAt = (name: string, i: number, delta: number): number => {
    const moved = Float64Array.from(feeds[name]!);
    moved[i]! += delta;
    return evaluate(graph, [loss], { ...feeds, [name]: moved })[0]!.data[0]!;
  };
  c.shapes.forEach((shape, k) => {
    const numeric = Float64Array.from({ length: sizeOf(shape) }, (_, i) => (lossAt(`x${k}`, i, h) - lossAt(`x${k}`, i, -h)) / (2 * h));
    expectClose(`${c.name} g${k} (gradient against differences)`, want[names.indexOf(`g${k}`)]!.data, numeric, 1e-6);
  });
}
