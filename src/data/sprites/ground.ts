/**
 * @file Paints grounds: plain, fading, or tiled patterns in the muted colours of the palette. Drawn by rule, no art involved.
 */
import type { GroundSpec } from './spec.ts';
import { GROUND_PALETTE } from './vocabulary.ts';

/** How much darker joints, blades and seams are than the ground, 0 … 255. */
const JOINT = 26, BLADE = 20;

/** A small integer hash of a position, for tufts of grass and the tint of bricks. */
function speck(x: number, y: number): number {
  const h = Math.imul(Math.imul(x, 0x9e3779b1) ^ Math.imul(y, 0x85ebca6b), 0xc2b2ae35);
  return (h ^ (h >>> 15)) >>> 0;
}

/** What is added to the colour at a pixel of a one-colour pattern. */
function relief(kind: 'brick' | 'grass' | 'planks', x: number, y: number, tile: number): number {
  switch (kind) {
    case 'brick': {
      const row = Math.floor(y / 8), shifted = x + (row % 2 === 0 ? 0 : 8);
      if (y % 8 === 7 || shifted % 16 === 15) return -JOINT;
      return (speck(Math.floor(shifted / 16), row) % 3) * 5 - 5;
    }
    case 'grass': {
      const cell = speck(Math.floor(x / 6), Math.floor(y / 6)), u = x % 6, v = y % 6;
      if (cell % 3 !== 0) return 0;
      return (u === 1 && v > 1 && v < 5) || (u === 3 && v > 2 && v < 5) || (u === 2 && v === 4) ? (cell % 2 === 0 ? -BLADE : BLADE) : 0;
    }
    case 'planks': {
      const row = Math.floor(y / tile);
      if (y % tile === tile - 1 || (x + row * 21) % 48 === 47) return -JOINT;
      return (speck(Math.floor((x + row * 21) / 48), row) % 3) * 5 - 5;
    }
    default: return kind satisfies never;
  }
}

/** The ground as `[H, W, 3]` bytes. */
export function paintGround(ground: GroundSpec, width: number, height: number): Uint8Array {
  const out = new Uint8Array(width * height * 3);
  const first = GROUND_PALETTE[ground.colours[0]!], second = GROUND_PALETTE[ground.colours[1] ?? ground.colours[0]!];
  const { kind, tile, shade, shift } = ground;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const u = x + shift[0], v = y + shift[1], at = (y * width + x) * 3;
      let mix = 0, add = shade;
      switch (kind) {
        case 'plain': break;
        case 'fade_down': mix = y / (height - 1); break;
        case 'fade_across': mix = x / (width - 1); break;
        case 'checker': mix = (Math.floor(u / tile) + Math.floor(v / tile)) % 2; break;
        case 'brick': case 'grass': case 'planks': add += relief(kind, u, v, tile); break;
        default: kind satisfies never;
      }
      for (let c = 0; c < 3; c++) out[at + c] = Math.max(0, Math.min(255, Math.round(first[c]! + (second[c]! - first[c]!) * mix) + add));
    }
  }
  return out;
}
