/** @file What a bench is: what it is given, and what it reports. */

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
