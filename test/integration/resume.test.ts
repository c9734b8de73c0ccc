/** @file Films that go on from windows on disk: after a kill, after Ctrl-C, after a shot was told otherwise; on a tiny model with random weights, through the command line. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { generate, type GenerateOptions } from '../../src/pipeline/generate.ts';
import type { GeneratedFilm } from '../../src/pipeline/pipeline.ts';
import { PROGRAM, PROGRAMS } from '../support/program.ts';
import { writeTinyModel } from '../support/tiny-model.ts';

let dir: string, model: string, out: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kinora-resume-'));
  model = join(dir, 'tiny');
  await writeTinyModel(model, { window: 33, maxFrames: 200 });
});
beforeEach(async () => { out = await mkdtemp(join(dir, 'out-')); });
afterAll(async () => { await rm(dir, { recursive: true, force: true }); });

/** Four windows: 33 frames, then 24 more each. */
const LONG = ['generate', 'a man walks', '--frames', '90', '--scale', '1', '--long-by', 'rolling'];
const film = (name: string): string => join(out, name);
const windowsIn = async (folder: string): Promise<string[]> => (await readdir(folder).catch(() => [])).filter((name) => /^window-[0-9a-f]{32}\.safetensors$/.test(name));
const same = async (a: string, b: string): Promise<boolean> => Buffer.compare(await readFile(a), await readFile(b)) === 0;

