/**
 * @file Two captions over one canvas: which of them each token hears. Whose hair and whose deed a word tells is then a matter of place, as in regional prompting
 * (MultiDiffusion, Bar-Tal et al. 2023, section 4.2, arXiv:2302.08113v1; here within one attention, and in training too), and no text tower has to keep two people apart.
 * Where somebody goes is said the same way, as a layout that is drawn before the film (LLM-grounded Video Diffusion, Lian et al. 2023, section 4, arXiv:2309.17444v3):
 * tokens out of everybody's reach hear nobody, so that a model need not choose a place out of many while all is noise (docs/decisions/027).
 */

/** Captions of a canvas with regions: the left one's and the right one's, as they stand at the beginning; of somebody alone the same twice. */
export const REGIONS = 2;

/** The middle of somebody who walks evenly, or stands, in the first and in the last frame: pixels from the left. */
export interface Walk { readonly from: number; readonly to: number }

/** Who hears what: all tokens both captions; each half its own; or whatever is in reach of each caption's walk that caption. */
export type Staging = 'whole' | 'halves' | readonly [Walk, Walk];

/** Pixels from somebody's middle within which tokens hear of them: a figure is 32 wide, and goes up to 12 on while a latent frame lasts. */
const REACH = 28;

/** What of a film decides who hears what. */
export interface HearingOptions {
  readonly staging: Staging;
  /** Where each latent frame stands, as a share of the film from 0 (first frame) to 1 (last). */
  readonly progress: readonly number[];
  /** Rows and columns of tokens. */
  readonly height: number;
  readonly width: number;
  /** Pixels that a token is wide. */
  readonly side: number;
}

/** 1 where a token hears a caption: `[frames·height·width, 2]`. With halves, the middle of an odd width hears both. */
export function hearing({ staging, progress, height, width, side }: HearingOptions): Uint8Array {
  const out = new Uint8Array(progress.length * height * width * REGIONS);
  const hears = (region: number, x: number, share: number): boolean => {
    if (staging === 'whole') return true;
    if (staging === 'halves') return region === 0 ? 2 * x < width : 2 * (x + 1) > width;
    const { from, to } = staging[region]!;
    return Math.abs((x + 0.5) * side - (from + share * (to - from))) < REACH;
  };
  let at = 0;
  for (const share of progress) for (let i = 0; i < height * width; i++) for (let region = 0; region < REGIONS; region++) out[at++] = Number(hears(region, i % width, share));
  return out;
}
