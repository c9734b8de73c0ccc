/**
 * @file The evaluation of a sprite model: films of held-out prompts, one per prompt and none rejected, read by a judge that
 * is of another architecture and never used in training the model; ceilings on real and on reconstructed clips of the same specifications; controls that must fail; the
 * autoencoder's own figures; image → film. Films come from a function, so a test can hand in real clips as the perfect generator.
 */
import { renderClip, type ClipSpec, type RenderedClip, type SpriteWorld } from '../data/sprites/world.ts';
import type { Backend } from '../backend/backend.ts';
import { InputError } from '../core/errors.ts';
import { environment, type Environment } from '../io/environment.ts';
import { sliceFrames, type Frames } from '../media/frames.ts';
import { ATTRIBUTES, type Attribute } from '../models/judge/config.ts';
import type { Reading } from '../train/tasks/judge-read.ts';
import type { Reconstructor } from '../train/tasks/reconstruct.ts';
import type { SpriteJudge } from './judge.ts';
import { motionEnergy, saturation, unionMask } from './motion.ts';
import { drawEvalPrompts, withUnknownWord, type EvalPrompt } from './prompts.ts';
import { frozen, scoreReadings, shuffledScores, type Scores } from './score.ts';
import { meanOf, type Share } from './statistics.ts';
import { learnFrom } from './train-on-films.ts';
import { reconstructImages, vaeReport, type VaeReport } from './vae-metrics.ts';

/** How a film is wanted. */
export interface ClipRequest {
  readonly frames: number;
  readonly width: number;
  readonly height: number;
  /** Frames that the film holds. */
  readonly images: readonly { readonly image: Frames; readonly frame: number }[];
}

/** Makes one film at native size, without a palette. */
export type GenerateClip = (prompt: string, seed: number, request: ClipRequest) => Promise<Frames>;

/** Where films can come from beside the model: real clips, and the autoencoder's version of them. */
export interface RealClips {
  readonly world: SpriteWorld;
  /** Default: none, then no ceilings on reconstructions and no figures of the autoencoder. */
  readonly reconstruct?: Reconstructor;
}

/** What can be measured only with the sprite sheets, kept in a model's eval.json for those who have none. */
export interface EvalRecord {
  readonly prompts: readonly EvalPrompt[];
  readonly ceilings: { readonly real: Scores; readonly reconstructed: Scores | null };
  readonly vae: VaeReport | null;
}

/** Options of {@link evalSprites}. */
export interface EvalSpritesOptions {
  /** Name or folder of the model, for the report. */
  readonly model: string;
  readonly judge: SpriteJudge;
  readonly generateClip: GenerateClip;
  /** Real clips; without them the ceilings of `record` stand. One of the two is needed. */
  readonly lpc?: RealClips;
  readonly record?: EvalRecord;
  /** Films, ≥ 1; as many as the record has at most where there are no real clips. Default 200. */
  readonly prompts?: number;
  /** Frames of a film. Default 17. */
  readonly frames?: number;
  /** Films of prompts with an unknown word, and films from images. Default as many as `prompts`, at most 200 and 64. */
  readonly unknownWord?: number;
  readonly imageToVideo?: number;
  /** Also learn from made films. Needs real clips; default no. */
  readonly trainOnFilms?: { readonly films: number; readonly steps: number; readonly backend: Backend };
  readonly environment: { readonly config: unknown; readonly threads: number; readonly now: Date };
  /** Told once what can be measured only with real clips; needs `lpc`. */
  readonly onRecord?: (record: EvalRecord) => void;
  /** After each film. */
  readonly onFilm?: (film: Frames, prompt: EvalPrompt, part: EvalPart) => void;
}

/** Parts of the evaluation that make films. */
export const EVAL_PARTS = ['prompts', 'unknown_word', 'image_to_video', 'train_on_films'] as const;
export type EvalPart = (typeof EVAL_PARTS)[number];

/** One attribute: shares of films that show it, of real clips and of reconstructed ones. */
export interface AttributeReport {
  readonly films: number | null;
  /** On real clips of the same specifications. */
  readonly ceiling: number | null;
  readonly ceiling_reconstructed: number | null;
  /** films ÷ ceiling. */
  readonly of_ceiling: number | null;
  readonly count: number;
  readonly interval: Share['interval'];
}

/** Figures of films that continue an image. */
export interface ImageToVideoReport {
  readonly films: number;
  /** The last frame alone, against what the image shows. */
  readonly hair: AttributeReport;
  readonly garment: AttributeReport;
  /** Mean motion energy of films ÷ that of real clips, inside the silhouettes (see motion.ts); and the median of single ratios. Null without real clips. */
  readonly motion_ratio: number | null;
  readonly motion_ratio_median: number | null;
}

