/**
 * @file sRGB → OKLab (Ottosson 2020, https://bottosson.github.io/posts/oklab/), where distance is about what the eye sees.
 * From + − × ÷ alone, since `Math.pow` and `Math.cbrt` differ between JS engines.
 */
import { cubeRoot } from '../core/roots.ts';

/** x^(1/5) for x in [0, 1] by Newton's iteration from above; only for the table below. */
function fifthRoot(x: number): number {
  if (x <= 0) return 0;
  let y = 1;
  for (;;) {
    const next = (4 * y + x / (y * y * y * y)) / 5;
    if (next >= y) return y;
    y = next;
  }
}

/** sRGB bytes → linear light (IEC 61966-2-1); x^2.4 = x²·(x²)^(1/5). */
const LINEAR = Float64Array.from({ length: 256 }, (_, byte) => {
  const v = byte / 255;
  if (v <= 0.04045) return v / 12.92;
  const x = (v + 0.055) / 1.055;
  return x * x * fifthRoot(x * x);
});

/** OKLab of sRGB bytes into out[at..at+2]. */
export function oklab(r: number, g: number, b: number, out: Float64Array, at = 0): void {
  const lr = LINEAR[r]!, lg = LINEAR[g]!, lb = LINEAR[b]!;
  const l = cubeRoot(0.4122214708 * lr + 0.5363325363 * lg + 0.0514459929 * lb);
  const m = cubeRoot(0.2119034982 * lr + 0.6806995451 * lg + 0.1073969566 * lb);
  const s = cubeRoot(0.0883024619 * lr + 0.2817188376 * lg + 0.6299787005 * lb);
  out[at] = 0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s;
  out[at + 1] = 1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s;
  out[at + 2] = 0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s;
}
