/**
 * @file A Gaussian mixture whose velocity field is known in closed form: what the samplers' tests integrate.
 * x ~ Σ π_k N(μ_k, s_k²·I), so z(σ) ~ Σ π_k N(a·μ_k, V_k·I) with V_k = a²·s_k² + b², and given component k
 * E[x|z] = μ_k + a·s_k²/V_k·(z − a·μ_k), E[ε|z] = b/V_k·(z − a·μ_k). Double precision. For tests only.
 */
import { pathAt, type PathName } from './path.ts';

export interface Component { readonly weight: number; readonly mean: readonly number[]; readonly std: number }

/** dz/dσ at one point. */
export function mixtureVelocity(mixture: readonly Component[], z: readonly number[], sigma: number, path: PathName): number[] {
  const { a, b, da, db } = pathAt(path, sigma);
  const parts = mixture.map(({ weight, mean, std }) => {
    const variance = a * a * std * std + b * b;
    const offset = z.map((value, i) => value - a * mean[i]!);
    const log = Math.log(weight) - z.length / 2 * Math.log(variance) - offset.reduce((sum, d) => sum + d * d, 0) / (2 * variance);
    return { log, velocity: offset.map((d, i) => da * (mean[i]! + a * std * std / variance * d) + db * b / variance * d) };
  });
  const top = Math.max(...parts.map((part) => part.log));
  const total = parts.reduce((sum, part) => sum + Math.exp(part.log - top), 0);
  return z.map((_, i) => parts.reduce((sum, part) => sum + Math.exp(part.log - top) / total * part.velocity[i]!, 0));
}

/** The same for an array of points of `dimension` values each, as a sampler's velocity function of one frame. */
export function velocityOf(mixture: readonly Component[], dimension: number, path: PathName = 'linear') {
  return async (z: Float32Array, sigma: Float32Array): Promise<Float32Array> => {
    const out = new Float32Array(z.length), perFrame = z.length / sigma.length;
    for (let i = 0; i < z.length; i += dimension) {
      out.set(mixtureVelocity(mixture, Array.from(z.subarray(i, i + dimension)), sigma[Math.floor(i / perFrame)]!, path), i);
    }
    return out;
  };
}

/** Where a point at σ = 1 ends: Runge–Kutta of order 4, double precision. */
export function reference(mixture: readonly Component[], start: readonly number[], path: PathName, steps: number): number[] {
  let z = [...start];
  const h = -1 / steps;
  const moved = (k: readonly number[], by: number): number[] => z.map((value, i) => value + by * k[i]!);
  for (let n = 0; n < steps; n++) {
    const sigma = 1 + n * h, end = n === steps - 1 ? 0 : sigma + h;
    const k1 = mixtureVelocity(mixture, z, sigma, path);
    const k2 = mixtureVelocity(mixture, moved(k1, h / 2), sigma + h / 2, path);
    const k3 = mixtureVelocity(mixture, moved(k2, h / 2), sigma + h / 2, path);
    const k4 = mixtureVelocity(mixture, moved(k3, h), end, path);
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
