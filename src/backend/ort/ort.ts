/**
 * @file The onnxruntime backend (CPU provider) for Node. Outputs can be written in place: `session.run` takes preallocated output memory. One session has one thread
 * pool; its threads stop spinning when a run ends.
 */
import * as ort from 'onnxruntime-node';
import type { Backend } from '../backend.ts';
import { compileProgram, type OrtEngine } from './program.ts';

/** Options of {@link ortBackend}. */
export interface OrtOptions {
  /** Threads of one operation. Default: onnxruntime's choice (physical cores). */
  readonly threads?: number;
  /** Folder that receives onnxruntime's profile of each program. Default: none. */
  readonly profile?: string;
  /** Keep freed memory in a pool of the session. Faster steps, more memory. Default true. */
  readonly arena?: boolean;
}

const CPU: OrtEngine = {
  package: ort, writesInto: true,
  session: { executionProviders: ['cpu'], graphOptimizationLevel: 'all', logSeverityLevel: 3, interOpNumThreads: 1 },
};

/** A backend on the CPU through onnxruntime. */
export function ortBackend(o: OrtOptions = {}): Backend {
  return {
    name: 'ort-cpu',
    compile: (options) => compileProgram(options, CPU, {
      enableCpuMemArena: o.arena ?? true,
      ...(o.threads === undefined ? {} : { intraOpNumThreads: o.threads }),
      ...(o.profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: `${o.profile}/ort` }),
      extra: { session: { force_spinning_stop: '1', set_denormal_as_zero: '1' } },
    }),
  };
}
