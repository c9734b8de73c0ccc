/** @file The film commands of docs/guide/generate.md, run one after the other as they stand, on a tiny model. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { COMMANDS, GROUPS } from '../../src/cli/commands/index.ts';
import { runCli } from '../../src/cli/program.ts';
import { writeTinyModel } from '../support/tiny-model.ts';
import { kinoraCalls, shellLines } from './readme.ts';

const GUIDE = new URL('../../docs/guide/generate.md', import.meta.url), home = process.cwd();
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kinora-guide-'));
  await writeTinyModel(join(dir, 'model'));
  process.chdir(dir);
});
afterAll(async () => { process.chdir(home); await rm(dir, { recursive: true, force: true }); });

test('each makes its film', async () => {
  const calls = kinoraCalls(shellLines(await readFile(GUIDE, 'utf8'))).filter(([command]) => command === 'generate');
  expect(calls.length).toBeGreaterThan(4);
  let errors = '';
  for (const argv of calls) {
    const exit = await runCli([...argv, '--model', './model'], {
      version: '0', commands: COMMANDS, groups: GROUPS, signal: new AbortController().signal, stdout: { write: () => true },
      stderr: { write: (text) => { if (text.startsWith('kinora:')) errors += text; } },
    });
    expect([argv.join(' '), exit, errors]).toEqual([argv.join(' '), 0, '']);
  }
  const files = await readdir(dir);
  expect(files).toEqual(expect.arrayContaining(['film.gif', 'film.mp4', 'hero.png', 'spell.gif']));
  expect(files.filter((name) => /^film-\d+\.mp4$/.test(name))).toHaveLength(2);
}, 120_000);
