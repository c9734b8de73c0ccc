/**
 * @file What films of 10, 30 and 60 seconds cost: time, and the peak of resident memory, each film by the command line in a process of its own, since a peak is of a
 * process. Flags: --model=ID|DIR, --seconds=10,30,60, --ways=rolling,stages, --steps=N.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { decimal, integer } from '../src/cli/options.ts';
import { InputError, oneOf } from '../src/core/errors.ts';
import type { GeneratedFilm } from '../src/pipeline/pipeline.ts';
import { LONG_WAYS } from '../src/pipeline/settings/timeline.ts';
import type { Bench, BenchCase } from './contract.ts';
import { SAYS_USED, usedBy } from './machine.ts';

const FLAGS = ['model', 'seconds', 'ways', 'steps'] as const;
const PROMPT = 'a knight walks to the right';
/** What the longest film's peak may be of the shortest one's. */
const WANTED = 1.3;

/** The bench. */
export const bench: Bench = {
  summary: 'films of a minute: time and peak memory by length, in processes of their own',
  async run({ seed, threads, flags, log }) {
    for (const flag of Object.keys(flags)) oneOf('flag', flag, FLAGS);
    const names = (flag: (typeof FLAGS)[number], all: readonly string[]): string[] => String(flags[flag] ?? all.join()).split(',');
    const lengths = names('seconds', ['10', '30', '60']).map(decimal('--seconds', { min: 1 })), ways = names('ways', LONG_WAYS).map((way) => oneOf('--ways', way, LONG_WAYS));
    const model = flags['model'] === undefined ? [] : ['--model', String(flags['model'])];
    const steps = flags['steps'] === undefined ? [] : ['--steps', String(integer('--steps', { min: 1 })(String(flags['steps'])))];
    const cli = fileURLToPath(new URL('../bin/kinora.mjs', import.meta.url));
    if (!existsSync(new URL('../dist/cli.mjs', import.meta.url))) throw new InputError('the command line is not built: npm run build');
    const dir = await mkdtemp(join(tmpdir(), 'kinora-bench-')), output = join(dir, 'film.mp4'), cases: BenchCase[] = [];
    try {
      for (const way of ways) {
        let least: number | undefined;
        for (const seconds of lengths) {
          const argv = ['generate', PROMPT, '--json', '-o', output, '--seed', String(seed), '--threads', String(threads), ...model, ...steps,
            '--seconds', String(seconds), '--long-by', way];
          const started = performance.now(), { stdout, stderr } = await promisify(execFile)(process.execPath, ['--import', SAYS_USED, cli, ...argv], { maxBuffer: 2 ** 26 });
          const ms = performance.now() - started, { frames, ms: phases, model: id } = JSON.parse(stdout) as GeneratedFilm, { peak } = usedBy(stderr);
          least ??= peak;
          cases.push({ case: way, seconds, frames, ms, ...phases, peak_mb: peak / 1e6, of_shortest: peak / least, wanted: WANTED, model: id });
          log(`${way} ${seconds} s: ${(ms / 1000).toFixed(1)} s, ${(peak / 1e6).toFixed(0)} MB`);
        }
      }
      return { config: { prompt: PROMPT, model, lengths, ways, steps, threads }, cases };
    } finally { await rm(dir, { recursive: true, force: true }); }
  },
};
