/**
 * @file From a part of a shot to a training clip at its native shape: sides that are multiples of 8 (the autoencoder's factor in space), an area that is
 * limited, never enlarged, and 4n + 1 frames (its factor in time is 4, after the first). Pure; frames `[T, H, W, 3]`.
 */
import type { Fit } from '../../media/film-stream.ts';
import { concatFrames, type Frames } from '../../media/frames.ts';
import { type Area, areaResize } from './plane.ts';

/** Sides are multiples of it, pixels: one latent cell. */
const SIDE_STEP = 8;
/** A WebP is at most so wide and high, rounded down to a multiple of 8. */
const MOST_SIDE = 16_376;
/** Lengths are multiples of it, plus one, frames. */
const TIME_STEP = 4;

/** Width and height, pixels. */
export interface ClipSize { readonly width: number; readonly height: number }

/**
 * The shape of a clip: multiples of 8, at most `area` pixels and the source's sides, as close to the source's ratio of sides as these allow, then as
 * large as possible. Undefined for a source that is narrower than 8 pixels.
 */
export function nativeShape(source: ClipSize, area: number): ClipSize | undefined {
  const k = Math.min(1, Math.sqrt(area / (source.width * source.height)), MOST_SIDE / Math.max(source.width, source.height));
  const wanted = Math.log(source.width / source.height);
  const near = (side: number, k1: number): number[] => {
    const down = Math.max(SIDE_STEP, Math.floor((side * k1) / SIDE_STEP) * SIDE_STEP);
    return [down, down + SIDE_STEP].filter((s) => s <= Math.min(side, MOST_SIDE));
  };
  let best: ClipSize | undefined, least = Infinity;
  for (const width of near(source.width, k)) for (const height of near(source.height, k)) {
    // What is cropped away as a share of a side, and what is given up of the area: an eighth of it counts as much as an eighth of a side.
    const bent = Math.abs(Math.log(width / height) - wanted), lost = Math.max(0, -Math.log((width * height) / (source.width * source.height * k * k)));
    const cost = bent + lost / 2;
    if (width * height <= area && cost < least) { best = { width, height }; least = cost; }
  }
  return best;
}

/** The greatest length of 4n + 1 frames that is in `frames` and at most `most`; 0 for none. */
export const clipLength = (frames: number, most: number): number => (Math.min(frames, most) < 1 ? 0 : Math.floor((Math.min(frames, most) - 1) / TIME_STEP) * TIME_STEP + 1);

/** The largest part of an area that has the shape of `size`, in its middle. Whole pixels where nothing is resized, so that pixels stay exact. */
function middle(area: Area, size: ClipSize): Area {
  const k = Math.min(area.width / size.width, area.height / size.height), width = size.width * k, height = size.height * k;
  const x = area.x + (area.width - width) / 2, y = area.y + (area.height - height) / 2;
  return k === 1 ? { x: Math.floor(x), y: Math.floor(y), width, height } : { x, y, width, height };
}

/** How frames of a film without bars become frames of a clip in one step; undefined where they have at most `least` pixels, or there is no such shape. */
export function fitWhole(film: ClipSize, area: number, least: number): Fit | undefined {
  const size = film.width * film.height > least ? nativeShape(film, area) : undefined;
  if (!size) return undefined;
  const { width, height } = middle({ x: 0, y: 0, ...film }, size);
  return { size, shares: { width: width / film.width, height: height / film.height } };
}

/** Latent cells of a clip. */
export const clipCells = ({ frames, width, height }: ClipSize & { readonly frames: number }): number =>
  (1 + Math.ceil((frames - 1) / TIME_STEP)) * (width / SIDE_STEP) * (height / SIDE_STEP);

/** Cuts `area` (pixels of the pictures) out of each picture and averages it to `size`. Pictures are RGB, one frame each, of one size. */
export function fitClip(pictures: readonly Frames[], area: Area, size: ClipSize, fps: number): Frames {
  const box = middle(area, size), known = new Map<Frames, Frames>();            // a picture that stands for several frames is resized once
  return { ...concatFrames(pictures.map((p) => {
    const done = known.get(p) ?? { ...p, ...size, data: areaResize(p, box, { ...size, channels: 3 }) };
    known.set(p, done);
    return done;
  })), fps };
}
