/**
 * @file The prompt as the model gets to read it. A model names its expander in model.json; the expander knows the captions of that model's training and words
 * short or paraphrased prompts like them. A chat endpoint may write the prompt out first (expand-endpoint.ts). What is read stands in the film's metadata, so
 * that the film can be made again without either. A model without an expander reads prompts as they are.
 */
import { InputError } from '../../core/errors.ts';
import { SPRITE_BRIEF } from '../../data/sprites/brief.ts';
import { checkPlainGround, expandPrompt } from '../../data/sprites/expand.ts';
import { hasPlaces } from '../../data/sprites/places.ts';
import type { CaptionTokenizer } from '../../models/text/tokenizer.ts';
import { formatWeights, parseWeights, type Weighted } from '../../models/text/weights.ts';
import { askEndpoint, type ExpandEndpoint } from './expand-endpoint.ts';
import type { ModelInfo } from '../model/model-info.ts';

/** How a prompt becomes what the model reads. */
export interface ExpandOptions {
  /** Whether the prompt is worded as the model's captions are, and filled up where it is short. Default true, for models that name an expander. */
  readonly expand?: boolean;
  /** An OpenAI-compatible chat endpoint that writes the prompt out before; its address, or address and key. Default: none, nothing leaves the machine. */
  readonly expandWith?: string | ExpandEndpoint;
}

/** How those who are told by regions stand. */
export const RELATIONS_TOLD = ['apart', 'crossing', 'alone'] as const;

/** Two characters told one by one, from left to right as they stand at the beginning; or somebody alone with more room than to stand, the same told twice, and where they go. */
export type ToldByRegions = {
  readonly relation: (typeof RELATIONS_TOLD)[number]; readonly goes?: 'left' | 'right'; readonly prompts: readonly [left: string, right: string];
};

/** What the model reads instead of prompt and negative prompt; plain data, for the film's metadata. */
export type Expanded = {
  readonly prompt: string;
  readonly negative: string;
  /** Words that were left out on the way. */
  readonly ignored: readonly string[];
  readonly mended: Readonly<Record<string, string>>;
  /** By models that are told by regions, of two characters or one with room: how they stand, and captions in place of the prompt. */
  readonly regions?: ToldByRegions;
};

/** An expander: what `expandPrompt` of a world's data does, how an endpoint is told of that world, and which grounds a film is cut out of. */
interface Expander {
  readonly brief: string;
  readonly checkPlainGround: (prompt: string) => void;
  expand(request: Parameters<typeof expandPrompt>[0]): ReturnType<typeof expandPrompt>;
}

const TABLE: Readonly<Record<NonNullable<ModelInfo['expander']>, Expander>> = { sprites: { brief: SPRITE_BRIEF, checkPlainGround, expand: expandPrompt } };

/** What of a film decides its text. */
interface Asked {
  readonly prompt: string;
  readonly negative: string;
  readonly images: readonly unknown[];
  readonly clips: readonly unknown[];
  readonly source?: unknown;
  readonly width: number;
  readonly shots: readonly unknown[];
  /** Whether it will be cut out of its ground. */
  readonly transparent?: boolean;
  /** What is read of the shot before. */
  readonly before?: string | undefined;
}

/** Options of {@link expandFilm}. */
export interface ExpandFilmOptions extends ExpandOptions {
  readonly info: Pick<ModelInfo, 'id' | 'expander' | 'regions'>;
  /** Opened only when it is needed. */
  readonly tokenizer: () => Promise<CaptionTokenizer>;
  /** Prompts that are read as they are all the same. Default: none. */
  readonly asIs?: (prompt: string) => Promise<boolean>;
  readonly signal?: AbortSignal;
}

/** Settings with `expanded` beside the prompt, where the model reads something else than it says. */
export async function expandFilm<S extends Asked>(
  s: S, { info, expand = true, expandWith, tokenizer, asIs, signal }: ExpandFilmOptions,
): Promise<S & { readonly expanded?: Expanded }> {
  const { text, parts } = parseWeights(s.prompt);
  parseWeights(s.negative);                                     // a wrong weight is known before anything is loaded
  if (expandWith !== undefined && !expand) throw new InputError('an endpoint that expands prompts and no expansion exclude each other: give one');
  if (expandWith !== undefined && info.expander === undefined) throw new InputError(`model ${info.id} has no expander, so no endpoint can be told what it reads`);
  if (s.transparent && info.expander !== undefined) TABLE[info.expander].checkPlainGround(text);
  if (!expand || info.expander === undefined || text === '' || await asIs?.(s.prompt)) return s;
  const expander = TABLE[info.expander], words = await tokenizer();
  const endpoint = typeof expandWith === 'string' ? { url: expandWith } : expandWith;
  const draft = endpoint && await askEndpoint(text, expander.brief, { ...endpoint, ...(signal ? { signal } : {}) });
  const knows = (t: string): boolean => { const read = words.encode(t); return read.ignored.length === 0 && Object.keys(read.mended).length === 0; };
  const made = expander.expand({
    prompt: text, marks: parts, negative: s.negative, looks: s.images.length + s.clips.length === 0 && !s.source, knows, mend: (word) => words.encode(word).mended[word],
    byRegions: info.regions ?? false, placed: s.before === undefined && s.shots.length === 1 && hasPlaces(s),
    ...(s.transparent ? { plainGround: true } : {}), ...(draft === undefined ? {} : { draft }), ...(s.before === undefined ? {} : { before: s.before }),
  });
  if (made.prompt === text && made.negative === s.negative && !made.regions) return s;
  const weighed = (of: { readonly prompt: string; readonly marks: typeof made.marks }): string => formatWeights({ text: of.prompt, parts: of.marks as readonly Weighted[] });
  const regions = made.regions && { ...made.regions, prompts: made.regions.prompts.map(weighed) as [string, string] };
  return { ...s, expanded: { prompt: weighed(made), negative: made.negative, ignored: made.ignored, mended: made.mended, ...(regions ? { regions } : {}) } };
}

/** A shot's words, and what the model reads for them. */
interface Told { readonly prompt: string; readonly reads?: Expanded }

/** The settings with what the model reads of each shot; what a film's record says already stays. */
export async function expandShots<T extends Told, S extends Omit<Asked, 'prompt' | 'before'> & { readonly shots: readonly T[] }>(s: S, o: ExpandFilmOptions): Promise<S> {
  const shots: T[] = [];
  for (const shot of s.shots) {
    const { expanded } = shot.reads ? { expanded: shot.reads } : await expandFilm({ ...s, prompt: shot.prompt, before: shots.at(-1)?.reads?.prompt ?? shots.at(-1)?.prompt }, o);
    shots.push(expanded ? { ...shot, reads: expanded } : shot);
  }
  return { ...s, shots };
}
