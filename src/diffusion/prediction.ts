/**
 * @file What a model predicts, and the other two quantities that follow from it. With z = a·x + b·ε, v = a′·x + b′·ε and
 * det = a·b′ − a′·b:   x = (b′·z − b·v)/det    ε = (a·v − a′·z)/det    v = (b′·z − det·x)/b    v = (a′·z + det·ε)/a.
 * On the linear path v = (z − x)/σ: x-prediction with a velocity loss, Li & He 2025, "JiT", table 1, arXiv:2511.13720v1.
 */
import { checkLengths, frameSpans, sigmaAt, type FrameLayout, type SigmaOf } from './frames.ts';
import { pathAt, type PathName, type PathPoint } from './path.ts';

/** What a model may predict: v = dz/dσ, the data x, or the noise ε. */
export const PREDICTIONS = ['velocity', 'x', 'noise'] as const;
export type PredictionName = (typeof PREDICTIONS)[number];

/**
 * Smallest divisor (b for x, a for noise) when training: bounds the weight of an x-prediction's loss to 1/0.05² = 400.
 * JiT's own default for its 1 − t (arXiv:2511.13720v1). The target takes the same divisor, so a perfect x costs nothing.
 */
export const TRAINING_FLOOR = 0.05;
/**
 * Smallest divisor when sampling: below the last σ > 0 of any sensible grid, so that the last Euler step lands on x itself.
 * (With 0.05 a last step from σ = 0.02 would leave 60 % of the noise.)
 */
export const SAMPLING_FLOOR = 1e-3;

/** target = z·cz + prediction·cp at one point of a path. */
export function conversion(from: PredictionName, to: PredictionName, p: PathPoint, floor: number): { cz: number; cp: number } {
  const a = Math.max(p.a, floor), b = Math.max(p.b, floor);
  switch (from) {
    case 'velocity': switch (to) {
      case 'velocity': return { cz: 0, cp: 1 };
      case 'x': return { cz: p.db / p.det, cp: -p.b / p.det };
      case 'noise': return { cz: -p.da / p.det, cp: p.a / p.det };
      default: return to satisfies never;
    }
    case 'x': switch (to) {
      case 'velocity': return { cz: p.db / b, cp: -p.det / b };
      case 'x': return { cz: 0, cp: 1 };
      case 'noise': return { cz: 1 / b, cp: -p.a / b };
      default: return to satisfies never;
    }
    case 'noise': switch (to) {
      case 'velocity': return { cz: p.da / a, cp: p.det / a };
      case 'x': return { cz: 1 / a, cp: -p.b / a };
      case 'noise': return { cz: 0, cp: 1 };
      default: return to satisfies never;
    }
    default: return from satisfies never;
  }
}

/** Options of {@link convertPrediction}. */
export interface ConvertOptions {
  readonly from: PredictionName;
  readonly to: PredictionName;
  /** The noised latents that the model saw, laid out as `pack`. */
  readonly z: Float32Array;
  readonly sigma: SigmaOf;
  readonly pack: readonly FrameLayout[];
  /** Default: linear. */
  readonly path?: PathName;
}

/** A prediction as another one, frame by frame; always a new array. Divisors are at least SAMPLING_FLOOR; conversions from velocity divide by nothing. */
export function convertPrediction(prediction: Float32Array, o: ConvertOptions): Float32Array {
  const spans = frameSpans(o.pack);
  checkLengths(spans, { prediction, z: o.z });
  const out = new Float32Array(prediction.length);
  for (const [frame, { start, end }] of spans.entries()) {
    const point = pathAt(o.path ?? 'linear', sigmaAt(o.sigma, frame));
    const { cz, cp } = conversion(o.from, o.to, point, SAMPLING_FLOOR);
    for (let i = start; i < end; i++) out[i] = cz * o.z[i]! + cp * prediction[i]!;
  }
  return out;
}
