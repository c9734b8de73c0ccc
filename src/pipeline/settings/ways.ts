/**
 * @file Ways into a film beside words: go on from a film or lead up to it, close it to a loop, pass from one film to another, make a film anew from another or a
 * region of it, tell it by a storyboard. Each way is only a choice of what is given: clips at their frames, a source, shots, images (settings.ts); all else is one.
 * Files are read here, before any weights are loaded.
 */
import { InputError } from '../../core/errors.ts';
import { number } from '../../core/range.ts';
import { checkFrames, concatFrames, sliceFrames, type Frames } from '../../media/frames.ts';
import type { ModelInfo } from '../model/model-store.ts';
import type { FilmOptions, GivenShot, ImageSource } from './film-options.ts';
import { SHORTEST_SHOT } from './given.ts';
import { sizeOfShape } from './size-rule.ts';
import type { Join } from './timeline.ts';

/** Where a film comes from: a file, or memory. */
export type FilmSource = { readonly file: string } | { readonly film: Frames };

/** One shot of a storyboard. */
export interface StoryboardShot {
  /** Seconds from the film's beginning; 0 for the first. */
  readonly at: number;
  readonly prompt: string;
  /** How it goes on from the shot before; the first can only `cut`. Default `cut`. */
  readonly join?: Join;
  /** Its first frame. */
  readonly image?: ImageSource;
}

/** A film told in shots. */
export interface Storyboard {
  /** Length of the film. */
  readonly seconds: number;
  /** In order; the first at 0. */
  readonly shots: readonly StoryboardShot[];
}

/** Ways into a film. Size, rate and words are those of the film that is given, unless said otherwise. */
export interface WayOptions {
  /** A film to go on from, to lead up to, to close to a loop, or to make anew: one of the next five says which. */
  readonly video?: FilmSource;
  /** Seconds that are made after it. */
  readonly extend?: number;
  /** Seconds that are made before it. */
  readonly extendBefore?: number;
  /** Share of it that is made anew, 0 to 1. */
  readonly strength?: number;
  /** Where it is made anew: where this image is bright. Of the film's own size, or a whole multiple of it. */
  readonly mask?: ImageSource;
  /** A passage of `seconds` (default 2) from the first film to the second. */
  readonly connect?: readonly [FilmSource, FilmSource];
  readonly storyboard?: Storyboard;
}

/** Options of a film with its ways, the prompt optional where a given film says its own. */
export type FilmWays = Omit<FilmOptions, 'prompt'> & Partial<Pick<FilmOptions, 'prompt'>> & WayOptions;

/** Seconds of a passage between films, and of that which closes a film to a loop. */
const PASSAGE_SECONDS = 2, LOOP_SECONDS = 1;

interface ReadFilm { readonly film: Frames; readonly name: string; readonly prompt: string; readonly size: { readonly width: number; readonly height: number } }

/** Options without ways: what they mean in clips, source, shots and images. */
export async function resolveWays(o: FilmWays, info: ModelInfo): Promise<FilmOptions> {
  const { video, extend, extendBefore, strength, mask, connect, storyboard, ...plain } = o, options = { ...plain, prompt: o.prompt ?? '' };
  const chosen = Object.entries({ video, connect, storyboard }).filter(([, value]) => value !== undefined).map(([name]) => name);
  if (chosen.length > 1) throw new InputError(`${chosen.join(' and ')} exclude each other: give one`);
  const needy = Object.entries({ extend, 'extend before': extendBefore, strength, mask }).find(([, value]) => value !== undefined);
  if (needy && !video) throw new InputError(`${needy[0]} needs a film to act on: give a video`);
  if (connect && o.loop) throw new InputError('connect and loop exclude each other: make the passage, then the loop of the film that comes out');
  if (storyboard && options.prompt.trim() !== '') throw new InputError(`the prompt "${options.prompt}" and a storyboard exclude each other: each shot has its own words`);
  if (connect) return connected(options, connect, info);
  if (storyboard) return told(options, storyboard, info);
  if (!video) return options;
  const read = await readSource(video, o, info), fps = read.film.fps, frames = (what: string, seconds: number): number => framesOf(what, seconds, fps);
  const given = { ...options, ...read.size, fps, prompt: options.prompt || read.prompt };
  if (strength !== undefined || mask) {
    if (extend !== undefined || extendBefore !== undefined) throw new InputError('making a film anew and extending it are two films: do one, then the other');
    return { ...given, source: { film: read.film, ...(strength === undefined ? {} : { strength }), ...(mask ? { mask: await readMask(mask, read) } : {}) } };
  }
  if (extend === undefined && extendBefore === undefined && !o.loop)
    throw new InputError(`nothing is asked of the film ${read.name}: say extend, extend before, loop, strength or mask`);
  if (o.frames !== undefined) throw new InputError(`frames ${o.frames} is not possible with a given film: its length and what is added decide`);
  const { seconds: closing, ...rest } = given;
  if (closing !== undefined && !o.loop) throw new InputError(`seconds ${closing} is not possible with a given film: extend says how many are added`);
  const before = extendBefore === undefined ? 0 : frames('extend before', extendBefore), after = extend === undefined ? 0 : frames('extend', extend);
  const passage = o.loop ? frames('seconds', closing ?? LOOP_SECONDS) : 0;
  return { ...rest, frames: withAdded(read, { before, after, passage }, info), clips: [...(o.clips ?? []), { clip: read.film, frame: before }] };
}

