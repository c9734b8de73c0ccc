/**
 * @file One checkpoint, several sizes and lengths: `npx tsx examples/many-shapes.ts [--model ID|DIR] [--quick]`.
 * Images, short and long films, wide and tall ones come from the same weights; each is written to out/.
 */
import { mkdir } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { openPipeline } from 'kinora';

const { values } = parseArgs({ options: { model: { type: 'string' }, quick: { type: 'boolean' } } });

const FILMS = [
  { prompt: 'a knight in plate armor stands', width: 64, height: 64, frames: 1, output: 'out/image.png' },
  { prompt: 'a woman with black hair in a white shirt casts a spell', width: 64, height: 64, frames: 17, output: 'out/square.gif' },
  { prompt: 'a man with red hair walks to the left', width: 96, height: 64, frames: 9, output: 'out/short.gif' },
  { prompt: 'a man and a woman walk towards each other', width: 128, height: 64, frames: 17, output: 'out/wide.gif' },
  { prompt: 'a skeleton walks towards the viewer', width: 64, height: 96, frames: 17, output: 'out/tall.gif' },
  { prompt: '一个金发女人向右走', width: 64, height: 64, frames: 33, output: 'out/long.gif' },
];

await mkdir('out', { recursive: true });
using pipeline = await openPipeline(values.model ? { model: values.model } : {});
for (const wanted of FILMS) {
  for await (const film of pipeline.films({ ...wanted, seed: 1, ...(values.quick ? { steps: 2 } : {}) })) {
    console.log(`${film.file}: ${film.native.width}x${film.native.height}, ${film.frames} frames, in ${(Object.values(film.ms).reduce((a, b) => a + b) / 1000).toFixed(1)} s`);
  }
}
