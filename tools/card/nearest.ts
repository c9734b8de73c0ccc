/**
 * @file Is a film remembered? `npx tsx tools/card/nearest.ts <sprite layers> <configuration of the transformer's run> <model> <out.png>`: films of the first 32
 * held-out prompts, and under each the training clip of 17×64×64 that is nearest: least squared difference of the frames at 16×16 pixels.
 */
import { drawClip, loadSpriteWorld, renderClip } from '../../src/data/sprites/world.ts';
import { drawEvalPrompts } from '../../src/eval/prompts.ts';
import { contactSheet, writePng } from '../../src/media/contact-sheet.ts';
import type { Frames } from '../../src/media/frames.ts';
import { openPipeline } from '../../src/pipeline/pipeline.ts';
import { readRunConfig } from '../../src/train/config.ts';
import { clipStream, shapeName, type ClipShape } from '../../src/train/latents.ts';

const SHAPE: ClipShape = { frames: 17, width: 64, height: 64 }, FILMS = 32, CELL = 4, EVERY = 4;

/** Every fourth frame at 16×16 pixels, sums of 4×4. */
function small({ data, count, width, height, channels }: Frames): Float32Array {
  const columns = width / CELL, rows = height / CELL, out = new Float32Array(Math.ceil(count / EVERY) * rows * columns * 3);
  for (let t = 0; t < count; t += EVERY) for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) for (let c = 0; c < 3; c++)
    out[((t / EVERY * rows + Math.floor(y / CELL)) * columns + Math.floor(x / CELL)) * 3 + c]! += data[((t * height + y) * width + x) * channels + c]!;
  return out;
}

const [layers, config, model, out] = process.argv.slice(2);
if (!layers || !config || !model || !out) throw new Error('usage: nearest.ts <sprite layers> <configuration> <model> <out.png>');
const world = await loadSpriteWorld(layers, { cacheDir: '.cache' }), { seed, clips } = await readRunConfig('dit', config);
const clip = (step: number): Frames => renderClip(world, drawClip(world, { key: { seed, stream: clipStream('train', SHAPE), step }, split: 'train', ...SHAPE })).frames;

const films: Frames[] = [];
using pipeline = await openPipeline({ model });
for (const { prompt } of drawEvalPrompts(world, { count: FILMS, frames: SHAPE.frames }))
  for await (const { film } of pipeline.films({ prompt: prompt.prompt, seed: prompt.index, palette: 0, scale: 1 })) films.push(film!);
const looks = films.map(small), best = films.map(() => ({ step: -1, distance: Infinity }));
for (let step = 0; step < clips[shapeName(SHAPE)]!; step++) {
  const look = small(clip(step));
  looks.forEach((own, i) => {
    let distance = 0;
    for (let j = 0; j < own.length && distance < best[i]!.distance; j++) distance += (own[j]! - look[j]!) ** 2;
    if (distance < best[i]!.distance) best[i] = { step, distance };
  });
  if (step % 500 === 0) console.error(`${step} clips`);
}
await writePng(out, contactSheet(films.flatMap((film, i) => [film, clip(best[i]!.step)]), { columns: 9 }));
const perPixel = best.map(({ distance }) => Math.sqrt(distance / looks[0]!.length) / CELL ** 2);
console.log(`${out}: root mean square differences at 16×16 pixels from ${Math.min(...perPixel).toFixed(1)} to ${Math.max(...perPixel).toFixed(1)} of 255`);
