/** @file Wrong inputs, as a shell sees them: one clear line, the right exit code, no stack, and no file left. */
import { spawn } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Frames } from '../../src/media/frames.ts';
import { writeFilm } from '../../src/media/sink.ts';
import { PROGRAM, PROGRAMS } from '../support/program.ts';
import { makeSmallDisk, smallDiskReason } from '../support/small-disk.ts';
import { writeTinyModel } from '../support/tiny-model.ts';

let dir: string, out: string, model: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kinora-cli-'));
  model = join(dir, 'tiny');
  await writeTinyModel(model, { maxSide: 4096 });
  await cp(model, join(dir, 'missing'), { recursive: true });
  await rm(join(dir, 'missing', 'dit.safetensors'));
  await cp(model, join(dir, 'truncated'), { recursive: true });
  await truncate(join(dir, 'truncated', 'vae.safetensors'), 1000);
  await cp(model, join(dir, 'changed'), { recursive: true });
  await writeFile(join(dir, 'changed', 'words.json'), Buffer.alloc((await import('node:fs')).statSync(join(model, 'words.json')).size, ' '));
  await writeFile(join(dir, 'notes.png'), 'dear diary, this is no picture\n');
  await writeFile(join(dir, 'file'), '');
  const grey = (count: number, width: number, height: number): Frames =>
    ({ data: new Uint8Array(count * width * height * 3).fill(128), count, width, height, channels: 3, fps: 8 });
  await writeFilm(join(dir, 'walk.gif'), grey(9, 64, 64));
  await writeFilm(join(dir, 'still.png'), grey(1, 64, 64));
  await writeFilm(join(dir, 'wide.png'), grey(1, 96, 64));
  await writeFilm(join(dir, 'black.png'), { ...grey(1, 64, 64), data: new Uint8Array(64 * 64 * 3) });
  for (const [name, text] of Object.entries(STORIES)) await writeFile(join(dir, `${name}.yaml`), text);
});
beforeEach(async () => { out = await mkdtemp(join(dir, 'out-')); });
afterAll(async () => { await rm(dir, { recursive: true, force: true }); });

