/**
 * @file The evaluation of films on a wide canvas (`kinora eval pairs`): held-out pairs at 128×64, half of them standing apart, half passing each other, and half as many who walk
 * across it alone. The judge reads one character at 64×64, so it is shown the halves of the canvas, and of somebody alone a window that goes with them. Of pairs apart it reads
 * each half as a film. Of pairs that pass each other it reads hair and garment on the first frame, and on the last with the halves exchanged: who does not arrive, or arrives as
 * somebody else, counts as wrong. Against the other's labels the same readings say how often the two are taken for one another. Films come from a function, so that a test can
 * hand in real clips as the perfect generator.
 */
import { draws, type RandomKey } from '../core/random.ts';
import { captionOf, drawClip, renderClip, walksOf, type CharacterLabels, type ClipSpec, type MiddleWalk, type SpriteWorld } from '../data/sprites/world.ts';
import { environment, type Environment } from '../io/environment.ts';
import { frameBytes, sliceFrames, type Frames } from '../media/frames.ts';
import { ATTRIBUTES, type Attribute } from '../models/judge/config.ts';
import type { Reading } from '../train/tasks/judge-read.ts';
import { truthOf } from '../train/tasks/judge-task.ts';
import type { SpriteJudge } from './judge.ts';
import { motionEnergy } from './motion.ts';
import { CHINESE, toldOf } from './prompts.ts';
import { meanOf, shareOf, type Share } from './statistics.ts';

/** What is read: of those apart each half's film; of those who pass, first and last frames; of those alone the film of the window that follows their walk. */
export const PAIR_PARTS = ['apart', 'before', 'after', 'alone'] as const;
export type PairPart = (typeof PAIR_PARTS)[number];

/** A pair, or somebody alone: the prompt (index is also the seed of its film) and the clip that it describes. */
export interface PairPrompt { readonly index: number; readonly prompt: string; readonly spec: ClipSpec }

/** One attribute of one part. */
export interface PairShare {
  readonly films: Share;
  readonly real: Share;
  /** films ÷ real; null when nothing was counted. */
  readonly of_ceiling: number | null;
  /** Share that shows what the other one's words say, where the two differ. */
  readonly exchanged: Share;
}

/** The report; JSON as it stands. */
export interface PairsReport extends Environment {
  readonly suite: 'pairs';
  readonly model: string;
  readonly pairs: number;
  readonly parts: Readonly<Record<PairPart, Readonly<Partial<Record<Attribute, PairShare>>>>>;
  /** Mean motion energy over whole frames, films ÷ real clips. */
  readonly motion_ratio: { readonly apart: number | null; readonly crossing: number | null; readonly alone: number | null };
  readonly ms: number;
}

/** Options of {@link evalPairs}. */
export interface EvalPairsOptions {
  /** Name of the model, for the report. */
  readonly model: string;
  readonly world: SpriteWorld;
  readonly judge: SpriteJudge;
  /** Makes a film at native size, without a palette. */
  readonly make: (pair: PairPrompt, size: { readonly width: number; readonly height: number; readonly frames: number }) => Promise<Frames>;
  /** Films. */
  readonly pairs: number;
  readonly environment: { readonly config: unknown; readonly threads: number; readonly now: Date };
  /** Where somebody alone walks in a film. Default: films do not tell, and who is alone is not read. */
  readonly walkOf?: (pair: PairPrompt) => MiddleWalk;
  /** After each film. */
  readonly onFilm?: (film: Frames, pair: PairPrompt) => void;
}

const WIDTH = 128, HEIGHT = 64, FRAMES = 17;
/** Attributes that a still shows. */
const STILL: readonly Attribute[] = ['hair', 'garment'];

/** Pairs `0 … count − 1`, held out, in the style that tells hair, garment, action and facing. */
export const drawPairs = (world: SpriteWorld, count: number): PairPrompt[] => drawn(world, 'pair', count);
/** Held-out characters who walk across the canvas alone, in the same style. */
export const drawWalkers = (world: SpriteWorld, count: number): PairPrompt[] => drawn(world, 'travel', count);

function drawn(world: SpriteWorld, deeds: 'pair' | 'travel', count: number): PairPrompt[] {
  return Array.from({ length: count }, (_, index) => {
    const key: RandomKey = { seed: 0, stream: deeds === 'pair' ? 'eval/pairs' : 'eval/walkers', step: index };
    const spec = drawClip(world, { key, split: 'heldout', width: WIDTH, height: HEIGHT, frames: FRAMES, deeds });
    const language = draws({ ...key, stream: `${key.stream}/language` }).chance(CHINESE) ? 'zh' : 'en';
    return { index, spec, prompt: captionOf(spec, { key, language, style: 'sentence' }) };
  });
}

/** A part of a film so many pixels wide, whose left side lies at `from` of each frame. */
function columns(film: Frames, wide: number, from: (frame: number) => number): Frames {
  const { width, height, channels, count } = film, row = wide * channels, size = frameBytes(film), data = new Uint8Array(count * height * row);
  for (let t = 0; t < count; t++) for (let y = 0; y < height; y++) {
    const at = t * size + (y * width + from(t)) * channels;
    data.set(film.data.subarray(at, at + row), (t * height + y) * row);
  }
  return { ...film, data, width: wide };
}

