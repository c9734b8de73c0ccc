/**
 * @file What own footage costs: frames of 720p a second into `kinora data ingest`, CPU a frame, and the peak of resident memory by the film's length, each film by the command
 * line in a process of its own. What starting costs falls out of the difference between lengths. Flags: --seconds=10,40.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { decimal } from '../src/cli/options.ts';
import { oneOf } from '../src/core/errors.ts';
import { CODECS, encodeFilm, scene } from '../src/data/footage/film.fixture.ts';
import { concatFrames } from '../src/media/frames.ts';
import type { Bench, BenchCase } from './contract.ts';
import { SAYS_USED, usedBy } from './machine.ts';

const FPS = 30, DRAWN = 60;

/** The bench. */
export const bench: Bench = {
  summary: 'own footage: 720p frames a second into a dataset, CPU and peak memory by length',
  async run({ flags, log }) {
    for (const flag of Object.keys(flags)) oneOf('flag', flag, ['seconds']);
    const lengths = String(flags['seconds'] ?? '10,40').split(',').map(decimal('--seconds', { min: 2 })), main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));
    const dir = await mkdtemp(join(tmpdir(), 'kinora-bench-')), cases: BenchCase[] = [], drawn = scene(1, DRAWN, { width: 320, height: 180, fps: FPS, speed: 1 });
    let before: { frames: number; seconds: number; cpu: number } | undefined;
    try {
      for (const length of lengths) {
        log(`${length} s`);
        const film = join(dir, `${length}.mp4`), load = loadavg()[0]!;
        await encodeFilm(film, concatFrames(Array.from({ length: Math.ceil((length * FPS) / DRAWN) }, () => drawn)), { ...CODECS.mp4, enlarge: 4 });
        const started = performance.now();
        const argv = ['data', 'ingest', film, '--out', join(dir, `${length}`), '--skip', 'duplicates', '--json'];        // the drawn film repeats itself
        const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--import', 'tsx', '--import', SAYS_USED, main, ...argv]);
        const seconds = (performance.now() - started) / 1000, { cpuSeconds: cpu, peak } = usedBy(stderr);
        const { clips } = JSON.parse(stdout) as { clips: number }, frames = Math.ceil((length * FPS) / DRAWN) * DRAWN;
        cases.push({
          film: `${length} s, ${frames} frames`, clips, seconds, cpuSeconds: cpu, peakMiB: peak / 2 ** 20, loadBefore: load,
          framesPerSecond: before ? (frames - before.frames) / (seconds - before.seconds) : null,
          cpuMsPerFrame: before ? (1000 * (cpu - before.cpu)) / (frames - before.frames) : null,
        });
        before = { frames, seconds, cpu };
      }
    } finally { await rm(dir, { recursive: true, force: true }); }
    return { config: { lengths, fps: FPS, size: '1280x720', codec: CODECS.mp4 }, cases, extra: { cores: cpus().length } };
  },
};
