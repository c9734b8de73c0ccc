/**
 * @file A Gaussian mixture whose velocity field is known in closed form: what the samplers' tests integrate.
 * x ~ Σ π_k N(μ_k, s_k²·I), so z(σ) ~ Σ π_k N(a·μ_k, V_k·I) with V_k = a²·s_k² + b², and given component k
 * E[x|z] = μ_k + a·s_k²/V_k·(z − a·μ_k), E[ε|z] = b/V_k·(z − a·μ_k). Double precision. For tests only.
 */
import type { RandomKey } from '../core/random.ts';
import { frameSigmas } from './frames.ts';
import { pathAt, type PathName } from './path.ts';
import type { SampleOptions } from './samplers/contract.ts';
import { sigmaGrid } from './timesteps.ts';

export interface Component { readonly weight: number; readonly mean: readonly number[]; readonly std: number }

export const LINE: readonly Component[] = [{ weight: 0.3, mean: [-1.5], std: 0.4 }, { weight: 0.7, mean: [1], std: 0.6 }];
export const PLANE: readonly Component[] = [
  { weight: 0.5, mean: [1, 0.5], std: 0.7 }, { weight: 0.25, mean: [-1, 1], std: 0.5 }, { weight: 0.25, mean: [0, -1.2], std: 0.6 },
];

/** dz/dσ of each point of `z`, `dimension` values each, at one σ. */
export function mixtureVelocity(mixture: readonly Component[], z: ArrayLike<number>, sigma: number, path: PathName, dimension: number): Float64Array {
  const { a, b, da, db } = pathAt(path, sigma), out = new Float64Array(z.length), d = new Float64Array(mixture.length);
  for (let at = 0; at < z.length; at += dimension) {
    const share = (k: number): number => {                                   // log of π_k·N(z; a·μ_k, V_k), up to a constant
      const { weight, mean, std } = mixture[k]!, variance = a * a * std * std + b * b;
      let square = 0;
      for (let i = 0; i < dimension; i++) square += (z[at + i]! - a * mean[i]!) ** 2;
      return Math.log(weight) - dimension / 2 * Math.log(variance) - square / (2 * variance);
    };
    for (let k = 0; k < d.length; k++) d[k] = share(k);
    const top = Math.max(...d);
    let total = 0;
    for (let k = 0; k < d.length; k++) total += d[k] = Math.exp(d[k]! - top);
    for (let k = 0; k < d.length; k++) {
      const { mean, std } = mixture[k]!, variance = a * a * std * std + b * b, part = d[k]! / total;
      for (let i = 0; i < dimension; i++) {
        const offset = z[at + i]! - a * mean[i]!;
        out[at + i]! += part * (da * (mean[i]! + a * std * std / variance * offset) + db * b / variance * offset);
      }
    }
  }
  return out;
}

/** The same as a sampler's velocity function of a pack of one frame. */
export function velocityOf(mixture: readonly Component[], dimension: number, path: PathName = 'linear') {
  return async (z: Float32Array, sigma: Float32Array): Promise<Float32Array> =>
    Float32Array.from(mixtureVelocity(mixture, z, sigma[0]!, path, dimension));
}

/** Where points at σ = 1 end: Runge–Kutta of order 4, double precision. */
export function reference(mixture: readonly Component[], start: ArrayLike<number>, path: PathName, dimension: number, steps: number): Float64Array {
  let z = Float64Array.from(start);
  const h = -1 / steps;
  const slopeAt = (at: Float64Array, sigma: number): Float64Array => mixtureVelocity(mixture, at, sigma, path, dimension);
  const moved = (k: Float64Array, by: number): Float64Array => z.map((value, i) => value + by * k[i]!);
  for (let n = 0; n < steps; n++) {
    const sigma = 1 + n * h, end = n === steps - 1 ? 0 : sigma + h;
    const k1 = slopeAt(z, sigma), k2 = slopeAt(moved(k1, h / 2), sigma + h / 2);
    const k3 = slopeAt(moved(k2, h / 2), sigma + h / 2), k4 = slopeAt(moved(k3, h), end);
    z = z.map((value, i) => value + h / 6 * (k1[i]! + 2 * k2[i]! + 2 * k3[i]! + k4[i]!));
  }
  return z;
}

/** E[(x − center)^n] of a one-dimensional mixture: Σ π_k Σ_j C(n, 2j)·(μ_k − center)^(n−2j)·s_k^(2j)·(2j − 1)!!. */
export function mixtureMoment(mixture: readonly Component[], n: number, center: number): number {
  let sum = 0;
  for (const { weight, mean, std } of mixture) {
    let term = 1;                                                            // C(n, 2j)·(2j − 1)!!
    for (let j = 0; 2 * j <= n; j++) {
      sum += weight * term * (mean[0]! - center) ** (n - 2 * j) * std ** (2 * j);
      term *= (n - 2 * j) * (n - 2 * j - 1) / (2 * j + 2);
    }
  }
  return sum;
}

/** A key for tests. */
export const key = (seed: number, stream = 'noise'): RandomKey => ({ seed, stream, step: 0 });

/** One frame of `noise.length` values, all at one σ. */
export function oneFrame(
  noise: Float32Array, mixture: readonly Component[], dimension: number, steps: number, path: PathName,
): SampleOptions {
  return {
    velocity: velocityOf(mixture, dimension, path), noise, path, pack: [{ frames: 1, perFrame: noise.length }],
    sigmas: frameSigmas(sigmaGrid(steps), 1), keys: [key(9, 'brownian')],
  };
}

/** Least-squares slope of y over x. */
export function slope(x: readonly number[], y: readonly number[]): number {
  const mx = x.reduce((s, v) => s + v, 0) / x.length, my = y.reduce((s, v) => s + v, 0) / y.length;
  return x.reduce((s, v, i) => s + (v - mx) * (y[i]! - my), 0) / x.reduce((s, v) => s + (v - mx) ** 2, 0);
}