async function connected(o: FilmOptions, [from, to]: readonly [FilmSource, FilmSource], info: ModelInfo): Promise<FilmOptions> {
  const a = await readSource(from, o, info), b = await readSource(to, { ...o, ...a.size, fps: a.film.fps }, info), { seconds = PASSAGE_SECONDS, ...rest } = o;
  if (o.frames !== undefined) throw new InputError(`frames ${o.frames} is not possible with two given films: seconds says how long the passage is`);
  const passage = framesOf('seconds', seconds, a.film.fps), second = a.film.count + passage;
  const twoShots = o.prompt === '' && a.prompt !== '' && b.prompt !== '' && b.prompt !== a.prompt && second >= SHORTEST_SHOT && b.film.count >= SHORTEST_SHOT;
  return {
    ...rest, ...a.size, fps: a.film.fps, prompt: o.prompt || a.prompt || b.prompt, frames: withAdded(a, { passage, 'the other film': b.film.count }, info),
    clips: [{ clip: a.film, frame: 0 }, { clip: b.film, frame: second }], ...(twoShots ? { shots: [{ frame: second, prompt: b.prompt, join: 'free' as const }] } : {}),
  };
}

/** Frames of a film and of what is added to it, by its name. Throws an InputError when they are more than the model makes. */
function withAdded({ film, name }: ReadFilm, added: Readonly<Record<string, number>>, { limits }: ModelInfo): number {
  const parts = Object.entries(added).filter(([, frames]) => frames > 0), all = parts.reduce((sum, [, frames]) => sum + frames, film.count);
  if (all > limits.maxFrames) {
    const what = parts.map(([part, frames]) => `${part} ${frames}`).join(', ');
    throw new InputError(`a film of ${all} frames is not possible: ${name} has ${film.count}, to which come ${what}; `
      + `wanted at most ${limits.maxFrames} (${limits.maxFrames / film.fps} s)`);
  }
  return all;
}