/** The left and the right half of a film. */
export const halves = (film: Frames): [left: Frames, right: Frames] => [columns(film, film.width / 2, () => 0), columns(film, film.width / 2, () => film.width / 2)];

/** A square window of a film that follows a walk as far as the canvas goes. */
export function following(film: Frames, { from, to }: MiddleWalk): Frames {
  const { width, height, count } = film;
  return columns(film, height, (t) => Math.max(0, Math.min(width - height, Math.round(from + (to - from) * t / Math.max(1, count - 1) - height / 2))));
}

/** A piece of a film, who should be seen in it, and the other one (of somebody alone, the same). */
interface Piece { readonly film: Frames; readonly who: CharacterLabels; readonly other: CharacterLabels }

function pieces(part: Exclude<PairPart, 'alone'>, { spec: { characters } }: PairPrompt, film: Frames): Piece[] {
  const [a, b] = characters.map(({ labels }) => labels) as [CharacterLabels, CharacterLabels];
  const seen = part === 'apart' ? film : part === 'before' ? sliceFrames(film, 0, 1) : sliceFrames(film, film.count - 1), [left, right] = halves(seen);
  const [first, second] = part === 'after' ? [b, a] : [a, b];
  return [{ film: left, who: first, other: second }, { film: right, who: second, other: first }];
}

function sharesOf(attributes: readonly Attribute[], made: readonly Piece[], readings: readonly Reading[], real: readonly Reading[]): Partial<Record<Attribute, PairShare>> {
  return Object.fromEntries(attributes.map((a) => {
    const told = made.flatMap(({ who }, i) => (toldOf(who).includes(a) ? [i] : [])), truths = made.map(({ who, other }) => [truthOf(who)[a], truthOf(other)[a]] as const);
    const share = (read: readonly Reading[], which: 0 | 1, of = told): Share => shareOf(of.filter((i) => read[i]![a] === truths[i]![which]).length, of.length);
    const films = share(readings, 0), ceiling = share(real, 0);
    const different = told.filter((i) => truths[i]![0] !== truths[i]![1]);
    return [a, { films, real: ceiling, of_ceiling: films.share === null || !ceiling.share ? null : films.share / ceiling.share, exchanged: share(readings, 1, different) }];
  }));
}

/** Evaluates a model's pairs; see the file's comment. The same model gives the same report, times aside. */
export async function evalPairs({ model, world, judge, make, pairs: count, walkOf, ...o }: EvalPairsOptions): Promise<PairsReport> {
  const started = performance.now(), pairs = drawPairs(world, count), walkers = drawWalkers(world, Math.ceil(count / 2)), all = [...pairs, ...walkers], made: Frames[] = [];
  for (const prompt of all) {
    const film = await make(prompt, { width: WIDTH, height: HEIGHT, frames: FRAMES });
    made.push(film);
    o.onFilm?.(film, prompt);
  }
  const real = all.map(({ spec }) => renderClip(world, spec).frames);
  const of = (crossing: boolean): number[] => pairs.flatMap(({ spec }, i) => ((spec.relation === 'crossing') === crossing ? [i] : [])), alone = walkers.map((_, i) => count + i);
  const read = (list: readonly Piece[]): Promise<Reading[]> => judge.read(list.map(({ film }) => film));
  const parts: Partial<Record<PairPart, Partial<Record<Attribute, PairShare>>>> = {};
  for (const part of PAIR_PARTS) {
    const piecesOf = (films: readonly Frames[], walk: (prompt: PairPrompt) => MiddleWalk): Piece[] => {
      if (part !== 'alone') return of(part !== 'apart').flatMap((i) => pieces(part, pairs[i]!, films[i]!));
      return alone.map((i) => { const who = all[i]!.spec.characters[0]!.labels; return { film: following(films[i]!, walk(all[i]!)), who, other: who }; });
    };
    const clipWalk = ({ spec }: PairPrompt): MiddleWalk => walksOf(spec)[0]!, films = part === 'alone' && !walkOf ? [] : piecesOf(made, walkOf ?? clipWalk);
    parts[part] = films.length === 0 ? {} : sharesOf(part === 'apart' || part === 'alone' ? ATTRIBUTES : STILL, films, await read(films), await read(piecesOf(real, clipWalk)));
  }
  const motion = (chosen: readonly number[]): number | null => {
    const [own, wanted] = [made, real].map((list) => meanOf(chosen.map((i) => motionEnergy(list[i]!))));
    return own == null || !wanted ? null : own / wanted;
  };
  return {
    suite: 'pairs', model, pairs: count, parts: parts as PairsReport['parts'], 
    motion_ratio: { apart: motion(of(false)), crossing: motion(of(true)), alone: motion(alone) },
    ms: performance.now() - started, ...environment({ ...o.environment, seed: 0 }),
  };
}
