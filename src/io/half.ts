/**
 * @file IEEE 754 binary16 ⇄ float32, rounding to nearest even; for checkpoints that ship, and for devices that compute in it.
 */
const f32 = new Float32Array(1);
const bits = new Uint32Array(f32.buffer);

/** Nearest half-precision number, as its 16 bits; values beyond 65504 become infinite. */
export function toHalf(x: number): number {
  f32[0] = x;
  const b = bits[0]!, sign = (b >>> 16) & 0x8000, exponent = (b >>> 23) & 0xff;
  let mantissa = b & 0x7fffff;
  if (exponent === 255) return sign | 0x7c00 | (mantissa ? 0x200 : 0);
  const e = exponent - 112;                                     // rebias 127 → 15
  if (e >= 31) return sign | 0x7c00;
  if (e <= 0) {
    if (e < -10) return sign;
    mantissa |= 0x800000;
    const shift = 14 - e, half = 1 << (shift - 1), rest = mantissa & ((1 << shift) - 1);
    const kept = mantissa >>> shift;
    return sign | (kept + Number(rest > half || (rest === half && (kept & 1) === 1)));
  }
  const kept = (e << 10) | (mantissa >>> 13), rest = mantissa & 0x1fff;
  return sign | (kept + Number(rest > 0x1000 || (rest === 0x1000 && (kept & 1) === 1)));
}

/** The float that 16 bits stand for. */
export function fromHalf(h: number): number {
  const sign = h & 0x8000 ? -1 : 1, e = (h >>> 10) & 31, m = h & 1023;
  if (e === 0) return sign * m * 2 ** -24;
  if (e === 31) return m ? NaN : sign * Infinity;
  return sign * (1 + m / 1024) * 2 ** (e - 15);
}

/** The greatest half. */
const MOST = 65504;

/** Nearest halves of many numbers; what is beyond the greatest one becomes that, not infinite, so that masks of −10⁹ stay numbers. */
export function toHalves(x: ArrayLike<number>): Uint16Array<ArrayBuffer> {
  const out = new Uint16Array(x.length);
  for (let i = 0; i < out.length; i++) out[i] = toHalf(Math.min(MOST, Math.max(-MOST, x[i]!)));
  return out;
}

let table: Float32Array | undefined;
/** The floats that many 16-bit numbers stand for, through a table of all 65,536. */
export function fromHalves(halves: Uint16Array): Float32Array<ArrayBuffer> {
  table ??= Float32Array.from({ length: 65536 }, (_, h) => fromHalf(h));
  const out = new Float32Array(halves.length);
  for (let i = 0; i < out.length; i++) out[i] = table[halves[i]!]!;
  return out;
}
