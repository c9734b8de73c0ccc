/**
 * @file The layout of a pack: which segments (samples) a packed sequence holds. Segments of one shape stand together, so that attention runs
 * per shape on `[n, L, D]` slices of the sequence, unmasked (NaViT's packing, arXiv:2307.06304v1, without its T×T mask).
 */
import { InputError } from '../../core/errors.ts';

/**
 * Segments of one shape: `frames` latent frames (generated and context together) of `height` × `width` tokens, `count` of them. `regions` is how many captions each of
 * their latent frames has, default 1; with more, each token hears those of the regions that it lies in (regions.ts).
 */
export interface PackGroup {
  readonly frames: number;
  readonly height: number;
  readonly width: number;
  readonly count: number;
  readonly regions?: number;
}

/** What a graph is compiled for. */
export interface PackLayout {
  readonly groups: readonly PackGroup[];
  /** Captions in the pack; every latent frame refers to one of them, or to one a region. */
  readonly captions: number;
}

/** Tokens of one segment. */
export const segmentTokens = (g: PackGroup): number => g.frames * g.height * g.width;
/** Tokens of the whole pack. */
export const packTokens = (l: PackLayout): number => l.groups.reduce((n, g) => n + g.count * segmentTokens(g), 0);
/** Latent frames of the whole pack. */
export const packFrames = (l: PackLayout): number => l.groups.reduce((n, g) => n + g.count * g.frames, 0);
/** Captions that each latent frame of a group has. */
export const regionsOf = (g: PackGroup): number => g.regions ?? 1;
/** Places of captions in the whole pack: one a latent frame, or one a region of it. */
export const packPlaces = (l: PackLayout): number => l.groups.reduce((n, g) => n + g.count * g.frames * regionsOf(g), 0);
/** For each token of groups with several regions, whether it hears each of them: so many values. */
export const packHearing = (l: PackLayout): number => l.groups.reduce((n, g) => n + (regionsOf(g) > 1 ? g.count * segmentTokens(g) * regionsOf(g) : 0), 0);
/** Tokens of groups with several regions. */
export const packListeners = (l: PackLayout): number => l.groups.reduce((n, g) => n + (regionsOf(g) > 1 ? g.count * segmentTokens(g) : 0), 0);
/** Text form, the key of compiled programs. */
export const layoutKey = (l: PackLayout): string =>
  `${l.groups.map((g) => `${g.count}·${g.frames}×${g.height}×${g.width}${regionsOf(g) > 1 ? `/${regionsOf(g)}` : ''}`).join('+')}|${l.captions}`;

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/**
 * Tokens that are modulated together: the greatest number that divides the tokens of every latent frame, so that a frame's modulation is
 * gathered once for so many tokens.
 */
export function runLength(l: PackLayout): number {
  const run = l.groups.map((g) => g.height * g.width).reduce(gcd);
  if (run % 16 !== 0) throw new InputError(`latent frames of ${run} tokens; rows are handled in sixteens, so each frame needs a multiple of 16 tokens`);
  return run;
}

/** For each run of {@link runLength} tokens the index of its latent frame. */
export function frameOfRuns(l: PackLayout): Int32Array {
  const run = runLength(l), out = new Int32Array(packTokens(l) / run);
  let at = 0, frame = 0;
  for (const g of l.groups) for (let i = 0; i < g.count * g.frames; i++, frame++) for (let j = 0; j < g.height * g.width; j += run) out[at++] = frame;
  return out;
}
