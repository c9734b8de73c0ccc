/**
 * @file What a caller may ask of a film, checked once against the model and completed with its defaults. From here on everything is plain numbers
 * that stand in the film's metadata, so that a film can be made again from what it says of itself.
 */
import { InputError, oneOf } from '../core/errors.ts';
import { integer, number } from '../core/range.ts';
import { isGuided, validateGuidance, type GuidanceOptions } from '../diffusion/guidance.ts';
import { SAMPLERS, type SamplerName } from '../diffusion/samplers/registry.ts';
import { shiftForTokens, sigmaGrid } from '../diffusion/timesteps.ts';
import { checkFrames, type Frames } from '../media/frames.ts';
import { latentFrames, SPACE_FACTOR } from '../models/vae/config.ts';
import type { Expanded, ExpandOptions } from './expand.ts';
import type { ModelInfo } from './model-store.ts';
import { checkSize, sizeRule } from './size-rule.ts';
import { JOINS, LONG_WAYS, planWindows, wholeLatents, type FilmWindow, type Join, type LongWay, type ShotStart, type Span } from './timeline.ts';

/** Where a given image comes from: a PNG, JPEG, WebP or GIF file, or memory (one frame; a name is for records). It is brought to the film's size. */
export type ImageSource = { readonly file: string } | { readonly image: Frames; readonly name?: string | null };

/** An image that the film holds. */
export type GivenImage = ImageSource & {
  /** Index of the frame that it is, from 0; `last` is the film's last. Default 0. */
  readonly frame?: number | 'last';
};

/** A part of another film that the film holds, pixel for pixel: it begins with it, ends with it, or passes through it. */
export interface GivenClip {
  /** Brought to the film's size. */
  readonly clip: Frames;
  /** Index of the film's frame with which the clip begins, from 0; `end` lets the clip end where the film ends. Default 0. */
  readonly frame?: number | 'end';
}

/** A film that is made anew from another (SDEdit, Meng et al. 2022, section 3, arXiv:2108.01073v2), all of it or within a region. */
export interface GivenSource {
  /** Brought to the film's size; it decides the film's length. */
  readonly film: Frames;
  /** Share of the way from noise that is gone again: 0 leaves the film as it is, 1 keeps nothing of it. Default 0.6; with a mask 1. */
  readonly strength?: number;
  /** One frame, brought to the film's size: where it is bright the film is made again, elsewhere it stays pixel for pixel. */
  readonly mask?: Frames;
}

/** From a time on, other words. */
export interface GivenShot {
  /** Index of its first frame, ≥ 1. */
  readonly frame: number;
  readonly prompt: string;
  /** Default `free`. */
  readonly join?: Join;
  /** What the model reads for it, from a film's record. Default: as the prompt is expanded. */
  readonly reads?: Expanded;
}

/** A film that shares its layout with that of the seed, and differs from it the more the greater `amount`. */
export interface GivenVariation {
  /** 0 is the seed's own film, 1 another one. */
  readonly amount: number;
  /** Which variation. */
  readonly seed: number;
}

/** What decides a film's pictures. What is left out is the model's default. */
export interface FilmOptions extends ExpandOptions {
  /** What the film shows, in English or Chinese. May be empty where pictures are given. */
  readonly prompt: string;
  /** What the model reads for the prompt, from a film's record. Default: as it is expanded. */
  readonly reads?: Expanded;
  /** What it should not show. */
  readonly negative?: string;
  /** Integer from 0 to 2⁵³ − 1. Same seed and settings, same film. Default: drawn at random, and told. */
  readonly seed?: number;
  /** Length in frames, ≥ 1; one frame is an image. */
  readonly frames?: number;
  /** Length in seconds, instead of `frames`. */
  readonly seconds?: number;
  /** Pixels before scaling. */
  readonly width?: number;
  /** Pixels before scaling. */
  readonly height?: number;
  /** Frames a second at which the film is played; changes no frame. */
  readonly fps?: number;
  /** Sampling steps, 1 to 1000. */
  readonly steps?: number;
  /** How strongly the words pull, 0 to 30; 1 is off, and twice as fast. */
  readonly guidance?: number;
  /** Noise levels between which guidance acts, lowest and highest, within [0, 1]. */
  readonly interval?: readonly [number, number];
  /** How far guidance's contrast is brought back to that of the prompt alone, 0 to 1. */
  readonly rescale?: number;
  readonly sampler?: SamplerName;
  readonly images?: readonly GivenImage[];
  readonly clips?: readonly GivenClip[];
  readonly source?: GivenSource;
  /** Shots after the first, in order. */
  readonly shots?: readonly GivenShot[];
  /** Whether the end runs into the start. Default no. */
  readonly loop?: boolean;
  readonly vary?: GivenVariation;
  /** How what is longer than one piece is made. Default `rolling`. */
  readonly longBy?: LongWay;
  /** A quarter of the steps: what the film will be, sooner. `kinora master` makes the film itself of it. Default no. */
  readonly draft?: boolean;
  /** Delivered pixels per native pixel, 1 to 64. Default: the least that makes the long side 512 or more. */
  readonly scale?: number;
  /** Colours of the whole film, 2 to 256; 0 leaves them as they are. */
  readonly palette?: number;
  /** Differences from frame to frame, in bytes, up to which a pixel is taken to stand still and is kept from shimmering, 0 to 64; 0 leaves all as it is. */
  readonly steady?: number;
}

