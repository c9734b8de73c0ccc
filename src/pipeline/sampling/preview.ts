/**
 * @file The forming film: what the model takes a window's middle frame for, at a quarter, a half and three quarters of its steps. The velocity that a sampler asks for anyway says
 * it (x = z − σ·v on the linear path), and the autoencoder decodes that one latent frame by itself. Nothing is drawn and nothing changed: the film's bytes are those of one that
 * nobody watches. A frame alone is a quarter of one of the film's later chunks, so that three of them are hardly seen in its time.
 */
import { fromModel, type Frames } from '../../media/frames.ts';
import type { VelocityFn } from '../../diffusion/samplers/contract.ts';
import { unpatchify, type LatentStats } from '../../models/dit/patch.ts';
import { SPACE_FACTOR } from '../../models/vae/config.ts';
import type { FilmSettings } from '../settings/film-options.ts';
import { decodeFilm, type VaeRuntime } from './vae-stream.ts';

/** Previews of a window. */
const PREVIEWS = 3;

/** Steps after which a window is shown. */
export const previewSteps = (steps: number): ReadonlySet<number> =>
  new Set(Array.from({ length: PREVIEWS }, (_, i) => Math.floor(steps * (i + 1) / (PREVIEWS + 1))).filter((step) => step > 0));

/** What {@link watched} shows. */
export interface WatchOptions {
  readonly vae: VaeRuntime;
  readonly latent: LatentStats;
  readonly settings: Pick<FilmSettings, 'width' | 'height' | 'fps'>;
  readonly patch: number;
  readonly channels: number;
  /** Latent frames of the window, and steps of its sampler. */
  readonly frames: number;
  readonly steps: number;
  readonly show: (frame: Frames) => void;
}

/** A velocity that shows the window now and then; `stepped` says how many steps are done. */
export function watched(velocity: VelocityFn, o: WatchOptions): { readonly velocity: VelocityFn; readonly stepped: (step: number) => void } {
  const due = previewSteps(o.steps), { vae, latent: stats, patch, channels, settings: { width, height, fps } } = o;
  const plane = { height: height / SPACE_FACTOR, width: width / SPACE_FACTOR }, perFrame = channels * plane.height * plane.width, middle = o.frames >> 1;
  let wanted = false;
  return {
    stepped: (step) => { wanted = due.has(step); },
    velocity: async (z, sigma) => {
      const v = await velocity(z, sigma);
      if (!wanted) return v;
      wanted = false;                                             // a sampler may ask more than once in a step
      const from = middle * perFrame, x = z.slice(from, from + perFrame);
      for (let i = 0; i < x.length; i++) x[i] = x[i]! - sigma[middle]! * v[from + i]!;
      for await (const pixels of decodeFilm(vae, unpatchify(x, { channels, frames: 1, ...plane, patch, stats }), { width, height }))
        o.show(fromModel(pixels, { count: 1, width, height, channels: 3, fps }));
      return v;
    },
  };
}
