/**
 * @file Given images → context frames. An image is read and fitted before any weights are loaded, so that a wrong file is known at once; then it is
 * encoded alone by the autoencoder, normalised, and gets a little noise of its own, exactly as given frames stand in training packs.
 */
import { InputError } from '../core/errors.ts';
import { normals } from '../core/random.ts';
import { addNoise } from '../diffusion/path.ts';
import { checkFrames, toModel, toRgb, type Frames } from '../media/frames.ts';
import { CONTEXT_SIGMA } from '../models/dit/pack-feeds.ts';
import { patchify, type LatentStats } from '../models/dit/patch.ts';
import { SPACE_FACTOR } from '../models/vae/config.ts';
import type { ContextFrame } from './denoise.ts';
import type { FilmSettings } from './settings.ts';
import { encodeFilm, type VaeRuntime } from './vae-stream.ts';

/** An image at the film's size. */
export interface FittedImage {
  readonly image: Frames;
  readonly frame: number;
  /** Null when it came from memory. */
  readonly file: string | null;
}

/** Reads the images and brings them to the film's size: a whole-numbered enlargement is undone exactly, anything else is cut to shape and resampled. */
export async function readImages(s: FilmSettings): Promise<FittedImage[]> {
  if (s.images.length === 0) return [];
  const { readImage } = await import('../media/read.ts'), { fitFrames } = await import('../media/resize.ts');
  const out: FittedImage[] = [];
  for (const { frame, ...source } of s.images) {
    const image = toRgb('file' in source ? await readImage(source.file) : checkedImage(source.image)), { width, height } = s;
    const enlarged = image.width % width === 0 && image.width / width === image.height / height;
    out.push({ image: await fitFrames(image, { width, height, kernel: enlarged ? 'nearest' : 'lanczos3' }), frame, file: 'file' in source ? source.file : null });
  }
  return out;
}

function checkedImage(image: Frames): Frames {
  checkFrames(image);
  if (image.count !== 1) throw new InputError(`an image in memory has ${image.count} frames: wanted one, as sliceFrames gives`);
  return image;
}

/** Encodes images; the noise of the i-th is a function of seed and i. */
export async function contextFrames(vae: VaeRuntime, images: readonly FittedImage[], s: FilmSettings, patch: number, stats: LatentStats): Promise<ContextFrame[]> {
  const out: ContextFrame[] = [];
  for (const [i, { image, frame }] of images.entries()) {
    const latents = await encodeFilm(vae, toModel(image), s);                                // [C, 1, H/8, W/8]
    const x = patchify(latents, { channels: vae.config.latentChannels, frames: 1, height: s.height / SPACE_FACTOR, width: s.width / SPACE_FACTOR, patch, stats });
    const eps = normals({ seed: s.seed, stream: 'context', step: i }, x.length);
    out.push({ time: frame, tokens: addNoise({ x, eps, sigma: CONTEXT_SIGMA, pack: [{ frames: 1, perFrame: x.length }] }) });
  }
  return out;
}