/** An image at its frame. */
export type PlacedImage = ImageSource & { readonly frame: number };

/** A clip at its first frame. */
export interface PlacedClip { readonly clip: Frames; readonly frame: number }

/** A shot at its first frame. */
export interface PlacedShot extends ShotStart {
  readonly prompt: string;
  /** What the model reads instead. */
  readonly reads?: Expanded;
}

/** A source with its defaults. */
export interface PlacedSource { readonly film: Frames; readonly strength: number; readonly mask: Frames | null }

/** A film's settings in full. */
export interface FilmSettings {
  readonly prompt: string;
  readonly negative: string;
  readonly seed: number;
  readonly frames: number;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly steps: number;
  readonly guidance: number;
  readonly interval: readonly [number, number];
  readonly rescale: number;
  /** Of the noise levels: the model's own factor times √(tokens ÷ those of the default film), of the longest window. */
  readonly shift: number;
  readonly sampler: SamplerName;
  /** In order of their frames, as are clips: who asks in another order gets the same film. */
  readonly images: readonly PlacedImage[];
  readonly clips: readonly PlacedClip[];
  readonly source: PlacedSource | null;
  /** The first begins at frame 0 with `prompt`. */
  readonly shots: readonly PlacedShot[];
  readonly loop: boolean;
  readonly longBy: LongWay;
  readonly vary: GivenVariation | null;
  /** Steps of the film of which this is a draft; null when it is none. */
  readonly draftOf: number | null;
  /** Most frames that are made in one piece. */
  readonly window: number;
  readonly scale: number;
  readonly palette: number;
  readonly steady: number;
}

/** Pixels of the long side that a film is delivered with unless a scale is given. */
const DELIVERED_SIDE = 512;
/** Known frames that a window sees on one side: three latent frames, as training packs show at their ends. */
const OVERLAP = 9;
/** Frames of a shot, at least. */
const SHORTEST_SHOT = 9;
const DEFAULT_STRENGTH = 0.6;
/** Steps of a film for each of its draft. */
const DRAFT = 4;
const MAX_STEPS = 1000, MAX_GUIDANCE = 30, MAX_SCALE = 64, MAX_FPS = 120, MAX_COLOURS = 256, MAX_STEADY = 64;

