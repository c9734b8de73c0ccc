/**
 * @file Two captions over one canvas: which of them each token hears. Whose hair and whose deed a word tells is then a matter of place, as in regional prompting
 * (MultiDiffusion, Bar-Tal et al. 2023, section 4.2, arXiv:2302.08113v1; here within one attention, and in training too), and no text tower has to keep two people apart.
 * The rule knows the relation alone, not where a clip's characters truly stand, so that it is the same when a film is made.
 */

/** How two stand to each other: each in its half, or changing places. */
export const RELATIONS_IN_REGIONS = ['apart', 'crossing'] as const;
export type RelationInRegions = (typeof RELATIONS_IN_REGIONS)[number];

/** Captions of a canvas with regions: the left one's and the right one's, as they stand at the beginning. */
export const REGIONS = 2;

/** Shares of a crossing's time: until the first each is in its own half, until the second they meet and the middle hears both, then each is in the other's. */
const MEET = 0.3, PART = 0.8;
/** The middle of the canvas where they meet: half of its width. */
const MIDDLE = [0.25, 0.75] as const;

/** What of a film decides who hears what. */
export interface HearingOptions {
  readonly relation: RelationInRegions;
  /** Where each latent frame stands, as a share of the film from 0 (first frame) to 1 (last). */
  readonly progress: readonly number[];
  /** Rows and columns of tokens. */
  readonly height: number;
  readonly width: number;
}

/** 1 where a token hears a caption: `[frames·height·width, 2]`. The middle of an odd width hears both. */
export function hearing({ relation, progress, height, width }: HearingOptions): Uint8Array {
  const out = new Uint8Array(progress.length * height * width * REGIONS);
  let at = 0;
  for (const share of progress) {
    const meeting = relation === 'crossing' && share > MEET && share <= PART, swapped = relation === 'crossing' && share > (MEET + PART) / 2;
    for (let i = 0; i < height * width; i++) {
      const x = i % width, left = 2 * x < width, right = 2 * (x + 1) > width;
      const both = meeting && x + 1 > MIDDLE[0] * width && x < MIDDLE[1] * width;
      out[at++] = Number(both || (swapped ? right : left));
      out[at++] = Number(both || (swapped ? left : right));
    }
  }
  return out;
}
