/** @file The sprite world as a source of clips: clip i of a shape is drawn by step i of the shape's stream. */
import {
  afterChange, captionOf, drawClip, renderClip, walksOf, type ClipSpec, type DrawClipOptions, type RenderedClip, type Split, type SpriteWorld,
} from '../../data/sprites/world.ts';
import { latentFrames } from '../../models/vae/config.ts';
import type { ClipRef, ClipSource } from './clip-source.ts';
import { dataFingerprint } from './identity.ts';
import { clipStream } from './clip-shape.ts';

/** Renders clip `step` of a stream. */
function spriteClip(world: SpriteWorld, seed: number, stream: string, step: number, split: Split, l: Omit<DrawClipOptions, 'key' | 'split'>): RenderedClip {
  return renderClip(world, drawClip(world, { ...l, key: { seed, stream, step }, split }));
}

/** The clips of a world. */
export function spriteSource(world: SpriteWorld): ClipSource {
  const main = { frames: 17, width: 64, height: 64 };
  const specOf = ({ seed, split, shape: { frames, width, height, deeds }, index }: ClipRef): ClipSpec =>
    drawClip(world, { key: { seed, stream: clipStream(split, { frames, width, height, deeds }), step: index }, split, width, height, frames, deeds });
  return {
    main,
    fingerprint: (tokenizer) => dataFingerprint(world, tokenizer),
    clip: async ({ seed, split, shape, index }) => spriteClip(world, seed, clipStream(split, shape), index, split, shape).frames,
    caption: (ref, { key, looks }) => captionOf(afterChange(specOf(ref)), { key, looks }),
    regions(ref, { key, looks }) {
      const spec = afterChange(specOf(ref)), { characters } = spec;
      const told = (i: number): string => captionOf({ ...spec, characters: [characters[i]!], relation: 'apart' }, { key: { ...key, stream: `${key.stream}/${i}` }, looks });
      const one = told(0), [first, second] = walksOf(spec), alone = second === undefined;
      return { captions: [one, alone ? one : told(1)], alone, staging: [first!, second ?? first!] };
    },
    framesBefore: (ref) => latentFrames(specOf(ref).characters[0]!.next!.from),
    piece: async ({ key, split, size }) => spriteClip(world, key.seed, key.stream, key.step, split, size),
    prompts: (seed, count) => Array.from({ length: count }, (_, step) => {
      const key = { seed, stream: clipStream('heldout', main), step };
      return captionOf(drawClip(world, { key, split: 'heldout', ...main }), { key, language: step % 4 === 3 ? 'zh' : 'en', style: 'sentence' });
    }),
  };
}
