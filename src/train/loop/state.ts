/**
 * @file Flat training state: values, gradients, moments and running average, each one array; a parameter is a window into them.
 * Decayed parameters (matrices) come first, so that an element-wise update runs over two ranges. Muon keeps one moment: beside it `v` has no matrices.
 */
import { InputError } from '../../core/errors.ts';
import { sizeOf } from '../../core/shape.ts';
import { initialValues, listParams, type ParamSpec } from '../../nn/param.ts';
import type { Backend, Program } from '../../backend/backend.ts';
import { adamW, ADAMW_STATE, type AdamWArrays, type AdamWOptions, type AdamWScalars } from '../../optim/adamw.ts';
import { matrixShape, muon, MUON_STATE } from '../../optim/muon.ts';

/** Arrays of the state, by name. */
export const STATE_ARRAYS = [...ADAMW_STATE, 'grad'] as const;
export type StateArray = (typeof STATE_ARRAYS)[number];

/** How the decayed weights (matrices) are updated; all others always by AdamW. */
export const MATRIX_OPTIMIZERS = ['adamw', 'muon'] as const;
export type MatrixOptimizer = (typeof MATRIX_OPTIMIZERS)[number];

/** Where one parameter lies; in the `v` of a state for Muon everything stands earlier, by the size of all matrices. */
interface Slot { readonly spec: ParamSpec; readonly start: number; readonly end: number }

/** All parameters of a training run, with what the optimizer keeps for each. */
export class TrainState {
  readonly slots: ReadonlyMap<string, Slot>;
  readonly arrays: Readonly<Record<StateArray, Float32Array>>;
  /** What it has room for: a state for AdamW serves Muon too. */
  readonly matrices: MatrixOptimizer;
  /** First element that is not decayed. */
  readonly #decayEnd: number;
  readonly #windows = new Map<StateArray, Record<string, Float32Array>>();

