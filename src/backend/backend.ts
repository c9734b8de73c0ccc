/**
 * @file The seam between graphs and what runs them. A backend compiles outputs of a graph into a Program; a Program maps host arrays to
 * host arrays. Backends: reference/ (float64, slow, what tests trust) and ort/ (onnxruntime). Other devices come in behind this contract.
 *
 * Ownership: symbolic tensors own nothing. A Program owns its session and is Disposable; arrays belong to the caller.
 */
import type { Tensor } from '../graph/graph.ts';

/** Host memory of one tensor, row-major. */
export type HostArray = Float32Array | Int32Array | Int8Array;

/** A compiled graph. */
export interface Program extends Disposable {
  /** Names of the inputs that the outputs depend on. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Milliseconds that compilation took. */
  readonly compileMs: number;
  /** Bytes of its working memory, predicted from the graph, where the backend keeps it from run to run. Default 0. */
  readonly bytes?: number;
  /**
   * Runs once. `feeds` holds an array per input of its exact size. Outputs named in `into` are written to that memory
   * (which may be an input's memory only where the program was compiled with that alias); others are new arrays.
   */
  run(feeds: Readonly<Record<string, HostArray>>, into?: Readonly<Record<string, Float32Array>>): Promise<Record<string, Float32Array>>;
}

/** Options of {@link Backend.compile}. */
export interface CompileOptions {
  /** The results, by name. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** Output name → input name whose memory the output may overwrite. Refused where an op could read the input after the write. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** Inputs whose arrays never change while they are fed, as weights of a model that is sampled: a backend may keep them in its own form. Default none. */
  readonly fixed?: readonly string[];
}

/** Compiles and runs graphs. */
export interface Backend {
  readonly name: string;
  compile(options: CompileOptions): Promise<Program>;
}
