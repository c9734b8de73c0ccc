/**
 * @file RGB → planar Y'CbCr 4:2:0, 8 bits, full range, BT.709 matrix (Rec. ITU-T H.273, 07/2024, section 8.3): what H.264 is
 * fed and tagged as. Full range because Chromium without a GPU (libyuv on x86) stores the limited-range factor of Cb for
 * blue, 2.112, as 2: blue is off by up to 11/255 there, by 1 in full range. It also has 16 % more levels.
 * Chroma is the mean of each 2×2 block (sited at its centre), so pixel art upscaled by an even factor keeps flat colours; with alpha it is the mean of what can be seen
 * of the block, so that no colour of what cannot be seen comes in at a silhouette. And 4:4:4 in 10 bits, limited range, which is all that ProRes knows.
 */

/** Luma weights: Y = KR·R + KG·G + KB·B. */
const KR = 0.2126, KB = 0.0722, KG = 1 - KR - KB;
/** Cb = 128 + (B − Y) / (2·(1 − KB)), Cr = 128 + (R − Y) / (2·(1 − KR)), all in 0…255. */
const CB_SCALE = 1 / (2 * (1 - KB)), CR_SCALE = 1 / (2 * (1 - KR));

/** Bytes of a 4:2:0 frame: W·H luma, then two planes of W/2·H/2. */
export const yuvBytes = (width: number, height: number): number => (width * height * 3) / 2;

/** Nearest integer up to 255; 128 + 127.5 is the only sum beyond. */
const byte = (v: number): number => (v >= 255 ? 255 : Math.floor(v + 0.5));

/** Whether `length` values from `at` on are those of the `length` before; four at a time where they lie so. */
function sameRows(data: Uint8Array, at: number, length: number): boolean {
  const from = data.byteOffset + at;
  if ((from | length) % 4 === 0) {
    const words = new Int32Array(data.buffer, from - length, length / 2), half = length / 4;
    for (let i = 0; i < half; i++) if (words[i] !== words[i + half]) return false;
    return true;
  }
  for (let i = at; i < at + length; i++) if (data[i] !== data[i - length]) return false;
  return true;
}

/** Whether the 2×2 block of RGB at `p` is that to the left of it. */
function sameBlock(data: Uint8Array, p: number, row: number): boolean {
  for (let i = p; i < p + 6; i++) if (data[i] !== data[i - 6] || data[i + row] !== data[i + row - 6]) return false;
  return true;
}

/** One RGB(A) frame at `at` in `data` into `out` (Y plane, Cb plane, Cr plane, with alpha an A plane of W·H more). Width and height are even. */
export function rgbToYuv420(
  data: Uint8Array, at: number, size: { readonly width: number; readonly height: number; readonly channels: 3 | 4 }, out: Uint8Array,
): void {
  const { width, height, channels } = size;
  const cbAt = width * height, crAt = cbAt + cbAt / 4, alphaAt = crAt + cbAt / 4;
  const row = width * channels, half = width >> 1;
  for (let y = 0; y < height; y += 2) {
    if (y > 0 && sameRows(data, at + y * row, 2 * row)) {               // enlarged films: most rows are like those above
      out.copyWithin(y * width, (y - 2) * width, y * width);
      if (channels === 4) out.copyWithin(alphaAt + y * width, alphaAt + (y - 2) * width, alphaAt + y * width);
      for (const plane of [cbAt, crAt]) out.copyWithin(plane + (y >> 1) * half, plane + ((y >> 1) - 1) * half, plane + (y >> 1) * half);
      continue;
    }
    for (let x = 0; x < width; x += 2) {
      let red = 0, blue = 0, luma = 0, weight = 0;                      // sums over the block
      const p0 = at + y * row + x * channels, c = (y >> 1) * half + (x >> 1);
      if (channels === 3 && x > 0 && sameBlock(data, p0, row)) {         // and most blocks are like those before them
        const o = y * width + x;
        out[o] = out[o - 2]!; out[o + 1] = out[o - 1]!; out[o + width] = out[o + width - 2]!; out[o + width + 1] = out[o + width - 1]!;
        out[cbAt + c] = out[cbAt + c - 1]!; out[crAt + c] = out[crAt + c - 1]!;
        continue;
      }
      const seen = channels === 4 && (data[p0 + 3]! | data[p0 + 7]! | data[p0 + row + 3]! | data[p0 + row + 7]!) !== 0;
      for (let k = 0; k < 4; k++) {
        const yy = y + (k >> 1), xx = x + (k & 1);
        const p = at + yy * row + xx * channels;
        const r = data[p]!, b = data[p + 2]!;
        const l = KR * r + KG * data[p + 1]! + KB * b;
        out[yy * width + xx] = byte(l);
        const a = seen ? data[p + 3]! : 1;
        red += a * r; blue += a * b; luma += a * l; weight += a;
        if (channels === 4) out[alphaAt + yy * width + xx] = data[p + 3]!;
      }
      out[cbAt + c] = byte(128 + (CB_SCALE * (blue - luma)) / weight);
      out[crAt + c] = byte(128 + (CR_SCALE * (red - luma)) / weight);
    }
  }
}

/** Levels of 10 bits, limited range: Y from 64 on, 876 of them; Cb and Cr 448 around 512 on each side; of alpha all 1023. */
const Y_10 = 876 / 255, C_10 = 896 / 255, A_10 = 1023 / 255;

/** One RGB(A) frame at `at` in `data` into `out` `[3 or 4, H, W]` (Y, Cb, Cr, A), 10 bits a value. */
export function rgbToYuv444p10(
  data: Uint8Array, at: number, { width, height, channels }: { readonly width: number; readonly height: number; readonly channels: 3 | 4 }, out: Uint16Array,
): void {
  const plane = width * height;
  for (let i = 0, p = at; i < plane; i++, p += channels) {
    const r = data[p]!, b = data[p + 2]!, l = KR * r + KG * data[p + 1]! + KB * b;
    out[i] = Math.floor(64.5 + Y_10 * l);
    out[plane + i] = Math.floor(512.5 + C_10 * CB_SCALE * (b - l));
    out[2 * plane + i] = Math.floor(512.5 + C_10 * CR_SCALE * (r - l));
    if (channels === 4) out[3 * plane + i] = Math.floor(0.5 + A_10 * data[p + 3]!);
  }
}
