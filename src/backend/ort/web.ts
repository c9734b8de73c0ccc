/**
 * @file The onnxruntime backend for browsers: WebAssembly with SIMD, and threads where the page is cross-origin isolated, or WebGPU. A worker's: a run holds its thread.
 * Its sums are in another order than those of the CPU provider in Node, so films agree closely but not to the byte.
 */
import { InputError, oneOf, ResourceError } from '../../core/errors.ts';
import { neg } from '../../graph/build.ts';
import { Graph } from '../../graph/graph.ts';
import type { Backend } from '../backend.ts';
import { halvesFail, noHalves, PRECISIONS, type Precision } from './devices.ts';
import { compileProgram, type OrtEngine } from './program.ts';

/** What computes. */
export const WEB_DEVICES = ['wasm', 'webgpu'] as const;
export type WebDevice = (typeof WEB_DEVICES)[number];

/** Options of {@link webBackend}. */
export interface WebBackendOptions {
  /** Address of the folder with onnxruntime-web's `ort-wasm-simd-threaded*.mjs` and `.wasm`; ends in a slash. */
  readonly engine: string;
  readonly device: WebDevice;
  /** In which numbers weights and activations are. */
  readonly precision: Precision;
  /** Threads; more than one need a page that is cross-origin isolated. */
  readonly threads: number;
}

/** A browser's GPUs, as far as they are asked. */
export interface WebGpu {
  requestAdapter(options: { readonly powerPreference: 'high-performance' }): Promise<{ readonly features: { has(name: string): boolean } } | null>;
}

/** What of a browser matters here. */
export interface WebPlatform { readonly gpu?: WebGpu; readonly simd: boolean }

/** A module of WebAssembly whose one function makes a vector: () → i8x16.splat(0), popcnt. */
const SIMD_MODULE = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11);

/** The browser that this runs in. */
const here = (): WebPlatform => ({
  ...('gpu' in navigator && navigator.gpu ? { gpu: navigator.gpu as WebGpu } : {}), simd: typeof WebAssembly !== 'undefined' && WebAssembly.validate(SIMD_MODULE),
});

/** Throws an InputError for what does not exist or is not for the device, a ResourceError for what the browser lacks. */
export async function checkWebEngine({ device, precision, threads }: Omit<WebBackendOptions, 'engine'>, { gpu, simd }: WebPlatform): Promise<void> {
  oneOf('device', device, WEB_DEVICES);
  oneOf('precision', precision, PRECISIONS);
  if (!Number.isInteger(threads) || threads < 1 || threads > 64) throw new InputError(`threads ${threads} is not possible: wanted a whole number from 1 to 64`);
  if (device === 'wasm' && precision === 'fp16') throw noHalves(device, WEB_DEVICES.filter((other) => other !== device));
  if (!simd) throw new ResourceError('this browser has no WebAssembly with SIMD, or it is switched off: films need it, on the GPU too');
  if (device === 'wasm') return;
  const adapter = await gpu?.requestAdapter({ powerPreference: 'high-performance' });             // the one that onnxruntime takes
  if (!adapter) throw new ResourceError('this browser has no WebGPU: use the device wasm');
  if (precision === 'fp16' && !adapter.features.has('shader-f16')) throw halvesFail(device, 'its adapter has no shader-f16');
}

/** Lets messages to the thread come in: promises alone never do, and a film that is to be cancelled would not hear of it. */
const turn = (): Promise<void> => new Promise((resolve) => {
  const { port1, port2 } = new MessageChannel();
  port1.addEventListener('message', () => { port1.close(); resolve(); }, { once: true });
  port1.start();
  port2.postMessage(null);
});

/** Opens the backend; the WebAssembly is fetched with the first program. Throws what {@link checkWebEngine} throws. */
export async function webBackend({ engine: folder, device, precision, threads }: WebBackendOptions): Promise<Backend> {
  await checkWebEngine({ device, precision, threads }, here());
  const ort = await (device === 'webgpu' ? import('onnxruntime-web/webgpu') : import('onnxruntime-web/wasm'));
  ort.env.wasm.wasmPaths = folder;
  ort.env.wasm.numThreads = threads;
  const engine: OrtEngine = {
    package: ort, writesInto: false, fused: device !== 'webgpu', half: precision === 'fp16',
    session: { executionProviders: [device], graphOptimizationLevel: 'all', logSeverityLevel: 3, extra: { session: { set_denormal_as_zero: '1' } } },
  };
  return {
    name: `ort-${device}`,
    async compile(options) {
      const program = await compileProgram(options, engine);
      return { ...program, run: async (feeds, into) => { const out = await program.run(feeds, into); await turn(); return out; } };
    },
  };
}

/** Runs the smallest program, for which the engine is fetched: what is wrong with it is known when a model is opened, and not with the first film. */
export async function startEngine(backend: Backend, folder: string): Promise<void> {
  try {
    using program = await backend.compile({ outputs: { y: neg(new Graph().input('x', [1])) } });
    await program.run({ x: Float32Array.of(1) });
  } catch (cause) {
    throw new ResourceError(`onnxruntime-web does not start from ${folder}: ${(cause as Error).message}`, { cause });
  }
}
