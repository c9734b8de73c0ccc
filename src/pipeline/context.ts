/**
 * @file Given images and clips → context. They are read and fitted before any weights are loaded, so that a wrong file is known at once; then each is
 * encoded alone by the autoencoder, normalised, and gets a little noise of its own, exactly as given frames stand in training packs: beside the
 * film's own latent frames, or, if it is the film's beginning, in their place.
 */
import { basename } from 'node:path';
import { InputError } from '../core/errors.ts';
import { normals } from '../core/random.ts';
import { addNoise } from '../diffusion/path.ts';
import { checkFrames, concatFrames, sliceFrames, toModel, toRgb, type Frames } from '../media/frames.ts';
import { CONTEXT_SIGMA, latentTime } from '../models/dit/pack-feeds.ts';
import { patchify, type LatentStats } from '../models/dit/patch.ts';
import { decodedFrames, latentFrames, SPACE_FACTOR } from '../models/vae/config.ts';
import type { ContextFrame } from './denoise.ts';
import { imageName, type FilmSettings, type PlacedClip } from './settings.ts';
import { encodeFilm, type VaeRuntime } from './vae-stream.ts';

/** An image at the film's size. */
export interface FittedImage {
  readonly image: Frames;
  readonly frame: number;
  /** Without its folder; null when it came from memory without one. */
  readonly name: string | null;
}

/** What shows through where given pictures are transparent, sRGB bytes. */
const PAPER = [255, 255, 255] as const;

/** At the film's size: a whole-numbered enlargement is undone exactly, anything else is cut to shape and resampled. */
async function fitted(film: Frames, { width, height }: FilmSettings): Promise<Frames> {
  const { fitFrames } = await import('../media/resize.ts'), enlarged = film.width % width === 0 && film.width / width === film.height / height;
  return fitFrames(film, { width, height, kernel: enlarged ? 'nearest' : 'lanczos3' });
}

/** A given picture or film as the model gets to see it; what is lost on the way is added to `notes`. */
async function pictured(what: string, film: Frames, s: FilmSettings, notes: string[]): Promise<Frames> {
  const scale = Math.max(s.width / film.width, s.height / film.height), width = Math.round(s.width / scale), height = Math.round(s.height / scale);
  if (film.channels === 4) notes.push(`${what} is transparent in places: white stands there`);
  if (width < film.width || height < film.height)
    notes.push(`${what} is ${film.width}x${film.height}, another shape than the film's ${s.width}x${s.height}: its middle is used, ${width}x${height}`);
  return fitted(toRgb(film, PAPER), s);
}

/** Reads the images and brings them to the film's size. */
async function readImages(s: FilmSettings, notes: string[]): Promise<FittedImage[]> {
  if (s.images.length === 0) return [];
  const { readImage } = await import('../media/read.ts');
  const out: FittedImage[] = [];
  for (const { frame, ...source } of s.images) {
    const image = 'file' in source ? await readImage(source.file) : checkedImage(source.image);
    out.push({ image: await pictured(`image ${imageName(source)}`, image, s, notes), frame, name: 'file' in source ? basename(source.file) : source.name ?? null });
  }
  return out;
}

function checkedImage(image: Frames): Frames {
  checkFrames(image);
  if (image.count !== 1) throw new InputError(`an image in memory has ${image.count} frames: wanted one, as sliceFrames gives`);
  return image;
}

/** A source at the film's size. `region` is 1 where the film is made again, `[H, W]`; null where it is everywhere. */
export interface FittedSource { readonly film: Frames; readonly region: Uint8Array | null }

/** What the film holds, at the film's size. */
export interface GivenParts {
  readonly images: readonly FittedImage[];
  readonly clips: readonly PlacedClip[];
  readonly source: FittedSource | null;
  /** What was changed to fit, as sentences. */
  readonly notes: readonly string[];
}

