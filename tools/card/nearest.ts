/**
 * @file Is a film remembered? `npx tsx tools/card/nearest.ts <sprite layers> <model> <out.webp> <configurations of the transformer's runs>`: films of the first 32
 * held-out prompts, and under each the training clip of 17×64×64 that is nearest: least squared difference of the frames at 16×16 pixels.
 */
import { drawClip, loadSpriteWorld, renderClip } from '../../src/data/sprites/world.ts';
import { drawEvalPrompts } from '../../src/eval/prompts.ts';
import { contactSheet, spreadFrames } from '../../src/media/contact-sheet.ts';
import { concatFrames, sliceFrames, type Frames } from '../../src/media/frames.ts';
import { writeFilm } from '../../src/media/sink.ts';
import { openPipeline } from '../../src/pipeline/pipeline.ts';
import { readRunConfig } from '../../src/train/config.ts';
import { clipStream, shapeName, type ClipShape } from '../../src/train/clips/clip-shape.ts';

const SHAPE: ClipShape = { frames: 17, width: 64, height: 64 }, FILMS = 32, CELL = 4, EVERY = 4;
/** Of the sheet: frames of a film, films side by side. */
const SHOWN = 4, BESIDE = 4;

/** Every fourth frame at 16×16 pixels, sums of 4×4. */
function small({ data, count, width, height, channels }: Frames): Float32Array {
  const columns = width / CELL, rows = height / CELL, out = new Float32Array(Math.ceil(count / EVERY) * rows * columns * 3);
  for (let t = 0; t < count; t += EVERY) for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) for (let c = 0; c < 3; c++)
    out[((t / EVERY * rows + Math.floor(y / CELL)) * columns + Math.floor(x / CELL)) * 3 + c]! += data[((t * height + y) * width + x) * channels + c]!;
  return out;
}

const [layers, model, out, ...configs] = process.argv.slice(2);
if (!layers || !model || !out || configs.length === 0) throw new Error('usage: nearest.ts <sprite layers> <model> <out.webp> <configuration>…');
const world = await loadSpriteWorld(layers, { cacheDir: '.cache' }), runs = new Map<number, number>();      // clips by seed: runs with one seed share their clips
for (const file of configs) {
  const { seed, clips } = await readRunConfig('dit', file);
  runs.set(seed, Math.max(runs.get(seed) ?? 0, clips[shapeName(SHAPE)]!));
}
interface Place { readonly seed: number; readonly step: number }
const places = [...runs].flatMap(([seed, clips]) => Array.from({ length: clips }, (_, step): Place => ({ seed, step })));
const clip = ({ seed, step }: Place): Frames => renderClip(world, drawClip(world, { key: { seed, stream: clipStream('train', SHAPE), step }, split: 'train', ...SHAPE })).frames;

const films: Frames[] = [];
using pipeline = await openPipeline({ model });
for (const { prompt } of drawEvalPrompts(world, { count: FILMS, frames: SHAPE.frames }))
  for await (const { film } of pipeline.films({ prompt: prompt.prompt, seed: prompt.index, palette: 0, scale: 1 })) films.push(film!);
const looks = films.map(small), best = films.map(() => ({ place: places[0]!, distance: Infinity }));
for (const [i, place] of places.entries()) {
  const look = small(clip(place));
  looks.forEach((own, film) => {
    let distance = 0;
    for (let j = 0; j < own.length && distance < best[film]!.distance; j++) distance += (own[j]! - look[j]!) ** 2;
    if (distance < best[film]!.distance) best[film] = { place, distance };
  });
  if (i % 1000 === 0) console.error(`${i} of ${places.length} clips`);
}
const pairs = films.map((film, i) => [film, clip(best[i]!.place)].map((f) => concatFrames(spreadFrames(f.count, SHOWN).map((t) => sliceFrames(f, t, t + 1)))));
const rows = Array.from({ length: FILMS / BESIDE }, (_, row) => pairs.slice(row * BESIDE, (row + 1) * BESIDE));
await writeFilm(out, contactSheet(rows.flatMap((row) => [0, 1].map((which) => concatFrames(row.map((pair) => pair[which]!))))));
const perPixel = best.map(({ distance }) => Math.sqrt(distance / looks[0]!.length) / CELL ** 2);
console.log(`${out}: root mean square differences at 16×16 pixels from ${Math.min(...perPixel).toFixed(1)} to ${Math.max(...perPixel).toFixed(1)} of 255`);
