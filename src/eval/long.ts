/**
 * @file The evaluation of long films (`kinora eval long`): films of held-out prompts, cut into slices of two seconds, each held against the film's first slice (drift.ts)
 * and read by the judge; real clips of the same prompts are the ceiling. What walks goes on for ever, so that all figures are wanted to stay; what happens once (a stroke,
 * a fall) ends in a hold, so these films are reported apart, their motion means nothing, and of their later slices no deed is read but a fall's, who lies there.
 * Films come from a function, so that a test can hand in films whose drift is known.
 */
import { InputError } from '../core/errors.ts';
import { drawClip, renderClip, type SpriteWorld } from '../data/sprites/world.ts';
import { environment, type Environment } from '../io/environment.ts';
import { sliceFrames, type Frames } from '../media/frames.ts';
import { ATTRIBUTES, type Attribute } from '../models/judge/config.ts';
import { LONG_WAYS, type LongWay } from '../pipeline/settings/timeline.ts';
import type { Reading } from '../train/tasks/judge-read.ts';
import { driftOf, medianOf, slicesOf, type Drift, type Median } from './drift.ts';
import type { SpriteJudge } from './judge.ts';
import { drawEvalPrompts, type EvalPrompt } from './prompts.ts';
import { scoreReadings, type Scores } from './score.ts';
import type { Share } from './statistics.ts';
import type { MakeWay } from './ways.ts';

/** Seconds of a slice. */
const SLICE = 2;
/** Frames of the longest real clip, and its rate. */
const REAL = 33, FPS = 8;

/** What is wanted of a film's last slice against its first: bytes, ratios, and the share of the ceiling. */
export const WANTED_DRIFT = { colour: 3, sharpness: [0.9, 1.1], motion: [0.7, 1.4], of_ceiling: 0.95 } as const;

/** One slice of all films: drift against their first slices, and how many still show what was asked. */
export interface LongSlice {
  /** Where it begins. */
  readonly second: number;
  readonly colour: Median;
  readonly sharpness: Median;
  readonly motion: Median;
  readonly attributes: Scores;
}

/** Films of one kind. */
export interface LongGroup {
  readonly films: number;
  readonly slices: readonly LongSlice[];
  /** Of the last slice, each attribute's share beside that of real clips at their end. */
  readonly end: Readonly<Record<Attribute, { readonly films: Share; readonly real: Share; readonly of_ceiling: number | null }>>;
}

/** Films made in one way; null where no film is of the kind. */
export interface LongWayReport {
  readonly cycles: LongGroup | null;
  readonly once: LongGroup | null;
  /** Milliseconds a film; the first one loads and compiles. */
  readonly ms: Median;
}

/** The report; JSON as it stands. */
export interface LongReport extends Environment {
  readonly suite: 'long';
  readonly model: string;
  readonly seconds: number;
  readonly wanted: typeof WANTED_DRIFT;
  readonly ways: Readonly<Partial<Record<LongWay, LongWayReport>>>;
  readonly ms: number;
}

/** Options of {@link evalLong}. */
export interface EvalLongOptions {
  readonly model: string;
  readonly world: SpriteWorld;
  readonly judge: SpriteJudge;
  readonly make: MakeWay;
  /** Films a way, ≥ 1: of three, two walk. Default 12. */
  readonly films?: number;
  /** Of a film, ≥ 4. Default 60. */
  readonly seconds?: number;
  /** Default: all. */
  readonly ways?: readonly LongWay[];
  readonly environment: { readonly config: unknown; readonly threads: number; readonly now: Date };
  readonly onFilm?: (film: Frames, way: LongWay) => void;
}

interface Subject { readonly prompt: EvalPrompt; readonly real: Frames }
interface Measured { readonly subject: Subject; readonly drift: readonly Drift[]; readonly readings: readonly Reading[] }

