/**
 * @file Counter-based random numbers: Philox 4×32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
 * A draw is a pure function of (seed, stream, step, index): no state, so any draw can be made again, in any order.
 * Uniforms and Gaussians use only + − × ÷ √ and bit operations, since `Math.log` and `Math.cos` differ between JS engines.
 */

/** Names one sequence of random numbers. `seed` and `step` are integers ≥ 0 below 2^53; `stream` names the purpose. */
export interface RandomKey {
  readonly seed: number;
  readonly stream: string;
  readonly step: number;
}

const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9; // golden ratio
const W1 = 0xbb67ae85; // √3 − 1
const TWO_32 = 4294967296;

/** High 32 bits of the 64-bit product of two unsigned 32-bit integers. */
function mulHigh(a: number, b: number): number {
  const aLow = a & 0xffff, aHigh = a >>> 16, bLow = b & 0xffff, bHigh = b >>> 16;
  const low = aLow * bLow;
  const mid1 = aHigh * bLow + (low >>> 16);                     // < 2^32, exact in a double
  const mid2 = aLow * bHigh + (mid1 % 65536);
  return (aHigh * bHigh + Math.floor(mid1 / 65536) + Math.floor(mid2 / 65536)) >>> 0;
}

/** One Philox 4×32-10 block: `counter` (4 words) under `key` (2 words) into `out[at..at+3]`. */
export function philox(counter: ArrayLike<number>, key: ArrayLike<number>, out: Uint32Array, at = 0): void {
  let c0 = counter[0]! >>> 0, c1 = counter[1]! >>> 0, c2 = counter[2]! >>> 0, c3 = counter[3]! >>> 0;
  let k0 = key[0]! >>> 0, k1 = key[1]! >>> 0;
  for (let round = 0; round < 10; round++) {
    const high0 = mulHigh(M0, c0), low0 = Math.imul(M0, c0) >>> 0;
    const high1 = mulHigh(M1, c2), low1 = Math.imul(M1, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0; c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0; c3 = low0;
    k0 = (k0 + W0) >>> 0; k1 = (k1 + W1) >>> 0;
  }
  out[at] = c0; out[at + 1] = c1; out[at + 2] = c2; out[at + 3] = c3;
}

/** FNV-1a, 32 bits: the word that a stream's name contributes to the counter. */
function hashName(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** `count` random 32-bit words of the sequence `key`. */
export function randomBits(key: RandomKey, count: number): Uint32Array {
  const blocks = Math.ceil(count / 4);
  const out = new Uint32Array(blocks * 4);
  const seed = [key.seed >>> 0, Math.floor(key.seed / TWO_32) >>> 0];
  const counter = [0, key.step >>> 0, hashName(key.stream), Math.floor(key.step / TWO_32) >>> 0];
  for (let i = 0; i < blocks; i++) { counter[0] = i; philox(counter, seed, out, i * 4); }
  return count === out.length ? out : out.subarray(0, count);
}

const toUniform = (word: number): number => (word + 0.5) / TWO_32; // in (0, 1), never 0 or 1

/** `count` uniforms in the open interval (0, 1). */
export function uniforms(key: RandomKey, count: number): Float64Array {
  return Float64Array.from(randomBits(key, count), toUniform);
}

const f64 = new Float64Array(1);
const u32 = new Uint32Array(f64.buffer);
const LN2 = 0.6931471805599453;
const TAU = 6.283185307179586;

const ODD_RECIPROCALS = Float64Array.from({ length: 11 }, (_, i) => 1 / (2 * i + 1));

/** Natural logarithm of a positive normal number, to about 1e-15, from + − × ÷ alone: the atanh series around 1. */
export function portableLog(x: number): number {
  f64[0] = x;
  let exponent = (u32[1]! >>> 20) - 1023;                       // little-endian, as every platform that runs JS today
  u32[1] = (u32[1]! & 0x000fffff) | 0x3ff00000;
  let m = f64[0]!;                                              // in [1, 2)
  if (m > 1.4142135623730951) { m /= 2; exponent++; }
  const s = (m - 1) / (m + 1), s2 = s * s;                      // |s| ≤ 0.172: 11 terms leave < 1e-17
  let sum = 0;
  for (let i = 10; i >= 0; i--) sum = sum * s2 + ODD_RECIPROCALS[i]!;
  return 2 * s * sum + exponent * LN2;
}

/** [cos, sin] of 2π·turns for turns in [0, 1), to about 1e-15, from + − × ÷ alone: Taylor on an eighth of a turn. */
export function portableCosSin(turns: number): [number, number] {
  cosSin(turns);
  return [cosine, sine];
}

let cosine = 1, sine = 0;
/** Leaves its results in `cosine` and `sine`: millions of Gaussians must not make millions of arrays. */
function cosSin(turns: number): void {
  const octant = Math.floor(turns * 8 + 0.5);                   // nearest multiple of 1/8 turn
  const a = (turns - octant / 8) * TAU, a2 = a * a;             // |a| ≤ π/8
  let c = 0, s = 0;
  for (let k = 8; k >= 0; k--) {
    c = 1 - (a2 / ((2 * k + 1) * (2 * k + 2))) * c;
    s = 1 - (a2 / ((2 * k + 2) * (2 * k + 3))) * s;
  }
  s *= a;
  const h = 0.7071067811865476;
  switch (octant & 7) {
    case 0: cosine = c; sine = s; return;
    case 1: cosine = h * (c - s); sine = h * (c + s); return;
    case 2: cosine = -s; sine = c; return;
    case 3: cosine = -h * (s + c); sine = h * (c - s); return;
    case 4: cosine = -c; sine = -s; return;
    case 5: cosine = h * (s - c); sine = -h * (c + s); return;
    case 6: cosine = s; sine = -c; return;
    default: cosine = h * (c + s); sine = h * (s - c);
  }
}

/** `count` standard Gaussians (Box–Muller), each value depending on its index alone. */
export function normals(key: RandomKey, count: number): Float32Array {
  const pairs = Math.ceil(count / 2);
  const bits = randomBits(key, pairs * 2);
  const out = new Float32Array(pairs * 2);
  for (let i = 0; i < pairs; i++) {
    const radius = Math.sqrt(-2 * portableLog(toUniform(bits[2 * i]!)));
    cosSin(bits[2 * i + 1]! / TWO_32);
    out[2 * i] = radius * cosine; out[2 * i + 1] = radius * sine;
  }
  return out.length === count ? out : out.subarray(0, count);
}

/** Draws one after the other from a key, for code that composes things; still a pure function of the key. */
export interface Draws {
  /** Uniform in (0, 1). */
  uniform(): number;
  /** Integer in [0, n). */
  int(n: number): number;
  /** One member of a non-empty list. */
  pick<T>(list: readonly T[]): T;
  /** True with probability p. */
  chance(p: number): boolean;
  /** Standard Gaussian. */
  normal(): number;
}

/** Opens the sequence `key` for draws one after the other. */
export function draws(key: RandomKey): Draws {
  const seed = [key.seed >>> 0, Math.floor(key.seed / TWO_32) >>> 0];
  const counter = [0, key.step >>> 0, hashName(key.stream), Math.floor(key.step / TWO_32) >>> 0];
  const block = new Uint32Array(4);
  let next = 4;
  const word = (): number => {
    if (next === 4) { philox(counter, seed, block); counter[0]!++; next = 0; }
    return block[next++]!;
  };
  const uniform = (): number => toUniform(word());
  const int = (n: number): number => Math.floor(uniform() * n);
  return {
    uniform, int,
    pick: (list) => list[int(list.length)]!,
    chance: (p) => uniform() < p,
    normal: () => Math.sqrt(-2 * portableLog(uniform())) * portableCosSin(word() / TWO_32)[0],
  };
}
