/**
 * @file Continuous batching (Yu et al. 2022, "Orca", section 3.1, iteration-level scheduling): films that are made at a time share denoising steps. Samplers ask for velocities as
 * if they were alone; those that wait when the last pack ends are joined into the next one, so films come and go between steps. A film's bits are those that it has alone.
 *
 * Who came first goes first, and a pack stays together until one of it is done. Programs are compiled per layout, so packs are kept to few of them: of each kind of step
 * 1, 2, 4, 8 … films; kinds are mixed when the same mixture was wanted often enough to be worth a compilation.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CancelledError } from '../../core/errors.ts';
import { layoutKey, packFrames, packTokens } from '../../models/dit/layout.ts';
import { SIGMA_FEATURES } from '../../models/dit/dit.ts';
import { sigmaFeatures } from '../../models/dit/rope.ts';
import { denoiseProgram, stepAlone, type DenoisedFilm, type FilmPack, type PackStep, type RunStep } from './denoise.ts';
import { joinedLayout, joinPacks, type JoinedPack } from './joined-pack.ts';

/** Options of {@link StepBatcher}. */
export interface StepBatcherOptions {
  /** Most tokens of a pack, unless one film alone has more. Default 1,536: more rows are no faster, from some 2,500 on slower, and a pack is how long others wait. */
  readonly tokens?: number;
  /** How often a mixture of kinds is wanted before it is compiled. Default 8: a compilation costs as much as 8 steps gain, about. */
  readonly mixAfter?: number;
}

/** The packs in which a film's steps were run, sums over them: milliseconds, tokens of all films in them, and films. */
export interface PackCounts { readonly packs: number; readonly ms: number; readonly tokens: number; readonly films: number }

/** A film that takes part, until it is disposed of. */
export interface Seat extends Disposable { readonly step: RunStep; readonly counts: PackCounts }

/** What a batcher did. */
export interface BatchCounts {
  /** Packs that were run, steps in them, and milliseconds in programs. */
  readonly packs: number;
  readonly steps: number;
  readonly ms: number;
  /** Compiled joint layouts that were used. */
  readonly layouts: number;
}

/** What a seat counts. */
type Counting = { -readonly [K in keyof PackCounts]: PackCounts[K] };

interface Waiting {
  readonly step: PackStep;
  readonly counts: Counting;
  /** When its window came. */
  readonly order: number;
  /** What computes: only those of the same weights are joined. */
  readonly weights: string;
  readonly kind: string;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** A joint pack with its arrays, for as long as the same films make it. */
interface Prepared extends JoinedPack { readonly tokens: Float32Array; readonly predicted: Float32Array; readonly sigmas: number[] }

/** Joint packs whose arrays are kept, mixtures that are counted, and milliseconds that others are let go first. */
const KEPT = 4, COUNTED = 256, PATIENCE_MS = 500;

const sizeOf = ({ step }: Pick<Waiting, 'step'>): number => packTokens(step.pack.layout);
/** Of one latent frame: products of one row round differently (test/property/pack.test.ts). */
const isAlone = ({ step }: Waiting): boolean => packFrames(step.pack.layout) < 2;
/** The greatest power of two that is not above n. */
const powerOfTwo = (n: number): number => 2 ** Math.floor(Math.log2(n));

/** Joins the steps of films that are made at a time. */
export class StepBatcher {
  readonly #tokens: number;
  readonly #mixAfter: number;
  #seats = 0;
  #waiting: Waiting[] = [];
  #running = false;
  readonly #orders = new WeakMap<DenoisedFilm, number>();
  #arrived = 0;
  readonly #ids = new WeakMap<object, number>();
  #named = 0;
  readonly #prepared = new Map<string, Prepared>();
  readonly #wanted = new Map<string, number>();
  readonly #layouts = new Set<string>();
  #packs = 0;
  #steps = 0;
  #ms = 0;

