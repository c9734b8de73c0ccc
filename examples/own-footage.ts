/**
 * @file Own footage → LoRA → film: a character that the model which ships has never seen, from 24 short films. `npx tsx examples/own-footage.ts [--threads N] [--quick]`
 * Everything lies in out/own-footage: films/ is what you would bring (drawn here: a slime that hops, own-footage/slime.ts), dataset/ what was made of it, run/ the
 * adaptation, and sheet.png films of the same prompts and seeds, without it and with it. Interrupted, the same command goes on. docs/guide/lora.md does it by hand.
 */
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { contactSheet, ingest, openPipeline, ortBackend, readRunConfig, trainDiT, writePng, type DiTRunConfig, type Frames } from 'kinora';
import { drawSlimes } from './own-footage/slime.ts';

const { values } = parseArgs({ options: { threads: { type: 'string' }, quick: { type: 'boolean' } } });
const quick = values.quick ?? false, threads = values.threads === undefined ? {} : { threads: Number(values.threads) };
const out = quick ? 'out/own-footage-quick' : 'out/own-footage', films = join(out, 'films'), data = join(out, 'dataset'), dir = join(out, 'run');
const root = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));
const model = root('models/sprites-64'), weights = join(model, 'dit.safetensors');

/** Combinations that were among the films, one of a colour that was not, and what the model knew before. */
const PROMPTS = [
  'a green slime hops to the right on grass', 'a red slime hops to the left on sand', 'a purple slime hops to the right on a gray background',
  'a yellow slime hops to the left on grass',
  'a woman with long red hair in plate armor walks to the left',
].slice(0, quick ? 1 : undefined);

if (quick) await rm(out, { recursive: true, force: true });
if (!existsSync(films)) console.log(`${films}: ${await drawSlimes(films, quick ? 6 : undefined)} films drawn`);

// The same slime in two colours is the same film to the eye that looks for duplicates, which sees brightness: that stage is left out.
const { clips, refused } = await ingest({ inputs: [films], out: data, maxFrames: 17, area: 64 * 64, skip: ['duplicates'] });
console.log(`${data}: ${clips.length} clips, ${refused.length} rests of shots too short`);

const shipped = await readRunConfig('dit', root('configs/footage/lora.json'));
const config: DiTRunConfig = quick ? { ...shipped, layouts: 1, tokens: 384, optim: { ...shipped.optim, steps: 2, warmup: 1 } } : shipped;
const started = performance.now();
const lora = await trainDiT(config, {
  backend: ortBackend(threads), data, dir, cacheDir: join(out, 'cache'), resume: existsSync(dir), init: weights, text: weights,
  vae: join(model, 'vae.safetensors'), tokenizer: model,
  onStep: ({ step, steps, loss, eta }) => { if ((step + 1) % 25 === 0) console.log(`step ${step + 1} of ${steps}, loss ${loss.toFixed(4)}, ${Math.round(eta / 60)} min left`); },
});
console.log(`${lora}: trained in ${((performance.now() - started) / 60_000).toFixed(1)} min`);

using pipeline = await openPipeline({ model, ...threads });
/** A film of each prompt, with one seed each. */
async function make(loras: readonly { readonly file: string }[]): Promise<Frames[]> {
  const made: Frames[] = [];
  for (const [i, prompt] of PROMPTS.entries()) {
    for await (const { film, ignored } of pipeline.films({ prompt, seed: 40 + i, loras, scale: 1, ...(quick ? { frames: 5, steps: 2 } : {}) })) {
      if (ignored.length > 0) console.log(`"${prompt}"${loras.length > 0 ? ' with the adaptation' : ''}: ignored ${ignored.join(', ')}`);
      made.push(film!);
    }
  }
  return made;
}
const before = await make([]), after = await make([{ file: lora }]), sheet = join(out, 'sheet.png');
await mkdir(out, { recursive: true });
await writePng(sheet, contactSheet(before.flatMap((film, i) => [film, after[i]!]), { columns: 9 }));
console.log(`${sheet}: two rows a prompt, without and with the adaptation`);
