/**
 * @file The ceiling that a run's arithmetic is held against: the best speed of one large matrix product on its engine, measured as the run begins.
 */
import type { Backend } from '../../backend/backend.ts';
import { matmul } from '../../graph/build.ts';
import { Graph } from '../../graph/graph.ts';

/** Side of the matrices: 2 × 1024³ = 2.1 × 10⁹ operations a product, and 12 MB, more than most caches of one core. */
const SIDE = 1024, TRIES = 5;

/** 10⁹ operations a second of the quickest of a few products; some tenths of a second. What else runs on the machine makes it lower. */
export async function ceilingGflops(backend: Backend): Promise<number> {
  const graph = new Graph(), shape = [SIDE, SIDE], values = Float32Array.from({ length: SIDE ** 2 }, (_, i) => (i % 7 - 3) / 8);
  using program = await backend.compile({ outputs: { product: matmul(graph.input('a', shape), graph.input('b', shape)) } });
  let best = Infinity;
  for (let i = 0; i < TRIES; i++) {
    const started = performance.now();
    await program.run({ a: values, b: values });
    best = Math.min(best, performance.now() - started);
  }
  return 2 * SIDE ** 3 / best / 1e6;
}
