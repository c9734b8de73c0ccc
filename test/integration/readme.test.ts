/** @file The commands that README.md and CONTRIBUTING.md show exist, and the help of the real program shows its examples. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/commands/index.ts';
import { shellLines, unknownCommands } from './readme.ts';

const ROOT = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');
const scripts = Object.keys((JSON.parse(read('package.json')) as { scripts: Record<string, string> }).scripts);
const lines = ['README.md', 'CONTRIBUTING.md'].flatMap((path) => shellLines(read(path)));

test('commands that do not exist are seen', () => {
  const markdown = '```sh\nnpm run gone   # a comment\nnpm ci && npx kinora make "x" -o y\nnpx kinora models list\n```\n```ts\nnpm run code\n```\n';
  expect(shellLines(markdown)).toEqual(['npm run gone', 'npm ci && npx kinora make "x" -o y', 'npx kinora models list']);
  expect(unknownCommands(shellLines(markdown), { scripts: ['test'], kinora: ['models list'] })).toEqual([
    'npm run gone: no script "gone"', 'npm ci && npx kinora make "x" -o y: no command "kinora make "x" -o y"',
  ]);
});

test('npm scripts that are shown exist', () => {
  expect(lines.filter((line) => /\bnpm (run|test)\b/.test(line)).length).toBeGreaterThan(3);
  expect(unknownCommands(lines.filter((line) => !line.includes('npx kinora')), { scripts, kinora: [] })).toEqual([]);
});

// Turns itself on with the first command of the table.
test.skipIf(COMMANDS.length === 0)('kinora commands that are shown exist', () => {
  expect(unknownCommands(lines, { scripts, kinora: COMMANDS.map((row) => row.path) })).toEqual([]);
});

test('README shows the two commands, one line each', () => {
  const readme = shellLines(read('README.md'));
  expect(readme[0]).toMatch(/^npm ci && npx kinora generate ".+" -o film\.mp4$/);
  expect(readme[1]).toBe('npm ci && npm test');
});

test('the program runs from its sources: help, version, wrong usage', () => {
  const kinora = (...args: string[]) => spawnSync(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...args], { cwd: ROOT, encoding: 'utf8' });
  const help = kinora('--help');
  expect(help).toMatchObject({ status: 0, stderr: '' });
  expect(help.stdout).toContain('Usage: kinora');
  for (const row of COMMANDS) expect(help.stdout).toContain(row.example);
  expect(kinora('--version').stdout.trim()).toBe((JSON.parse(read('package.json')) as { version: string }).version);
  const wrong = kinora('--nonsense');
  expect(wrong).toMatchObject({ status: 2, stdout: '' });
  expect(wrong.stderr).toMatch(/^kinora: unknown option '--nonsense'.*\n$/);
});
