/**
 * @file The ceiling that a run's arithmetic is held against: the best speed of large matrix products on its engine, measured as the run or the bench begins.
 */
import type { Backend } from '../../backend/backend.ts';
import { normals } from '../../core/random.ts';
import { matmul } from '../../graph/build.ts';
import { Graph } from '../../graph/graph.ts';

/** Rows × inner × columns of a product. */
export type Product = readonly [number, number, number];

/** 2 × 1024³ = 2.1 × 10⁹ operations, and 12 MB, more than most caches of one core. */
const CUBE: Product = [1024, 1024, 1024];
/** Timed runs of each product; one before them warms up. */
const TRIES = 5;

/**
 * Best of five runs of each product through the backend, as 10⁹ operations a second, by `rows`x`inner`x`columns`; the best of all is the ceiling. Default: one cube of 1024.
 * Some tenths of a second a product. What else runs on the machine makes it lower.
 */
export async function matmulCeiling(
  backend: Backend, products: readonly Product[] = [CUBE]): Promise<{ readonly best: number; readonly each: Readonly<Record<string, number>> }> {
  const each: Record<string, number> = {};
  for (const [m, k, n] of products) {
    const graph = new Graph(), values = (name: string, size: number): Float32Array => normals({ seed: 0, stream: name, step: 0 }, size);
    using program = await backend.compile({ outputs: { y: matmul(graph.input('a', [m, k]), graph.input('b', [k, n])) } });
    const feeds = { a: values('a', m * k), b: values('b', k * n) }, into = { y: new Float32Array(m * n) };
    let best = 0;
    for (let run = -1; run < TRIES; run++) {
      const started = performance.now();
      await program.run(feeds, into);
      if (run >= 0) best = Math.max(best, 2 * m * k * n / (performance.now() - started) / 1e6);
    }
    each[`${m}x${k}x${n}`] = best;
  }
  return { best: Math.max(...Object.values(each)), each };
}
