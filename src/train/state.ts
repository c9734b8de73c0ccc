/**
 * @file Flat training state: values, gradients, moments and running average, each one array; a parameter is a window into them.
 * Decayed parameters (matrices) come first, each group padded to whole chunks, so that an element-wise update runs over equal chunks.
 */
import { InputError } from '../core/errors.ts';
import { sizeOf } from '../core/shape.ts';
import { initialValues, listParams, type ParamSpec } from '../nn/param.ts';
import type { Backend, Program } from '../backend/backend.ts';
import { adamW, adamWFeeds, ADAMW_STATE, type AdamWOptions, type AdamWScalars } from '../optim/adamw.ts';
import { matrixShape, muon, MUON_STATE } from '../optim/muon.ts';

/** Elements of a chunk: five arrays of 256 KiB stay in a core's cache. */
const CHUNK = 65536;

/** Arrays of the state, by name. */
export const STATE_ARRAYS = [...ADAMW_STATE, 'grad'] as const;
export type StateArray = (typeof STATE_ARRAYS)[number];

/** Where one parameter lies. */
interface Slot { readonly spec: ParamSpec; readonly start: number; readonly end: number }

/** All parameters of a training run, with what the optimizer keeps for each. */
export class TrainState {
  readonly slots: ReadonlyMap<string, Slot>;
  readonly arrays: Readonly<Record<StateArray, Float32Array>>;
  /** First element that is not decayed. */
  readonly #decayEnd: number;
  readonly #windows = new Map<StateArray, Record<string, Float32Array>>();

  constructor(specs: unknown) {
    const slots = new Map<string, Slot>();
    let at = 0, decayEnd = 0;
    const list = listParams(specs);
    for (const decay of [true, false]) {
      for (const { name, leaf } of list.filter((p) => p.leaf.decay === decay)) {
        slots.set(name, { spec: leaf, start: at, end: at + sizeOf(leaf.shape) });
        at += Math.ceil(sizeOf(leaf.shape) / 16) * 16;                                        // 64-byte alignment
      }
      at = Math.ceil(at / CHUNK) * CHUNK;
      if (decay) decayEnd = at;
    }
    this.slots = slots;
    this.#decayEnd = decayEnd;
    this.arrays = Object.fromEntries(STATE_ARRAYS.map((name) => [name, new Float32Array(at)])) as Record<StateArray, Float32Array>;
  }

  /** Fills values and running average with the initial values of `seed`. */
  initialise(seed: number): void {
    const value = this.windows('value');
    for (const [name, { spec }] of this.slots) value[name]!.set(initialValues(spec, name, seed));
    this.arrays.ema.set(this.arrays.value);
  }

  /** A window into one of the arrays for each parameter (the same objects at each call). */
  windows(array: StateArray): Readonly<Record<string, Float32Array>> {
    const known = this.#windows.get(array);
    if (known) return known;
    const made = Object.fromEntries([...this.slots].map(([name, { start, end }]) => [name, this.arrays[array].subarray(start, end)]));
    this.#windows.set(array, made);
    return made;
  }

  /** Takes weights, and their running average, from an earlier run. Throws an InputError unless every name is there in its size. */
  adopt(weights: Readonly<Record<string, Float32Array>>): void {
    for (const [name, { start, end }] of this.slots) {
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

  /** Chunk start offsets, with whether decay applies. */
  get chunks(): { start: number; decayed: boolean }[] {
    return Array.from({ length: this.arrays.value.length / CHUNK }, (_, i) => ({ start: i * CHUNK, decayed: i * CHUNK < this.#decayEnd }));
  }
}

/** Updates a state in place, chunk by chunk. */
export interface Optimizer extends Disposable {
  /** One AdamW step from `arrays.grad`. */
  step(scalars: AdamWScalars): Promise<void>;
}

/** How the decayed weights (matrices) are updated; all others always by AdamW. */
export const MATRIX_OPTIMIZERS = ['adamw', 'muon'] as const;
export type MatrixOptimizer = (typeof MATRIX_OPTIMIZERS)[number];

/** Options of {@link createOptimizer}. */
export interface OptimizerOptions extends AdamWOptions {
  /** Default `adamw`. */
  readonly matrices?: MatrixOptimizer;
  /** Beside Muon, the share of the rate with which AdamW updates everything else: Muon moves a matrix by 0.2 × the rate, AdamW a vector by all of it. Default 1. */
  readonly plainShare?: number;
}

const same = (names: readonly string[]): Record<string, string> => Object.fromEntries(names.map((name) => [name, name]));

/** Chunk-wise AdamW over the decayed, the undecayed, or both groups. */
async function adamWPart(backend: Backend, state: TrainState, groups: readonly boolean[], o: AdamWOptions): Promise<Optimizer> {
  const program = await backend.compile({ outputs: adamW(CHUNK, o).outputs, aliases: same(ADAMW_STATE) });
  const chunks = state.chunks.filter(({ decayed }) => groups.includes(decayed)).map(({ start, decayed }) => ({
    decayed, views: Object.fromEntries(STATE_ARRAYS.map((name) => [name, state.arrays[name].subarray(start, start + CHUNK)])),
  }));
  return {
    async step(scalars) {
      const feeds = { decayed: adamWFeeds(scalars, o), plain: adamWFeeds({ ...scalars, decay: 0 }, o) };
      for (const { decayed, views } of chunks) {
        const { grad: _, ...into } = views;
        await program.run({ ...views, ...(decayed ? feeds.decayed : feeds.plain) }, into);
      }
    },
    [Symbol.dispose]() { program[Symbol.dispose](); },
  };
}

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
export async function createOptimizer(backend: Backend, state: TrainState, { matrices = 'adamw', plainShare = 1, ...adam }: OptimizerOptions = {}): Promise<Optimizer> {
  if (matrices === 'adamw') return adamWPart(backend, state, [true, false], adam);
  const moved = await muonPart(backend, state), plain = await adamWPart(backend, state, [false], adam);
  return {
    async step(scalars) {
      await moved.step(scalars);
      await plain.step({ ...scalars, rate: scalars.rate * plainShare });
    },
    [Symbol.dispose]() { moved[Symbol.dispose](); plain[Symbol.dispose](); },
  };
}