/** The report; JSON as it stands. */
export interface EvalReport extends Environment {
  readonly suite: 'sprites';
  readonly model: string;
  readonly prompts: number;
  readonly attributes: Readonly<Record<Attribute, AttributeReport>>;
  readonly by_language: Readonly<Record<string, Scores>>;
  readonly controls: {
    /** Films against other films' prompts: should be near `chance`. */
    readonly shuffled: Readonly<Record<Attribute, Share & { readonly chance: number }>>;
    /** First frames repeated: action should be lost. */
    readonly frozen: Scores;
    /** The same for real clips. */
    readonly frozen_real: Scores | null;
    /** Percentage points that one unknown word costs, on the same seeds. */
    readonly unknown_word: { readonly films: number; readonly cost: Readonly<Record<Attribute, number | null>> };
  };
  /** Mean motion energy over whole frames, films ÷ real clips. */
  readonly motion_ratio: number | null;
  /** Mean chroma, films ÷ real clips. */
  readonly saturation_ratio: number | null;
  readonly vae: VaeReport | null;
  readonly image_to_video: ImageToVideoReport;
  readonly train_on_films: { readonly films: number; readonly on_films: Scores; readonly on_real: Scores } | null;
  readonly ms: number;
}

const SIDE = 64;
const perAttribute = <T>(f: (a: Attribute) => T): Record<Attribute, T> => Object.fromEntries(ATTRIBUTES.map((a) => [a, f(a)])) as Record<Attribute, T>;
const divide = (a: number | null | undefined, b: number | null | undefined): number | null => (a == null || b == null || b === 0 ? null : a / b);

function attributeReport(films: Share, real: Share | undefined, reconstructed: Share | undefined): AttributeReport {
  return {
    films: films.share, ceiling: real?.share ?? null, ceiling_reconstructed: reconstructed?.share ?? null,
    of_ceiling: divide(films.share, real?.share), count: films.count, interval: films.interval,
  };
}

interface Subject { readonly prompt: EvalPrompt; readonly spec: ClipSpec | null; readonly clip: RenderedClip | null }

function subjectsOf({ lpc, record, prompts: count = 200, frames = 17 }: EvalSpritesOptions): Subject[] {
  if (!Number.isInteger(count) || count < 2) throw new InputError(`prompts ${count} is not possible: wanted a whole number ≥ 2`);
  if (lpc) return drawEvalPrompts(lpc.world, { count, frames }).map(({ prompt, spec }) => ({ prompt, spec, clip: renderClip(lpc.world, spec) }));
  if (!record) throw new InputError('without sprite sheets the evaluation needs a model with eval.json: give the sheets');
  if (record.prompts.length < count)
    throw new InputError(`prompts ${count} is not possible: this model's eval.json holds ${record.prompts.length}; give the sprite sheets for more`);
  return record.prompts.slice(0, count).map((prompt) => ({ prompt, spec: null, clip: null }));
}

/** Evaluates a model; see the file's comment. The same model, prompts and seeds give the same report, times aside. */
export async function evalSprites(o: EvalSpritesOptions): Promise<EvalReport> {
  const started = performance.now(), { judge, lpc, record, frames = 17 } = o;
  const subjects = subjectsOf(o), prompts = subjects.map((s) => s.prompt), clips = subjects.flatMap((s) => (s.clip ? [s.clip] : []));
  const make = async (part: EvalPart, prompt: EvalPrompt, text: string, images: ClipRequest['images'] = [], count = frames): Promise<Frames> => {
    const film = await o.generateClip(text, prompt.index, { frames: count, width: SIDE, height: SIDE, images });
    if (count > 1) o.onFilm?.(film, prompt, part);
    return film;
  };

  const films: Frames[] = [];
  for (const prompt of prompts) films.push(await make('prompts', prompt, prompt.prompt));
  const readings = await judge.read(films), scores = scoreReadings(readings, prompts);
  const real = lpc ? scoreReadings(await judge.read(clips.map((c) => c.frames)), prompts) : record!.ceilings.real;
  const made = lpc?.reconstruct ? await lpc.reconstruct(clips.map((c) => c.frames)) : null;
  const reconstructed = made ? scoreReadings(await judge.read(made), prompts) : lpc ? null : record!.ceilings.reconstructed;
  const vae = made
    ? vaeReport({ specs: subjects.map((s) => s.spec!), clips, made, images: await reconstructImages(lpc!.world, lpc!.reconstruct!, clips.length) })
    : lpc ? null : record!.vae;
  if (lpc) o.onRecord?.({ prompts, ceilings: { real, reconstructed }, vae });
  const still = async (list: readonly Frames[]): Promise<Scores> => scoreReadings(await judge.read(list.map((film) => frozen(film))), prompts);
  const languages = [...new Set(prompts.map((p) => p.language))].sort();
  const frozenScores = await still(films), frozenReal = lpc ? await still(clips.map((c) => c.frames)) : null;

  return {
    suite: 'sprites', model: o.model, prompts: prompts.length,
    attributes: perAttribute((a) => attributeReport(scores[a], real[a], reconstructed?.[a])),
    by_language: Object.fromEntries(languages.map((language) => {
      const of = prompts.flatMap((p, i) => (p.language === language ? [i] : []));
      return [language, scoreReadings(of.map((i) => readings[i]!), of.map((i) => prompts[i]!))];
    })),
    controls: { shuffled: shuffledScores(readings, prompts), frozen: frozenScores, frozen_real: frozenReal, unknown_word: await unknownWord(o, prompts, readings, make) },
    motion_ratio: lpc ? divide(meanOf(films.map((f) => motionEnergy(f))), meanOf(clips.map((c) => motionEnergy(c.frames)))) : null,
    saturation_ratio: lpc ? divide(meanOf(films.map(saturation)), meanOf(clips.map((c) => saturation(c.frames)))) : null,
    vae, image_to_video: await imageToVideo(o, subjects, make), train_on_films: await trainOnFilms(o, subjects, make),
    ms: performance.now() - started, ...environment({ ...o.environment, seed: 0 }),
  };
}

