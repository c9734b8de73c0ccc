/**
 * @file The process that tries one device: some products, normalisations and softmaxes there and on the CPU, compared and timed. The result is one line of JSON on stdout;
 * a provider that crashes takes this process along and no other.
 */
import { normals } from '../../core/random.ts';
import { add, matmul, rmsNorm, softmax } from '../../graph/build.ts';
import { Graph } from '../../graph/graph.ts';
import type { Device, Precision } from './devices.ts';
import type { ProbeAnswer, TriedDevice } from './probe.ts';

const ROWS = [64, 512], WIDTH = 384, ROUNDS = 3, RUNS = 4;
/** Milliseconds of a run after which no further one, and no larger one, is needed to know that a device is slow. */
const SLOW_MS = 150;

/** 6 products of rows × 384 × 384: with 512 rows 0.9 · 10⁹ operations. */
function work(rows: number): { y: ReturnType<typeof add> } {
  const graph = new Graph();
  let h = graph.input('x', [rows, WIDTH]);                      // [N, D]
  for (let i = 0; i < ROUNDS; i++) {
    const inner = softmax(matmul(rmsNorm(h), graph.input(`a${i}`, [WIDTH, WIDTH])));
    h = add(h, matmul(inner, graph.input(`b${i}`, [WIDTH, WIDTH]), { transB: true, alpha: 8 }));         // [N, D]
  }
  return { y: h };
}

const draw = (stream: string, length: number): Float32Array => normals({ seed: 1, stream, step: 0 }, length).map((x) => x / 8);

async function answer(device: Device): Promise<ProbeAnswer> {
  const ort = await import('onnxruntime-node'), { ortBackend } = await import('./ort.ts'), providers = ort.listSupportedBackends();
  const weights: Record<string, Float32Array> = {};
  for (let i = 0; i < ROUNDS; i++) for (const name of [`a${i}`, `b${i}`]) weights[name] = draw(name, WIDTH * WIDTH);
  const run = async (on: Device, rows: number, precision: Precision = 'fp32'): Promise<{ y: Float32Array; ms: number }> => {
    using program = await ortBackend({ device: on, precision }).compile({ outputs: work(rows), fixed: Object.keys(weights) });
    const feeds = { ...weights, x: draw('x', rows * WIDTH) };
    let y = (await program.run(feeds))['y']!, ms = Infinity;    // the first one also compiles shaders
    for (let i = 1; i < RUNS && !(ms < Infinity && ms > SLOW_MS); i++) {
      const started = performance.now();
      y = (await program.run(feeds))['y']!;
      ms = Math.min(ms, performance.now() - started);
    }
    return { y, ms };
  };
  const tried = async (rows: number, precision: Precision, cpu: Float32Array): Promise<TriedDevice> => {
    try {
      const { y, ms } = await run(device, rows, precision);
      let most = 0, off = 0;
      for (const [i, v] of cpu.entries()) { most = Math.max(most, Math.abs(v)); off = Math.max(off, Math.abs(v - y[i]!)); }
      return { ran: true, difference: y.every(Number.isFinite) ? off / most : null, ms };
    } catch (error) { return { ran: false, why: (error as Error).message }; }
  };
  for (const rows of ROWS) {
    const cpu = await run('cpu', rows), fp32 = await tried(rows, 'fp32', cpu.y);
    if (rows !== ROWS.at(-1) && fp32.ran && fp32.ms <= SLOW_MS) continue;
    const fp16: TriedDevice = device === 'cpu' || !fp32.ran ? { ran: false, why: 'the CPU has kernels for float32 alone' } : await tried(rows, 'fp16', cpu.y);
    return { providers, cpuMs: cpu.ms, fp32, fp16 };
  }
  throw new RangeError('no size was tried');
}

process.stdout.write(`${JSON.stringify(await answer(process.argv[2] as Device))}\n`);
process.exit(0);                                                // some providers keep threads
