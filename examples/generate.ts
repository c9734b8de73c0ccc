/**
 * @file Words → film, in one call: `npx tsx examples/generate.ts ["what the film shows"] [--model ID|DIR] [--quick]`.
 * Writes out/film.mp4 and says what was made.
 */
import { mkdir } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { generate } from 'kinora';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { model: { type: 'string' }, quick: { type: 'boolean' } } });

await mkdir('out', { recursive: true });
const film = await generate({
  prompt: positionals[0] ?? 'a woman with long red hair in plate armor walks to the left',
  seed: 7,
  output: 'out/film.mp4',
  ...(values.model ? { model: values.model } : {}),
  ...(values.quick ? { steps: 2, frames: 5 } : {}),
  onProgress: ({ phase, step, steps }) => { if (step === steps) console.log(`${phase} done`); },
});
console.log(`${film.file}: ${film.frames} frames of ${film.width}x${film.height}, ${film.seconds} s, seed ${film.seed}`);
if (film.ignored.length > 0) console.log(`words that the model does not know: ${film.ignored.join(', ')}`);