type Make = (part: EvalPart, prompt: EvalPrompt, text: string, images?: ClipRequest['images'], count?: number) => Promise<Frames>;

async function unknownWord(o: EvalSpritesOptions, prompts: readonly EvalPrompt[], readings: readonly Reading[], make: Make): Promise<EvalReport['controls']['unknown_word']> {
  const some = prompts.slice(0, o.unknownWord ?? 200), films: Frames[] = [];
  for (const prompt of some) films.push(await make('unknown_word', prompt, withUnknownWord(prompt)));
  const without = scoreReadings(readings, some), having = scoreReadings(await o.judge.read(films), some);
  return { films: some.length, cost: perAttribute((a) => (without[a].share === null ? null : 100 * (without[a].share - having[a].share!))) };
}

/**
 * Films from the first frame of a real clip, or without sheets from an image that the model made of the prompt. Their own prompts tell what happens and
 * nothing of hair and garment, so that only the image can; compared with the clip's labels, or with what the judge reads of the model's image.
 */
async function imageToVideo({ judge, imageToVideo: count = 64, frames = 17 }: EvalSpritesOptions, subjects: readonly Subject[], make: Make): Promise<ImageToVideoReport> {
  const some = subjects.slice(0, count), films: Frames[] = [], images: Frames[] = [];
  for (const { prompt, clip } of some) {
    const image = clip ? sliceFrames(clip.frames, 0, 1) : await make('image_to_video', prompt, prompt.prompt, [], 1);
    images.push(image);
    films.push(await make('image_to_video', prompt, prompt.deed, [{ image, frame: 0 }]));
  }
  const last = (film: Frames): Frames => sliceFrames(film, film.count - 1), seen = some.some((s) => s.clip) ? null : await judge.read(images);
  const prompts = some.map(({ prompt }, i) => (seen ? { ...prompt, truth: seen[i]! } : prompt));
  const clips = some.flatMap((s) => (s.clip ? [s.clip] : []));
  const scores = scoreReadings(await judge.read(films.map(last)), prompts);
  const real = clips.length > 0 ? scoreReadings(await judge.read(clips.map((c) => last(c.frames))), prompts) : undefined;
  const energies = clips.map((clip, i) => {
    const mask = unionMask(clip.silhouette, clip.frames.width, clip.frames.height);
    return { film: motionEnergy(films[i]!, mask), clip: motionEnergy(clip.frames, mask) };
  });
  const ratios = energies.filter((e) => e.clip > 0).map((e) => e.film / e.clip).sort((a, b) => a - b);
  return {
    films: films.length, hair: attributeReport(scores.hair, real?.hair, undefined), garment: attributeReport(scores.garment, real?.garment, undefined),
    motion_ratio: frames > 1 ? divide(meanOf(energies.map((e) => e.film)), meanOf(energies.map((e) => e.clip))) : null, motion_ratio_median: ratios[ratios.length >> 1] ?? null,
  };
}

async function trainOnFilms({ lpc, trainOnFilms: wanted, frames = 17 }: EvalSpritesOptions, subjects: readonly Subject[], make: Make): Promise<EvalReport['train_on_films']> {
  if (!wanted) return null;
  if (!lpc) throw new InputError('learning from films is tested on real clips: give the sprite sheets');
  const drawn = drawEvalPrompts(lpc.world, { count: wanted.films, frames, split: 'train', stream: 'eval/train-on-films' }).filter((p) => p.prompt.told.includes('hair'));
  const films: Frames[] = [];
  for (const { prompt } of drawn) films.push(await make('train_on_films', prompt, prompt.prompt));
  const test = { films: subjects.map((s) => s.clip!.frames), prompts: subjects.map((s) => s.prompt) };
  const learn = (list: readonly Frames[]): Promise<Scores> =>
    learnFrom({ films: list.map((film, i) => ({ frames: film, truth: drawn[i]!.prompt.truth })), test, world: lpc.world, backend: wanted.backend, steps: wanted.steps });
  return { films: films.length, on_films: await learn(films), on_real: await learn(drawn.map(({ spec }) => renderClip(lpc.world, spec).frames)) };
}
