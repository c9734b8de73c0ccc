/**
 * @file The onnxruntime backend (CPU provider). Outputs can be written in place: `session.run` takes preallocated output memory, which may be
 * an input's memory where {@link checkAlias} allows it. One session has one thread pool; its threads stop spinning when a run ends.
 */
import * as ort from 'onnxruntime-node';
import { checkAlias } from '../alias.ts';
import type { Backend, CompileOptions, HostArray, Program } from '../backend.ts';
import { int8Matmul, int8Scale } from '../../graph/build.ts';
import { Graph, reachable, type Tensor } from '../../graph/graph.ts';
import { ResourceError } from '../../core/errors.ts';
import { sizeOf, type DType } from '../../core/shape.ts';
import { toOnnx } from './model.ts';

/** Options of {@link ortBackend}. */
export interface OrtOptions {
  /** Threads of one operation. Default: onnxruntime's choice (physical cores). */
  readonly threads?: number;
  /** Folder that receives onnxruntime's profile of each program. Default: none. */
  readonly profile?: string;
  /** Keep freed memory in a pool of the session. Faster steps, more memory. Default true. */
  readonly arena?: boolean;
}

/** onnxruntime's names of our element types. */
const TYPE = { f32: 'float32', i32: 'int32', i8: 'int8' } as const satisfies Record<DType, ort.Tensor.Type>;

const tensorOf = (x: Tensor, data: HostArray): ort.Tensor => new ort.Tensor(TYPE[x.dtype], data, x.shape as number[]);

/** How onnxruntime 1.30 says that memory ran out: its arena, operator new, a kernel. */
const NO_MEMORY = /failed to allocate|allocation failed|bad_alloc|out of memory|smaller than requested bytes/i;

/** Waits for the engine; where it lacks memory, that is the machine's limit and no bug. */
async function engine<T>(doing: string, work: Promise<T>): Promise<T> {
  try { return await work; } catch (cause) {
    if (!(cause instanceof Error) || !NO_MEMORY.test(cause.message)) throw cause;
    throw new ResourceError(`not enough memory to ${doing}: ${cause.message.split('\n')[0]}`, { cause });
  }
}

/** A backend on the CPU through onnxruntime. */
export function ortBackend(o: OrtOptions = {}): Backend {
  return { name: 'ort-cpu', compile: (options) => compile(options, o) };
}

/** What every session has. */
const CPU = { executionProviders: ['cpu'], graphOptimizationLevel: 'all', logSeverityLevel: 3, interOpNumThreads: 1 } as const;

let int8Saturates: Promise<boolean> | undefined;
/** Whether the CPU's products of bytes saturate: the greatest product there is, asked once a process (a millisecond or two; only programs with such products ask). */
async function probeInt8(): Promise<boolean> {
  const graph = new Graph(), width = 64, x = graph.input('x', [16, width]), weight = graph.input('weight', [width, 16], 'i8');
  const y = int8Matmul(x, { rows: int8Scale(x, true), weight, columns: graph.constant(new Array<number>(16).fill(1), [16]), positive: true });
  const session = await ort.InferenceSession.create(toOnnx(graph, { y }).bytes, { ...CPU, intraOpNumThreads: 1 });
  const fed = { x: tensorOf(x, new Float32Array(16 * width).fill(1)), weight: tensorOf(weight, new Int8Array(width * 16).fill(127)) };
  const sums = (await session.run(fed))['out:y']!.data as Float32Array;
  await session.release();
  return sums.some((sum) => sum !== width * 255 * 127);
}

async function compile({ outputs, aliases = {} }: CompileOptions, o: OrtOptions): Promise<Program> {
  const started = performance.now();
  const results = Object.values(outputs);
  const [firstResult] = results;
  if (!firstResult) throw new RangeError('a program needs at least one output');
  const { graph } = firstResult;
  for (const [output, input] of Object.entries(aliases)) checkAlias(outputs[output]!, graph.inputs.get(input)!, results);
  const saturates = reachable(graph, results).some((id) => graph.nodes[id]!.op === 'int8Matmul') && await (int8Saturates ??= probeInt8());
  const { bytes, inputs } = toOnnx(graph, outputs, { saturates });
  const session = await engine('compile a program', ort.InferenceSession.create(bytes, {
    ...CPU,
    enableCpuMemArena: o.arena ?? true,
    ...(o.threads === undefined ? {} : { intraOpNumThreads: o.threads }),
    ...(o.profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: `${o.profile}/ort` }),
    extra: { session: { force_spinning_stop: '1', set_denormal_as_zero: '1' } },
  }));
  const compileMs = performance.now() - started;
  const wrapped = new WeakMap<HostArray, ort.Tensor>();         // arrays that live for many runs keep their wrapper
  const wrap = (x: Tensor, data: HostArray, what: string): ort.Tensor => {
    const known = wrapped.get(data);
    if (known) return known;
    if (data.length !== sizeOf(x.shape)) throw new RangeError(`${what} wants ${sizeOf(x.shape)} elements, got ${data.length}`);
    const made = tensorOf(x, data);
    wrapped.set(data, made);
    return made;
  };
  return {
    inputs, outputs: Object.keys(outputs), compileMs,
    async run(feeds, into = {}) {
      const fed: Record<string, ort.Tensor> = {}, fetches: Record<string, ort.Tensor | null> = {};
      for (const name of inputs) {
        const data = feeds[name];
        if (!data) throw new RangeError(`input "${name}" is missing`);
        fed[name] = wrap(graph.inputs.get(name)!, data, `input "${name}"`);
      }
      for (const [name, x] of Object.entries(outputs)) fetches[`out:${name}`] = into[name] ? wrap(x, into[name], `output "${name}"`) : null;
      const result = await engine('run a program', session.run(fed, fetches));
      return Object.fromEntries(Object.keys(outputs).map((name) => [name, into[name] ?? (result[`out:${name}`]!.data as Float32Array)]));
    },
    [Symbol.dispose]() {
      if (o.profile !== undefined) session.endProfiling();
      void session.release();
    },
  };
}
