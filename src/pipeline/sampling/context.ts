/**
 * @file Given images and clips, fitted (read-given.ts) → context. Each is encoded alone by the autoencoder, normalised, and gets a little noise of its own, exactly as
 * given frames stand in training packs: beside the film's own latent frames, or, if it is the film's beginning, in their place.
 */
import { normals } from '../../core/random.ts';
import { addNoise } from '../../diffusion/path.ts';
import { concatFrames, sliceFrames, toModel, type Frames } from '../../media/frames.ts';
import { CONTEXT_SIGMA, latentTime } from '../../models/dit/pack-feeds.ts';
import { patchify, type LatentStats } from '../../models/dit/patch.ts';
import { decodedFrames, latentFrames, SPACE_FACTOR } from '../../models/vae/config.ts';
import type { ContextFrame } from './denoise.ts';
import type { FilmSettings, PlacedClip } from '../settings/film-options.ts';
import { encodeFilm, type VaeRuntime } from './vae-stream.ts';

/** An image at the film's size. */
export interface FittedImage {
  readonly image: Frames;
  readonly frame: number;
  /** Without its folder; null when it came from memory without one. */
  readonly name: string | null;
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
export interface WindowContext {
  readonly context: readonly ContextFrame[];
  readonly beginning: GivenTokens | null;
  readonly ending: readonly ContextFrame[];
  readonly source: Float32Array | null;
}

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
  const context: ContextFrame[] = [], ending: ContextFrame[] = [];
  for (const { image, frame } of parts.images) context.push({ time: frame, tokens: (await encoded(image)).noised });
  const beginning = parts.beginning && await encoded(parts.beginning);
  if (parts.ending) {
    const { noised } = await encoded(parts.ending), count = latentFrames(parts.ending.count), perFrame = noised.length / count;
    for (let i = 0; i < count; i++) ending.push({ time: latentTime(i, frames - parts.ending.count), tokens: noised.subarray(i * perFrame, (i + 1) * perFrame) });
  }
  return { context, beginning, ending, source: parts.source && await tokensOf(parts.source) };
}
