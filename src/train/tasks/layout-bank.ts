/**
 * @file A bank of pack layouts: a pack is laid out first and clips are drawn to fit it, so nothing is ever padded, and a run compiles a few
 * graphs only. The shares of clip shapes over the bank follow those that were asked for.
 */
import { draws } from '../../core/random.ts';
import { latentFrames, SPACE_FACTOR } from '../../models/vae/config.ts';
import type { PackGroup, PackLayout } from '../../models/dit/layout.ts';
import type { REGIONS } from '../../models/dit/regions.ts';
import type { ClipShape } from '../clips/clip-shape.ts';

/** A kind of sample: a clip's shape, how many single frames are given beside it, and of what length its end is given as a clip. */
export interface SampleShape extends ClipShape {
  /** Given single frames, 0 … 2. */
  readonly given: number;
  /** Captions of each of its latent frames, of sources that tell clips by regions: 2. Default 1. */
  readonly regions?: typeof REGIONS | undefined;
  /** Shift of its noise levels, of a transformer's run. Default: the run's. */
  readonly shift?: number | undefined;
  /** How often it is drawn, relative to the others. */
  readonly share: number;
}

/** One layout of the bank: the samples in the order in which they stand in the pack. */
export interface BankLayout {
  readonly layout: PackLayout;
  readonly samples: readonly SampleShape[];
}

/** Options of {@link layoutBank}. */
export interface BankOptions {
  readonly seed: number;
  readonly shapes: readonly SampleShape[];
  /** Tokens of a pack: filled up to this, never over. */
  readonly tokens: number;
  readonly layouts: number;
  /** Latent rows and columns of a token. */
  readonly patch: number;
}

/** Latent frames that a sample takes: its own and what is given beside them. */
const framesOf = (s: SampleShape): number => latentFrames(s.frames) + s.given + (s.ending === undefined ? 0 : latentFrames(s.ending));

/** Captions that a sample has. */
const captionsOf = (s: SampleShape): number => s.regions ?? 1;

/** Tokens that a sample takes in a pack. */
export const sampleTokens = (s: SampleShape, patch: number): number => framesOf(s) * (s.height / SPACE_FACTOR / patch) * (s.width / SPACE_FACTOR / patch);

/** A layout of `count` samples of one kind. */
export const sampleLayout = (s: SampleShape, count: number, patch: number): PackLayout => arrange(Array.from({ length: count }, () => s), patch).layout;

/** Draws the bank: samples by share until nothing more fits, and what is left over is filled with the largest shape that fits. */
export function layoutBank({ seed, shapes, tokens, layouts, patch }: BankOptions): BankLayout[] {
  const total = shapes.reduce((n, s) => n + s.share, 0);
  return Array.from({ length: layouts }, (_, step) => {
    const d = draws({ seed, stream: 'bank', step });
    const samples: SampleShape[] = [];
    let left = tokens;
    for (;;) {
      let u = d.uniform() * total;
      const drawn = shapes.find((s) => (u -= s.share) < 0) ?? shapes.at(-1)!;
      const fitting = shapes.filter((s) => sampleTokens(s, patch) <= left).sort((a, b) => sampleTokens(b, patch) - sampleTokens(a, patch));
      const next = sampleTokens(drawn, patch) <= left ? drawn : fitting[0];
      if (!next) break;
      samples.push(next);
      left -= sampleTokens(next, patch);
    }
    return arrange(samples, patch);
  });
}

/**
 * A bank without draws, for datasets of many shapes: of the shapes that fit, the one that is furthest behind its share comes next, over all layouts. So shares are kept as
 * closely as whole samples allow, and what is rare is not left to chance.
 */
export function evenBank({ shapes, tokens, layouts, patch }: Omit<BankOptions, 'seed'>): BankLayout[] {
  const total = shapes.reduce((n, s) => n + s.share, 0), drawn = shapes.map(() => 0);
  let all = 0;
  return Array.from({ length: layouts }, () => {
    const samples: SampleShape[] = [];
    for (let left = tokens; ;) {
      let next = -1, most = -Infinity;
      for (const [i, s] of shapes.entries()) {
        const behind = s.share / total * (all + 1) - drawn[i]!;
        if (sampleTokens(s, patch) <= left && behind > most) { next = i; most = behind; }
      }
      if (next < 0) break;
      samples.push(shapes[next]!);
      left -= sampleTokens(shapes[next]!, patch);
      drawn[next]!++;
      all++;
    }
    return arrange(samples, patch);
  });
}

/** Sorts samples by frame size, then length, so that equal ones stand together. */
function arrange(samples: readonly SampleShape[], patch: number): BankLayout {
  const order = (s: SampleShape): number[] => [s.width * s.height, s.width, framesOf(s), s.frames, captionsOf(s)];
  const sorted = [...samples].sort((a, b) => order(a).map((own, i) => own - order(b)[i]!).find((d) => d !== 0) ?? 0);
  return { layout: { groups: groupsOf(sorted, patch), captions: sorted.reduce((n, s) => n + captionsOf(s), 0) }, samples: sorted };
}

/** Gathers samples into groups, in the order in which they are. */
export function groupsOf(samples: readonly SampleShape[], patch: number): PackGroup[] {
  const cell = (pixels: number): number => pixels / SPACE_FACTOR / patch, groups: { frames: number; height: number; width: number; count: number; regions?: number }[] = [];
  for (const s of samples) {
    const frames = framesOf(s), height = cell(s.height), width = cell(s.width), last = groups.at(-1);
    if (last && last.frames === frames && last.height === height && last.width === width && (last.regions ?? 1) === captionsOf(s)) last.count++;
    else groups.push({ frames, height, width, count: 1, ...(captionsOf(s) > 1 ? { regions: captionsOf(s) } : {}) });
  }
  return groups;
}
