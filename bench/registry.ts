/** @file What a bench is, and the table of all benches: `npm run bench -- <name>`. Each is loaded only when it is asked for. */

/** What a bench is given. */
export interface BenchContext {
  readonly seed: number;
  readonly threads: number;
  /** The other flags of the command line, as `{ depth: '6' }`; a bench refuses those that it does not know. */
  readonly flags: Readonly<Record<string, string | true>>;
  /** Says on stderr what is being done. */
  readonly log: (line: string) => void;
}

/** One measured case: a row of the printed table. Plain JSON. */
export type BenchCase = Readonly<Record<string, string | number | boolean | null>>;

/** What a bench reports; extra fields go into the JSON object as they are. */
export interface BenchResult {
  /** All that decides what was measured; hashed into `configHash`. */
  readonly config: unknown;
  readonly cases: readonly BenchCase[];
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** A module of bench/ exports one of these as `bench`. */
export interface Bench {
  readonly summary: string;
  readonly run: (context: BenchContext) => Promise<BenchResult>;
}

/** All benches by name. */
export const BENCHES: Readonly<Record<string, () => Promise<{ readonly bench: Bench }>>> = {
  generate: () => import('./generate.ts'),
  guidance: () => import('./guidance.ts'),
  packing: () => import('./packing.ts'),
  'train-step': () => import('./train-step.ts'),
};