/** Reads and fits all of it. */
export async function readGiven(s: FilmSettings): Promise<GivenParts> {
  const clips: PlacedClip[] = [], notes: string[] = [];
  for (const { clip, frame } of s.clips) clips.push({ clip: await pictured('the given film', clip, s, notes), frame });
  const source = s.source && { film: await pictured('the given film', s.source.film, s, notes), region: s.source.mask && await regionOf(s.source.mask, s) };
  return { images: await readImages(s, notes), clips, source, notes: [...new Set(notes)] };
}

/** Where a mask is bright: half of white and more; what is transparent is dark. Throws an InputError when that is nowhere. */
async function regionOf(mask: Frames, s: FilmSettings): Promise<Uint8Array> {
  const { data } = await fitted(toRgb(mask), s), region = new Uint8Array(s.width * s.height);
  for (let i = 0; i < region.length; i++) region[i] = data[3 * i]! + data[3 * i + 1]! + data[3 * i + 2]! >= 3 * 128 ? 1 : 0;
  if (!region.includes(1)) throw new InputError('the mask is dark everywhere: it is bright where the film is to be made again');
  return region;
}

/** What one window is given, at positions of its own. */
export interface WindowParts {
  readonly images: readonly FittedImage[];
  /** Known frames with which the window begins and ends, 4n + 1 each. */
  readonly beginning: Frames | null;
  readonly ending: Frames | null;
  /** What the window is made anew from. */
  readonly source: Frames | null;
}

/** A clip as tokens, normalised, and the same with noise of {@link CONTEXT_SIGMA}, as the network sees it. */
interface GivenTokens { readonly clean: Float32Array; readonly noised: Float32Array }

/** A window's parts as the network sees them. */
export interface WindowContext { readonly context: readonly ContextFrame[]; readonly beginning: GivenTokens | null; readonly source: Float32Array | null }

/** Steps of the context's noise that one window may use. */
const PARTS = 1024;

/** Where a window stands in its film, and how its latents become tokens. */
export interface WindowPlace { readonly start: number; readonly frames: number; readonly patch: number; readonly stats: LatentStats }

/** Encodes a window's parts, each alone; the noise of the i-th of them is a function of the seed, the window's place `start` and i. */
export async function windowContext(
  vae: VaeRuntime, parts: WindowParts, s: FilmSettings, { start, frames, patch, stats }: WindowPlace,
): Promise<WindowContext> {
  const tokensOf = async (film: Frames): Promise<Float32Array> => {
    const count = latentFrames(film.count), whole = decodedFrames(count), last = sliceFrames(film, film.count - 1);
    const padded = whole === film.count ? film : concatFrames([film, ...Array.from({ length: whole - film.count }, () => last)]);
    const z = await encodeFilm(vae, toModel(padded), s);                                                     // [C, T', H/8, W/8]
    return patchify(z, { channels: vae.config.latentChannels, frames: count, height: s.height / SPACE_FACTOR, width: s.width / SPACE_FACTOR, patch, stats });
  };
  let step = start * PARTS;
  const encoded = async (film: Frames): Promise<GivenTokens> => {
    const clean = await tokensOf(film), count = latentFrames(film.count);
    const eps = normals({ seed: s.seed, stream: 'context', step: step++ }, clean.length);
    return { clean, noised: addNoise({ x: clean, eps, sigma: CONTEXT_SIGMA, pack: [{ frames: count, perFrame: clean.length / count }] }) };
  };
  const context: ContextFrame[] = [];
  for (const { image, frame } of parts.images) context.push({ time: frame, tokens: (await encoded(image)).noised });
  const beginning = parts.beginning && await encoded(parts.beginning);
  if (parts.ending) {
    const { noised } = await encoded(parts.ending), count = latentFrames(parts.ending.count), perFrame = noised.length / count;
    for (let i = 0; i < count; i++) context.push({ time: latentTime(i, frames - parts.ending.count), tokens: noised.subarray(i * perFrame, (i + 1) * perFrame) });
  }
  return { context, beginning, source: parts.source && await tokensOf(parts.source) };
}
