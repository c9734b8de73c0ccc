/**
 * @file Renders a ClipSpec: ground, then each character's layers from the lowest to the topmost, film frame by film frame.
 * Reads palette indices straight from the pack; allocates the film and its silhouette, nothing per pixel.
 */
import { InputError } from '../../core/errors.ts';
import type { Frames } from '../../media/frames.ts';
import { paintGround } from './ground.ts';
import type { SpriteWorld } from './load.ts';
import { actionLength, CELLS, cellIndex } from './sheet.ts';
import type { CharacterSpec, ClipSpec, DeedSpec } from './spec.ts';

export interface RenderedClip {
  /** RGB, 8 frames a second. */
  readonly frames: Frames;
  /** `[T, H, W]`: 1 where a character covers the ground. */
  readonly silhouette: Uint8Array;
}

/** What a character does in film frame `t`, and how many frames of that have gone by. */
const deedAt = (character: CharacterSpec, t: number): { deed: DeedSpec; elapsed: number } => {
  const { next } = character;
  return next && t >= next.from ? { deed: next, elapsed: t - next.from } : { deed: character, elapsed: t };
};

/** The sheet's column that a deed shows after `t` frames. */
export function columnAt({ labels: { action }, timing: { start } }: DeedSpec, t: number): number {
  if (action === 'walk') return 1 + ((start + t) % 8);         // column 0 stands still and is no part of the cycle
  return Math.min(actionLength(action) - 1, start + t);
}

/** Renders a clip. The world must hold the layers that the specification names. */
export function renderClip(world: SpriteWorld, spec: ClipSpec): RenderedClip {
  const { canvas: { width, height }, frames: count } = spec;
  const data = new Uint8Array(count * height * width * 3);
  const silhouette = new Uint8Array(count * height * width);
  const ground = paintGround(spec.ground, width, height);
  const layerOf = (name: string): number => {
    const layer = world.layers.get(name);
    if (layer === undefined) throw new InputError(`sprite layer "${name}" is not in this checkout`);
    return layer;
  };
  const cast = [...spec.characters].sort((a, b) => a.place.y - b.place.y);
  for (let t = 0; t < count; t++) {
    const pixels = data.subarray(t * ground.length, (t + 1) * ground.length);
    const covered = silhouette.subarray(t * height * width, (t + 1) * height * width);
    pixels.set(ground);
    for (const character of cast) {
      const { place } = character, { deed, elapsed } = deedAt(character, t);
      const cell = cellIndex(deed.labels.action, deed.labels.facing, columnAt(deed, elapsed));
      for (const name of deed.layers) blit(world, layerOf(name), cell, place.x + place.dx * t, place.y + place.dy * t, { pixels, covered, width, height });
    }
  }
  return { frames: { data, count, height, width, channels: 3, fps: spec.fps }, silhouette };
}

interface Target { readonly pixels: Uint8Array; readonly covered: Uint8Array; readonly width: number; readonly height: number }

/** Draws one frame of one layer with its cell's corner at (x0, y0), clipped to the canvas. */
function blit(world: SpriteWorld, layer: number, cell: number, x0: number, y0: number, to: Target): void {
  const { placements, blocks, pixels: indices, palettes } = world.pack;
  const p = (layer * CELLS.length + cell) * 3, block = placements[p]!;
  if (block < 0) return;
  const from = blocks[block * 3]!, w = blocks[block * 3 + 1]!, h = blocks[block * 3 + 2]!;
  const left = x0 + placements[p + 1]!, top = y0 + placements[p + 2]!;
  const { pixels, covered, width, height } = to;
  const xStart = Math.max(0, -left), xEnd = Math.min(w, width - left);
  const yEnd = Math.min(h, height - top), base = layer * 256;
  for (let y = Math.max(0, -top); y < yEnd; y++) {
    const row = from + y * w;
    for (let x = xStart; x < xEnd; x++) {
      const index = indices[row + x]!;
      if (index === 0) continue;
      const colour = palettes[base + index]!, alpha = colour >>> 24;
      const at = (top + y) * width + left + x, o = at * 3;
      if (alpha >= 128) covered[at] = 1;
      if (alpha === 255) {
        pixels[o] = colour & 255; pixels[o + 1] = (colour >>> 8) & 255; pixels[o + 2] = (colour >>> 16) & 255;
      } else {
        pixels[o] = mix(pixels[o]!, colour & 255, alpha);
        pixels[o + 1] = mix(pixels[o + 1]!, (colour >>> 8) & 255, alpha);
        pixels[o + 2] = mix(pixels[o + 2]!, (colour >>> 16) & 255, alpha);
      }
    }
  }
}

const mix = (under: number, over: number, alpha: number): number => Math.floor((under * (255 - alpha) + over * alpha + 127) / 255);
