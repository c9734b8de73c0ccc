/**
 * @file How long a film takes: the cold command (process start, load, compile, sample, decode, encode) and a warm pipeline, both with the
 * model's default film; beside the milliseconds of each phase its products in GFLOP. Flags: --model=ID|DIR, --rounds=N (default 5; the median is reported), --frames=N, --steps=N,
 * --quantize=int8 (instead of all this: warm films with and without it in turns, and how near they are).
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { integer } from '../src/cli/options.ts';
import { InputError, oneOf } from '../src/core/errors.ts';
import type { Quantization } from '../src/models/dit/config.ts';
import { openPipeline, type GeneratedFilm } from '../src/pipeline/pipeline.ts';
import { filmSettings } from '../src/pipeline/settings/settings.ts';
import { filmFlops, type FilmFlops } from './film-flops.ts';
import { compareQuantized } from './generate-quantized.ts';
import type { Bench, BenchCase } from './contract.ts';

/** What is wanted on the two cores of a laptop, milliseconds. */
const WANTED = { cold: 5000, warm: 1000 } as const;
const FLAGS = ['model', 'rounds', 'frames', 'steps', 'quantize'] as const;
/** What can be compared with none. */
const QUANTIZED = ['int8'] as const satisfies readonly Quantization[];
const PROMPT = 'a woman with long red hair in plate armor walks to the left';

/** The run whose total is the median, with the arithmetic of its phases. */
function median(kind: keyof typeof WANTED, runs: readonly { readonly total: number; readonly film: GeneratedFilm }[], flops: FilmFlops): BenchCase {
  const { total, film } = runs.toSorted((a, b) => a.total - b.total)[runs.length >> 1]!;
  return {
    case: kind, ms: total, wanted: WANTED[kind], ...film.ms,
    text_gflop: flops.text, sample_gflop: flops.sample, decode_gflop: flops.decode, sample_gflops: flops.sample / film.ms.sample * 1000,
    guided_calls: flops.guidedCalls, plain_calls: flops.plainCalls, model: film.model,
    frames: film.frames, width: film.native.width, height: film.native.height, steps: film.steps, rounds: runs.length,
  };
}

/** The bench. */
export const bench: Bench = {
  summary: 'the default film: cold command and warm pipeline, or with and without quantization',
  async run({ seed, threads, flags, log }) {
    for (const flag of Object.keys(flags)) oneOf('flag', flag, FLAGS);
    const number = (flag: (typeof FLAGS)[number]): number | undefined => (flags[flag] === undefined ? undefined : integer(`--${flag}`, { min: 1 })(String(flags[flag])));
    const rounds = number('rounds') ?? 5, frames = number('frames'), steps = number('steps'), model = flags['model'] === undefined ? undefined : String(flags['model']);
    if (flags['quantize'] !== undefined) {
      using pipeline = await openPipeline({ threads, ...(model === undefined ? {} : { model }) });
      const quantize = oneOf('quantize', String(flags['quantize']), QUANTIZED);
      const film = { prompt: PROMPT, seed, ...(frames === undefined ? {} : { frames }), ...(steps === undefined ? {} : { steps }) };
      const cases = await compareQuantized({ pipeline, film, quantize, rounds, log });
      return { config: { ...film, model: pipeline.model.info.id, quantize, rounds, threads, weights: pipeline.model.info.files }, cases };
    }
    const cli = fileURLToPath(new URL('../bin/kinora.mjs', import.meta.url));
    if (!existsSync(new URL('../dist/cli.mjs', import.meta.url))) throw new InputError('the command line is not built: npm run build');
    const dir = await mkdtemp(join(tmpdir(), 'kinora-bench-')), output = join(dir, 'film.mp4');
    try {
      const argv = ['generate', PROMPT, '--json', '-o', output, '--seed', String(seed), '--threads', String(threads), ...(model === undefined ? [] : ['--model', model]),
        ...(frames === undefined ? [] : ['--frames', String(frames)]), ...(steps === undefined ? [] : ['--steps', String(steps)])];
      const cold = [];
      for (let round = 0; round < rounds; round++) {
        const started = performance.now(), { stdout } = await promisify(execFile)(process.execPath, [cli, ...argv]);
        cold.push({ total: performance.now() - started, film: JSON.parse(stdout) as GeneratedFilm });
        log(`cold ${cold.at(-1)!.total.toFixed(0)} ms`);
      }
      const pipeline = await openPipeline({ threads, ...(model === undefined ? {} : { model }) }), warm = [];
      const options = { prompt: PROMPT, seed, output, ...(frames === undefined ? {} : { frames }), ...(steps === undefined ? {} : { steps }) };
      for (let round = -1; round < rounds; round++) {
        const started = performance.now();
        for await (const film of pipeline.films(options)) if (round >= 0) warm.push({ total: performance.now() - started, film });
      }
      pipeline[Symbol.dispose]();
      const flops = await filmFlops(filmSettings(options, pipeline.model.info, seed), pipeline.model.info);
      return {
        config: { prompt: PROMPT, model: pipeline.model.info.id, frames, steps, rounds, threads, weights: pipeline.model.info.files },
        cases: [median('cold', cold, flops), median('warm', warm, flops)],
      };
    } finally { await rm(dir, { recursive: true, force: true }); }
  },
};
