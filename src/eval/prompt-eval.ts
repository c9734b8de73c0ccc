/**
 * @file How a model obeys prompts that are not captions: paraphrases beside plain captions of the same facts, prompts of three words with and without expansion,
 * and whether negative prompts and weights do what they say. Films come from a function, the judge reads them; prompt i is made with seed i, none is left out.
 */
import { captionOfFacts, readPrompt, type Facts } from '../data/sprites/world.ts';
import { environment, type Environment } from '../io/environment.ts';
import type { Frames } from '../media/frames.ts';
import { ATTRIBUTES, type Attribute } from '../models/judge/config.ts';
import { formatWeights } from '../models/text/weights.ts';
import type { Reading } from '../train/tasks/judge-read.ts';
import { NO_HAIR } from '../train/tasks/judge-task.ts';
import type { SpriteJudge } from './judge.ts';
import { PARAPHRASES, SHORT_PROMPTS, type Paraphrase } from './paraphrases.ts';
import { scoreReadings, type Scores } from './score.ts';
import { shareOf, type Share } from './statistics.ts';

/** The parts of the evaluation, each of them films of its own. */
export const PROMPT_PARTS = ['plain', 'paraphrased', 'paraphrased_as_it_is', 'short', 'short_as_it_is', 'negative', 'weight_0', 'weight_high'] as const;
export type PromptPart = (typeof PROMPT_PARTS)[number];

/** Makes one film of 64×64 at native size. */
export type MakeFilm = (prompt: string, o: { readonly seed: number; readonly expand: boolean; readonly negative?: string }) => Promise<Frames>;

/** Options of {@link evalPrompts}. */
export interface EvalPromptsOptions {
  /** Name or folder of the model, for the report. */
  readonly model: string;
  readonly judge: SpriteJudge;
  readonly make: MakeFilm;
  /** At most so many paraphrases, and so many short prompts; evenly from the lists. Default: all. */
  readonly prompts?: number;
  /** Films with weights, at most. Default 48. */
  readonly weighted?: number;
  readonly environment: { readonly config: unknown; readonly threads: number; readonly now: Date };
  /** After each film. */
  readonly onFilm?: (part: PromptPart, done: number, total: number) => void;
}

/** Points of obedience, in a hundred. */
type Points = Readonly<Record<Attribute | 'all', number | null>>;

/** The report; JSON as it stands. */
export interface PromptReport extends Environment {
  readonly suite: 'prompts';
  readonly model: string;
  /** Films that show what their prompt tells. */
  readonly plain: Scores;
  readonly paraphrased: Scores;
  readonly paraphrased_as_it_is: Scores;
  readonly short: Scores;
  readonly short_as_it_is: Scores;
  /** Paraphrased minus plain, and expanded minus as it is: the wanted changes. */
  readonly cost_of_paraphrase: Points;
  readonly gain_on_paraphrases: Points;
  readonly gain_on_short: Points;
  /** Paraphrases that are older than the lexicon, and all others; in each language. */
  readonly groups: Readonly<Record<string, { readonly plain: Scores; readonly paraphrased: Scores }>>;
  /** Of short prompts that leave the hair open: films that lost the colour which they had without the negative prompt. */
  readonly negative: Share;
  /** Garments shown as told, with the garment's words at these weights. */
  readonly weights: Readonly<Record<'0' | '1' | '1.6', Share>>;
  readonly ms: number;
}

const HIGH = 1.6;

/** What the judge should read, and what is counted. */
function asked({ facts }: { readonly facts: Facts }): { truth: Reading; told: Attribute[] } {
  const truth = { action: facts.action ?? '', facing: facts.facing ?? '', hair: facts.bald ? NO_HAIR : facts.hairColour ?? '', garment: facts.garment ?? '' };
  return { truth, told: ATTRIBUTES.filter((a) => truth[a] !== '' && (a !== 'facing' || facts.action !== 'fall')) };
}

/** `count` members of a list, evenly from its whole length. */
function some<T>(list: readonly T[], count = list.length): T[] {
  const length = Math.min(count, list.length);
  return Array.from({ length }, (_, i) => list[Math.floor((i * list.length) / length)]!);
}

/** All attributes taken together. */
const overall = (s: Scores): number | null => {
  const counted = ATTRIBUTES.reduce((n, a) => n + s[a].count, 0);
  return counted === 0 ? null : ATTRIBUTES.reduce((sum, a) => sum + (s[a].share ?? 0) * s[a].count, 0) / counted;
};
function difference(a: Scores, b: Scores): Points {
  const minus = (x: number | null, y: number | null): number | null => (x === null || y === null ? null : 100 * (x - y));
  return { ...Object.fromEntries(ATTRIBUTES.map((name) => [name, minus(a[name].share, b[name].share)])), all: minus(overall(a), overall(b)) } as Points;
}

