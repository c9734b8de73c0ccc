/**
 * @file `kinora generate`: flags → the library's generateFilms → one line, or one JSON object, a film.
 */
import { SAMPLERS, type SamplerName } from '../../diffusion/samplers/registry.ts';
import { QUANTIZATIONS, type Quantization } from '../../models/dit/config.ts';
import { DEVICE_CHOICES, PRECISIONS, type DeviceChoice, type Precision } from '../../pipeline/engine.ts';
import { LONG_WAYS, type LongWay } from '../../pipeline/settings/timeline.ts';
import { filmLine, filmLines } from '../film-lines.ts';
import { addGenerateFlags, readGenerateFlags, type GenerateFlags } from '../generate-flags.ts';
import type { CliCommand, CliContext } from '../program.ts';
import { signing } from '../signing.ts';

const FLAGS = { samplers: SAMPLERS, quantizations: QUANTIZATIONS, longWays: LONG_WAYS, devices: DEVICE_CHOICES, precisions: PRECISIONS };

async function run(all: GenerateFlags, { version, signal, print, progress }: CliContext): Promise<void> {
  const { output, model, size, sampler, quantize, json, count, video, connect, mask, storyboard, vary, longBy, device, precision, expandWith, lora, sign, ...flags } = all;
  const { generateFilms } = await import('../../pipeline/generate.ts');
  const { drawnSeed } = await import('../../pipeline/delivery/outlet.ts');
  const extension = flags.transparent ? 'webp' : 'mp4', seed = flags.seed ?? await drawnSeed({ ...flags, ...(output === undefined ? {} : { output }) }, count);
  const films = generateFilms({
    ...flags, ...size, seed, count, signal, ...await signing({ sign, version }),
    output: output ?? (count === 1 ? `film-${seed}.${extension}` : `film.${extension}`),   // several films get their seeds from the pipeline
    ...(model === undefined ? {} : { model }),
    ...(sampler === undefined ? {} : { sampler: sampler as SamplerName }),
    ...(quantize === undefined ? {} : { quantize: quantize as Quantization }),
    ...(device === undefined ? {} : { device: device as DeviceChoice }),
    ...(precision === undefined ? {} : { precision: precision as Precision }),
    ...(longBy === undefined ? {} : { longBy: longBy as LongWay }),
    ...(video === undefined ? {} : { video: { file: video } }),
    ...(connect ? { connect: [{ file: connect[0]! }, { file: connect[1]! }] as const } : {}),
    ...(mask === undefined ? {} : { mask: { file: mask } }),
    ...(storyboard === undefined ? {} : { storyboard: await (await import('../../pipeline/settings/storyboard.ts')).readStoryboard(storyboard) }),
    ...(vary === undefined ? {} : { vary: { amount: vary, seed } }),
    ...(lora ? { loras: lora } : {}),
    ...(expandWith === undefined ? {} : { expandWith: endpoint(expandWith, process.env) }),
    onProgress: ({ phase, step, steps, film, reused }) => {
      progress({ stage: count === 1 ? phase : `${film + 1}/${count} ${phase}`, done: step, total: steps, ...(reused === undefined ? {} : { note: `reused ${reused}` }) });
    },
  });
  for await (const film of films) {
    if (json) { print(JSON.stringify(film)); continue; }
    const seconds = Object.values(film.ms).reduce((sum, ms) => sum + ms, 0) / 1000;
    print(`${filmLine(film)}, made in ${seconds.toFixed(1)} s`);
    for (const line of filmLines(film)) print(line);
  }
}

/** The endpoint with the key that the environment holds for it. */
function endpoint(url: string, env: Readonly<Record<string, string | undefined>>): { url: string; key?: string } {
  const key = env['KINORA_EXPAND_KEY'] ?? env['OPENAI_API_KEY'];
  return { url, ...(key === undefined || key === '' ? {} : { key }) };
}

/** The row. */
export const generateCommand: CliCommand = {
  path: 'generate',
  summary: 'Makes a film from words',
  example: 'kinora generate "a knight walks to the right" --seed 7 -o film.mp4',
  define: (command, context) => { addGenerateFlags(command, FLAGS).action(() => run(readGenerateFlags(command), context)); },
};
