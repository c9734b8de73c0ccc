/** @file Runs every guardrail over this repository. The folder is walked, not git asked: a copy without git is checked too. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  bareSuppressions, brokenLinks, brokenPages, IMPORTS, incompleteLock, type Lockfile, LOOK_AGAIN_LINES, longFiles, machinePaths, MAX_LINES, MAX_WIDTH,
  missingDocs, missingHeaders, RULE_TABLES, translationDrift, wideLines, wrongImports, wrongModels,
} from './rules.ts';

const ROOT = new URL('../../', import.meta.url);
const inRoot = (path: string): URL => new URL(path.split('/').map(encodeURIComponent).join('/') || '.', ROOT);
/** What a build, a run or a tool leaves behind (see .gitignore); by name at any depth. */
const LEFT_BEHIND = new Set(['.git', 'node_modules', 'dist', 'runs', '.cache', 'coverage', 'out', '.venv', '__pycache__']);
const walk = (folder: string): string[] => readdirSync(inRoot(folder), { withFileTypes: true })
  .filter((entry) => !LEFT_BEHIND.has(entry.name))
  .flatMap((entry) => (entry.isDirectory() ? walk(`${folder}${entry.name}/`) : entry.isFile() ? [`${folder}${entry.name}`] : []));
const paths = walk('');
const TEXT = /(\.(ts|mts|mjs|js|tsx|json|jsonc|md|py|yml|yaml|html|css|txt|sh)|(^|\/)(run|NOTICE|\.npmrc|\.gitignore))$/;
const files = paths.filter((path) => TEXT.test(path) && path !== 'package-lock.json').map((path) => ({ path, text: readFileSync(inRoot(path), 'utf8') }));

test('the guardrails see the sources', () => {
  const seen = new Set(files.map((f) => f.path));
  for (const path of ['src/core/errors.ts', 'src/cli/main.ts', 'test/guardrails/rules.ts', 'package.json', 'README.md', '.ci/run']) expect(seen).toContain(path);
});

describe('source files', () => {
  test('imports point the right way', () => { expect(wrongImports(files)).toEqual([]); });
  test('what a browser loads needs no Node', () => { expect(brokenPages(files)).toEqual([]); });
  test('no file is too long', () => {
    const again = longFiles(files, LOOK_AGAIN_LINES);
    if (again.length > 0) console.warn(`look again:\n  ${again.join('\n  ')}`);
    expect(longFiles(files, MAX_LINES)).toEqual([]);
    expect(Object.keys(RULE_TABLES).filter((path) => !existsSync(inRoot(path)))).toEqual([]);
  });
  test('no line is too wide', () => { expect(wideLines(files, MAX_WIDTH)).toEqual([]); });
  test('every file says what it is', () => { expect(missingHeaders(files)).toEqual([]); });
  test('every export is documented', () => { expect(missingDocs(files)).toEqual([]); });
  test('suppressions have reasons', () => { expect(bareSuppressions(files)).toEqual([]); });
});

test('no machine paths', () => { expect(machinePaths(files)).toEqual([]); });

test('models weigh what they may and have a card', () => {
  expect(wrongModels(paths.map((path) => ({ path, bytes: statSync(inRoot(path)).size })))).toEqual([]);
});

test('the lockfile serves every platform', () => {
  expect(incompleteLock(JSON.parse(readFileSync(inRoot('package-lock.json'), 'utf8')) as Lockfile)).toEqual([]);
});

test('links in Markdown lead somewhere', () => {
  expect(files.filter((f) => f.path.endsWith('.md')).flatMap((f) => brokenLinks(f, (path) => existsSync(inRoot(path))))).toEqual([]);
});

test('the Chinese README is in step with the English one', () => {
  const [original, translation] = ['README.md', 'README.zh-CN.md'].map((path) => files.find((file) => file.path === path)!);
  expect(translationDrift(original!, translation!)).toEqual([]);
});

test('CONTRIBUTING shows the table of imports that is enforced', () => {
  const text = readFileSync(inRoot('CONTRIBUTING.md'), 'utf8');
  const rows = Object.entries(IMPORTS).map(([folder, allowed]) => `| ${folder} | ${allowed.join(', ') || '–'} |`);
  for (const row of rows) expect(text).toContain(row);
});
