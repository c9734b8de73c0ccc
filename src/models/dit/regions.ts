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

/** Who hears what: all tokens both captions, or whatever is in reach of each caption's walk that caption. */
export type Staging = 'whole' | readonly [Walk, Walk];

/** Pixels from somebody's middle within which tokens hear of them: a figure is 32 wide, and goes up to 12 on while a latent frame lasts. */
const REACH = 28;

/** What of a film decides who hears what, and who goes with whom. */
export interface StageOptions {
  readonly staging: Staging;
  /** Where each latent frame stands, as a share of the film from 0 (first frame) to 1 (last). */
  readonly progress: readonly number[];
  /** Rows and columns of tokens. */
  readonly height: number;
  readonly width: number;
  /** Pixels that a token is wide. */
  readonly side: number;
}

/** Who hears what, and who goes with whom. */
export interface Staged {
  /** 1 where a token hears a caption: `[frames·height·width, 2]`. */
  readonly hears: Uint8Array;
  /** The column that a token would have if nobody walked, in tokens: that of who is in its reach and nearest, from where they began; `[frames·height·width]`. */
  readonly columns: Float32Array;
}

/** Stages a film. */
export function stage({ staging, progress, height, width, side }: StageOptions): Staged {
  const tokens = progress.length * height * width, hears = new Uint8Array(tokens * REGIONS), columns = new Float32Array(tokens);
  let at = 0;
  for (const share of progress) for (let i = 0; i < height * width; i++, at++) {
    const x = i % width;
    columns[at] = x;
    if (staging === 'whole') { hears.fill(1, at * REGIONS, (at + 1) * REGIONS); continue; }
    let nearest = REACH;
    staging.forEach(({ from, to }, region) => {
      const gone = share * (to - from), away = Math.abs((x + 0.5) * side - (from + gone));
      hears[at * REGIONS + region] = Number(away < REACH);
      if (away >= nearest) return;
      nearest = away;
      columns[at] = x - gone / side;
    });
  }
  return { hears, columns };
}
