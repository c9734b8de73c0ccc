/**
 * @file Given images and clips → context. They are read and fitted before any weights are loaded, so that a wrong file is known at once; then each is
 * encoded alone by the autoencoder, normalised, and gets a little noise of its own, exactly as given frames stand in training packs: beside the
 * film's own latent frames, or, if it is the film's beginning, in their place.
 */
import { InputError } from '../core/errors.ts';
import { normals } from '../core/random.ts';
import { addNoise } from '../diffusion/path.ts';
import { checkFrames, toModel, toRgb, type Frames } from '../media/frames.ts';
import { CONTEXT_SIGMA, latentTime } from '../models/dit/pack-feeds.ts';
import { patchify, type LatentStats } from '../models/dit/patch.ts';
import { latentFrames, SPACE_FACTOR } from '../models/vae/config.ts';
import type { ContextFrame } from './denoise.ts';
import { isBeginning, type FilmSettings, type PlacedClip } from './settings.ts';
import { encodeFilm, type VaeRuntime } from './vae-stream.ts';

/** An image at the film's size. */
export interface FittedImage {
  readonly image: Frames;
  readonly frame: number;
  /** Null when it came from memory. */
  readonly file: string | null;
}

/** At the film's size: a whole-numbered enlargement is undone exactly, anything else is cut to shape and resampled. */
async function fitted(film: Frames, { width, height }: FilmSettings): Promise<Frames> {
  const { fitFrames } = await import('../media/resize.ts'), enlarged = film.width % width === 0 && film.width / width === film.height / height;
  return fitFrames(film, { width, height, kernel: enlarged ? 'nearest' : 'lanczos3' });
}

/** Reads the images and brings them to the film's size. */
async function readImages(s: FilmSettings): Promise<FittedImage[]> {
  if (s.images.length === 0) return [];
  const { readImage } = await import('../media/read.ts');
  const out: FittedImage[] = [];
  for (const { frame, ...source } of s.images) {
    const image = toRgb('file' in source ? await readImage(source.file) : checkedImage(source.image));
    out.push({ image: await fitted(image, s), frame, file: 'file' in source ? source.file : null });
  }
  return out;
}

function checkedImage(image: Frames): Frames {
  checkFrames(image);
  if (image.count !== 1) throw new InputError(`an image in memory has ${image.count} frames: wanted one, as sliceFrames gives`);
  return image;
}

/** What the film holds, at the film's size. */
export interface GivenParts { readonly images: readonly FittedImage[]; readonly clips: readonly PlacedClip[] }

/** Reads and fits all of it. */
export async function readGiven(s: FilmSettings): Promise<GivenParts> {
  const clips: PlacedClip[] = [];
  for (const { clip, frame } of s.clips) clips.push({ clip: await fitted(toRgb(clip), s), frame });
  return { images: await readImages(s), clips };
}

/** A clip as tokens, normalised, and the same with noise of {@link CONTEXT_SIGMA}, as the network sees it. */
interface GivenTokens { readonly clean: Float32Array; readonly noised: Float32Array }

/** Encodes images and clips, each alone; the noise of the i-th of them is a function of seed and i. */
export async function givenContext(
  vae: VaeRuntime, { images, clips }: GivenParts, s: FilmSettings, patch: number, stats: LatentStats,
): Promise<{ readonly context: readonly ContextFrame[]; readonly beginning: GivenTokens | null }> {
  const context: ContextFrame[] = [];
  let beginning: GivenTokens | null = null, step = 0;
  const encoded = async (film: Frames): Promise<GivenTokens> => {
    const frames = latentFrames(film.count), z = await encodeFilm(vae, toModel(film), s);                     // [C, T', H/8, W/8]
    const clean = patchify(z, { channels: vae.config.latentChannels, frames, height: s.height / SPACE_FACTOR, width: s.width / SPACE_FACTOR, patch, stats });
    const eps = normals({ seed: s.seed, stream: 'context', step: step++ }, clean.length);
    return { clean, noised: addNoise({ x: clean, eps, sigma: CONTEXT_SIGMA, pack: [{ frames, perFrame: clean.length / frames }] }) };
  };
  for (const { image, frame } of images) context.push({ time: frame, tokens: (await encoded(image)).noised });
  for (const placed of clips) {
    const { clip, frame } = placed, tokens = await encoded(clip), frames = latentFrames(clip.count), perFrame = tokens.clean.length / frames;
    if (isBeginning(placed)) beginning = tokens;
    else for (let i = 0; i < frames; i++) context.push({ time: latentTime(i, frame), tokens: tokens.noised.subarray(i * perFrame, (i + 1) * perFrame) });
  }
  return { context, beginning };
}
