/**
 * @file Writes what the tokenizer learns from: `npx tsx tools/tokenizer/corpus.ts <sprite layers> <out.jsonl> [captions]`, one JSON string a line,
 * captions of train clips of every canvas and length. A tenth is followed by a noisy copy, marked so that its words count as unknown.
 */
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { draws } from '../../src/core/random.ts';
import { CANVASES, captionOf, drawClip, loadSpriteWorld, noisyCaption } from '../../src/data/sprites/world.ts';

const [layers, out, count = '100000'] = process.argv.slice(2);
if (layers === undefined || out === undefined) throw new Error('usage: corpus.ts <sprite layers> <out.jsonl> [captions]');
const world = await loadSpriteWorld(layers, { cacheDir: '.cache' });
const file = createWriteStream(out);
for (let step = 0; step < Number(count); step++) {
  const key = { seed: 1, stream: 'tokenizer', step }, d = draws({ ...key, stream: 'tokenizer/shape' });
  const [width, height] = d.pick(CANVASES), frames = d.pick([1, 5, 9, 17, 33]);
  const caption = captionOf(drawClip(world, { key, split: 'train', width, height, frames }), { key });
  file.write(`${JSON.stringify({ caption })}\n`);
  if (d.chance(0.1)) file.write(`${JSON.stringify({ caption: noisyCaption(caption, key), noisy: true })}\n`);
}
file.end();
await once(file, 'finish');
