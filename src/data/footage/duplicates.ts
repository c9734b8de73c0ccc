/**
 * @file Near-duplicates by a perceptual hash over time: pHash (Zauner 2010, section 3.2.1: signs of the low 8×8 coefficients of a 32×32 DCT against
 * their median) of frames spread over a clip, and a second hash of what changes: the signs of the same coefficients of each frame minus the
 * clip's mean frame. A fixed camera gives equal backgrounds and other movements, so both have to agree. Survives re-encoding and resizing.
 */
import type { Luma } from '../../media/film-stream.ts';
import { resizeLuma } from './plane.ts';

const SIDE = 32, LOW = 8, FRAMES = 5;
/** Bits of 64 that may differ on average. In the tests' five drawn films: copies (smaller, brighter, noisy) 0 to 0.8, different films 17 to 35. Not measured on real footage. */
const LOOKS = 10;
/** Of the change. In the same films: copies 0.2 to 1, different films 23 to 36; two walkers in opposite directions before one ground 32. */
const MOVES = 20;

/** cos((2x + 1) u π / 2N) for the low frequencies. */
const COSINES = Array.from({ length: LOW + 1 }, (_, u) => Float64Array.from({ length: SIDE }, (_x, x) => Math.cos(((2 * x + 1) * u * Math.PI) / (2 * SIDE))));

/** Coefficients u, v = 1 … 8: the first row and column hold brightness and are left out. */
function lowFrequencies(pixels: Float64Array): Float64Array {
  const half = new Float64Array(LOW * SIDE), out = new Float64Array(LOW * LOW);
  for (let y = 0; y < SIDE; y++) for (let u = 0; u < LOW; u++) {
    let s = 0;
    for (let x = 0; x < SIDE; x++) s += pixels[y * SIDE + x]! * COSINES[u + 1]![x]!;
    half[u * SIDE + y] = s;
  }
  for (let u = 0; u < LOW; u++) for (let v = 0; v < LOW; v++) {
    let s = 0;
    for (let y = 0; y < SIDE; y++) s += half[u * SIDE + y]! * COSINES[v + 1]![y]!;
    out[v * LOW + u] = s;
  }
  return out;
}

/** 64 signs as 16 hexadecimal digits. */
function bits(values: Float64Array, threshold: number): string {
  let text = '';
  for (let i = 0; i < values.length; i += 4) {
    let digit = 0;
    for (let k = 0; k < 4; k++) digit = digit * 2 + (values[i + k]! > threshold ? 1 : 0);
    text += digit.toString(16);
  }
  return text;
}

/** A clip's hash: looks and moves of five frames, 160 hexadecimal digits. */
export function clipHash(frames: readonly Luma[]): string {
  const picked = Array.from({ length: FRAMES }, (_, i) => frames[Math.min(frames.length - 1, Math.floor(((i + 0.5) * frames.length) / FRAMES))]!);
  const planes = picked.map((f) => Float64Array.from(resizeLuma(f, SIDE, SIDE).data)), average = planes[0]!.map((_, i) => planes.reduce((s, p) => s + p[i]!, 0) / FRAMES);
  const looks = planes.map((p) => { const c = lowFrequencies(p); return bits(c, [...c].sort((a, b) => a - b)[c.length >> 1]!); });
  return [...looks, ...planes.map((p) => bits(lowFrequencies(p.map((v, i) => v - average[i]!)), 0))].join('');
}

const ONES = Array.from({ length: 16 }, (_, d) => [1, 2, 4, 8].filter((b) => (d & b) !== 0).length);

/** Mean bits of 64 in which two hashes differ, in looks and in moves. */
export function hashDistance(a: string, b: string): { readonly looks: number; readonly moves: number } {
  const count = (from: number, to: number): number => {
    let n = 0;
    for (let i = from; i < to; i++) n += ONES[parseInt(a[i]!, 16) ^ parseInt(b[i]!, 16)]!;
    return n / FRAMES;
  };
  const half = a.length / 2;
  return { looks: count(0, half), moves: count(half, a.length) };
}

/** Whether two clips show the same. */
export const isNearDuplicate = (a: string, b: string): boolean => { const d = hashDistance(a, b); return d.looks <= LOOKS && d.moves <= MOVES; };

/** Clips that were kept, to be asked for one that resembles. Parts of one shot (`scene`) are never duplicates of each other. */
export class DuplicateIndex {
  readonly #rows: { readonly id: string; readonly scene: string; readonly hash: string }[] = [];

  /** The first kept clip that resembles, or undefined. Linear in the clips that are kept. */
  find(hash: string, scene: string): string | undefined {
    return this.#rows.find((row) => row.scene !== scene && isNearDuplicate(row.hash, hash))?.id;
  }

  /** Adds a kept clip. */
  add(id: string, scene: string, hash: string): void { this.#rows.push({ id, scene, hash }); }
}