/** Runs the command line; `shell` is put before it. */
function kinora(argv: readonly string[], shell = ''): Promise<{ exit: number | null; stdout: string; errors: string[] }> {
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['-c', `${shell} exec "$0" "$@"`, process.execPath, ...PROGRAMS[PROGRAM], ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '', stderr = '';
    child.stdout.on('data', (data: Buffer) => { stdout += data.toString(); });
    child.stderr.on('data', (data: Buffer) => { stderr += data.toString(); });
    child.on('error', reject);
    child.on('close', (exit) => { resolve({ exit, stdout, errors: stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{"stage"')) }); });
  });
}

/** Storyboards that are wrong, by what is. */
const STORIES: Readonly<Record<string, string | Buffer>> = {
  overlap: 'seconds: 6\nshots:\n  - { at: 0, prompt: x }\n  - { at: 4, prompt: y }\n  - { at: 2, prompt: z }\n',
  short: 'seconds: 6\nshots:\n  - { at: 0, prompt: x }\n  - { at: 0.5, prompt: y }\n',
  beyond: 'seconds: 6\nshots:\n  - { at: 0, prompt: x }\n  - { at: 7, prompt: y }\n',
  broken: 'seconds: [\nshots: }',
  binary: Buffer.from([0, 1, 2, 255, 254, 0, 58, 32, 10]),
  tagged: 'seconds: !time 6\nshots:\n  - { at: 0, promt: x }\n',
  empty: '',
  pictured: 'seconds: 2\nshots:\n  - { at: 0, prompt: x, image: gone.png }\n',
};

/** What is wrong, how the command is called, the exit code, and what the line says. `OUT` and `DIR` are the test's folders. */
const CASES: readonly (readonly [string, readonly string[], number, string])[] = [
  ['empty prompt', ['   '], 2, 'prompt is empty'],
  ['a size off the grid', ['x', '--size', '63x64'], 2,
    'size 63x64 is not possible: width and height are multiples of 8 from 32 to 4096, their product a multiple of 1024; nearest: 64x64'],
  ['negative frames', ['x', '--frames', '-3'], 2, '--frames "-3" is not possible: wanted a whole number ≥ 1'],
  ['too many frames', ['x', '--frames', '66'], 2, 'frames 66 is not possible: wanted a whole number from 1 to 65'],
  ['an unknown quantization', ['x', '--quantize', 'int4'], 2, '--quantize "int4" is not known; allowed: none, int8'],
  ['an unknown sampler', ['x', '--sampler', 'ddim'], 2, '--sampler "ddim" is not known; allowed: euler, heun, ab2, euler-maruyama'],
  ['an unknown model', ['x', '--model', 'nobody'], 2, 'model "nobody" is not installed'],
  ['an MP4 that is to be transparent', ['x', '--transparent', '-o', 'OUT/a.mp4'], 2,
    '.mp4 films cannot be transparent; those that can: .webm, .mov, .mkv, .gif, .webp, .apng, .png'],
  ['an unknown extension', ['x', '-o', 'OUT/a.avi'], 2, 'extension ".avi" is not known; allowed: .mp4, .webm, .mov, .mkv, .gif, .webp, .apng, .png'],
  ['missing weights', ['x', '--model', 'DIR/missing'], 1, 'dit.safetensors: no such file'],
  ['truncated weights', ['x', '--model', 'DIR/truncated'], 1, 'vae.safetensors has 1000 bytes, model.json says'],
  ['a changed file', ['x', '--model', 'DIR/changed'], 1, 'words.json is not the file that model.json describes'],
  ['no model at all', ['x', '--model', 'DIR/out'], 1, 'model.json: no such file'],
  ['a text file named .png', ['x', '--image', 'DIR/notes.png'], 1, 'notes.png: expected an image (PNG, JPEG, WebP or GIF), found text'],
  ['an image beyond the end', ['x', '--image', 'DIR/notes.png@17'], 2, 'the film has frames 0 to 16'],
  ['a folder that does not exist', ['x', '-o', 'OUT/no/a.mp4'], 1, 'does not exist'],
  ['an output inside of a file', ['x', '-o', 'DIR/file/a.mp4'], 1, 'part of its path is a file'],
  ['strength 2', ['x', '--video', 'DIR/walk.gif', '--strength', '2'], 2, '--strength "2" is not possible: wanted a number from 0 to 1'],
  ['a passage without films', ['--connect', '-o', 'OUT/a.mp4'], 2, '--connect takes two films, got 2: -o '],
  ['one film too many', ['--connect', 'DIR/walk.gif', 'DIR/walk.gif', 'a man walks'], 2, '--connect takes two films, got 3: '],
  ['no seconds', ['--video', 'DIR/walk.gif', '--extend', '0'], 2, '--extend "0" is not possible: wanted a number > 0'],
  ['more seconds than there can be', ['--video', 'DIR/walk.gif', '--extend', '1e9'], 2, 'walk.gif has 9, to which come after 8000000000; wanted at most 65'],
  ['a film of one frame', ['--video', 'DIR/still.png', '--extend', '1'], 2, 'still.png has 1 frame: wanted two and more; give a still as an image instead'],
  ['a mask of another size', ['--video', 'DIR/walk.gif', '--mask', 'DIR/wide.png'], 2, 'wide.png is 96x64: wanted the size of the film'],
  ['a mask that is missing', ['--video', 'DIR/walk.gif', '--mask', 'DIR/gone.png'], 1, 'gone.png: no such file'],
  ['a mask that is dark everywhere', ['--video', 'DIR/walk.gif', '--mask', 'DIR/black.png'], 2, 'the mask is dark everywhere'],
  ['shots that overlap', ['--storyboard', 'DIR/overlap.yaml'], 2, "the storyboard's shots overlap: shot 3 begins at 2 s, shot 2 at 4 s"],
  ['a shot that is too short', ['--storyboard', 'DIR/short.yaml'], 2, "the storyboard's shot 2 cannot begin at 0.5 s: wanted 1.125 to 4.875 s"],
  ['a shot behind the end', ['--storyboard', 'DIR/beyond.yaml'], 2, "the storyboard's shot 2 cannot begin at 7 s: wanted 1.125 to 4.875 s"],
  ['a storyboard that is no YAML', ['--storyboard', 'DIR/broken.yaml'], 2, 'broken.yaml is not YAML: '],
  ['a storyboard that is no text', ['--storyboard', 'DIR/binary.yaml'], 2, 'binary.yaml'],
  ['a storyboard with other fields', ['--storyboard', 'DIR/tagged.yaml'], 2, 'tagged.yaml: '],
  ['an empty storyboard', ['--storyboard', 'DIR/empty.yaml'], 2, 'empty.yaml: '],
  ['a storyboard that is a folder', ['--storyboard', 'DIR/tiny'], 1, 'tiny: it is a folder'],
  ["a storyboard's image that is missing", ['--storyboard', 'DIR/pictured.yaml'], 1, 'gone.png: no such file'],
  ['a film that goes on without being known', ['x', '--resume', '-n', '2'], 2, 'resume of 2 films needs their seed'],
  ['more than the memory holds', ['x', '--size', '4096x4096', '--frames', '65'], 1, 'MB of memory'],
];

test.each(CASES)('%s', async (_, argv, exit, text) => {
  const named = (s: string): string => s.replace('OUT', out).replace('DIR', dir);
  const all = ['generate', ...argv.map(named), ...(argv.includes('--model') ? [] : ['--model', model]), ...(argv.includes('-o') ? [] : ['-o', join(out, 'a.mp4')])];
  const result = await kinora(all);
  expect(result.errors).toEqual([expect.stringMatching(/^kinora: /)]);
  expect(result.errors[0]).toContain(text);
  expect(result.errors[0]).not.toContain('--debug');
  expect(result).toMatchObject({ exit, stdout: '' });
  expect(await readdir(out)).toEqual([]);
});

test('a disk that takes no more, met while the film is written: every format', async () => {
  for (const name of ['a.mp4', 'a.gif', 'a.png', 'frames']) {
    const result = await kinora(['generate', 'x', '--model', model, '-o', join(out, name)], 'ulimit -f 1;');   // one block: the system refuses a longer file
    expect(result).toMatchObject({ exit: 1, stdout: '', errors: [expect.stringMatching(/^kinora: cannot write .*: the file is too large for this disk$/)] });
    expect(await readdir(out)).toEqual([]);
  }
}, 180_000);                                                     // four programs from nothing

const noDisk = await smallDiskReason();
test.skipIf(noDisk)(`a disk that is full in earnest${noDisk ? ` (skipped: ${noDisk})` : ''}`, async () => {
  await mkdir(join(dir, 'disk'), { recursive: true });
  const disk = await makeSmallDisk(join(dir, 'disk'), 2 ** 20);
  try {
    await disk.fill(4096);
    for (const name of ['a.gif', 'frames']) {
      const result = await kinora(['generate', 'x', '--model', model, '-o', join(disk.seen(join(dir, 'disk')), name)]);
      expect(result).toMatchObject({ exit: 1, stdout: '', errors: [expect.stringMatching(/^kinora: cannot write .*: the disk is full$/)] });
      expect(await readdir(disk.seen(join(dir, 'disk')))).toEqual(['filler']);
    }
  } finally { await disk.remove(); }
}, 180_000);

test('a folder without permission', async () => {
  await mkdir(join(out, 'locked'));
  await chmod(join(out, 'locked'), 0o500);
  const result = await kinora(['generate', 'x', '--model', model, '-o', join(out, 'locked', 'a.mp4')]);
  if (process.getuid?.() === 0) expect(result.exit).toBe(0);     // root may write anywhere
  else expect(result).toMatchObject({ exit: 1, errors: [expect.stringContaining('permission denied')] });
});

test('Ctrl-C leaves nothing half-written', async () => {
  const argv = [...PROGRAMS[PROGRAM], 'generate', 'x', '--steps', '1000', '--model', model, '-o', join(out, 'a.mp4')];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  const closed = new Promise<number | null>((resolve) => { child.on('close', resolve); });
  await new Promise<void>((resolve) => { child.stderr.on('data', (data: Buffer) => { stderr += data.toString(); if (stderr.includes('"sample"')) resolve(); }); });
  child.kill('SIGINT');
  expect(await closed).toBe(130);
  expect(stderr.trimEnd().split('\n').at(-1)).toBe('kinora: interrupted');
  expect(await readdir(out)).toEqual([]);
});

test('--json: one object a film', async () => {
  const file = join(out, 'a.mp4');
  const result = await kinora(['generate', 'a knight walks to the right on a zeppelin', '--seed', '7', '--frames', '5', '--model', model, '--json', '-o', file]);
  expect(result).toMatchObject({ exit: 0, errors: [] });
  const film = JSON.parse(result.stdout) as Record<string, unknown>;
  expect(Object.keys(film)).toEqual(['file', 'width', 'height', 'native', 'frames', 'fps', 'seconds', 'seed', 'model', 'codec', 'steps', 'ignored', 'ms', 'packs']);
  expect(Object.keys(film['ms'] as object)).toEqual(['load', 'text', 'sample', 'decode', 'encode']);
  expect(film).toMatchObject({ file, width: 512, height: 512, frames: 5, seed: 7, ignored: ['zeppelin'] });
});
