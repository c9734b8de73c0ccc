/**
 * @file The windows of a film's settings: which there are, how large, from which noise levels, in how many branches.
 */
import { isGuided, type GuidanceOptions } from '../../diffusion/guidance.ts';
import { sigmaGrid } from '../../diffusion/timesteps.ts';
import { drawCrossing, drawPair, drawWalk } from '../../data/sprites/places.ts';
import type { Staging } from '../../models/dit/regions.ts';
import type { FilmRegions, MeasuredFilm } from '../sampling/denoise.ts';
import type { ToldByRegions } from '../prompt/expand.ts';
import { latentFrames } from '../../models/vae/config.ts';
import type { FilmSettings } from './film-options.ts';
import { planWindows, wholeLatents, type FilmWindow, type Span } from './timeline.ts';

/** Known frames that a window sees on one side: three latent frames, as training packs show at their ends. */
const OVERLAP = 9;

/** The film's windows in the order in which they are made. */
export function windowsOf(s: Pick<FilmSettings, 'frames' | 'clips' | 'shots' | 'window' | 'loop' | 'longBy'>): FilmWindow[] {
  const known = s.clips.map(({ clip, frame }): Span => ({ start: frame, end: frame + clip.count }));
  return planWindows({ frames: s.frames, known, shots: s.shots, window: s.window, overlap: Math.min(OVERLAP, wholeLatents((s.window >> 1) - 4)), loop: s.loop, longBy: s.longBy });
}

/**
 * Latent frames of a window: its own, and those that stand beside, of images and of known frames at its end. Known ones at its beginning stand in place, since the
 * autoencoder is causal.
 */
export const windowSize = (w: FilmWindow, { images }: Pick<FilmSettings, 'images'>): Pick<MeasuredFilm, 'frames' | 'context' | 'ending'> =>
  ({ frames: latentFrames(w.end - w.start), context: imagesIn(w, images), ending: { length: w.after > 0 ? latentFrames(w.after) : 0 } });

/** Frames of the longest clip that has to be encoded; 0 for none. */
export const encodedFrames = (s: Pick<FilmSettings, 'images' | 'source'>, windows: readonly FilmWindow[]): number =>
  Math.max(0, ...windows.flatMap((w) => [w.before, w.after, imagesIn(w, s.images).length > 0 ? 1 : 0, s.source ? w.end - w.start : 0]));

/** The images that a window's new frames hold. */
export const imagesIn = <T extends { readonly frame: number }>({ start, end, before, after }: FilmWindow, images: readonly T[]): T[] =>
  images.filter(({ frame }) => frame >= start + before && frame < end - after);

/** Of a window whose shot is told by regions: who hears what, and where it lies in the shot. */
export function regionsOf(s: Pick<FilmSettings, 'shots' | 'frames' | 'width' | 'height' | 'seed'>, w: Pick<FilmWindow, 'shot' | 'start'>): FilmRegions | undefined {
  const shot = s.shots[w.shot]!, told = shot.reads?.regions, frames = (s.shots[w.shot + 1]?.start ?? s.frames) - shot.start;
  return told && { staging: stagingOf(told, s.seed, { ...s, frames }), start: w.start - shot.start, frames };
}

function stagingOf({ relation, goes }: ToldByRegions, seed: number, canvas: { readonly width: number; readonly height: number; readonly frames: number }): Staging {
  if (relation === 'apart') return drawPair(seed, canvas);
  if (relation === 'crossing') return drawCrossing(seed, canvas) ?? drawPair(seed, canvas);
  const walk = drawWalk(seed, goes, canvas);
  return [walk, walk];
}

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