/** Completes and checks what was asked for. `seed` is what a film gets that asks for none. Throws an InputError that names value and allowed set. */
export function filmSettings(o: FilmOptions, model: ModelInfo, seed: number): FilmSettings {
  const { native, sampling, limits } = model;
  const prompt = typeof o.prompt === 'string' ? o.prompt.trim() : '';            // callers without types exist
  if (prompt === '' && !o.images?.length && !o.clips?.length && !o.source)
    throw new InputError('the prompt is empty: say what the film shows, as in "a knight walks to the right"');
  const width = o.width ?? native.width, height = o.height ?? native.height, fps = number('fps', o.fps ?? native.fps, 1, MAX_FPS);
  checkSize(sizeRule(model), width, height);
  if (o.frames !== undefined && o.seconds !== undefined) throw new InputError(`frames ${o.frames} and seconds ${o.seconds} exclude each other: give one`);
  if (o.seconds !== undefined) number('seconds', o.seconds, 0, limits.maxFrames / fps);
  const asked = o.frames ?? (o.seconds === undefined ? o.source?.film.count ?? native.frames : Math.max(1, Math.round(o.seconds * fps)));
  const frames = integer('frames', asked, 1, limits.maxFrames), window = limits.window ?? limits.maxFrames;
  const guidance = number('guidance', o.guidance ?? sampling.guidance, 0, MAX_GUIDANCE);
  if (model.distilled) checkDistilled(o, guidance, model.id, model.distilled);
  const interval = o.interval ?? sampling.interval, rescale = o.rescale ?? sampling.rescale;
  validateGuidance({ scale: guidance, interval, rescale });
  const palette = o.palette ?? sampling.palette;
  if (palette !== 0) integer('palette', palette, 2, MAX_COLOURS);
  const tokens = latentFrames(Math.min(frames, window)) * (width / SPACE_FACTOR) * (height / SPACE_FACTOR);
  const steps = integer('steps', o.steps ?? sampling.steps, 1, MAX_STEPS);
  const settings: FilmSettings = {
    prompt, negative: o.negative?.trim() ?? '',
    seed: integer('seed', o.seed ?? seed, 0, Number.MAX_SAFE_INTEGER),
    frames, width, height, fps,
    steps: o.draft ? Math.ceil(steps / DRAFT) : steps, draftOf: o.draft ? steps : null,
    guidance, interval, rescale, shift: sampling.shift * shiftForTokens(tokens),
    sampler: oneOf('sampler', o.sampler ?? sampling.sampler, SAMPLERS),
    images: givenImages(o.images ?? [], frames), clips: givenClips(o.clips ?? [], frames), source: givenSource(o, frames),
    shots: givenShots(o, prompt, frames), loop: o.loop ?? false, longBy: oneOf('long by', o.longBy ?? LONG_WAYS[0], LONG_WAYS),
    vary: givenVariation(o.vary), window,
    scale: integer('scale', o.scale ?? Math.ceil(DELIVERED_SIDE / Math.max(width, height)), 1, MAX_SCALE),
    palette, steady: number('steady', o.steady ?? sampling.steady, 0, MAX_STEADY),
  };
  windowsOf(settings);                                          // what cannot be planned is known before anything is loaded
  return settings;
}

/** A given image in an error's words. */
export const imageName = (source: ImageSource): string => ('file' in source ? source.file : 'in memory');

/** A student of few steps has its teacher's guidance in it, against no words at all: another, or other words to be guided away from, needs the teacher. */
function checkDistilled({ negative }: FilmOptions, guidance: number, id: string, { teacher, guidance: folded }: NonNullable<ModelInfo['distilled']>): void {
  if (guidance !== 1) throw new InputError(`guidance ${guidance} is not possible: ${id} has that of its teacher, ${folded}, in it, wanted 1; another needs the model ${teacher}`);
  if (negative?.trim()) throw new InputError(`what the film should not show cannot be told to ${id}, which samples without guidance; use the model ${teacher}`);
}

function givenImages(images: readonly GivenImage[], frames: number): PlacedImage[] {
  const placed = images.map(({ frame = 0, ...source }) => {
    const at = frame === 'last' ? frames - 1 : frame;
    if (!Number.isInteger(at) || at < 0 || at >= frames) throw new InputError(`image ${imageName(source)} cannot be frame ${frame}: the film has frames 0 to ${frames - 1}`);
    return { ...source, frame: at };
  }).sort((a, b) => a.frame - b.frame);
  const twice = placed.find((a, i) => placed.findIndex((b) => b.frame === a.frame) !== i);
  if (twice) throw new InputError(`image ${imageName(twice)}: frame ${twice.frame} is given already`);
  return placed;
}

function givenClips(clips: readonly GivenClip[], frames: number): PlacedClip[] {
  const placed = clips.map(({ clip, frame = 0 }) => {
    checkFrames(clip);
    const at = frame === 'end' ? frames - clip.count : frame;
    if (!Number.isInteger(at) || at < 0 || at + clip.count > frames)
      throw new InputError(`a given clip of ${clip.count} frames cannot begin at frame ${frame}: the film has frames 0 to ${frames - 1}`);
    return { clip, frame: at };
  }).sort((a, b) => a.frame - b.frame);
  for (const [i, { clip, frame }] of placed.slice(1).entries()) {
    const before = placed[i]!, end = before.frame + before.clip.count;
    if (frame < end) throw new InputError(`given clips overlap: frames ${before.frame} to ${end - 1} and ${frame} to ${frame + clip.count - 1}`);
  }
  if (placed.reduce((sum, { clip }) => sum + clip.count, 0) === frames) throw new InputError(`given clips are the whole film of ${frames} frames: nothing is left to be made`);
  return placed;
}

