/**
 * @file What a caller may ask of a film, checked once against the model and completed with its defaults. From here on everything is plain numbers
 * that stand in the film's metadata, so that a film can be made again from what it says of itself.
 */
import { InputError, oneOf } from '../core/errors.ts';
import { isGuided, validateGuidance, type GuidanceOptions } from '../diffusion/guidance.ts';
import { SAMPLERS, type SamplerName } from '../diffusion/samplers/registry.ts';
import { shiftForTokens, sigmaGrid } from '../diffusion/timesteps.ts';
import { checkFrames, type Frames } from '../media/frames.ts';
import { decodedFrames, latentFrames, SPACE_FACTOR } from '../models/vae/config.ts';
import type { Expanded, ExpandOptions } from './expand.ts';
import type { ModelInfo } from './model-store.ts';

/** Where a given image comes from: a PNG, JPEG, WebP or GIF file, or memory (one frame). It is brought to the film's size. */
export type ImageSource = { readonly file: string } | { readonly image: Frames };

/** An image that the film holds. */
export type GivenImage = ImageSource & {
  /** Index of the frame that it is, from 0; `last` is the film's last. Default 0. */
  readonly frame?: number | 'last';
};

/** A part of another film that the film holds: it begins with it, ends with it, or passes through it. */
export interface GivenClip {
  /** 4n + 1 frames; brought to the film's size. */
  readonly clip: Frames;
  /** Index of the film's frame with which the clip begins, from 0; `end` lets the clip end where the film ends. Default 0. */
  readonly frame?: number | 'end';
}

/** What decides a film's pictures. What is left out is the model's default. */
export interface FilmOptions extends ExpandOptions {
  /** What the film shows, in English or Chinese. */
  readonly prompt: string;
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
  /** Delivered pixels per native pixel, 1 to 64. Default: the least that makes the long side 512 or more. */
  readonly scale?: number;
  /** Colours of the whole film, 2 to 256; 0 leaves them as they are. */
  readonly palette?: number;
}

/** An image at its frame. */
export type PlacedImage = ImageSource & { readonly frame: number };

/** A clip at its first frame. */
export interface PlacedClip { readonly clip: Frames; readonly frame: number }

/** A film's settings in full. */
export interface FilmSettings {
  readonly prompt: string;
  readonly negative: string;
  /** What the model reads instead of the two, where that differs (expand.ts). */
  readonly expanded?: Expanded;
  readonly seed: number;
  readonly frames: number;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly steps: number;
  readonly guidance: number;
  readonly interval: readonly [number, number];
  readonly rescale: number;
  /** Of the noise levels: the model's own factor times √(tokens ÷ those of the default film). */
  readonly shift: number;
  readonly sampler: SamplerName;
  readonly images: readonly PlacedImage[];
  readonly clips: readonly PlacedClip[];
  readonly scale: number;
  readonly palette: number;
}

/** Pixels of the long side that a film is delivered with unless a scale is given. */
const DELIVERED_SIDE = 512;
/** Tokens of a latent frame are a multiple of this (see runLength of the pack layout). */
const TOKEN_MULTIPLE = 16;
const MAX_STEPS = 1000, MAX_GUIDANCE = 30, MAX_SCALE = 64, MAX_FPS = 120, MAX_COLOURS = 256;

function integer(what: string, value: number, min: number, max: number): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new InputError(`${what} ${value} is not possible: wanted a whole number ${max === Number.MAX_SAFE_INTEGER ? `≥ ${min}` : `from ${min} to ${max}`}`);
  }
  return value;
}

