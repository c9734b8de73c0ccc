/** @file The commands that README.md, CONTRIBUTING.md and the guides show exist and are understood, flags included; the help of the real program shows its examples. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/commands/index.ts';
import { runCli } from '../../src/cli/program.ts';
import { TRAINABLE, readRunConfig } from '../../src/train/config.ts';
import * as kinora from '../../src/index.ts';
import { importedNames, kinoraCalls, shellLines, shellWords, unknownCommands } from './readme.ts';

const ROOT = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');
const scripts = Object.keys((JSON.parse(read('package.json')) as { scripts: Record<string, string> }).scripts);
const GUIDES = readdirSync(new URL('docs/guide/', ROOT)).filter((name) => name.endsWith('.md')).map((name) => `docs/guide/${name}`);
const PAGES = ['README.md', 'README.zh-CN.md', 'CONTRIBUTING.md', ...GUIDES];
const lines = PAGES.flatMap((path) => shellLines(read(path)));

/** Runs the command line with every action left out: only arguments and flags are read. */
async function understood(argv: readonly string[]): Promise<string> {
  let errors = '';
  const commands = COMMANDS.map((row): (typeof COMMANDS)[number] => ({ ...row, define: (command, context) => { row.define(command, context); command.action(() => {}); } }));
  const exit = await runCli(argv, {
    version: '0', commands, stdout: { write: () => true }, stderr: { write: (text) => { errors += text; } }, signal: new AbortController().signal,
  });
  return exit === 0 ? '' : `${argv.join(' ')}: ${errors}`;
}

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

test('kinora commands that are shown exist, and take the flags and arguments that are shown', async () => {
  expect(unknownCommands(lines, { scripts, kinora: COMMANDS.map((row) => row.path) })).toEqual([]);
  const calls = [...kinoraCalls(lines), ...COMMANDS.map((row) => shellWords(row.example).slice(1))];
  expect(calls.length).toBeGreaterThan(20);
  expect((await Promise.all(calls.map(understood))).filter((error) => error !== '')).toEqual([]);
  expect(await understood(['generate', 'x', '--nonsense'])).toContain("unknown option '--nonsense'");
});

test('configurations and examples that are shown exist', () => {
  const named = PAGES.flatMap((path) => [...read(path).matchAll(/(?:configs|examples)\/[\w./-]+\.(?:json|ts)/g)].map((m) => m[0]));
  expect(named.length).toBeGreaterThan(3);
  expect(named.filter((path) => !existsSync(new URL(path, ROOT)))).toEqual([]);
});

const configs = readdirSync(new URL('configs/', ROOT), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'));

test('there are configurations of every kind', () => {
  const kinds = configs.map((name) => (JSON.parse(read(`configs/${name}`)) as { kind: string }).kind);
  expect([...new Set(kinds)].sort()).toEqual([...TRAINABLE].sort());
});

test.each(configs)('configs/%s is valid', async (name) => {
  const { kind } = JSON.parse(read(`configs/${name}`)) as { kind: (typeof TRAINABLE)[number] };
  expect((await readRunConfig(kind, fileURLToPath(new URL(`configs/${name}`, ROOT)))).kind).toBe(kind);
});

test('names that code imports from the package are exported', () => {
  const names = PAGES.flatMap((path) => importedNames(read(path)));
  expect(names).toContain('generate');
  expect(names.filter((name) => !Object.hasOwn(kinora, name))).toEqual([]);
  const listed = [...read('docs/guide/library.md').matchAll(/`([A-Za-z_]+)`/g)].map((m) => m[1]!);
  expect(Object.keys(kinora).filter((name) => !listed.includes(name))).toEqual([]);
});

test('README shows the two commands, one line each', () => {
  const readme = shellLines(read('README.md'));
  expect(readme[0]).toMatch(/^npm ci && npx kinora generate ".+" -o film\.mp4$/);
  expect(readme[1]).toBe('npm ci && npm test');
});

test('the program runs from its sources: help, version, wrong usage', () => {
  const run = (...args: string[]) => spawnSync(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...args], { cwd: ROOT, encoding: 'utf8' });
  const help = run('--help');
  expect(help).toMatchObject({ status: 0, stderr: '' });
  expect(help.stdout).toContain('Usage: kinora');
  for (const row of COMMANDS) expect(help.stdout).toContain(row.example);
  expect(run('--version').stdout.trim()).toBe((JSON.parse(read('package.json')) as { version: string }).version);
  const wrong = run('--nonsense');
  expect(wrong).toMatchObject({ status: 2, stdout: '' });
  expect(wrong.stderr).toMatch(/^kinora: unknown option '--nonsense'.*\n$/);
});
