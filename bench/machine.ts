/** @file What the machine gives: the ceiling that a training step is measured against, and the process's greatest memory. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Backend } from '../src/backend/backend.ts';
import { normals } from '../src/core/random.ts';
import { matmul } from '../src/graph/build.ts';
import { Graph } from '../src/graph/graph.ts';

/** Rows × inner × columns of a product. */
export type Product = readonly [number, number, number];

/** Best of five runs of each product through the backend, as 10⁹ operations a second; the best of all is the ceiling. */
export async function matmulCeiling(backend: Backend, products: readonly Product[]): Promise<{ readonly best: number; readonly each: Readonly<Record<string, number>> }> {
  const each: Record<string, number> = {};
  for (const [m, k, n] of products) {
    const graph = new Graph(), values = (name: string, size: number): Float32Array => normals({ seed: 0, stream: name, step: 0 }, size);
    using program = await backend.compile({ outputs: { y: matmul(graph.input('a', [m, k]), graph.input('b', [k, n])) } });
    const feeds = { a: values('a', m * k), b: values('b', k * n) }, into = { y: new Float32Array(m * n) };
    let best = 0;
    for (let run = -1; run < 5; run++) {
      const started = performance.now();
      await program.run(feeds, into);
      if (run >= 0) best = Math.max(best, 2 * m * k * n / (performance.now() - started) / 1e6);
    }
    each[`${m}x${k}x${n}`] = best;
  }
  return { best: Math.max(...Object.values(each)), each };
}

/** Forgets the greatest memory so far, where the system can (Linux). */
export function resetPeakMemory(): void {
  try { writeFileSync('/proc/self/clear_refs', '5'); } catch { /* the peak stays that of the whole process */ }
}

/** Greatest resident memory of the process since {@link resetPeakMemory}, 10⁶ bytes. */
export function peakMemoryMb(): number {
  try {
    const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (kib !== undefined) return Number(kib) * 1.024 / 1000;
  } catch { /* not Linux */ }
  return process.resourceUsage().maxRSS * 1.024 / 1000;
}
