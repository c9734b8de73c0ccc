/**
 * @file `kinora serve` as it was built, with the model that ships, under a mixed load for a long time (soak-load.ts): whether memory and open files of the server, its workers
 * and their delivering processes stay what they are. Sampled from /proc, so on Linux alone; processes that decode uploads come and go and are only counted.
 * A process is flat when over the second half of the run its resident memory rises by no more than 5 % of what it is there, by the median of all slopes (slope.ts), its open
 * files by no more than 8, and it was never replaced. The run is good when all are flat and the load met no fault.
 * Flags: --minutes=N (default 30)  --clients=N (default 8)  --steps=N denoising steps of a film (default 4)  --every=SECONDS between samples (default 10)  --batch=N (default 4).
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { integer } from '../src/cli/options.ts';
import { oneOf, ResourceError } from '../src/core/errors.ts';
import { ServeProcess } from '../test/support/processes.ts';
import type { Bench, BenchCase } from './contract.ts';
import { median } from './interleave.ts';
import { trend, type Sample } from './slope.ts';
import { soakLoad } from './soak-load.ts';

const FLAGS = ['minutes', 'clients', 'steps', 'every', 'batch'] as const;
/** Processes that stay, by a word of their command line. */
const ROLES = { worker: 'worker', deliver: 'deliver', decode: 'decode' } as const;
type Role = 'server' | keyof typeof ROLES;
/** What may be called flat. */
const RULE = { memory: { most: 0.05, least: 0 }, files: { most: 0, least: 8 } } as const;
const REST_MS = 10_000, START_MS = 600_000;
/** Samples of a process that show a trend. */
const FEWEST = 8;

interface Seen { readonly pid: number; readonly role: Role; /** 10⁶ bytes. */ readonly mb: number; readonly files: number }

/** A process and all below it, as /proc has them now. */
async function family(pid: number, role: Role = 'server'): Promise<Seen[]> {
  try {
    const [status, files, children] = await Promise.all([
      readFile(`/proc/${pid}/status`, 'utf8'), readdir(`/proc/${pid}/fd`), readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')]);
    const own: Seen = { pid, role, mb: Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1.024 / 1000, files: files.length };
    const below = await Promise.all(children.trim().split(/\s+/).filter((text) => text !== '').map(async (child) => {
      const command = await readFile(`/proc/${child}/cmdline`, 'utf8').catch(() => ''), words = command.split('\0').map((word) => word.split('/').at(-1)!.split('.')[0]!);
      const known = (Object.keys(ROLES) as (keyof typeof ROLES)[]).find((name) => words.includes(ROLES[name]));
      return known ? family(Number(child), known) : [];
    }));
    return [own, ...below.flat()];
  } catch { return []; }                                          // it ended while it was looked at
}

/** The bench. */
export const bench: Bench = {
  summary: 'kinora serve under mixed load for a long time: memory and open files',
  async run({ seed, threads, flags, log }) {
    for (const flag of Object.keys(flags)) oneOf('flag', flag, FLAGS);
    const number = (flag: (typeof FLAGS)[number], fallback: number): number => integer(`--${flag}`, { min: 1 })(String(flags[flag] ?? fallback));
    const minutes = number('minutes', 30), clients = number('clients', 8), steps = number('steps', 4), every = number('every', 10), batch = number('batch', 4);
    if (process.platform !== 'linux') throw new ResourceError('the soak reads /proc: it runs on Linux alone');
    const dir = await mkdtemp(join(tmpdir(), 'kinora-soak-')), config = join(dir, 'config.json');
    await writeFile(config, JSON.stringify({ data: join(dir, 'data'), trashDays: 0, batch, threads }));
    const server = new ServeProcess(['--config', config], { program: 'built' }), stop = new AbortController();
    try {
      const started = performance.now();
      await server.start(START_MS);
      while (!(await fetch(`${server.url}/readyz`)).ok) await sleep(10);
      const readyMs = performance.now() - started;
      await sleep(REST_MS);
      const rest = await family(server.pid), restMb = (role: Role): number | null => rest.find((seen) => seen.role === role)?.mb ?? null;
      log(`ready after ${Math.round(readyMs)} ms; at rest ${rest.map(({ role, mb }) => `${role} ${Math.round(mb)} MB`).join(', ')}`);

      const { tally, done } = soakLoad({ url: server.url, seed, clients, steps, signal: stop.signal });
      const samples: { readonly at: number; readonly seen: readonly Seen[] }[] = [], began = performance.now(), elapsed = (): number => (performance.now() - began) / 60_000;
      for (let n = 1; elapsed() < minutes; n++) {
        await sleep(Math.max(0, began + n * every * 1000 - performance.now()));
        samples.push({ at: elapsed(), seen: await family(server.pid) });
        if (!server.process.running) throw new ResourceError(`the server ended after ${elapsed().toFixed(1)} minutes: ${server.process.stderr.slice(-2000)}`);
        if (n % Math.max(1, Math.round(60 / every)) === 0)
          log(`${elapsed().toFixed(1)} min: ${tally.films} films, ${tally.requests} requests, ${tally.faults.length} faults; ${samples.at(-1)!.seen
            .filter(({ role }) => role !== 'decode').map(({ role, mb, files }) => `${role} ${Math.round(mb)} MB ${files} files`).join(', ')}`);
      }
      const loadMinutes = elapsed();
      stop.abort('enough');
      await done;
      const exit = await server.end('SIGTERM');

      const cases = (['server', 'worker', 'deliver'] as const).flatMap((role): (BenchCase & { readonly flat: boolean })[] => {
        const mine = samples.flatMap(({ at, seen }) => seen.filter((one) => one.role === role).map((one) => ({ at, ...one })));
        if (mine.length < FEWEST) { log(`${mine.length} samples of ${role}: too few`); return []; }
        const of = (field: 'mb' | 'files'): Sample[] => mine.map((one) => [one.at, one[field]]);
        const memory = trend(of('mb'), RULE.memory), files = trend(of('files'), RULE.files);
        const processes = new Set(mine.map(({ pid }) => pid)).size;
        return [{
          process: role, at_rest_mb: restMb(role), median_mb: median(mine.map(({ mb }) => mb)), first_quarter_mb: memory.first, last_quarter_mb: memory.last,
          slope_mb_per_minute: memory.slope, rise_mb: memory.rise, first_quarter_files: files.first, last_quarter_files: files.last, rise_files: files.rise,
          processes, flat: memory.flat && files.flat && processes === 1,
        }];
      });
      for (const fault of tally.faults.slice(0, 20)) log(`fault: ${fault.slice(0, 500)}`);
      return {
        config: { minutes, clients, steps, every, batch, threads }, cases,
        extra: {
          rule: RULE, flat: cases.length === 3 && cases.every(({ flat }) => flat) && tally.faults.length === 0,
          ready_ms: readyMs, at_rest_mb: rest.reduce((sum, { mb }) => sum + mb, 0),
          minutes: loadMinutes, films: tally.films, requests: tally.requests, actions: tally.actions, statuses: tally.statuses, faults: tally.faults.length, exit,
          decoding_processes: Math.max(0, ...samples.map(({ seen }) => seen.filter(({ role }) => role === 'decode').length)),
        },
      };
    } finally { stop.abort('over'); await server.end('SIGKILL'); await rm(dir, { recursive: true, force: true }); }
  },
};
