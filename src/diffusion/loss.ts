/**
 * @file What the training loss regresses and how much each frame counts; the loss graph itself is built by the trainer.
 * loss = Σ_f weight[f] · Σ_{tokens in f} mean over channels of (prediction − target)²: a velocity loss over generated frames,
 * averaged per sample, then over samples, whatever the network predicts (Li & He 2025, "JiT", table 1, arXiv:2511.13720v1).
 */
import { InputError } from '../core/errors.ts';
import { checkLengths, frameSpans, sigmaAt, type SigmaOf } from './frames.ts';
import { pathAt, pathVelocity, type PathName, type PathOptions } from './path.ts';
import { conversion, TRAINING_FLOOR, type PredictionName } from './prediction.ts';

/** What the network's own output is compared with: the velocity (linear: ε − x), x itself, or ε itself. A new array. */
export function lossTarget(prediction: PredictionName, o: PathOptions): Float32Array {
  switch (prediction) {
    case 'velocity': return pathVelocity(o);
    case 'x': checkLengths(frameSpans(o.pack), { x: o.x }); return o.x.slice();
    case 'noise': checkLengths(frameSpans(o.pack), { eps: o.eps }); return o.eps.slice();
    default: return prediction satisfies never;
  }
}

/**
 * (∂v/∂prediction)² at σ: turns the squared error of a prediction into that of its velocity. x on the linear path:
 * 1/max(σ, TRAINING_FLOOR)², which equals JiT's clipped velocity loss with the same clip on the target.
 */
export function velocityLossFactor(prediction: PredictionName, sigma: number, path: PathName = 'linear'): number {
  return conversion(prediction, 'velocity', pathAt(path, sigma), TRAINING_FLOOR).cp ** 2;
}

/** One sample as the loss sees it. */
export interface LossSample {
  /** Tokens in one latent frame. */
  readonly tokensPerFrame: number;
  /** One entry per latent frame: false for given (context) frames, which do not count. */
  readonly generated: readonly boolean[];
}

/** Options of {@link frameLossWeights}. */
export interface FrameWeightOptions {
  readonly prediction: PredictionName;
  /** One for all, or one per frame of the pack (context frames included). */
  readonly sigma: SigmaOf;
  /** Default linear. */
  readonly path?: PathName;
}

/**
 * One weight per frame of the pack, for the sum over its tokens. Before the factor of the prediction, the weights times
 * tokens of a sample add up to 1 / samples with a generated frame, so a long film counts as much as an image.
 */
export function frameLossWeights(samples: readonly LossSample[], o: FrameWeightOptions): Float32Array {
  const generated = samples.map((sample) => sample.generated.filter(Boolean).length);
  const count = generated.filter((n) => n > 0).length;
  if (count === 0) throw new InputError(`the loss needs at least one sample with a generated frame, of ${samples.length}`);
  const weights: number[] = [];
  for (const [i, sample] of samples.entries()) {
    const share = 1 / (count * generated[i]! * sample.tokensPerFrame);
    for (const wanted of sample.generated) {
      const sigma = sigmaAt(o.sigma, weights.length);
      weights.push(wanted ? share * velocityLossFactor(o.prediction, sigma, o.path) : 0);
    }
  }
  return Float32Array.from(weights);
}
