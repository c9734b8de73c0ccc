/**
 * @file The onnxruntime backend for Node, on the CPU or on a device. On the CPU outputs can be written in place: `session.run` takes preallocated output memory. One session
 * has one thread pool; its threads stop spinning when a run ends. Whether a device works here is not asked: that is probe.ts.
 */
import * as ort from 'onnxruntime-node';
import type { Backend } from '../backend.ts';
import type { Device } from './devices.ts';
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
}

const engineOf = (device: Device): OrtEngine => ({
  package: ort, writesInto: device === 'cpu', fused: device !== 'webgpu',
  session: {
    executionProviders: device === 'cpu' ? ['cpu'] : [device, 'cpu'], graphOptimizationLevel: 'all', logSeverityLevel: device === 'cpu' ? 3 : 4, interOpNumThreads: 1,
  },
});
const ENGINES: Readonly<Record<Device, OrtEngine>> = { cpu: engineOf('cpu'), webgpu: engineOf('webgpu'), cuda: engineOf('cuda') };

/** A backend through onnxruntime. */
export function ortBackend({ device = 'cpu', ...o }: OrtOptions = {}): Backend {
  return {
    name: `ort-${device}`,
    compile: (options) => compileProgram(options, ENGINES[device], {
      enableCpuMemArena: o.arena ?? true,
      ...(o.threads === undefined ? {} : { intraOpNumThreads: o.threads }),
      ...(o.profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: `${o.profile}/ort` }),
      extra: { session: { force_spinning_stop: '1', set_denormal_as_zero: '1' } },
    }),
  };
}