function number(what: string, value: number, min: number, max: number): number {
  if (!(value >= min && value <= max)) throw new InputError(`${what} ${value} is not possible: wanted a number from ${min} to ${max}`);
  return value;
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** The sizes that a model makes: sides are multiples of `step`, and a latent frame's tokens a multiple of 16. */
export interface SizeRule {
  /** Pixels. */
  readonly step: number;
  /** Pixels of one token's side. */
  readonly token: number;
  readonly min: number;
  readonly max: number;
}

/** The rule of a model. */
export function sizeRule({ dit, limits }: Pick<ModelInfo, 'dit' | 'limits'>): SizeRule {
  const token = SPACE_FACTOR * dit.config.patch, step = token * limits.multiple / gcd(token, limits.multiple);
  return { step, token, min: Math.ceil(limits.minSide / step) * step, max: Math.floor(limits.maxSide / step) * step };
}

const fits = ({ step, token, min, max }: SizeRule, width: number, height: number): boolean =>
  [width, height].every((n) => Number.isInteger(n) && n >= min && n <= max && n % step === 0) && (width / token) * (height / token) % TOKEN_MULTIPLE === 0;

/** The allowed sizes nearest to one that is not. */
export function nearestSizes(rule: SizeRule, width: number, height: number, count = 2): (readonly [width: number, height: number])[] {
  const sides = Array.from({ length: (rule.max - rule.min) / rule.step + 1 }, (_, i) => rule.min + i * rule.step);
  const distance = ([w, h]: readonly [number, number]): number => Math.abs(w - width) + Math.abs(h - height);
  return sides.flatMap((w) => sides.filter((h) => fits(rule, w, h)).map((h) => [w, h] as const)).sort((a, b) => distance(a) - distance(b)).slice(0, count);
}

function checkSize(rule: SizeRule, width: number, height: number): void {
  if (fits(rule, width, height)) return;
  const { step, token, min, max } = rule;
  const product = (step / token) ** 2 % TOKEN_MULTIPLE === 0 ? '' : `, their product a multiple of ${TOKEN_MULTIPLE * token ** 2}`;
  const nearest = nearestSizes(rule, width, height).map((size) => size.join('x')).join(', ');
  throw new InputError(`size ${width}x${height} is not possible: width and height are multiples of ${step} from ${min} to ${max}${product}; nearest: ${nearest}`);
}

/** Completes and checks what was asked for. `seed` is what a film gets that asks for none. Throws an InputError that names value and allowed set. */
export function filmSettings(o: FilmOptions, model: ModelInfo, seed: number): FilmSettings {
  const { native, sampling, limits } = model;
  const prompt = typeof o.prompt === 'string' ? o.prompt.trim() : '';            // callers without types exist
  if (prompt === '') throw new InputError('the prompt is empty: say what the film shows, as in "a knight walks to the right"');
  const width = o.width ?? native.width, height = o.height ?? native.height, fps = number('fps', o.fps ?? native.fps, 1, MAX_FPS);
  checkSize(sizeRule(model), width, height);
  if (o.frames !== undefined && o.seconds !== undefined) throw new InputError(`frames ${o.frames} and seconds ${o.seconds} exclude each other: give one`);
  if (o.seconds !== undefined) number('seconds', o.seconds, 0, limits.maxFrames / fps);
  const frames = integer('frames', o.frames ?? (o.seconds === undefined ? native.frames : Math.max(1, Math.round(o.seconds * fps))), 1, limits.maxFrames);
  const guidance = number('guidance', o.guidance ?? sampling.guidance, 0, MAX_GUIDANCE);
  const interval = o.interval ?? sampling.interval, rescale = o.rescale ?? sampling.rescale;
  validateGuidance({ scale: guidance, interval, rescale });
  const palette = o.palette ?? sampling.palette;
  if (palette !== 0) integer('palette', palette, 2, MAX_COLOURS);
  const tokens = latentFrames(frames) * (width / SPACE_FACTOR) * (height / SPACE_FACTOR);
  return {
    prompt, negative: o.negative?.trim() ?? '',
    seed: integer('seed', o.seed ?? seed, 0, Number.MAX_SAFE_INTEGER),
    frames, width, height, fps,
    steps: integer('steps', o.steps ?? sampling.steps, 1, MAX_STEPS),
    guidance, interval, rescale, shift: sampling.shift * shiftForTokens(tokens),
    sampler: oneOf('sampler', o.sampler ?? sampling.sampler, SAMPLERS),
    images: givenImages(o.images ?? [], frames), clips: givenClips(o.clips ?? [], frames),
    scale: integer('scale', o.scale ?? Math.ceil(DELIVERED_SIDE / Math.max(width, height)), 1, MAX_SCALE),
    palette,
  };
}

/** A given image in an error's words. */
export const imageName = (source: ImageSource): string => ('file' in source ? source.file : 'in memory');

function givenImages(images: readonly GivenImage[], frames: number): PlacedImage[] {
  const placed = images.map(({ frame = 0, ...source }) => {
    const at = frame === 'last' ? frames - 1 : frame;
    if (!Number.isInteger(at) || at < 0 || at >= frames) throw new InputError(`image ${imageName(source)} cannot be frame ${frame}: the film has frames 0 to ${frames - 1}`);
    return { ...source, frame: at };
  });
  const twice = placed.find((a, i) => placed.findIndex((b) => b.frame === a.frame) !== i);
  if (twice) throw new InputError(`image ${imageName(twice)}: frame ${twice.frame} is given already`);
  return placed;
}

function givenClips(clips: readonly GivenClip[], frames: number): PlacedClip[] {
  const placed = clips.map(({ clip, frame = 0 }) => {
    checkFrames(clip);
    if (clip.count !== decodedFrames(latentFrames(clip.count))) throw new InputError(`a given clip of ${clip.count} frames is not possible: wanted 4n + 1, as 5, 9 or 13`);
    const at = frame === 'end' ? frames - clip.count : frame;
    if (!Number.isInteger(at) || at < 0 || at + clip.count > frames)
      throw new InputError(`a given clip of ${clip.count} frames cannot begin at frame ${frame}: the film has frames 0 to ${frames - 1}`);
    if (clip.count === frames) throw new InputError(`a given clip of ${clip.count} frames is the whole film: nothing is left to be made`);
    return { clip, frame: at };
  });
  for (const [i, a] of placed.entries()) for (const b of placed.slice(0, i)) {
    if (a.frame < b.frame + b.clip.count && b.frame < a.frame + a.clip.count)
      throw new InputError(`given clips overlap: frames ${b.frame} to ${b.frame + b.clip.count - 1} and ${a.frame} to ${a.frame + a.clip.count - 1}`);
  }
  return placed;
}

/** Whether a clip is the film's beginning. Its latents then are the film's own first ones, since the autoencoder is causal, and stand in their place; all else stands beside. */
export const isBeginning = ({ frame }: PlacedClip): boolean => frame === 0;

/** Latent frames that stand beside the film's own: of images, and of clips that are not its beginning. */
export const contextLength = ({ images, clips }: Pick<FilmSettings, 'images' | 'clips'>): number =>
  images.length + clips.filter((c) => !isBeginning(c)).reduce((sum, { clip }) => sum + latentFrames(clip.count), 0);

/** Guidance as the sampler's velocity takes it. */
export const guidanceOf = ({ guidance, interval, rescale }: FilmSettings): GuidanceOptions => ({ scale: guidance, interval, rescale });

/** Segments of the packs that sampling will need: 2 where a noise level is guided, 1 where one is not. */
export function branchesOf(s: FilmSettings): number[] {
  const levels = [...sigmaGrid(s.steps, s.shift)].slice(0, -1);
  return [...new Set(levels.map((sigma) => (isGuided(sigma, guidanceOf(s)) ? 2 : 1)))];
}
