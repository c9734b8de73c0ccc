/**
 * @file Other codebases' time and predictions, as adapters to Kinora's σ (1 = noise), linear path and velocity ε − x.
 * SiT: t = 1 is data, v = x − ε (arXiv:2401.08740v2). Flux, SD3: t = σ; Wan: timesteps 1000·σ; v = ε − x.
 * DiT: timesteps 0…999 of DDPM's variance-preserving path √ᾱ·x + √(1 − ᾱ)·ε, predicts ε (arXiv:2006.11239v2, equation 4).
 * Two paths through the same (x, ε) meet where b/a agree, and differ there by a factor: (1 − σ) : σ = √ᾱ : √(1 − ᾱ).
 */
import { InputError } from '../core/errors.ts';
import { portableLog } from '../core/random.ts';

/** How a foreign model sees time and space. With z on Kinora's linear path: its latents are `scale(σ)·z`, and its output
 *  is `output(σ)[0]·z + output(σ)[1]·v`. σ outside `range` is answered as the nearest σ inside. */
export interface Convention {
  readonly range: readonly [number, number];
  timeOf(sigma: number): number;
  sigmaOf(time: number): number;
  scale(sigma: number): number;
  output(sigma: number): readonly [number, number];
}

/** The foreign conventions that there are adapters for; each model family is named in the file's comment. */
export const CONVENTIONS = ['sit', 'flux', 'wan', 'dit'] as const;
export type ConventionName = (typeof CONVENTIONS)[number];

const flow = (timeOf: (s: number) => number, sigmaOf: (t: number) => number, sign: 1 | -1): Convention => ({
  range: [0, 1], timeOf, sigmaOf, scale: () => 1, output: () => [0, sign],
});

/** What a variance-preserving model predicts; v as Salimans & Ho 2022: √ᾱ·ε − √(1 − ᾱ)·x (arXiv:2202.00512v2, appendix D). */
export const VP_PREDICTIONS = ['noise', 'v'] as const;
export type VpPrediction = (typeof VP_PREDICTIONS)[number];

/** ᾱ of `count` timesteps with β rising evenly from `first` to `last`: DDPM's and DiT's 1000, 1e-4, 2e-2. */
export function linearAlphasCumprod(count = 1000, first = 1e-4, last = 2e-2): Float64Array {
  let product = 1;
  return Float64Array.from({ length: count }, (_, i) => (product *= 1 - (first + (last - first) * i / (count - 1))));
}

/** A discrete variance-preserving model with the given ᾱ (falling, inside (0, 1)). Between timesteps log(b/a) is interpolated. */
export function vpConvention(alphasCumprod: ArrayLike<number>, prediction: VpPrediction): Convention {
  const logRatio = Float64Array.from(alphasCumprod, (abar) => portableLog((1 - abar) / abar) / 2);   // log(b/a), rising
  const sigmaAtIndex = (i: number): number => {
    const abar = alphasCumprod[i]!, b = Math.sqrt(1 - abar);
    return b / (Math.sqrt(abar) + b);
  };
  const last = logRatio.length - 1;
  if (last < 1) throw new InputError(`a variance-preserving schedule needs at least 2 timesteps, not ${last + 1}`);
  const range = [sigmaAtIndex(0), sigmaAtIndex(last)] as const;
  const clamp = (sigma: number): number => Math.min(Math.max(sigma, range[0]), range[1]);
  const total = (sigma: number): number => 1 / Math.sqrt((1 - sigma) ** 2 + sigma ** 2);             // √ᾱ + √(1 − ᾱ)
  return {
    range,
    timeOf(sigma) {
      const s = clamp(sigma), wanted = portableLog(s / (1 - s));
      let low = 0, high = last;                                              // logRatio[low] ≤ wanted ≤ logRatio[high]
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (logRatio[middle]! <= wanted) low = middle; else high = middle;
      }
      const part = (wanted - logRatio[low]!) / (logRatio[high]! - logRatio[low]!);
      return low + Math.min(Math.max(part, 0), 1);
    },
    sigmaOf(time) {
      if (!(time >= 0 && time <= last)) throw new InputError(`timestep ${time} is outside 0…${last}`);
      const low = Math.min(Math.floor(time), last - 1);
      const ratio = Math.exp(logRatio[low]! + (time - low) * (logRatio[low + 1]! - logRatio[low]!));
      return ratio / (1 + ratio);
    },
    scale: (sigma) => total(clamp(sigma)),
    output(sigma) {
      const s = clamp(sigma), n = total(s);                                  // x = z − σ·v, ε = z + (1 − σ)·v
      switch (prediction) {
        case 'noise': return [1, 1 - s];
        case 'v': return [n * (1 - 2 * s), 1 / n];                           // n·((1−σ)² + σ²) = 1/n
        default: return prediction satisfies never;
      }
    },
  };
}

/** The adapters by name. */
export const CONVENTION_TABLE: { readonly [K in ConventionName]: Convention } = {
  sit: flow((s) => 1 - s, (t) => 1 - t, -1),
  flux: flow((s) => s, (t) => t, 1),
  wan: flow((s) => 1000 * s, (t) => t / 1000, 1),
  dit: vpConvention(linearAlphasCumprod(), 'noise'),
};

/** What the foreign model is fed: its latents for z on the linear path at σ. */
export function toForeignLatents(c: Convention, z: Float32Array, sigma: number): Float32Array {
  const scale = c.scale(sigma);
  return z.map((value) => scale * value);
}

/** The foreign model's output as Kinora's velocity. */
export function velocityFromForeign(c: Convention, output: Float32Array, z: Float32Array, sigma: number): Float32Array {
  const [cz, cv] = c.output(sigma);
  return output.map((value, i) => (value - cz * z[i]!) / cv);
}

/** Kinora's velocity as what the foreign model would have said. */
export function velocityToForeign(c: Convention, velocity: Float32Array, z: Float32Array, sigma: number): Float32Array {
  const [cz, cv] = c.output(sigma);
  return velocity.map((value, i) => cz * z[i]! + cv * value);
}
