/**
 * @file The process that tries one device: some products, normalisations and softmaxes there and on the CPU, compared and timed. The result is one line of JSON on stdout;
 * a provider that crashes takes this process along and no other.
 */
import { normals } from '../../core/random.ts';
import { add, matmul, rmsNorm, softmax } from '../../graph/build.ts';
import { Graph } from '../../graph/graph.ts';
import type { Device } from './devices.ts';
import type { ProbeAnswer, TriedDevice } from './probe.ts';

const ROWS = 512, WIDTH = 384, ROUNDS = 3, RUNS = 4;
/** Milliseconds of a run after which no further one is needed to know that it is slow. */
const SLOW_MS = 1500;

/** 6 products of 512×384×384: 0.9 · 10⁹ operations. */
function work(): { y: ReturnType<typeof add> } {
  const graph = new Graph();
  let h = graph.input('x', [ROWS, WIDTH]);                      // [N, D]
  for (let i = 0; i < ROUNDS; i++) {
    const inner = softmax(matmul(rmsNorm(h), graph.input(`a${i}`, [WIDTH, WIDTH])));
    h = add(h, matmul(inner, graph.input(`b${i}`, [WIDTH, WIDTH]), { transB: true, alpha: 8 }));         // [N, D]
  }
  return { y: h };
}

const draw = (stream: string, length: number): Float32Array => normals({ seed: 1, stream, step: 0 }, length).map((x) => x / 8);

async function answer(device: Device): Promise<ProbeAnswer> {
  const ort = await import('onnxruntime-node'), { ortBackend } = await import('./ort.ts'), providers = ort.listSupportedBackends();
  const outputs = work(), feeds: Record<string, Float32Array> = { x: draw('x', ROWS * WIDTH) };
  for (let i = 0; i < ROUNDS; i++) for (const name of [`a${i}`, `b${i}`]) feeds[name] = draw(name, WIDTH * WIDTH);
  const run = async (on: Device): Promise<{ y: Float32Array; ms: number }> => {
    using program = await ortBackend({ device: on }).compile({ outputs });
    let y: Float32Array, ms = Infinity;
    for (let i = 0; i < RUNS; i++) {                            // the first one also compiles shaders
      const started = performance.now();
      y = (await program.run(feeds))['y']!;
      ms = Math.min(ms, performance.now() - started);
      if (ms > SLOW_MS) break;
    }
    return { y: y!, ms };
  };
  const cpu = await run('cpu');
  const tried = async (): Promise<TriedDevice> => {
    try {
      const { y, ms } = device === 'cpu' ? cpu : await run(device);
      let most = 0, off = 0;
      for (const [i, v] of cpu.y.entries()) { most = Math.max(most, Math.abs(v)); off = Math.max(off, Math.abs(v - y[i]!)); }
      return { ran: true, difference: y.every(Number.isFinite) ? off / most : null, ms };
    } catch (error) { return { ran: false, why: (error as Error).message }; }
  };
  return { providers, cpuMs: cpu.ms, fp32: await tried() };
}

process.stdout.write(`${JSON.stringify(await answer(process.argv[2] as Device))}\n`);
process.exit(0);                                                // some providers keep threads