  constructor(specs: unknown, matrices: MatrixOptimizer = 'adamw') {
    const slots = new Map<string, Slot>();
    let at = 0, decayEnd = 0;
    const list = listParams(specs);
    for (const decay of [true, false]) {
      for (const { name, leaf } of list.filter((p) => p.leaf.decay === decay)) {
        slots.set(name, { spec: leaf, start: at, end: at + sizeOf(leaf.shape) });
        at += Math.ceil(sizeOf(leaf.shape) / 16) * 16;                                        // 64-byte alignment
      }
      if (decay) decayEnd = at;
    }
    this.slots = slots;
    this.matrices = matrices;
    this.#decayEnd = decayEnd;
    this.arrays = Object.fromEntries(STATE_ARRAYS.map((name) => [name, new Float32Array(at - this.#missing(name))])) as Record<StateArray, Float32Array>;
  }

  /** Fills values and running average with the initial values of `seed`. */
  initialise(seed: number): void {
    const value = this.windows('value');
    for (const [name, { spec }] of this.slots) value[name]!.set(initialValues(spec, name, seed));
    this.arrays.ema.set(this.arrays.value);
  }

  /** Elements of decayed parameters that an array lacks: they would be its first. */
  #missing(array: StateArray): number { return array === 'v' && this.matrices === 'muon' ? this.#decayEnd : 0; }

  #view(array: StateArray, start: number, end: number): Float32Array {
    const missing = this.#missing(array);
    return this.arrays[array].subarray(Math.max(0, start - missing), Math.max(0, end - missing));
  }

  /** A window into one of the arrays for each parameter that stands in it (the same objects at each call). */
  windows(array: StateArray): Readonly<Record<string, Float32Array>> {
    const known = this.#windows.get(array);
    if (known) return known;
    const there = [...this.slots].filter(([, { start }]) => start >= this.#missing(array));
    const made = Object.fromEntries(there.map(([name, { start, end }]) => [name, this.#view(array, start, end)]));
    this.#windows.set(array, made);
    return made;
  }

  /**
   * Takes weights, and their running average, from an earlier run; names that hold one of `fresh` keep their initial values. Throws an
   * InputError unless every other name is there in its size.
   */
  adopt(weights: Readonly<Record<string, Float32Array>>, fresh: readonly string[] = []): void {
    for (const [name, { start, end }] of this.slots) {
      if (fresh.some((part) => name.includes(part))) continue;
      const given = weights[name];
      if (given?.length !== end - start) throw new InputError(`weights to start from: ${name} has ${given?.length ?? 'no'} values, the model ${end - start}`);
      this.arrays.value.set(given, start);
      this.arrays.ema.set(given, start);
    }
  }

  /** Root mean square of the decayed weights (matrices). It should stay near its start: where it grows, steps turn weights ever less (docs/reports/001). */
  matrixRms(): number {
    let sum = 0, count = 0;
    for (const { spec, start, end } of this.slots.values()) {
      if (!spec.decay) continue;
      for (let i = start; i < end; i++) sum += this.arrays.value[i]! ** 2;
      count += end - start;
    }
    return Math.sqrt(sum / Math.max(1, count));
  }

  /** All arrays over the elements to which decay applies, or over all others. */
  part(decayed: boolean): AdamWArrays {
    const [start, end] = decayed ? [0, this.#decayEnd] : [this.#decayEnd, this.arrays.value.length];
    return Object.fromEntries(STATE_ARRAYS.map((name) => [name, this.#view(name, start, end)])) as AdamWArrays;
  }
}

/** Updates a state in place. */
export interface Optimizer extends Disposable {
  /** One step from `arrays.grad`. */
  step(scalars: AdamWScalars): Promise<void>;
}

/** Options of {@link createOptimizer}. */
export interface OptimizerOptions extends AdamWOptions {
  /** Default: what the state was made for. */
  readonly matrices?: MatrixOptimizer;
  /** Beside Muon, the share of the rate with which AdamW updates everything else: Muon moves a matrix by 0.2 × the rate, AdamW a vector by all of it. Default 1. */
  readonly plainShare?: number;
}

const same = (names: readonly string[]): Record<string, string> => Object.fromEntries(names.map((name) => [name, name]));

/** Muon over each decayed weight; weights of one shape share a program. */
async function muonPart(backend: Backend, state: TrainState): Promise<Optimizer> {
  const programs = new Map<string, Program>();
  const weights: { program: Program; views: Record<string, Float32Array>; into: Record<string, Float32Array> }[] = [];
  for (const [name, { spec }] of state.slots) {
    if (!spec.decay) continue;
    const key = matrixShape(spec.shape).join('×');
    if (!programs.has(key)) programs.set(key, await backend.compile({ outputs: muon(spec.shape).outputs, aliases: same(MUON_STATE) }));
    const window = (array: StateArray): [StateArray, Float32Array] => [array, state.windows(array)[name]!];
    weights.push({ program: programs.get(key)!, views: Object.fromEntries([...MUON_STATE, 'grad' as const].map(window)), into: Object.fromEntries(MUON_STATE.map(window)) });
  }
  return {
    async step({ rate, decay, gradScale, emaDecay }) {
      const one = (x: number): Float32Array => Float32Array.of(x);
      const scalars = { gradScale: one(gradScale), rate: one(rate), keep: one(1 - rate * decay), emaDecay: one(emaDecay), emaRest: one(1 - emaDecay) };
      for (const { program, views, into } of weights) await program.run({ ...views, ...scalars }, into);
    },
    [Symbol.dispose]() { for (const program of programs.values()) program[Symbol.dispose](); },
  };
}

/** The optimizer of a run over `state`. */
export async function createOptimizer(backend: Backend, state: TrainState, { matrices = state.matrices, plainShare = 1, ...adam }: OptimizerOptions = {}): Promise<Optimizer> {
  if (matrices === 'adamw' && state.matrices === 'muon') throw new RangeError('AdamW needs a second moment of matrices; this state was made for Muon');
  const update = (decayed: boolean, scalars: AdamWScalars): void => { const arrays = state.part(decayed); adamW(arrays, 0, arrays.value.length, scalars, adam); };
  const moved = matrices === 'muon' ? await muonPart(backend, state) : undefined;
  return {
    async step(scalars) {
      if (moved) await moved.step(scalars);
      else update(true, scalars);
      update(false, { ...scalars, decay: 0, rate: moved ? scalars.rate * plainShare : scalars.rate });
    },
    [Symbol.dispose]() { moved?.[Symbol.dispose](); },
  };
}
