/**
 * @file The onnxruntime backend for browsers: WebAssembly with SIMD, and threads where the page is cross-origin isolated, or WebGPU. A worker's: a run holds its thread.
 * Its sums are in another order than those of the CPU provider in Node, so films agree closely but not to the byte.
 */
import { InputError, ResourceError } from '../../core/errors.ts';
import type { Backend } from '../backend.ts';
import { compileProgram, type OrtEngine } from './program.ts';

/** What computes. */
export const WEB_DEVICES = ['wasm', 'webgpu'] as const;
export type WebDevice = (typeof WEB_DEVICES)[number];

/** Options of {@link webBackend}. */
export interface WebBackendOptions {
  /** Address of the folder with onnxruntime-web's `ort-wasm-simd-threaded*.mjs` and `.wasm`; ends in a slash. */
  readonly engine: string;
  readonly device: WebDevice;
  /** Threads; more than one need a page that is cross-origin isolated. */
  readonly threads: number;
}

/** Lets messages to the thread come in: promises alone never do, and a film that is to be cancelled would not hear of it. */
const turn = (): Promise<void> => new Promise((resolve) => {
  const { port1, port2 } = new MessageChannel();
  port1.addEventListener('message', () => { port1.close(); resolve(); }, { once: true });
  port1.start();
  port2.postMessage(null);
});

/** Opens the backend; the WebAssembly is fetched with the first program. */
export async function webBackend({ engine: folder, device, threads }: WebBackendOptions): Promise<Backend> {
  if (!Number.isInteger(threads) || threads < 1 || threads > 64) throw new InputError(`threads ${threads} is not possible: wanted a whole number from 1 to 64`);
  if (device === 'webgpu' && (!('gpu' in navigator) || await (navigator.gpu as { requestAdapter(): Promise<unknown> }).requestAdapter() === null))
    throw new ResourceError('this browser has no WebGPU: use the device wasm');
  const ort = await (device === 'webgpu' ? import('onnxruntime-web/webgpu') : import('onnxruntime-web/wasm'));
  ort.env.wasm.wasmPaths = folder;
  ort.env.wasm.numThreads = threads;
  const engine: OrtEngine = {
    package: ort, writesInto: false, fused: device !== 'webgpu',
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
