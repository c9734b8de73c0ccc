/**
 * @file RGB → planar Y'CbCr 4:2:0, 8 bits, full range, BT.709 matrix (Rec. ITU-T H.273, 07/2024, section 8.3): what H.264 is
 * fed and tagged as. Full range because Chromium without a GPU (libyuv on x86) stores the limited-range factor of Cb for
 * blue, 2.112, as 2: blue is off by up to 11/255 there, by 1 in full range. It also has 16 % more levels.
 * Chroma is the mean of each 2×2 block (sited at its centre), so pixel art upscaled by an even factor keeps flat colours.
 */

/** Luma weights: Y = KR·R + KG·G + KB·B. */
const KR = 0.2126, KB = 0.0722, KG = 1 - KR - KB;
/** Cb = 128 + (B − Y) / (2·(1 − KB)), Cr = 128 + (R − Y) / (2·(1 − KR)), all in 0…255. */
const CB_SCALE = 1 / (2 * (1 - KB)), CR_SCALE = 1 / (2 * (1 - KR));

/** Bytes of a 4:2:0 frame: W·H luma, then two planes of W/2·H/2. */
export const yuvBytes = (width: number, height: number): number => (width * height * 3) / 2;

/** Nearest integer up to 255; 128 + 127.5 is the only sum beyond. */
const byte = (v: number): number => (v >= 255 ? 255 : Math.floor(v + 0.5));

/** Whether `length` values from `at` on are those of the `length` before. */
function sameRows(data: Uint8Array, at: number, length: number): boolean {
  for (let i = at; i < at + length; i++) if (data[i] !== data[i - length]) return false;
  return true;
}

/** One RGB(A) frame at `at` in `data` into `out` (Y plane, Cb plane, Cr plane). Width and height are even. */
export function rgbToYuv420(
  data: Uint8Array, at: number, size: { readonly width: number; readonly height: number; readonly channels: 3 | 4 }, out: Uint8Array,
): void {
  const { width, height, channels } = size;
  const cbAt = width * height, crAt = cbAt + cbAt / 4;
  const row = width * channels, half = width >> 1;
  for (let y = 0; y < height; y += 2) {
    if (y > 0 && sameRows(data, at + y * row, 2 * row)) {               // enlarged films: most rows are like those above
      out.copyWithin(y * width, (y - 2) * width, y * width);
      for (const plane of [cbAt, crAt]) out.copyWithin(plane + (y >> 1) * half, plane + ((y >> 1) - 1) * half, plane + (y >> 1) * half);
      continue;
    }
    for (let x = 0; x < width; x += 2) {
      let red = 0, blue = 0, luma = 0;                                  // sums over the block
      for (let k = 0; k < 4; k++) {
        const yy = y + (k >> 1), xx = x + (k & 1);
        const p = at + yy * row + xx * channels;
        const r = data[p]!, b = data[p + 2]!;
        const l = KR * r + KG * data[p + 1]! + KB * b;
        out[yy * width + xx] = byte(l);
        red += r; blue += b; luma += l;
      }
      const c = (y >> 1) * half + (x >> 1);
      out[cbAt + c] = byte(128 + (CB_SCALE * (blue - luma)) / 4);
      out[crAt + c] = byte(128 + (CR_SCALE * (red - luma)) / 4);
    }
  }
}