function told(o: FilmOptions, { seconds, shots }: Storyboard, info: ModelInfo): FilmOptions {
  if (o.frames !== undefined || o.seconds !== undefined) throw new InputError('the storyboard says how long the film is: leave out frames and seconds');
  if (shots.length === 0) throw new InputError('the storyboard has no shots');
  const fps = o.fps ?? info.native.fps, frames = framesOf('the storyboard: seconds', seconds, fps), at = shots.map((shot) => Math.round(shot.at * fps));
  if (frames > info.limits.maxFrames) throw new InputError(`the storyboard: seconds ${seconds} is not possible: wanted at most ${info.limits.maxFrames / fps}`);
  const [{ join: begins = 'cut' }] = shots as readonly [StoryboardShot];
  if (begins !== 'cut') throw new InputError(`the storyboard's first shot has join "${begins}": wanted none, there is no shot before it`);
  if (at[0] !== 0) throw new InputError(`the storyboard's first shot begins at ${shots[0]!.at} s: wanted 0`);
  const late = at.findIndex((start, i) => i > 0 && start <= at[i - 1]!);
  if (late > 0) throw new InputError(`the storyboard's shots overlap: shot ${late + 1} begins at ${shots[late]!.at} s, shot ${late} at ${shots[late - 1]!.at} s`);
  const misplaced = at.findIndex((start, i) => i > 0 && (start < at[i - 1]! + SHORTEST_SHOT || start > frames - SHORTEST_SHOT));
  if (misplaced > 0) {
    const first = (at[misplaced - 1]! + SHORTEST_SHOT) / fps, last = (frames - SHORTEST_SHOT) / fps, shortest = `each shot has at least ${SHORTEST_SHOT / fps} s`;
    throw new InputError(`the storyboard's shot ${misplaced + 1} cannot begin at ${shots[misplaced]!.at} s: `
      + (last < first ? `no room is left for it in ${seconds} s, ${shortest}`
        : `wanted ${first} to ${last} s, since the shot before begins at ${at[misplaced - 1]! / fps} s and ${shortest}`));
  }
  return {
    ...o, fps, frames, prompt: shots[0]!.prompt,
    shots: shots.slice(1).map((shot, i): GivenShot => ({ frame: at[i + 1]!, prompt: shot.prompt, join: shot.join ?? 'cut' })),
    images: [...(o.images ?? []), ...shots.flatMap(({ image }, i) => (image ? [{ ...image, frame: at[i]! }] : []))],
  };
}

function framesOf(what: string, seconds: number, fps: number): number {
  if (!(seconds > 0 && Number.isFinite(seconds))) throw new InputError(`${what} ${seconds} is not possible: wanted a number of seconds > 0`);
  return Math.max(1, Math.round(seconds * fps));
}

/** A film as it will stand in another: at the model's rate unless it is one of ours, with the size that the model would make it in. */
async function readSource(source: FilmSource, o: Pick<FilmWays, 'width' | 'height' | 'fps'>, info: ModelInfo): Promise<ReadFilm> {
  const { readFilm, readMetadata, roomToRead } = await import('../../media/read.ts');
  const name = 'file' in source ? source.file : 'in memory', film = 'file' in source ? await readFilm(source.file, { mostBytes: roomToRead() }) : source.film;
  checkFrames(film);
  if (film.count < 2) throw new InputError(`film ${name} has ${film.count} frame: wanted two and more; give a still as an image instead`);
  const own = 'file' in source ? await readMetadata(source.file).catch(() => undefined) : undefined;
  const { width, height } = own?.settings ?? {}, known = typeof width === 'number' && typeof height === 'number' ? { width, height } : sizeOfShape(film, info);
  const fps = number('fps', o.fps ?? (own ? film.fps : info.native.fps), 1, 1000);
  return { film: own ? { ...film, fps } : atRate(film, fps), name, prompt: own?.prompt ?? '', size: { width: o.width ?? known.width, height: o.height ?? known.height } };
}

/** The film at another rate: each frame is the one that is shown at its time. */
export function atRate(film: Frames, fps: number): Frames {
  if (film.fps === fps) return film;
  const count = Math.max(1, Math.round(film.count / film.fps * fps));
  const frames = Array.from({ length: count }, (_, i) => Math.min(film.count - 1, Math.floor((i + 0.5) / fps * film.fps)));
  return { ...concatFrames(frames.map((t) => sliceFrames(film, t, t + 1))), fps };
}

/** A mask whose size is the film's, as it is or as the model makes it, or a whole multiple of that. */
async function readMask(source: ImageSource, { film, size, name }: ReadFilm): Promise<Frames> {
  const { readImage, roomToRead } = await import('../../media/read.ts'), mask = 'file' in source ? await readImage(source.file, { mostBytes: roomToRead() }) : source.image;
  const fits = [film, size].some(({ width, height }) => mask.width % width === 0 && mask.width / width === mask.height / height);
  if (!fits) {
    throw new InputError(`the mask ${'file' in source ? source.file : 'in memory'} is ${mask.width}x${mask.height}: wanted the size of the film ${name}, `
      + `${film.width}x${film.height}, or of its pixels, ${size.width}x${size.height}`);
  }
  return mask;
}
