/**
 * @file A passage between two films that show different things. A model that was trained on clips of one scene takes both ends for that scene, and jumps from one to the other
 * where it must. So such a window is denoised as two from the same noise: one goes on from what is before, one leads up to what comes after, each told by its own words. Down to
 * {@link APART} neither knows of the other; from there on both see their mean, whose weight passes from the first to the second, and it moves by the mean of their velocities
 * (Bar-Tal et al. 2023, "MultiDiffusion", section 3, arXiv:2302.08113v1, there over places in an image). Where both ends show one scene, the model does better by seeing both.
 */
import type { VelocityFn } from '../../diffusion/samplers/contract.ts';
import type { Frames } from '../../media/frames.ts';
import type { FilmWindow } from '../settings/timeline.ts';

/** Bins of each colour channel. */
const BINS = 8;

/**
 * Least share of two films' colours that agree where they show one scene: of 60 clips of 33 frames, beginning and end agree to 0.91 and more, those of different clips to 0.78 and
 * less.
 */
const ONE_SCENE = 0.88;

/** Histogram of a film's colours, each pixel shared between neighbouring bins, so that a flicker of a few grey levels moves little; its sum is 1. */
function colours({ data, channels }: Frames): Float64Array {
  const bins = new Float64Array(BINS ** 3), pixels = data.length / channels, lower = [0, 0, 0], part = [0, 0, 0];
  for (let at = 0; at < data.length; at += channels) {
    for (let c = 0; c < 3; c++) {
      const place = Math.min(BINS - 1, Math.max(0, (data[at + c]! + 0.5) * BINS / 256 - 0.5));
      lower[c] = Math.min(BINS - 2, Math.floor(place));
      part[c] = place - lower[c]!;
    }
    for (let corner = 0; corner < 8; corner++) {
      let bin = 0, share = 1 / pixels;
      for (let c = 0; c < 3; c++) {
        const upper = (corner >> c) & 1;
        bin = bin * BINS + lower[c]! + upper;
        share *= upper === 1 ? part[c]! : 1 - part[c]!;
      }
      bins[bin]! += share;
    }
  }
  return bins;
}

/** Share of the colours of two films, of 3 or 4 channels, that agree: 1 for the same ones wherever they are, 0 for none in common. */
export function alike(a: Frames, b: Frames): number {
  const other = colours(b);
  return colours(a).reduce((sum, share, bin) => sum + Math.min(share, other[bin]!), 0);
}

/** Whether what is known before and after a window shows different things. */
export const leadsElsewhere = (before: Frames, after: Frames): boolean => alike(before, after) < ONE_SCENE;

/** How much of a window's latent frames is what comes after, by their middle: 0 where it begins to be made, 1 where its end is known, evenly between. `[frames]`. */
export function passageShares({ start, end, before, after }: Pick<FilmWindow, 'start' | 'end' | 'before' | 'after'>, frames: number): Float32Array {
  const made = end - start - before - after;
  return Float32Array.from({ length: frames }, (_, i) => Math.max(0, Math.min(1, (Math.max(0, 4 * i - 1.5) - before + 1) / (made + 1))));
}

/** Noise level above which the two windows are made apart. Coupled from pure noise, whatever goes on from the first film gives way to the second at once. */
const APART = 0.3;

/** Two windows in one. */
export interface PassageOptions {
  /** Velocity of the window whose beginning is known. */
  readonly from: VelocityFn;
  /** Velocity of the window that leads up to a known end; what stands in place of the beginning is its own. */
  readonly to: VelocityFn;
  /** Of each latent frame of the window; 0 for those that are known. */
  readonly shares: Float32Array;
  /** Values of a latent frame. */
  readonly perFrame: number;
}

/** Frames of both windows `[2 × frames, perFrame]` → their mean by shares, `[frames, perFrame]`. */
export function passageMean(z: Float32Array, { shares, perFrame }: Pick<PassageOptions, 'shares' | 'perFrame'>): Float32Array {
  const length = shares.length * perFrame;
  return z.slice(0, length).map((x, i) => x + shares[Math.floor(i / perFrame)]! * (z[length + i]! - x));
}

/** The velocity of both windows, the one that leads up to its end behind the other; `[2 × frames, perFrame]`, σ one for each frame. */
export function passageVelocity({ from, to, shares, perFrame }: PassageOptions): VelocityFn {
  const frames = shares.length, length = frames * perFrame;
  return async (z, sigma) => {
    const first = z.slice(0, length), second = z.slice(length), coupled = sigma.at(-1)! <= APART, mean = passageMean(z, { shares, perFrame });
    // What one of them makes alone is not shared: the known beginning, and what stands for it in the other.
    const own = shares.findIndex((share) => share > 0) * perFrame;
    if (coupled) { first.set(mean.subarray(own), own); second.set(mean.subarray(own), own); }
    const v = new Float32Array(z.length);
    v.set(await from(first, sigma.slice(0, frames)), 0);
    v.set(await to(second, sigma.slice(frames)), length);
    if (coupled) {
      const both = passageMean(v, { shares, perFrame }).subarray(own);
      v.set(both, own);
      v.set(both, length + own);
    }
    return v;
  };
}
