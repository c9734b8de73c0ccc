/**
 * @file The onnxruntime backend for Node, on the CPU or on a device. On the CPU outputs can be written in place: `session.run` takes preallocated output memory. One session
 * has one thread pool; its threads stop spinning when a run ends. Whether a device works here is not asked: that is probe.ts.
 */
import * as ort from 'onnxruntime-node';
import type { Backend } from '../backend.ts';
import type { Device, Precision } from './devices.ts';
import { compileProgram, type OrtEngine } from './program.ts';

/** Options of {@link ortBackend}. */
export interface OrtOptions {
  /** Threads of one operation. Default: onnxruntime's choice (physical cores). */
  readonly threads?: number;
  /** Folder that receives onnxruntime's profile of each program. Default: none. */
  readonly profile?: string;
  /** Keep freed memory in a pool of the session. Faster steps, more memory. Default true. */
  readonly arena?: boolean;
  /** What computes. What it has no kernel for is computed on the CPU. Default `cpu`. */
  readonly device?: Device;
  /** In which numbers weights and activations are. The CPU's kernels have float32 alone: there `fp16` rounds to halves and gains nothing. Default `fp32`. */
  readonly precision?: Precision;
}

const engineOf = (device: Device, half: boolean): OrtEngine => ({
  package: ort, writesInto: device === 'cpu' && !half, fused: device !== 'webgpu', half,
  session: {
    executionProviders: device === 'cpu' ? ['cpu'] : [device, 'cpu'], graphOptimizationLevel: 'all', logSeverityLevel: device === 'cpu' ? 3 : 4, interOpNumThreads: 1,
  },
});
const both = (device: Device): Readonly<Record<Precision, OrtEngine>> => ({ fp32: engineOf(device, false), fp16: engineOf(device, true) });
const ENGINES: Readonly<Record<Device, Readonly<Record<Precision, OrtEngine>>>> = { cpu: both('cpu'), webgpu: both('webgpu'), cuda: both('cuda') };

/** A backend through onnxruntime. */
export function ortBackend({ device = 'cpu', precision = 'fp32', ...o }: OrtOptions = {}): Backend {
  return {
    name: `ort-${device}`,
    compile: (options) => compileProgram(options, ENGINES[device][precision], {
      enableCpuMemArena: o.arena ?? true,
      ...(o.threads === undefined ? {} : { intraOpNumThreads: o.threads }),
      ...(o.profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: `${o.profile}/ort` }),
      extra: { session: { force_spinning_stop: '1', set_denormal_as_zero: '1' } },
    }),
  };
}
