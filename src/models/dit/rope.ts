/**
 * @file Rotary positions over (t, h, w) (Su et al. 2021, section 3.2; axes as in Wan and HunyuanVideo). Tables are made on the host with
 * portable cos and sin, so that they are equal on every machine. Positions restart per segment; time counts pixel frames.
 */
import { portableCosSin } from '../../core/random.ts';

/** Rotary pairs of one head for each axis; their sum is half the head's width. */
export interface RopeAxes { readonly time: number; readonly height: number; readonly width: number }

/** Splits a head's pairs: 3/8 for time, the rest in halves for height and width. */
export function ropeAxes(headDim: number): RopeAxes {
  const pairs = headDim / 2, time = Math.round(pairs * 3 / 8 / 2) * 2;
  const height = Math.floor((pairs - time) / 2);
  return { time: pairs - 2 * height, height, width: height };
}

/** Greatest angular speeds, radians per position: pixel frames (four of them make a latent step) and token rows or columns. */
const SPEED = { time: 0.4, space: 1 };
/** Ratio of greatest to least speed: the canvases are small. */
const SPREAD = 100;
/** The axis after t, h and w. */
const FOLLOWED = 3;

function speeds(pairs: number, top: number): number[] {
  return Array.from({ length: pairs }, (_, k) => Math.fround(top * SPREAD ** (-k / Math.max(1, pairs - 1))));
}

/** Cos and sin of a position at the k-th of some speeds; each is computed once. */
function angles(speeds: readonly number[]): (position: number, k: number) => readonly [cos: number, sin: number] {
  const known = speeds.map(() => new Map<number, [number, number]>());                       // positions may lie between tokens: no key of position and k together
  return (position, k) => {
    let pair = known[k]!.get(position);
    if (!pair) {
      const turns = position * speeds[k]! / 6.283185307179586;
      known[k]!.set(position, pair = portableCosSin(turns - Math.floor(turns)));
    }
    return pair;
  };
}

/**
 * Cos and sin tables `[N, headDim/2]` for positions `[N, 3]` (t in pixel frames, h, w in tokens). With `columns` `[N]` every other pair of the width turns by those
 * (`DiTConfig.follow`).
 */
export function ropeTables(positions: Float32Array, headDim: number, columns?: Float32Array): { cos: Float32Array; sin: Float32Array } {
  const axes = ropeAxes(headDim), half = headDim / 2, n = positions.length / 3;
  const perPair = [
    ...speeds(axes.time, SPEED.time).map((s) => [0, s] as const),
    ...speeds(axes.height, SPEED.space).map((s) => [1, s] as const),
    ...speeds(axes.width, SPEED.space).map((s, k) => [columns && k % 2 === 1 ? FOLLOWED : 2, s] as const),
  ];
  const cos = new Float32Array(n * half), sin = new Float32Array(n * half), angle = angles(perPair.map(([, speed]) => speed));
  for (let i = 0; i < n; i++) perPair.forEach(([axis], k) => {
    const pair = angle(axis === FOLLOWED ? columns![i]! : positions[i * 3 + axis]!, k);
    cos[i * half + k] = pair[0]; sin[i * half + k] = pair[1];
  });
  return { cos, sin };
}

/** Sinusoids of one quantity, cosines then sines. */
const PLACE_SPEEDS = speeds(6, SPEED.space);
/** Quantities of a place: latent steps of time, rows from the upper and lower edge, columns from the left and right one. */
const PLACE_QUANTITIES = 5;
/** Values of a token's place. */
export const PLACE_FEATURES = PLACE_QUANTITIES * 2 * PLACE_SPEEDS.length;

/** Features `[N, 60]` of places `[N, 5]`, in latent steps, rows and columns: rotary positions alone tell distances between tokens, not from the edges. */
export function placeFeatures(places: Float32Array): Float32Array {
  const perPlace = PLACE_SPEEDS.length, out = new Float32Array(places.length * 2 * perPlace), angle = angles(PLACE_SPEEDS);
  places.forEach((place, i) => {
    for (let k = 0; k < perPlace; k++) {
      const pair = angle(place, k);
      out[i * 2 * perPlace + k] = pair[0]; out[i * 2 * perPlace + perPlace + k] = pair[1];
    }
  });
  return out;
}

/** Sinusoidal features `[n, width]` of noise levels (DiT's timestep embedding of 1000σ, period up to 10⁴): cosines, then sines. */
export function sigmaFeatures(sigmas: ArrayLike<number>, width: number): Float32Array {
  const half = width / 2, out = new Float32Array(sigmas.length * width);
  for (let i = 0; i < sigmas.length; i++) for (let k = 0; k < half; k++) {
    const turns = sigmas[i]! * 1000 * frequencies(half)[k]! / 6.283185307179586;
    const [c, s] = portableCosSin(turns - Math.floor(turns));
    out[i * width + k] = c; out[i * width + half + k] = s;
  }
  return out;
}

const known = new Map<number, number[]>();
/** 10⁴^(−k/half), rounded to float32, which hides the last bit in which engines' `Math.exp` differ. */
function frequencies(half: number): number[] {
  const list = known.get(half) ?? Array.from({ length: half }, (_, k) => Math.fround(Math.exp(-Math.log(10000) * k / half)));
  known.set(half, list);
  return list;
}