/** Two that walk, one that does something once, and so on, each kind in the order of its prompts. */
function subjectsOf(world: SpriteWorld, count: number): Subject[] {
  const all = drawEvalPrompts(world, { count: 12 * count, frames: 17 }).map(({ prompt }) => prompt);
  const cycles = all.filter(({ truth }) => truth.action === 'walk'), once = all.filter(({ truth }) => truth.action !== 'walk');
  return Array.from({ length: count }, (_, i): Subject => {
    const prompt = (i % 3 < 2 ? cycles : once).shift() ?? cycles.shift() ?? once.shift()!;
    const spec = drawClip(world, { key: { seed: 0, stream: 'eval/sprites', step: prompt.index }, split: 'heldout', width: 64, height: 64, frames: REAL });
    return { prompt, real: renderClip(world, spec).frames };
  });
}

/** What can be read of a slice after the first: see the file's comment. */
const later = ({ prompt: { truth, told } }: Subject): Pick<EvalPrompt, 'truth' | 'told'> =>
  ({ truth, told: told.filter((a) => a !== 'action' || truth.action === 'walk' || truth.action === 'fall') });

/** Measures long films; see the file's comment. Throws an InputError for films of less than two slices. */
export async function evalLong(o: EvalLongOptions): Promise<LongReport> {
  const { films = 12, seconds = 60, judge } = o, started = performance.now(), ways: Partial<Record<LongWay, LongWayReport>> = {};
  if (!(seconds >= 2 * SLICE)) throw new InputError(`films of ${seconds} s are not possible: wanted ${2 * SLICE} and more, two slices`);
  const subjects = subjectsOf(o.world, films), real = await judge.read(subjects.map((s) => sliceFrames(s.real, REAL - SLICE * FPS)));
  for (const way of o.ways ?? LONG_WAYS) {
    const measured: Measured[] = [], ms: number[] = [];
    for (const subject of subjects) {
      const since = performance.now(), film = await o.make({ prompt: subject.prompt.prompt, seed: subject.prompt.index, seconds, longBy: way });
      ms.push(performance.now() - since);
      const slices = slicesOf(film, Math.round(SLICE * film.fps));
      measured.push({ subject, drift: driftOf(slices), readings: await judge.read(slices) });
      o.onFilm?.(film, way);
    }
    const group = (walks: boolean): LongGroup | null => {
      const own = measured.flatMap((m, i) => ((m.subject.prompt.truth.action === 'walk') === walks ? [{ ...m, real: real[i]! }] : []));
      return own.length === 0 ? null : groupOf(own);
    };
    ways[way] = { cycles: group(true), once: group(false), ms: medianOf(ms) };
  }
  return { suite: 'long', model: o.model, seconds, wanted: WANTED_DRIFT, ways, ms: performance.now() - started, ...environment({ ...o.environment, seed: 0 }) };
}

function groupOf(films: readonly (Measured & { readonly real: Reading })[]): LongGroup {
  const count = Math.min(...films.map(({ drift }) => drift.length));
  const slices = Array.from({ length: count }, (_, i): LongSlice => {
    const spread = (pick: (d: Drift) => number | null): Median => medianOf(films.flatMap(({ drift }) => pick(drift[i]!) ?? []));
    return {
      second: i * SLICE, colour: spread((d) => d.colour), sharpness: spread((d) => d.sharpness), motion: spread((d) => d.motion),
      attributes: scoreReadings(films.map(({ readings }) => readings[i]!), films.map(({ subject }) => (i === 0 ? subject.prompt : later(subject)))),
    };
  });
  const made = slices.at(-1)!.attributes, ceiling = scoreReadings(films.map(({ real }) => real), films.map(({ subject }) => later(subject)));
  return {
    films: films.length, slices,
    end: Object.fromEntries(ATTRIBUTES.map((a) => [a, {
      films: made[a], real: ceiling[a], of_ceiling: made[a].share === null || !ceiling[a].share ? null : made[a].share / ceiling[a].share,
    }])) as LongGroup['end'],
  };
}