/** The caption with a weight on the words for the garment. */
function weighGarment(caption: string, weight: number): string | null {
  const at = readPrompt(caption)?.characters[0]?.where.get('garment');
  return at ? formatWeights({ text: caption, parts: [{ ...at, weight }] }) : null;
}

/** Evaluates; see the file's comment. */
export async function evalPrompts(o: EvalPromptsOptions): Promise<PromptReport> {
  const started = performance.now(), sentences = some(PARAPHRASES, o.prompts), short = some(SHORT_PROMPTS, o.prompts);
  const read = async (part: PromptPart, list: readonly (Parameters<MakeFilm>[1] & { readonly text: string })[]): Promise<Reading[]> => {
    const films: Frames[] = [];
    for (const { text, ...how } of list) { films.push(await o.make(text, how)); o.onFilm?.(part, films.length, list.length); }
    return o.judge.read(films);
  };
  const of = (list: readonly Paraphrase[], expand: boolean) => list.map(({ text }, seed) => ({ text, seed, expand }));
  const captions = sentences.map(({ facts, language }) => captionOfFacts(facts, language));
  const readings = {
    plain: await read('plain', captions.map((text, seed) => ({ text, seed, expand: false }))),
    paraphrased: await read('paraphrased', of(sentences, true)), asItIs: await read('paraphrased_as_it_is', of(sentences, false)),
    short: await read('short', of(short, true)), shortAsItIs: await read('short_as_it_is', of(short, false)),
  };
  const truths = sentences.map(asked), shortTruths = short.map(asked);
  const scores = {
    plain: scoreReadings(readings.plain, truths), paraphrased: scoreReadings(readings.paraphrased, truths), paraphrased_as_it_is: scoreReadings(readings.asItIs, truths),
    short: scoreReadings(readings.short, shortTruths), short_as_it_is: scoreReadings(readings.shortAsItIs, shortTruths),
  };
  const group = (test: (p: Paraphrase) => boolean): { plain: Scores; paraphrased: Scores } => {
    const own = sentences.flatMap((p, i) => (test(p) ? [i] : [])), pick = <T>(list: readonly T[]): T[] => own.map((i) => list[i]!);
    return { plain: scoreReadings(pick(readings.plain), pick(truths)), paraphrased: scoreReadings(pick(readings.paraphrased), pick(truths)) };
  };
  return {
    suite: 'prompts', model: o.model, ...scores,
    cost_of_paraphrase: difference(scores.paraphrased, scores.plain), gain_on_paraphrases: difference(scores.paraphrased, scores.paraphrased_as_it_is),
    gain_on_short: difference(scores.short, scores.short_as_it_is),
    groups: { blind: group((p) => p.blind), open: group((p) => !p.blind), en: group((p) => p.language === 'en'), zh: group((p) => p.language === 'zh') },
    negative: await keptOut(), weights: await weighed(), ms: performance.now() - started, ...environment({ ...o.environment, seed: 0 }),
  };

  /** The hair that a film of a short prompt happened to get, forbidden on the same seed. */
  async function keptOut(): Promise<Share> {
    const open = short.flatMap(({ text, language, facts }, seed) => {
      const hair = readings.shortAsItIs[seed]!.hair;
      if (facts.hairColour !== undefined || facts.folk !== undefined || hair === NO_HAIR) return [];
      return [{ text, seed, hair, negative: language === 'zh' ? CHINESE_HAIR[hair]! : `${hair} hair`, expand: false }];
    });
    const after = await read('negative', open);
    return shareOf(after.filter((r, i) => r.hair !== open[i]!.hair).length, open.length);
  }

  async function weighed(): Promise<PromptReport['weights']> {
    const told = captions.flatMap((text, seed) => (truths[seed]!.told.includes('garment') && weighGarment(text, 0) !== null ? [{ text, seed }] : [])).slice(0, o.weighted ?? 48);
    const shown = (list: readonly Reading[]): Share => shareOf(list.filter((r, i) => r.garment === truths[told[i]!.seed]!.truth.garment).length, told.length);
    const at = (part: PromptPart, weight: number) => read(part, told.map(({ text, seed }) => ({ text: weighGarment(text, weight)!, seed, expand: false })));
    return { 0: shown(await at('weight_0', 0)), 1: shown(told.map(({ seed }) => readings.plain[seed]!)), 1.6: shown(await at('weight_high', HIGH)) };
  }
}

const CHINESE_HAIR: Readonly<Record<string, string>> = {
  black: '黑色头发', brown: '棕色头发', blonde: '金色头发', red: '红色头发', pink: '粉色头发', purple: '紫色头发', blue: '蓝色头发', green: '绿色头发', white: '白色头发',
};
