/**
 * @file Classifier-free guidance of one sample: g = c + (w − 1)·(c − u). Ho & Salimans 2022, equation 6 (their w is our
 * w − 1), arXiv:2207.12598v1; limited interval: Kynkäänniemi et al. 2024, section 3, arXiv:2404.07724v2; rescaling: Lin et al.
 * 2023, section 3.4, arXiv:2305.08891v4. It may be applied to velocity, x or noise; the sampler integrates velocity, so apply it there.
 */
import { InputError } from '../core/errors.ts';
import { checkLengths, frameSpans, sigmaAt, type FrameLayout, type FrameSpan, type SigmaOf } from './frames.ts';

export interface GuidanceOptions {
  /** w ≥ 0; 1 is the conditional prediction, bit for bit. */
  readonly scale: number;
  /** Guides only frames with lo < σ ≤ hi; default [0, 1]. (The paper's interval counts EDM's σ/(1 − σ).) */
  readonly interval?: readonly [number, number];
  /** φ in [0, 1]: how far the standard deviation is brought back to the conditional one's; default 0. Lin et al.: 0.7. */
  readonly rescale?: number;
}

/** Throws an InputError with the figures when an option is out of range. */
export function validateGuidance({ scale, interval = [0, 1], rescale = 0 }: GuidanceOptions): void {
  if (!(scale >= 0 && Number.isFinite(scale))) throw new InputError(`guidance scale is ${scale}; it must be ≥ 0`);
  const [lo, hi] = interval;
  if (!(lo >= 0 && lo <= hi && hi <= 1)) throw new InputError(`guidance interval is [${lo}, ${hi}]; it needs 0 ≤ lo ≤ hi ≤ 1`);
  if (!(rescale >= 0 && rescale <= 1)) throw new InputError(`guidance rescale is ${rescale}; it must be within [0, 1]`);
}

/** Whether a frame at σ is guided at all: if no frame is, the unconditional branch need not be computed. */
export function isGuided(sigma: number, { scale, interval = [0, 1] }: GuidanceOptions): boolean {
  return scale !== 1 && sigma > interval[0] && sigma <= interval[1];
}

/** Both predictions of one sample, and its noise levels. */
export interface GuideInput {
  readonly cond: Float32Array;
  readonly uncond: Float32Array;
  readonly sigma: SigmaOf;
  /** The one sample's layout. */
  readonly layout: FrameLayout;
}

/** The guided prediction of one sample. Statistics are taken over its guided frames; the others equal `cond` bit for bit. */
export function guide({ cond, uncond, sigma, layout }: GuideInput, o: GuidanceOptions): Float32Array {
  validateGuidance(o);
  const spans = frameSpans([layout]);
  checkLengths(spans, { cond, uncond });
  const guided = spans.filter((_, frame) => isGuided(sigmaAt(sigma, frame), o));
  const out = cond.slice();
  if (guided.length === 0) return out;
  for (const { start, end } of guided) {
    for (let i = start; i < end; i++) out[i] = cond[i]! + (o.scale - 1) * (cond[i]! - uncond[i]!);
  }
  const phi = o.rescale ?? 0;
  const spread = phi === 0 ? 0 : standardDeviation(out, guided);
  if (spread > 0) {
    const factor = phi * standardDeviation(cond, guided) / spread + 1 - phi;                 // Lin et al., equations 15, 16
    for (const { start, end } of guided) for (let i = start; i < end; i++) out[i] = out[i]! * factor;
  }
  return out;
}

/** Population standard deviation over the spans, in double precision, two passes. */
function standardDeviation(values: Float32Array, spans: readonly FrameSpan[]): number {
  let count = 0, sum = 0, squares = 0;
  for (const { start, end } of spans) for (let i = start; i < end; i++) { sum += values[i]!; count++; }
  const mean = sum / count;
  for (const { start, end } of spans) for (let i = start; i < end; i++) squares += (values[i]! - mean) ** 2;
  return Math.sqrt(squares / count);
}
