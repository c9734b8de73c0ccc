/** @file What is known of a run before it: the figures of a dry run, which stand in its record too. */

/** A run's figures. */
export interface RunPlan {
  readonly parameters: number;
  readonly steps: number;
  /** Samples of an average step. */
  readonly samplesPerStep: number;
  /** Products of an average step, forward and backward, in 10⁹ floating-point operations. */
  readonly gflopPerStep: number;
  /** Weights, gradients, moments, average; what is alive at once in each compiled layout that is kept (its session keeps that pool); latents that are held. 10⁶ bytes. */
  readonly memoryMb: number;
  /** Layouts that are kept compiled. */
  readonly kept: number;
  /** Share of rows of the compiled layouts that hold no sample. */
  readonly padding: number;
  /** Share of a pack's wanted tokens that no further sample fitted into; they are not computed. */
  readonly unfilled: number;
  /** What is drawn from: clips by shape, or what is drawn anew for each step. */
  readonly data: string;
  /** Hours at `gflops` 10⁹ operations a second. */
  readonly hours: number;
  readonly gflops: number;
  readonly layouts: readonly string[];
}
