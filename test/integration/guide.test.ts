/** @file The film commands of docs/guide/generate.md and ways.md, run one after the other as they stand, on a tiny model; those of footage.md and lora.md, on drawn films. */
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { COMMANDS, GROUPS } from '../../src/cli/commands/index.ts';
import { runCli } from '../../src/cli/program.ts';
import { CODECS, encodeFilm, scene } from '../../src/data/footage/film.fixture.ts';
import { writeTinyLora } from '../support/tiny-lora.ts';
import { writeTinyModel } from '../support/tiny-model.ts';
import { kinoraCalls, shellLines } from './readme.ts';

const guide = (name: string): Promise<string> => readFile(new URL(`../../docs/guide/${name}.md`, import.meta.url), 'utf8'), home = process.cwd();
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kinora-guide-'));
  await writeTinyModel(join(dir, 'model'), { maxFrames: 480, window: 33 });
  process.chdir(dir);
  await mkdir('films');
  for (const seed of [1, 2]) await encodeFilm(join('films', `${seed}.mp4`), scene(seed, 40), CODECS.mp4);
});
afterAll(async () => { process.chdir(home); await rm(dir, { recursive: true, force: true }); });

/** Runs the guide's calls of these commands, but those with a flag of `without`. */
async function run(name: string, commands: readonly string[], { model = ['--model', './model'], without = '-' } = {}): Promise<number> {
  const calls = kinoraCalls(shellLines(await guide(name))).filter((argv) => commands.includes(argv[0]!) && !argv.includes(without));
  let errors = '';
  for (const argv of calls) {
    const exit = await runCli([...argv, ...model], {
      version: '0', commands: COMMANDS, groups: GROUPS, signal: new AbortController().signal, stdout: { write: () => true },
      stderr: { write: (text) => { if (text.startsWith('kinora:')) errors += text; } },
    });
    expect([argv.join(' '), exit, errors]).toEqual([argv.join(' '), 0, '']);
  }
  return calls.length;
}

test('each makes its film', async () => {
  expect(await run('generate', ['generate'])).toBeGreaterThan(4);
  const files = await readdir(dir);
  expect(files).toEqual(expect.arrayContaining(['film.gif', 'film.mp4', 'hero.png', 'spell.gif']));
  expect(files.filter((name) => /^film-\d+\.mp4$/.test(name))).toHaveLength(2);
}, 120_000);

test('each way makes its film', async () => {
  expect(await run('ways', ['generate', 'remix', 'master', 'replay'])).toBeGreaterThan(10);
  const made = ['longer', 'earlier', 'round', 'patrol', 'passage', 'armor', 'knight-7', 'knight-8', 'knight-9', 'draft', 'orc', 'falls', 'walk-replay'];
  expect(await readdir(dir)).toEqual(expect.arrayContaining(made.map((name) => `${name}.gif`)));
}, 300_000);

test('footage becomes datasets', async () => {
  expect(await run('footage', ['data'], { model: [], without: '--caption-with' })).toBe(4);        // captions want a server; ingest.test.ts has one
  for (const name of ['dataset', 'short', 'all']) expect(await readdir(name)).toEqual(['clips', 'clips.jsonl', 'journal.jsonl', 'report.html']);
});

test('films before and after adaptations, of the dataset that one would be trained on', async () => {
  for (const name of ['slime', 'style']) {
    await mkdir(join('runs', name), { recursive: true });
    await writeTinyLora(join('runs', name, 'lora.safetensors'), name);
  }
  await rm('dataset', { recursive: true, force: true });
  expect(await run('lora', ['data'], { model: [] })).toBe(1);
  expect(await readdir('dataset')).toEqual(['clips', 'clips.jsonl', 'journal.jsonl', 'report.html']);
  expect(await run('lora', ['generate'])).toBe(4);
  const [before, after, one, both] = await Promise.all(['before', 'after', 'film', 'both'].map((name) => readFile(`${name}.mp4`)));
  expect([before!.equals(after!), one!.equals(both!)]).toEqual([false, false]);
}, 300_000);
