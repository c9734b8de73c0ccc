/** @file Synthetic films with known answers for the tests of this folder: cuts, pans, bars, flicker, text. Not part of the library. */
import sharp from 'sharp';
import type { Luma } from '../../media/film-stream.ts';

/** Size of the planes that are measured. */
export const WIDTH = 256, HEIGHT = 144;

/** A smooth texture over an endless plane, 0 … 1; another `seed`, another scene. */
export const texture = (seed: number, x: number, y: number): number =>
  0.5 + 0.25 * Math.sin(x / (11 + (seed * 7) % 13) + seed) * Math.cos(y / (9 + (seed * 5) % 11) - seed) + 0.2 * Math.sin((x + y) / (5 + (seed * 3) % 7) + 2 * seed);

/** A plane of a function of pixels, 0 … 1. */
export function plane(value: (x: number, y: number) => number, width = WIDTH, height = HEIGHT): Luma {
  const data = new Uint8Array(width * height);
  for (let y = 0, i = 0; y < height; y++) for (let x = 0; x < width; x++, i++) data[i] = Math.max(0, Math.min(255, Math.round(255 * value(x, y))));
  return { data, width, height };
}

/** Frames of a scene that pans by `speed` pixels a frame. */
export const pan = (seed: number, count: number, speed = 2): Luma[] => Array.from({ length: count }, (_, t) => plane((x, y) => texture(seed, x + speed * t, y)));

/** A line of white letters on a transparent ground, laid over each frame at the same place; letters `size` pixels high. */
export async function withText(frames: readonly Luma[], text: string, size: number): Promise<Luma[]> {
  const { width, height } = frames[0]!;
  const svg = Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><text x="${width / 2}" y="${height - 10}" text-anchor="middle" `
    + `font-family="sans-serif" font-weight="bold" font-size="${size}" fill="white" stroke="black" stroke-width="1" paint-order="stroke">${text}</text></svg>`);
  return Promise.all(frames.map(async (f) => {
    const data = await sharp(f.data, { raw: { width, height, channels: 1 } }).toColourspace('srgb').composite([{ input: svg }]).greyscale().raw().toBuffer();
    return { data: new Uint8Array(data.subarray(0, width * height)), width, height };
  }));
}
