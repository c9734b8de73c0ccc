/**
 * @file What a compiled denoiser is fed for one pack: segments in, arrays by input name out. Trainer and sampler call the same function, so
 * that a given image stands in a pack at inference exactly as it stood there in training. Pure; knows nothing of how tokens were noised.
 *
 * A segment is one sample: its generated latent frames in order, then its context frames (images or clips given by the user, encoded alone).
 * Time is counted in pixel frames of the film: latent frame i of the film stands at {@link latentTime}(i) = 4·i, an image given as pixel frame f
 * at f, and latent frame j of a clip that was encoded alone and starts at pixel frame f at f + 4·j. Rows and columns restart per segment.
 */
import { InputError } from '../../core/errors.ts';
import type { DiTConfig } from './config.ts';
import { FRAME_KINDS, SIGMA_FEATURES } from './dit.ts';
import { frameOfRuns, packFrames, packHearing, packListeners, packPlaces, regionsOf, segmentTokens, type PackGroup, type PackLayout } from './layout.ts';
import { placeFeatures, ropeTables, sigmaFeatures } from './rope.ts';

/** Index of a kind of frame. */
export const GENERATED = FRAME_KINDS.indexOf('generated'), GIVEN = FRAME_KINDS.indexOf('given');

/** σ of context frames: a little noise, drawn for each of them apart, so that the model does not copy their last bit. */
export const CONTEXT_SIGMA = 0.02;

/** Added to the score of a caption that a token does not hear: its share is 0 in float32. */
const UNHEARD = -1e9;

/** Pixel frames between latent frames, as positions count them. */
const LATENT_STEP = 4;

/** Position in time of latent frame `i` of a film (or of a clip that was encoded alone and starts at pixel frame `start`). */
export const latentTime = (i: number, start = 0): number => start + LATENT_STEP * i;

/** One sample of a pack. Each list has one entry per latent frame, context frames last. */
export interface PackSegment {
  /** Position in pixel frames. */
  readonly times: ArrayLike<number>;
  /** {@link GENERATED} or {@link GIVEN}. */
  readonly kinds: ArrayLike<number>;
  /** Noise level, 1 = noise. */
  readonly sigmas: ArrayLike<number>;
  /** Index of the caption, below `layout.captions`; with several regions, one for each of them, frame after frame. */
  readonly captions: ArrayLike<number>;
  /** With several regions: 1 where a token hears a region's caption, `[frames·height·width, regions]`; who hears none attends to no caption. Default: all hear all. */
  readonly hears?: ArrayLike<number>;
  /** With several regions: the column that each token would have if nobody walked, `[frames·height·width]`, for models that follow. Default: where it is. */
  readonly columns?: ArrayLike<number>;
  /** Noised and normalised latents as tokens: `[frames·height·width, channels·patch²]`. */
  readonly tokens: Float32Array;
}

/**
 * Arrays by the names of `packInputs`. `cos` and `sin` are there with rotary positions, `places` with places, `captionOfFrames` where the model reads text, and where some of
 * it has several regions `hears`, what is added to scores, 0 or so little that nothing is heard, and `listens`, 1 for a token that hears any caption.
 */
export type PackFeeds = Readonly<Record<'tokens' | 'sigma', Float32Array> & Record<'kind' | 'frameOfRuns', Int32Array>> &
  { readonly cos?: Float32Array; readonly sin?: Float32Array; readonly places?: Float32Array; readonly captionOfFrames?: Int32Array; readonly hears?: Float32Array;
    readonly listens?: Float32Array };

/** Feeds that stay the same while a pack is sampled: everything but `tokens` and `sigma`. */
export type FixedPackFeeds = Omit<PackFeeds, 'tokens' | 'sigma'>;

/** The group of each segment, in the order in which segments stand in a pack: all of the first group, then all of the second, … */
const groupOfSegments = (layout: PackLayout): PackGroup[] => layout.groups.flatMap((g) => Array.from({ length: g.count }, () => g));

