/**
 * @file Roots from + − × ÷ alone, since `Math.cbrt` and `Math.pow` differ between JS engines. Not for: square roots, which IEEE 754 fixes to the last bit.
 */

const f64 = new Float64Array(1);
const u32 = new Uint32Array(f64.buffer);
/** The exponent's bias, 1023, times ⅔, and a correction: a third of the high word is 5 bits of the root (FreeBSD's s_cbrt.c). */
const CBRT_BIAS = 715094163;

/** ∛x for x ≥ 0: 5 bits from the exponent, then Newton's iteration doubles them four times. */
export function cubeRoot(x: number): number {
  if (x <= 0) return 0;
  f64[0] = x;
  u32[1] = Math.floor(u32[1]! / 3) + CBRT_BIAS;                         // little-endian, as every platform that runs JS today
  u32[0] = 0;
  let y = f64[0]!;
  for (let i = 0; i < 4; i++) y = (2 * y + x / (y * y)) / 3;
  return y;
}