interface Run { readonly child: ChildProcess; readonly done: Promise<{ exit: number | null; signal: string | null; stdout: string; errors: string[]; progress: string[] }> }
/** Starts the command line. */
function start(argv: readonly string[], shell = ''): Run {
  const child = spawn('bash', ['-c', `${shell} exec "$0" "$@"`, process.execPath, ...PROGRAMS[PROGRAM], ...argv, '--model', model], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '', stderr = '';
  child.stdout!.on('data', (data: Buffer) => { stdout += data.toString(); });
  child.stderr!.on('data', (data: Buffer) => { stderr += data.toString(); });
  const done = new Promise<Awaited<Run['done']>>((resolve) => {
    child.on('close', (exit, signal) => {
      const lines = stderr.split('\n').filter((line) => line !== '');
      resolve({ exit, signal, stdout, errors: lines.filter((line) => !line.startsWith('{"stage"')), progress: lines.filter((line) => line.startsWith('{"stage"')) });
    });
  });
  return { child, done };
}
const run = (argv: readonly string[], shell = ''): Run['done'] => start(argv, shell).done;

/** Sends a signal as soon as so many windows are there. */
async function stopAt(windows: number, signal: NodeJS.Signals, argv: readonly string[], folder: string): ReturnType<typeof run> {
  const { child, done } = start(argv);
  while (child.exitCode === null && child.signalCode === null && (await windowsIn(folder)).length < windows) await new Promise((resolve) => { setTimeout(resolve, 5); });
  child.kill(signal);
  return done;
}

test('kill -9 in the middle, then --resume: the bytes of a film that was never interrupted, and nothing beside it', async () => {
  const argv = [...LONG, '--seed', '7', '--steps', '20'];
  expect(await run([...argv, '-o', film('whole.gif')])).toMatchObject({ exit: 0, errors: [] });
  expect(await readdir(out)).toEqual(['whole.gif']);            // a film that went well leaves nothing else
  expect(await stopAt(2, 'SIGKILL', [...argv, '-o', film('a.gif')], film('a.gif.parts'))).toMatchObject({ signal: 'SIGKILL' });
  const kept = (await windowsIn(film('a.gif.parts'))).length;
  expect(kept).toBeGreaterThanOrEqual(2);
  expect(kept).toBeLessThan(4);
  expect((await readdir(out)).some((name) => name.startsWith('.kinora-'))).toBe(true);
  expect(await run([...argv, '-o', film('a.gif')])).toMatchObject({
    exit: 2, stdout: '', errors: [expect.stringMatching(new RegExp(`a\\.gif\\.parts holds ${kept} finished windows .*: go on from them with --resume, or remove the folder`))],
  });
  const resumed = await run([...argv, '-o', film('a.gif'), '--resume', '--json']);
  expect(resumed).toMatchObject({ exit: 0, errors: [] });
  expect(JSON.parse(resumed.stdout)).toMatchObject({ windows: 4, reused: kept });
  expect(resumed.progress.at(-1)).toContain(`"note":"reused ${kept}"`);
  expect(await same(film('a.gif'), film('whole.gif'))).toBe(true);
  expect((await readdir(out)).sort()).toEqual(['a.gif', 'whole.gif']);
}, 300_000);

test('Ctrl-C says what is kept; a film without a seed goes on with the one it drew', async () => {
  const argv = [...LONG, '--steps', '20', '-o', film('a.gif')], stopped = await stopAt(1, 'SIGINT', argv, film('a.gif.parts'));
  expect(stopped).toMatchObject({ exit: 130, errors: [expect.stringMatching(/^kinora: interrupted; .*a\.gif\.parts keeps [1-3] of 4 windows, --resume goes on from (it|them)$/)] });
  expect(await readdir(out)).toEqual(['a.gif.parts']);
  const resumed = JSON.parse((await run([...argv, '--resume', '--json'])).stdout) as GeneratedFilm;
  expect(resumed.reused).toBeGreaterThan(0);
  expect(await readdir(out)).toEqual(['a.gif']);
  expect((await run([...LONG, '--steps', '20', '--seed', String(resumed.seed), '-o', film('b.gif')])).exit).toBe(0);
  expect(await same(film('a.gif'), film('b.gif'))).toBe(true);
  expect(await run([...LONG, '--resume'])).toMatchObject({ exit: 2, errors: [expect.stringContaining('resume needs to know the film')] });
  expect(await run([...LONG, '--resume', '-n', '2', '-o', film('c.gif')])).toMatchObject({ exit: 2, errors: [expect.stringContaining('resume of 2 films needs their seed')] });
}, 300_000);

/** Makes a film in this process; `sampled` counts the steps that were sampled for it. */
async function made(o: Partial<Omit<GenerateOptions, 'count'>>): Promise<GeneratedFilm & { readonly sampled: number }> {
  let sampled = 0, last = 0;
  const result = await generate({
    model, seed: 5, steps: 2, scale: 1, palette: 0, ...o,
    onProgress: ({ phase, step }) => { if (phase !== 'sample') return; if (step === last + 1) sampled++; last = step; },
  });
  return { ...result, sampled };
}

test('a storyboard told otherwise makes only the shots again that changed; a cut leaves the next one as it is', async () => {
  const shots = (second: string, join: 'cut' | 'free' = 'cut') => ({ storyboard: { seconds: 6, shots: [
    { at: 0, prompt: 'a man walks' }, { at: 2, prompt: second, join: 'cut' as const }, { at: 4, prompt: 'a skeleton falls down', join }] } });
  const output = film('story.png'), keep = { keepParts: true, output };
  expect(await made({ ...shots('a woman falls'), ...keep })).toMatchObject({ windows: 3, reused: 0, sampled: 6 });
  expect(await made({ ...shots('a woman falls'), ...keep })).toMatchObject({ windows: 3, reused: 3, sampled: 0 });
  const first = await readFile(output);
  expect(await made({ ...shots('an orc falls'), ...keep })).toMatchObject({ windows: 3, reused: 2, sampled: 2 });
  await made({ ...shots('an orc falls'), output: film('anew.png') });
  expect(await same(output, film('anew.png'))).toBe(true);
  expect(Buffer.compare(first, await readFile(output))).not.toBe(0);
  expect(await windowsIn(`${output}.parts`)).toHaveLength(3);   // those of the film before are gone
  expect(await made({ ...shots('an orc falls', 'free'), ...keep })).toMatchObject({ reused: 2 });
  expect(await made({ ...shots('a woman falls', 'free'), ...keep })).toMatchObject({ reused: 1 });           // what runs on from a shot that changed is made again
  expect(await made({ ...shots('a woman falls', 'free'), ...keep, palette: 8, fps: 8, scale: 2 })).toMatchObject({ reused: 3 });
  expect(await made({ ...shots('a woman falls', 'free'), ...keep, guidance: 2 })).toMatchObject({ reused: 0 });
  expect(await made({ ...shots('a woman falls', 'free'), output, resume: true, guidance: 2 })).toMatchObject({ reused: 3 });
  expect((await readdir(out)).sort()).toEqual(['anew.json', 'anew.png', 'story.json', 'story.png']);
}, 300_000);

test('a damaged window is made again, another program\'s file stays, one window needs no folder', async () => {
  const output = film('a.png'), folder = `${output}.parts`, o = { prompt: 'a man walks', frames: 60, output, longBy: 'rolling' as const };
  await made({ ...o, keepParts: true });
  const [one, two] = await windowsIn(folder), bytes = await readFile(join(folder, two!)), whole = await readFile(output);
  await truncate(join(folder, one!), 100);
  bytes[bytes.length - 1]! ^= 1;
  await writeFile(join(folder, two!), bytes);
  await writeFile(join(folder, 'notes.txt'), 'mine\n');
  const again = await made({ ...o, resume: true });
  expect(again).toMatchObject({ windows: 3, reused: 1 });
  expect(again.notes!.toSorted()).toEqual([one, two].map((name) => expect.stringContaining(`${name} is damaged or cannot be read`) as string));
  expect(Buffer.compare(whole, await readFile(output))).toBe(0);
  expect(await readdir(folder)).toEqual(['notes.txt']);
  const short = await made({ ...o, frames: 9, output: film('short.png') });
  expect([short.windows, short.reused, (await readdir(out)).sort()]).toEqual([undefined, undefined, ['a.json', 'a.png', 'a.png.parts', 'short.json', 'short.png']]);
  const asked = { ...o, frames: 9, output: film('short.png'), keepParts: true };
  expect([await made(asked), await made(asked)]).toMatchObject([{ windows: 1, reused: 0 }, { windows: 1, reused: 1 }]);
}, 300_000);

test('a folder that takes no windows costs the windows, not the film', async () => {
  const output = film('a.png');
  await writeFile(`${output}.parts`, '');
  await expect(made({ prompt: 'a man walks', frames: 60, output })).rejects.toThrow('a.png.parts: part of its path is a file');
  await rm(`${output}.parts`);
  await mkdir(join(out, 'frames'));
  const argv = ['generate', 'x', '--frames', '60', '--scale', '1', '--steps', '1', '--palette', '2', '--json', '-o', join(out, 'frames')];
  const result = await run(argv, 'ulimit -f 8;');               // KiB: a window's latents take 9, a frame of two colours less than 2
  expect(result).toMatchObject({ exit: 0, errors: [] });
  const note = expect.stringMatching(/^cannot keep the windows of this film in .*: the file is too large for this disk; after a crash/) as string;
  expect((JSON.parse(result.stdout) as GeneratedFilm).notes).toEqual([note]);
  expect((await readdir(out)).sort()).toEqual(['frames']);
}, 300_000);
