/**
 * @file What a run stands on beside its configuration. Layers, drawing, rendering and captions are identified by what they make: a few clips
 * and their captions, hashed. So a changed sheet and a changed line of code both count, and a comment does not.
 */
import { createHash } from 'node:crypto';
import { captionOf, drawClip, renderClip, type SpriteWorld } from '../../data/sprites/world.ts';
import type { CaptionTokenizer } from '../../models/text/tokenizer.ts';
import { sha256, type StoredTensor } from '../../io/safetensors.ts';

const CLIPS = 16;

/** Hash of clips and captions of a world, 16 hexadecimal digits; with a tokenizer, of the captions' tokens too. */
export function dataFingerprint(world: SpriteWorld, tokenizer?: CaptionTokenizer): string {
  const clips = Array.from({ length: CLIPS }, (_, step) => {
    const key = { seed: 0, stream: 'fingerprint', step };
    const spec = drawClip(world, { key, split: step % 4 === 3 ? 'heldout' : 'train', width: step % 2 === 0 ? 64 : 128, height: 64, frames: 5 });
    const caption = captionOf(spec, { key });
    return [JSON.stringify(spec), sha256(renderClip(world, spec).frames.data), caption, tokenizer ? [...tokenizer.encode(caption).ids] : []];
  });
  return sha256(JSON.stringify(clips)).slice(0, 16);
}

/** One hash of several identities; order counts. */
export const joinHashes = (...parts: readonly string[]): string => sha256(parts.join('\n')).slice(0, 12);

/** Hash of weights, 16 hexadecimal digits: names and values, whatever their order, after `config`. */
export function hashTensors(tensors: ReadonlyMap<string, StoredTensor>, config = ''): string {
  const hash = createHash('sha256').update(config);
  for (const [name, { data }] of [...tensors].sort(([a], [b]) => (a < b ? -1 : 1))) hash.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return hash.digest('hex').slice(0, 16);
}
