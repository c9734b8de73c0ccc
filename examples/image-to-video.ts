/**
 * @file A picture that starts to move: `npx tsx examples/image-to-video.ts [picture.png] [--model ID|DIR] [--quick]`.
 * Without a picture the model draws one first, which is a film of one frame. Writes out/moving.gif and out/there-and-back.gif.
 */
import { mkdir } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { openPipeline, readImage, type GeneratedFilm, type PipelineOptions } from 'kinora';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { model: { type: 'string' }, quick: { type: 'boolean' } } });
const prompt = 'a man with blonde hair in a blue robe walks to the right';

await mkdir('out', { recursive: true });
using pipeline = await openPipeline(values.model ? { model: values.model } : {});       // weights are loaded once for all films

async function film(o: Omit<PipelineOptions, 'prompt'>): Promise<GeneratedFilm> {
  const quick = values.quick ? { steps: 2 } : {};
  for await (const made of pipeline.films({ prompt, seed: 3, ...quick, ...o })) return made;
  throw new Error('no film was made');
}

const picture = positionals[0] ? await readImage(positionals[0]) : (await film({ frames: 1, scale: 1, palette: 0 })).film!;
const frames = values.quick ? 5 : 17;

const moving = await film({ frames, images: [{ image: picture, frame: 0 }], output: 'out/moving.gif' });
console.log(`${moving.file}: the picture is its first frame`);

const back = await film({ frames, images: [{ image: picture, frame: 0 }, { image: picture, frame: 'last' }], output: 'out/there-and-back.gif' });
console.log(`${back.file}: the picture is its first frame and its last`);
