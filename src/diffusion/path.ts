/**
 * @file The path between data and noise: z(σ) = a(σ)·x + b(σ)·ε, σ = 0 data, σ = 1 noise, and its velocity dz/dσ.
 * Ma et al. 2024, "SiT", equation 1 and section 2 ("Linear", "GVP"), arXiv:2401.08740v2. SiT counts t = 1 − σ.
 * Other codebases' times and signs are in conventions.ts only.
 */
import { portableCosSin } from '../core/random.ts';
import { checkLengths, frameSpans, sigmaAt, type FrameLayout, type SigmaOf } from './frames.ts';

/** linear: (1 − σ)·x + σ·ε. gvp: cos(πσ/2)·x + sin(πσ/2)·ε, which keeps unit variance. */
export const PATHS = ['linear', 'gvp'] as const;
export type PathName = (typeof PATHS)[number];

/** A path at one σ: coefficients, derivatives by σ, and a·b′ − a′·b, which conversions divide by. */
export interface PathPoint {
  readonly a: number;
  readonly b: number;
  readonly da: number;
  readonly db: number;
  readonly det: number;
}

const HALF_PI = 1.5707963267948966;

const PATH_TABLE: { readonly [K in PathName]: (sigma: number) => PathPoint } = {
  linear: (sigma) => ({ a: 1 - sigma, b: sigma, da: -1, db: 1, det: 1 }),
  gvp: (sigma) => {
    const [a, b] = portableCosSin(sigma / 4);                                // πσ/2 is σ/4 of a turn
    return { a, b, da: -HALF_PI * b, db: HALF_PI * a, det: HALF_PI };
  },
};

/** The coefficients of `path` at σ in [0, 1]. */
export function pathAt(path: PathName, sigma: number): PathPoint {
  return PATH_TABLE[path](sigma);
}

/** Options of {@link addNoise}. */
export interface PathOptions {
  /** Data x and noise ε, both laid out as `pack`. */
  readonly x: Float32Array;
  readonly eps: Float32Array;
  /** One for all, or one per frame of the pack. */
  readonly sigma: SigmaOf;
  readonly pack: readonly FrameLayout[];
  /** Default: linear. */
  readonly path?: PathName;
}

/** Linear combination of x and ε, coefficients chosen per frame. */
function combine(o: PathOptions, pick: (p: PathPoint) => readonly [number, number]): Float32Array {
  const spans = frameSpans(o.pack);
  checkLengths(spans, { x: o.x, eps: o.eps });
  const out = new Float32Array(o.x.length);
  for (const [frame, { start, end }] of spans.entries()) {
    const [cx, ce] = pick(pathAt(o.path ?? 'linear', sigmaAt(o.sigma, frame)));
    for (let i = start; i < end; i++) out[i] = cx * o.x[i]! + ce * o.eps[i]!;
  }
  return out;
}

/** z(σ): what the model sees. */
export function addNoise(o: PathOptions): Float32Array {
  return combine(o, (p) => [p.a, p.b]);
}

/** dz/dσ of the pair (x, ε): the velocity that training regresses (linear: ε − x at every σ). */
export function pathVelocity(o: PathOptions): Float32Array {
  return combine(o, (p) => [p.da, p.db]);
}
