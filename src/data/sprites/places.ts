/**
 * @file Where characters stand and walk on a canvas. Places lie on a lattice of 8 pixels, speeds and starts of actions are such that each four frames begin on it: those are
 * the blocks of the autoencoder, and a model on its latents sees one pattern where free places would show it 256 (docs/reports/003).
 */
import { draws, type Draws } from '../../core/random.ts';
import type { ClipSpec, Place } from './spec.ts';
import type { Action, Facing } from './vocabulary.ts';

/** Pixels of a canvas, and frames of the clip on it. */
export interface Canvas { readonly width: number; readonly height: number; readonly frames: number }

/** Pixels of the square that a character is drawn in. */
export const CELL = 64;
/** Pixels of width from which there is room for two. */
export const TWO_FROM = 96;
/** Pixels and frames of the autoencoder's blocks. */
export const LATTICE = 8, BEAT = 4;
const MAX_STEP = 4;                                            // pixels a frame: the stride of the drawn walk, 32 pixels in 8 frames
/** Pixels a frame of the slowest walk: a block in a beat. */
export const SLOWEST = LATTICE / BEAT;

/** A whole number within [low, high]; `low` where there is none. */
export const between = (d: Draws, low: number, high: number): number => low + d.int(Math.max(0, high - low) + 1);

/** A multiple of the lattice within [low, high], which holds one. */
const onLattice = (d: Draws, low: number, high: number): number => LATTICE * between(d, Math.ceil(low / LATTICE), Math.floor(high / LATTICE));

/** Where a clip's only character stands, or a place to walk from. */
export const standing = (d: Draws, { width, height }: Canvas): Place => {
  const x = width === CELL ? onLattice(d, -8, 8) : onLattice(d, 0, width - CELL);
  return { x, y: onLattice(d, 0, height - CELL), dx: 0, dy: 0 };
};

/** Where a clip's only character stands, or where it walks: mostly over the ground, where there is room. */
export function singlePlace(d: Draws, o: Canvas, action: Action, facing: Facing): Place {
  const place = standing(d, o);
  return action === 'walk' && roomToWalk(o, facing) >= SLOWEST && d.chance(0.75) ? travelFrom(d, o, place, facing) : place;
}

const isAcross = (facing: Facing): boolean => facing === 'left' || facing === 'right';

/** Where the cell may begin. The figure fills columns 16 … 47 and rows 12 … 61 of it, so it may leave the canvas by 14 columns, 8 rows. */
const walkBounds = (o: Canvas, facing: Facing): [low: number, high: number] => (isAcross(facing) ? [-14, o.width - 50] : [-8, o.height - 62]);

/** The highest speed, in pixels a frame, at which the canvas has room for a walk; below {@link SLOWEST} where it has none. */
export function roomToWalk(o: Canvas, facing: Facing): number {
  const [low, high] = walkBounds(o, facing), steps = o.frames - 1;
  if (steps === 0 || (isAcross(facing) ? o.width : o.height) <= CELL) return 0;
  return Math.min(MAX_STEP, SLOWEST * Math.floor((high - low - 2 * LATTICE) / steps / SLOWEST));
}

/** A walk in the direction of a facing, for which the canvas has room: on the row, or in the column, of a place. */
export function travelFrom(d: Draws, o: Canvas, { x, y }: Place, facing: Facing): Place {
  const [low, high] = walkBounds(o, facing), steps = o.frames - 1;
  const speed = SLOWEST * between(d, 1, roomToWalk(o, facing) / SLOWEST);
  const forward = facing === 'right' || facing === 'towards', step = forward ? speed : -speed;
  const at = forward ? onLattice(d, low, high - speed * steps) : onLattice(d, low + speed * steps, high);
  return isAcross(facing) ? { x: at, y, dx: step, dy: 0 } : { x, y: at, dx: 0, dy: step };
}

/** Two who stand side by side. */
export function pairPlaces(d: Draws, o: Canvas): Place[] {
  const room = 9 + Math.floor((o.width - TWO_FROM) / 3);
  const y = o.height - CELL;
  return [
    { x: onLattice(d, -12, room - 13), y: y + onLattice(d, -LATTICE, 0), dx: 0, dy: 0 },
    { x: o.width - CELL - onLattice(d, -12, room - 13), y: y + onLattice(d, -LATTICE, 0), dx: 0, dy: 0 },
  ];
}

/** Two walkers who change places: each goes at least half the distance and half a body (16 pixels) farther. */
export function crossingPlaces(d: Draws, o: Canvas): Place[] {
  const left = onLattice(d, -LATTICE, 0), right = o.width - CELL - onLattice(d, -LATTICE, 0);
  const steps = o.frames - 1, distance = right - left;
  const needed = (distance / 2 + 16) / steps, even = SLOWEST * Math.ceil(needed / SLOWEST), most = SLOWEST * Math.floor(Math.min(MAX_STEP, (distance + 12) / steps) / SLOWEST);
  const speed = Math.max(even > MAX_STEP ? Math.ceil(needed) : even, most);
  const y = o.height - CELL, front = d.int(2) === 0 ? 0 : -LATTICE;
  return [{ x: left, y: y + front, dx: speed, dy: 0 }, { x: right, y: y - LATTICE - front, dx: -speed, dy: 0 }];
}

/** The middle of a character in the first and the last frame, pixels from the left. */
export interface MiddleWalk { readonly from: number; readonly to: number }

const walkOf = ({ x, dx }: Place, frames: number): MiddleWalk => ({ from: x + CELL / 2, to: x + CELL / 2 + dx * (frames - 1) });

/** Where the characters of a clip walk or stand. */
export const walksOf = ({ characters, frames }: Pick<ClipSpec, 'characters' | 'frames'>): MiddleWalk[] => characters.map(({ place }) => walkOf(place, frames));

/** Frames of the longest clip. */
const LONGEST = 33;
/** Frames of the shortest clip in which two pass each other. */
export const CROSS_FRAMES = 13;

/** Whether there is a place to choose for somebody alone: where there is more room than to stand. */
export const hasPlaces = ({ width }: Pick<Canvas, 'width'>): boolean => width >= TWO_FROM;

/** The walks of two who pass each other in a film, drawn as those of clips are; those of a longer film are slower. Null where it is too short. */
export function drawCrossing(seed: number, { frames, ...canvas }: Canvas): [MiddleWalk, MiddleWalk] | null {
  if (frames < CROSS_FRAMES) return null;
  const size = { ...canvas, frames: Math.min(frames, LONGEST) }, [left, right] = crossingPlaces(draws({ seed, stream: 'film/walks', step: 0 }), size);
  return [walkOf(left!, size.frames), walkOf(right!, size.frames)];
}

/** Where two stand side by side in a film, drawn as in clips. */
export function drawPair(seed: number, canvas: Canvas): [MiddleWalk, MiddleWalk] {
  const [left, right] = pairPlaces(draws({ seed, stream: 'film/walks', step: 0 }), canvas);
  return [walkOf(left!, canvas.frames), walkOf(right!, canvas.frames)];
}

/** Where somebody alone walks in a film or, without a side to go to or without room for it, as in a film longer than clips are, stands; drawn as in clips. */
export function drawWalk(seed: number, goes: 'left' | 'right' | undefined, canvas: Canvas): MiddleWalk {
  const d = draws({ seed, stream: 'film/walks', step: 0 }), place = standing(d, canvas);
  return walkOf(goes && roomToWalk(canvas, goes) >= SLOWEST ? travelFrom(d, canvas, place, goes) : place, canvas.frames);
}