  constructor({ tokens = 1536, mixAfter = 8 }: StepBatcherOptions = {}) { this.#tokens = tokens; this.#mixAfter = mixAfter; }

  get counts(): BatchCounts { return { packs: this.#packs, steps: this.#steps, ms: this.#ms, layouts: this.#layouts.size }; }

  /** A film begins; its signal ends its waiting. */
  enter(signal?: AbortSignal): Seat {
    this.#seats++;
    const counts: Counting = { packs: 0, ms: 0, tokens: 0, films: 0 };
    let left = false;
    return {
      counts, step: (step) => this.#ask({ step, counts }, signal),
      [Symbol.dispose]: () => { if (!left) this.#seats--; left = true; },
    };
  }

  #ask({ step, counts }: Pick<Waiting, 'step' | 'counts'>, signal: AbortSignal | undefined): Promise<void> {
    if (this.#seats < 2 && !this.#running) return this.#timed([{ step, counts }], () => stepAlone(step));
    const { pack: { film, layout, rt } } = step, order = this.#orders.get(film) ?? this.#arrived++;
    this.#orders.set(film, order);
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        const at = this.#waiting.indexOf(waiting);
        if (at < 0) return;                                       // its pack runs: the sampler looks at the signal after it
        this.#waiting.splice(at, 1);
        reject(new CancelledError('cancelled', { cause: signal?.reason }));
      };
      const settled = <T extends unknown[]>(f: (...of: T) => void) => (...of: T): void => { signal?.removeEventListener('abort', leave); f(...of); };
      const weights = `${this.#idOf(rt.weights)} ${rt.quantize ?? 'none'}`, kind = `${weights} ${layoutKey(layout)}`;
      const waiting: Waiting = { step, counts, order, weights, kind, resolve: settled(resolve), reject: settled(reject) };
      this.#waiting.push(waiting);
      signal?.addEventListener('abort', leave);
      if (signal?.aborted) leave();
      else if (!this.#running) { this.#running = true; void this.#run(); }
    });
  }

  /** Runs packs as long as somebody waits. */
  async #run(): Promise<void> {
    for (;;) {
      await letOthers();
      if (this.#waiting.length === 0) break;
      const chosen = this.#choose();
      this.#waiting = this.#waiting.filter((w) => !chosen.includes(w));
      if (chosen.length > 1 && await this.#timed(chosen, () => this.#together(chosen.map(({ step }) => step))).then(() => true, () => false)) {
        for (const { resolve } of chosen) resolve();
        continue;
      }
      for (const alone of chosen) await this.#timed([alone], () => stepAlone(alone.step)).then(alone.resolve, alone.reject);     // a pack that lacks memory fails nobody
    }
    this.#running = false;
  }

  /** Those of the next pack. */
  #choose(): Waiting[] {
    const [first, ...others] = this.#waiting.toSorted((a, b) => a.order - b.order) as [Waiting, ...Waiting[]];
    if (isAlone(first)) return [first];
    const kinds = new Map([[first.kind, [first]]]);
    let tokens = sizeOf(first);
    for (const w of others) {
      if (isAlone(w) || w.weights !== first.weights || tokens + sizeOf(w) > this.#tokens) continue;
      kinds.set(w.kind, [...kinds.get(w.kind) ?? [], w]);
      tokens += sizeOf(w);
    }
    const rounded = [...kinds.values()].flatMap((of) => of.slice(0, powerOfTwo(of.length)));
    if (kinds.size === 1 || this.#worthwhile(rounded)) return rounded;
    return rounded.filter(({ kind }) => kind === first.kind);
  }

  /** Whether a mixture was wanted often enough. */
  #worthwhile(mixture: readonly Waiting[]): boolean {
    const key = `${mixture[0]!.weights} ${layoutKey(joinedLayout(mixture.map(({ step }) => step.pack)))}`, wanted = (this.#wanted.get(key) ?? 0) + 1;
    this.#wanted.delete(key);
    this.#wanted.set(key, wanted);
    if (this.#wanted.size > COUNTED) this.#wanted.delete(this.#wanted.keys().next().value!);
    return wanted > this.#mixAfter;
  }

  /** Runs several films' steps as one. */
  async #together(steps: readonly PackStep[]): Promise<void> {
    const { rt } = steps[0]!.pack, { layout, feeds, places, tokens, predicted, sigmas } = this.#prepare(steps.map(({ pack }) => pack));
    const perToken = rt.config.channels * rt.config.patch ** 2;
    const each = (f: (step: PackStep, here: number, there: number, length: number) => void): void => steps.forEach((step, part) => {
      let from = 0;
      for (const { token, tokens: n } of places[part]!) { f(step, from * perToken, token * perToken, n * perToken); from += n; }
    });
    each((step, here, there, length) => { tokens.set(step.tokens.subarray(here, here + length), there); });
    steps.forEach((step, part) => {
      let from = 0;
      for (const { frame, frames } of places[part]!) for (let i = 0; i < frames; i++) sigmas[frame + i] = step.sigmas[from++]!;
    });
    const program = await denoiseProgram(rt, layout);
    await program.run({ ...rt.weights, ...feeds, tokens, sigma: sigmaFeatures(sigmas, SIGMA_FEATURES) }, { prediction: predicted });
    each((step, here, there, length) => { step.predicted.set(predicted.subarray(there, there + length), here); });
  }

  #prepare(packs: readonly FilmPack[]): Prepared {
    const key = packs.map((pack) => this.#idOf(pack)).join(' '), { rt } = packs[0]!, known = this.#prepared.get(key);
    if (known) return known;
    const joined = joinPacks(packs, rt.config), size = packTokens(joined.layout) * rt.config.channels * rt.config.patch ** 2;
    const made = { ...joined, tokens: new Float32Array(size), predicted: new Float32Array(size), sigmas: new Array<number>(packFrames(joined.layout)).fill(0) };
    this.#layouts.add(layoutKey(joined.layout));
    this.#prepared.set(key, made);
    if (this.#prepared.size > KEPT) this.#prepared.delete(this.#prepared.keys().next().value!);
    return made;
  }

  async #timed(of: readonly Pick<Waiting, 'step' | 'counts'>[], run: () => Promise<void>): Promise<void> {
    const started = performance.now();
    await run();
    const ms = performance.now() - started, tokens = of.reduce((n, waiting) => n + sizeOf(waiting), 0);
    this.#packs++;
    this.#steps += of.length;
    this.#ms += ms;
    for (const { counts } of of) { counts.packs++; counts.ms += ms; counts.tokens += tokens; counts.films += of.length; }
  }

  #idOf(x: object): number {
    const id = this.#ids.get(x) ?? this.#named++;
    this.#ids.set(x, id);
    return id;
  }
}

/** Waits until nobody else uses the thread: programs block it, so who is at something else, decoding or bringing a film home, would have to wait for a pack at every turn. */
async function letOthers(): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end;) {
    const before = performance.now();
    await sleep(1);
    if (performance.now() - before < 4) return;
  }
}
