import { expect, test } from 'vitest';
import { uniforms } from '../core/random.ts';
import { rgbToYuv420, yuvBytes } from './yuv.ts';

const WIDTH = 12, HEIGHT = 16;

/** Y'CbCr of one 2×2 block by the formulas of H.273, section 8.3, with nothing shared between blocks. */
function slow(data: Uint8Array): number[] {
  const luma: number[] = [], cb: number[] = [], cr: number[] = [], round = (v: number): number => Math.min(255, Math.floor(v + 0.5));
  const pixel = (x: number, y: number): { r: number; b: number; l: number } => {
    const [r, g, b] = data.subarray((y * WIDTH + x) * 3, (y * WIDTH + x) * 3 + 3) as unknown as [number, number, number];
    return { r, b, l: 0.2126 * r + 0.7152 * g + 0.0722 * b };
  };
  for (let y = 0; y < HEIGHT; y++) for (let x = 0; x < WIDTH; x++) luma.push(round(pixel(x, y).l));
  for (let y = 0; y < HEIGHT; y += 2) for (let x = 0; x < WIDTH; x += 2) {
    const block = [pixel(x, y), pixel(x + 1, y), pixel(x, y + 1), pixel(x + 1, y + 1)];
    const mean = (of: (p: { r: number; b: number; l: number }) => number): number => block.reduce((n, p) => n + of(p), 0) / 4;
    cb.push(round(128 + mean((p) => p.b - p.l) / (2 * (1 - 0.0722)))); cr.push(round(128 + mean((p) => p.r - p.l) / (2 * (1 - 0.2126))));
  }
  return [...luma, ...cb, ...cr];
}

test('equals the formulas block by block, also where rows repeat those above and blocks those before', () => {
  const noise = Uint8Array.from(uniforms({ seed: 1, stream: 'yuv', step: 0 }, WIDTH * HEIGHT * 3), (u) => Math.floor(256 * u)), row = WIDTH * 3;
  const enlarged = noise.slice();
  for (let y = 0; y < HEIGHT; y++) enlarged.copyWithin(y * row, Math.floor(y / 4) * 4 * row, (Math.floor(y / 4) * 4 + 1) * row);
  const half = noise.slice();                                           // the second of two rows is as above, the first is not
  half.copyWithin(3 * row, row, 2 * row);
  const wide = Uint8Array.from(enlarged, (_, i) => enlarged[Math.floor(i / row) * row + Math.floor((i % row) / 12) * 12 + i % 3]!);   // four pixels a pixel in both directions
  for (const data of [noise, enlarged, half, wide]) {
    const out = new Uint8Array(yuvBytes(WIDTH, HEIGHT)), size = { width: WIDTH, height: HEIGHT, channels: 3 } as const;
    rgbToYuv420(data, 0, size, out);
    const wanted = slow(data);
    expect(Math.max(...Array.from(out, (v, i) => Math.abs(v - wanted[i]!)))).toBe(0);
    const apart = new Uint8Array(out.length);                           // where no word of four bytes begins
    rgbToYuv420(Uint8Array.of(0, ...data), 1, size, apart);
    expect(Buffer.compare(apart, out)).toBe(0);
    const opaque = Uint8Array.from({ length: WIDTH * HEIGHT * 4 }, (_, i) => (i % 4 === 3 ? 255 : data[(i >> 2) * 3 + i % 4]!));
    const four = new Uint8Array(yuvBytes(WIDTH, HEIGHT) + WIDTH * HEIGHT);
    rgbToYuv420(opaque, 0, { width: WIDTH, height: HEIGHT, channels: 4 }, four);
    expect([Buffer.compare(four.subarray(0, out.length), out), new Set(four.subarray(out.length))]).toEqual([0, new Set([255])]);
  }
});