/** Throws an InputError unless there is one segment for each place of the layout, of its size. */
function placed<T extends Omit<PackSegment, 'sigmas' | 'tokens'>>(layout: PackLayout, segments: readonly T[]): { segment: T; group: PackGroup }[] {
  const groups = groupOfSegments(layout);
  if (groups.length !== segments.length) throw new InputError(`the layout has ${groups.length} segments, got ${segments.length}`);
  return segments.map((segment, i) => {
    const group = groups[i]!;
    for (const name of ['times', 'kinds', 'captions'] as const) {
      const each = name === 'captions' ? regionsOf(group) : 1, wanted = group.frames * each;
      if (segment[name].length !== wanted)
        throw new InputError(`segment ${i} has ${group.frames} frames${each > 1 ? ` of ${each} regions` : ''}, but ${segment[name].length} ${name}`);
    }
    if (segment.columns && segment.columns.length !== segmentTokens(group))
      throw new InputError(`segment ${i} has ${segmentTokens(group)} tokens, but ${segment.columns.length} columns`);
    if (segment.hears && segment.hears.length !== segmentTokens(group) * regionsOf(group))
      throw new InputError(`segment ${i} has ${segmentTokens(group)} tokens in ${regionsOf(group)} regions, but ${segment.hears.length} values say which they hear`);
    return { segment, group };
  });
}

/** Positions, kinds and captions of a pack. */
export function fixedPackFeeds(layout: PackLayout, segments: readonly Omit<PackSegment, 'sigmas' | 'tokens'>[], config: DiTConfig): FixedPackFeeds {
  const frames = packFrames(layout), kind = new Int32Array(frames), captionOfFrames = new Int32Array(packPlaces(layout));
  const hears = new Float32Array(packHearing(layout)), listens = new Float32Array(packListeners(layout));
  const positions: number[] = [], columns: number[] = [], places: number[] = [];
  let frame = 0, place = 0, heard = 0, listener = 0;
  for (const { segment, group } of placed(layout, segments)) {
    for (let i = 0; i < group.frames * regionsOf(group); i++) {
      const caption = segment.captions[i]!;
      if (!(caption >= 0 && caption < layout.captions)) throw new InputError(`caption ${caption} of a pack with ${layout.captions}`);
      captionOfFrames[place++] = caption;
    }
    const regions = regionsOf(group), listeners = regions > 1 ? segmentTokens(group) : 0;
    for (let token = 0; token < listeners; token++, listener++) for (let i = token * regions; i < (token + 1) * regions; i++) {
      const hearsIt = segment.hears?.[i] !== 0;
      hears[heard++] = hearsIt ? 0 : UNHEARD;
      if (hearsIt) listens[listener] = 1;
    }
    const began = columns.length;
    for (let t = 0; t < group.frames; t++, frame++) {
      kind[frame] = segment.kinds[t]!;
      for (let y = 0; y < group.height; y++) for (let x = 0; x < group.width; x++) {
        columns.push(segment.columns?.[columns.length - began] ?? x);
        positions.push(segment.times[t]!, y, x);
        places.push(segment.times[t]! / LATENT_STEP, ...[y, group.height - 1 - y, x, group.width - 1 - x].map((cells) => cells * config.patch));
      }
    }
  }
  return {
    kind, frameOfRuns: frameOfRuns(layout),
    ...(config.places ? { places: placeFeatures(Float32Array.from(places)) } : {}),
    ...(config.rope ? ropeTables(Float32Array.from(positions), config.width / config.heads, config.follow ? Float32Array.from(columns) : undefined) : {}),
    ...(config.textWidth === null ? {} : { captionOfFrames, ...(hears.length > 0 ? { hears, listens } : {}) }),
  };
}

/** Everything that a denoiser is fed for one pack, text and weights aside. */
export function packFeeds(layout: PackLayout, segments: readonly PackSegment[], config: DiTConfig): PackFeeds {
  const fixed = fixedPackFeeds(layout, segments, config), sigmas: number[] = [], perToken = config.channels * config.patch ** 2;
  const tokens = new Float32Array(segments.reduce((n, s) => n + s.tokens.length, 0));
  let at = 0;
  for (const [i, { segment, group }] of placed(layout, segments).entries()) {
    if (segment.sigmas.length !== group.frames) throw new InputError(`segment ${i} has ${group.frames} frames, but ${segment.sigmas.length} sigmas`);
    const size = segmentTokens(group) * perToken;
    if (segment.tokens.length !== size) throw new InputError(`segment ${i} needs ${size} values, got ${segment.tokens.length}`);
    for (let t = 0; t < group.frames; t++) sigmas.push(segment.sigmas[t]!);
    tokens.set(segment.tokens, at);
    at += size;
  }
  return { ...fixed, tokens, sigma: sigmaFeatures(sigmas, SIGMA_FEATURES) };
}
