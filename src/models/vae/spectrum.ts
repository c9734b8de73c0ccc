/**
 * @file The linear part of the autoencoder: a fixed discrete cosine transform of blocks of 4 frames × 8 × 8 pixels × 3 colours, of which the
 * coefficients of most variance are kept. For sprites it is within 0.2 dB of principal components (docs/reports/001-autoencoder.md), and the
 * networks around it learn only what is missing. Not for: the transform of a film on the host.
 */
import { InputError } from '../../core/errors.ts';
import { portableCosSin } from '../../core/random.ts';
import { cubeRoot } from '../../core/roots.ts';

/** Values of a block, in the channel order of resample.ts: colour, y, x, frame parity, pair of frames. */
export const BLOCK = 3 * 8 * 8 * 4;

/**
 * Coefficients by falling variance over 400 clips (weight 0.8) and their first frames (0.2); ((colour·4 + t)·8 + y)·8 + x,
 * where colour 0 is brightness, 1 red − blue, 2 green − magenta.
 */
const ORDER: readonly number[] = [
  0, 256, 512, 1, 8, 2, 9, 16, 3, 10, 17, 24, 264, 4, 11, 257, 18, 25, 32, 5, 12, 19, 40, 26, 13, 6, 20, 520, 513, 48, 33, 27,
  21, 7, 56, 14, 64, 34, 22, 28, 15, 41, 29, 265, 23, 31, 35, 30, 258, 39, 272, 49, 36, 42, 37, 38, 43, 57, 50, 44, 47, 45, 72, 65,
  46, 51, 128, 55, 58, 52, 54, 53, 59, 521, 62, 61, 60, 266, 63, 66, 273, 73, 514, 259, 80, 136, 528, 280, 67, 129, 74, 192, 81, 88, 274, 130,
  320, 200, 137, 144, 82, 75, 267, 193, 68, 131, 138, 522, 89, 281, 194, 96, 201, 83, 208, 145, 76, 152, 260, 529, 288, 515, 202, 132, 90, 69, 195, 139,
  146, 209, 275, 104, 84, 203, 282, 97, 153, 77, 91, 160, 210, 216, 140, 112, 268, 147, 261, 196, 120, 85, 576, 154, 98, 70, 133, 92, 224, 217, 105, 211,
  168, 289, 384, 218, 240, 262, 148, 161, 204, 99, 536, 296, 232, 141, 93, 78, 155, 523, 176, 283, 197, 276, 516, 530, 248, 86, 100, 71, 328, 184, 162, 113,
  219, 269, 106, 149, 225, 95, 94, 103, 134, 79, 212, 156, 107, 205, 304, 101, 169, 226, 290, 121, 87, 108, 163, 321, 142, 233, 263, 150, 213, 157, 114, 102,
  164, 270, 227, 198, 220, 277, 135, 537, 115, 122, 234, 109, 170, 284, 111, 241, 159, 177, 167, 228, 158, 312, 165, 143, 123, 206, 297, 110, 214, 116, 171, 271,
];

/** Most latent channels that a configuration can have. */
export const MAX_CHANNELS = ORDER.length;

/** Divides all coefficients, so that latents come out near unit variance. */
const SCALE = 4;
const COLOURS = [[1, 1, 1], [1, 0, -1], [-1, 2, -1]] as const;
const COLOUR_NORMS = [3, 2, 6] as const;

/** Orthonormal cosines of n points: `[k][i]`. Portable, as the cube roots below: the last bit of `Math.cos` and `Math.cbrt` differs between engines. */
const cosines = (n: number): number[][] => Array.from({ length: n }, (_, k) => Array.from({ length: n }, (__, i) => {
  const turns = (i + 0.5) * k / (2 * n);
  return Math.sqrt((k === 0 ? 1 : 2) / n) * portableCosSin(turns - Math.floor(turns))[0];
}));

/** Rows of the orthonormal transform that `channels` latents keep: `channels` × {@link BLOCK}, row-major. */
function rows(channels: number): number[][] {
  if (channels < 1 || channels > MAX_CHANNELS) throw new InputError(`${channels} latent channels: allowed are 1 … ${MAX_CHANNELS}`);
  const four = cosines(4), eight = cosines(8);
  return ORDER.slice(0, channels).map((index) => {
    const colour = index >> 8, kt = (index >> 6) & 3, ky = (index >> 3) & 7, kx = index & 7;
    return Array.from({ length: BLOCK }, (_, i) => {
      const pair = i & 1, parity = (i >> 1) & 1, x = (i >> 2) & 7, y = (i >> 5) & 7, c = i >> 8;
      return COLOURS[colour]![c]! / Math.sqrt(COLOUR_NORMS[colour]!) * four[kt]![2 * pair + parity]! * eight[ky]![y]! * eight[kx]![x]!;
    });
  });
}

/** Coefficient r (from 1) is multiplied by ∛r: over 256 channels the latents' deviations fall from 3.5 to 0.4 (report 001), the coefficients' ∛256 = 6.3 times as far. */
const gain = (row: number): number => cubeRoot(row + 1) / SCALE;

/** Made once per number of channels. */
function kept(make: (channels: number) => readonly number[]): (channels: number) => readonly number[] {
  const made = new Map<number, readonly number[]>();
  return (channels) => {
    const known = made.get(channels) ?? make(channels);
    made.set(channels, known);
    return known;
  };
}

/** Block → latents, `[channels, BLOCK]`. */
export const analysis = kept((channels) => rows(channels).flatMap((row, i) => row.map((v) => v * gain(i))));

/** Latents → block, `[BLOCK, channels]`. */
export const synthesis = kept((channels) => {
  const table = rows(channels);
  return Array.from({ length: BLOCK }, (_, j) => table.map((row, i) => row[j]! / gain(i))).flat();
});