function givenSource({ source, clips, loop }: FilmOptions, frames: number): PlacedSource | null {
  if (!source) return null;
  const { film, mask } = source;
  checkFrames(film);
  if (clips?.length) throw new InputError('a source and given clips exclude each other: what the source shows is all of the film');
  if (loop) throw new InputError('a source and a loop exclude each other: make the loop of the film that comes out');
  if (film.count !== frames) throw new InputError(`a source of ${film.count} frames cannot become a film of ${frames}: its length decides the film's`);
  if (mask) {
    checkFrames(mask);
    if (mask.count !== 1) throw new InputError(`a mask of ${mask.count} frames is not possible: wanted one`);
  }
  return { film, strength: number('strength', source.strength ?? (mask ? 1 : DEFAULT_STRENGTH), 0, 1), mask: mask ?? null };
}

function givenShots({ shots = [], reads }: FilmOptions, prompt: string, frames: number): PlacedShot[] {
  const placed: PlacedShot[] = [{ start: 0, join: 'cut', prompt, ...(reads ? { reads } : {}) }];
  for (const shot of shots) {
    const { start: before } = placed.at(-1)!, text = shot.prompt.trim();
    const first = before + SHORTEST_SHOT, last = frames - SHORTEST_SHOT;
    if (!Number.isInteger(shot.frame) || shot.frame < first || shot.frame > last) {
      throw new InputError(`a shot cannot begin at frame ${shot.frame}: wanted ${first} to ${last}, `
        + `since the shot before begins at ${before} and each has ${SHORTEST_SHOT} frames`);
    }
    if (text === '') throw new InputError(`the shot at frame ${shot.frame} has an empty prompt`);
    placed.push({ start: shot.frame, join: oneOf('join', shot.join ?? 'free', JOINS), prompt: text, ...(shot.reads ? { reads: shot.reads } : {}) });
  }
  return placed;
}

function givenVariation(vary: GivenVariation | undefined): GivenVariation | null {
  if (!vary) return null;
  return { amount: number('vary', vary.amount, 0, 1), seed: integer('seed of the variation', vary.seed, 0, Number.MAX_SAFE_INTEGER) };
}

/** The film's windows in the order in which they are made. */
export function windowsOf(s: Pick<FilmSettings, 'frames' | 'clips' | 'shots' | 'window' | 'loop' | 'longBy'>): FilmWindow[] {
  const known = s.clips.map(({ clip, frame }): Span => ({ start: frame, end: frame + clip.count }));
  return planWindows({ frames: s.frames, known, shots: s.shots, window: s.window, overlap: Math.min(OVERLAP, wholeLatents((s.window >> 1) - 4)), loop: s.loop, longBy: s.longBy });
}

/**
 * Latent frames of a window: its own, and those that stand beside, of images and of known frames at its end. Known ones at its beginning stand in place, since the
 * autoencoder is causal.
 */
export const windowSize = (w: FilmWindow, { images }: Pick<FilmSettings, 'images'>): { readonly frames: number; readonly context: number } =>
  ({ frames: latentFrames(w.end - w.start), context: imagesIn(w, images).length + (w.after > 0 ? latentFrames(w.after) : 0) });

/** Frames of the longest clip that has to be encoded; 0 for none. */
export const encodedFrames = (s: Pick<FilmSettings, 'images' | 'source'>, windows: readonly FilmWindow[]): number =>
  Math.max(0, ...windows.flatMap((w) => [w.before, w.after, imagesIn(w, s.images).length > 0 ? 1 : 0, s.source ? w.end - w.start : 0]));

/** The images that a window's new frames hold. */
export const imagesIn = <T extends { readonly frame: number }>({ start, end, before, after }: FilmWindow, images: readonly T[]): T[] =>
  images.filter(({ frame }) => frame >= start + before && frame < end - after);

/** Guidance as the sampler's velocity takes it. */
export const guidanceOf = ({ guidance, interval, rescale }: FilmSettings): GuidanceOptions => ({ scale: guidance, interval, rescale });

/** Noise levels of a window from first to last, `steps + 1` of them: from 1, or for a film that is made anew from another from its strength's level, in as many steps less. */
export function windowSigmas(s: FilmSettings, w: FilmWindow): Float64Array {
  const shift = s.shift * Math.sqrt(latentFrames(w.end - w.start) / latentFrames(Math.min(s.frames, s.window))), strength = s.source?.strength ?? 1;
  return sigmaGrid(Math.max(1, Math.round(s.steps * strength)), shift, strength);
}

/** Segments of the packs that sampling a window will need: 2 where a noise level is guided, 1 where one is not. */
export const branchesOf = (s: FilmSettings, w: FilmWindow): number[] =>
  [...new Set([...windowSigmas(s, w)].slice(0, -1).map((sigma) => (isGuided(sigma, guidanceOf(s)) ? 2 : 1)))];
