/**
 * @file Programs on onnxruntime, whichever of its packages runs them (ort.ts: onnxruntime-node, web.ts: onnxruntime-web; both have one interface, onnxruntime-common's).
 * Outputs can be written in place where the package takes preallocated output memory, which may be an input's memory where {@link checkAlias} allows it.
 */
import type * as ort from 'onnxruntime-node';
import { checkAlias } from '../alias.ts';
import type { CompileOptions, HostArray, Program } from '../backend.ts';
import { int8Matmul, int8Scale } from '../../graph/build.ts';
import { Graph, reachable, type Tensor } from '../../graph/graph.ts';
import { peakBytes } from '../../graph/memory.ts';
import { ResourceError } from '../../core/errors.ts';
import { fromHalves, toHalves } from '../../io/half.ts';
import { sizeOf, type DType } from '../../core/shape.ts';
import { toOnnx } from './model.ts';

/** One of onnxruntime's packages, and how its sessions are opened. */
export interface OrtEngine {
  readonly package: Pick<typeof ort, 'InferenceSession' | 'Tensor'>;
  /** What every session has. */
  readonly session: ort.InferenceSession.SessionOptions;
  /** Whether a run writes to output memory that it is given; where it does not, results are copied there. */
  readonly writesInto: boolean;
  /** Whether its provider has FusedMatMul. Default true. */
  readonly fused?: boolean;
  /** Whether floats are computed in halves; callers feed and get float32 all the same. Default false. */
  readonly half?: boolean;
  /** Whether products of bytes saturate on the machine; asked once, by {@link probeInt8}. */
  int8Saturates?: Promise<boolean>;
}

/** onnxruntime's names of our element types. */
const TYPE = { f32: 'float32', i32: 'int32', i8: 'int8' } as const satisfies Record<DType, ort.Tensor.Type>;

/** Halves of arrays that never change, shared by all programs that are fed them. */
const halves = new WeakMap<HostArray, Uint16Array>();
function halvesOf(data: HostArray, fixed: boolean): Uint16Array {
  const known = fixed ? halves.get(data) : undefined, made = known ?? toHalves(data);
  if (fixed) halves.set(data, made);
  return made;
}

/** A result as float32; halves come as 16 bits each, or as Float16Array where the engine of the language has that. */
const floatsOf = ({ type, data }: ort.Tensor): Float32Array =>
  (type !== 'float16' ? data as Float32Array : data instanceof Uint16Array ? fromHalves(data) : Float32Array.from(data as unknown as ArrayLike<number>));

const tensorOf = (engine: OrtEngine, x: Tensor, data: HostArray): ort.Tensor => new engine.package.Tensor(TYPE[x.dtype], data, x.shape as number[]);

/** How onnxruntime 1.30 says that memory ran out: its arena, operator new, a kernel. */
const NO_MEMORY = /failed to allocate|allocation failed|bad_alloc|out of memory|smaller than requested bytes/i;

/** Waits for the engine; where it lacks memory, that is the machine's limit and no bug. */
async function within<T>(doing: string, work: Promise<T>): Promise<T> {
  try { return await work; } catch (cause) {
    if (!(cause instanceof Error) || !NO_MEMORY.test(cause.message)) throw cause;
    throw new ResourceError(`not enough memory to ${doing}: ${cause.message.split('\n')[0]}`, { cause });
  }
}

/** Whether the CPU's products of bytes saturate: the greatest product there is, asked once an engine (a millisecond or two; only programs with such products ask). */
async function probeInt8(engine: OrtEngine): Promise<boolean> {
  const graph = new Graph(), width = 64, x = graph.input('x', [16, width]), weight = graph.input('weight', [width, 16], 'i8');
  const y = int8Matmul(x, { rows: int8Scale(x, true), weight, columns: graph.constant(new Array<number>(16).fill(1), [16]), positive: true });
  const session = await engine.package.InferenceSession.create(toOnnx(graph, { y }).bytes, { ...engine.session, intraOpNumThreads: 1 });
  const fed = { x: tensorOf(engine, x, new Float32Array(16 * width).fill(1)), weight: tensorOf(engine, weight, new Int8Array(width * 16).fill(127)) };
  const sums = (await session.run(fed))['out:y']!.data as Float32Array;
  await session.release();
  return sums.some((sum) => sum !== width * 255 * 127);
}

/** Compiles outputs of a graph. `session` is added to what every session of the engine has. */
export async function compileProgram(
  { outputs, aliases = {}, fixed = [] }: CompileOptions, engine: OrtEngine, session: ort.InferenceSession.SessionOptions = {},
): Promise<Program> {
  const started = performance.now(), { half = false } = engine;
  const results = Object.values(outputs);
  const [firstResult] = results;
  if (!firstResult) throw new RangeError('a program needs at least one output');
  const { graph } = firstResult;
  for (const [output, input] of Object.entries(aliases)) checkAlias(outputs[output]!, graph.inputs.get(input)!, results);
  const saturates = reachable(graph, results).some((id) => graph.nodes[id]!.op === 'int8Matmul') && await (engine.int8Saturates ??= probeInt8(engine));
  const { bytes, inputs } = toOnnx(graph, outputs, { saturates, fused: engine.fused ?? true, half });
  const constant = new Set(fixed);
  const opened = await within('compile a program', engine.package.InferenceSession.create(bytes, { ...engine.session, ...session }));
  const compileMs = performance.now() - started;
  const wrapped = new WeakMap<HostArray, ort.Tensor>();         // arrays that live for many runs keep their wrapper
  const wrap = (x: Tensor, data: HostArray, what: string, keep: boolean): ort.Tensor => {
    const known = wrapped.get(data);
    if (known) return known;
    if (data.length !== sizeOf(x.shape)) throw new RangeError(`${what} wants ${sizeOf(x.shape)} elements, got ${data.length}`);
    const narrow = half && x.dtype === 'f32', { Tensor } = engine.package;
    const made = narrow ? new Tensor('float16', halvesOf(data, keep), x.shape as number[]) : tensorOf(engine, x, data);
    if (keep || !narrow) wrapped.set(data, made);
    return made;
  };
  let running = 0, ended = false;
  return {
    inputs, outputs: Object.keys(outputs), compileMs, bytes: peakBytes(outputs),
    async run(feeds, into = {}) {
      const fed: Record<string, ort.Tensor> = {}, fetches: Record<string, ort.Tensor | null> = {};
      for (const name of inputs) {
        const data = feeds[name];
        if (!data) throw new RangeError(`input "${name}" is missing`);
        fed[name] = wrap(graph.inputs.get(name)!, data, `input "${name}"`, constant.has(name));
      }
      for (const [name, x] of Object.entries(outputs)) fetches[`out:${name}`] = into[name] && engine.writesInto ? wrap(x, into[name], `output "${name}"`, false) : null;
      running++;
      const result = await within('run a program', opened.run(fed, fetches)).finally(() => { if (--running === 0 && ended) void opened.release(); });
      return Object.fromEntries(Object.keys(outputs).map((name) => {
        const to = into[name], data = to && engine.writesInto ? to : floatsOf(result[`out:${name}`]!);
        if (to && to !== data) to.set(data);
        return [name, to ?? data];
      }));
    },
    [Symbol.dispose]() {
      if (session.enableProfiling) opened.endProfiling();
      ended = true;
      if (running === 0) void opened.release();                 // else when the last run ends: films that are made at a time share a cache
    },
  };
}
