import { describe, expect, test } from 'vitest';
import {
  bareSuppressions, brokenLinks, brokenPages, importsOf, incompleteLock, longFiles, machinePaths, missingDocs, missingHeaders, type SourceFile, translationDrift, wideLines,
  wrongImports, wrongModels,
} from './rules.ts';

const file = (path: string, text: string): SourceFile => ({ path, text });

describe('import directions', () => {
  test('every form of import is seen', () => {
    const text = 'import a from "./a.ts"; import type { B } from "./b.ts"; export * from "./c.ts"; '
      + 'const d = await import("./d.ts"); type E = import("./e.ts").E; import "./f.ts"; import(a);';
    expect(importsOf(file('src/x/y.ts', text))).toEqual(['./a.ts', './b.ts', './c.ts', './d.ts', './e.ts', './f.ts', '(computed)']);
  });

  test.each([
    ['src/core/a.ts', '../graph/b.ts'], ['src/graph/a.ts', '../backend/ort/b.ts'], ['src/models/dit/a.ts', '../../autodiff/b.ts'],
    ['src/diffusion/samplers/a.ts', '../../nn/b.ts'], ['src/io/a.ts', '../media/b.ts'], ['src/media/a.ts', '../io/b.ts'],
    ['src/data/a.ts', '../graph/b.ts'], ['src/pipeline/a.ts', '../train/b.ts'], ['src/train/a.ts', '../cli/b.ts'],
    ['src/index.ts', './cli/b.ts'], ['src/cli/a.ts', '../../test/b.ts'], ['src/core/a.ts', './b.test.ts'], ['src/core/a.ts', 'node:fs'],
    ['src/elsewhere/a.ts', '../core/b.ts'],
  ])('%s may not import %s', (path, name) => {
    expect(wrongImports([file(path, `import { x } from '${name}';`)])).toHaveLength(1);
  });

  test.each([
    ['src/graph/a.ts', '../core/b.ts'], ['src/models/dit/a.ts', '../../nn/b.ts'], ['src/models/dit/a.ts', '../vae/b.ts'],
    ['src/cli/commands/a.ts', '../../pipeline/b.ts'], ['src/index.ts', './pipeline/b.ts'],
    ['src/backend/ort/a.ts', 'node:fs'], ['src/core/a.ts', 'zod'], ['src/nn/a.test.ts', '../backend/reference/b.ts'],
  ])('%s may import %s', (path, name) => {
    expect(wrongImports([file(path, `import { x } from '${name}';`)])).toEqual([]);
  });
});

test('what a browser loads: Node is seen however deep it lies, types and tests of other rooms are not', () => {
  const page = file('src/web/a.ts', "import type { X } from 'node:fs'; import { b } from '../x/b.ts'; export type { Y } from 'sharp'; import { z } from 'zod';");
  const broken = (text: string): string[] => brokenPages([page, file('src/x/b.ts', text), file('src/x/c.ts', "import 'node:fs';")], ['src/web/a.ts']);
  expect(broken('export const b = 1;   // process.env')).toEqual([]);
  expect(broken("import { open } from 'node:fs';")).toEqual(['src/x/b.ts imports node:fs, which no browser has; it is loaded by src/web/a.ts']);
  expect(broken("const sharp = await import('sharp');")).toEqual(['src/x/b.ts imports sharp, which no browser has; it is loaded by src/web/a.ts']);
  expect(broken("export * from './c.ts';")).toEqual(['src/x/c.ts imports node:fs, which no browser has; it is loaded by src/x/b.ts']);
  expect(broken('export const b = Buffer.alloc(1);')).toEqual(['src/x/b.ts uses what only Node has: Buffer or process']);
  expect(broken("import './gone.ts';")).toEqual(['src/x/gone.ts is missing']);
});

test('file budget: a line too many is seen, a rule table and a test elsewhere are not', () => {
  const lines = (n: number): string => 'x\n'.repeat(n);
  expect(longFiles([file('src/a/b.ts', lines(501))], 500, {})).toEqual(['src/a/b.ts has 501 lines; limit 500']);
  expect(longFiles([file('src/a/b.ts', lines(500)), file('test/a.ts', lines(900))], 500, {})).toEqual([]);
  expect(longFiles([file('src/a/b.ts', lines(501))], 500, { 'src/a/b.ts': 'one row an op' })).toEqual([]);
});

test('width of lines: a character too many is seen anywhere, generated code and prose are not', () => {
  const line = (width: number): string => 'x'.repeat(width);
  expect(wideLines([file('bench/a.ts', `a\n${line(181)}\nb\n`), file('test/b.test.ts', line(200))], 180))
    .toEqual(['bench/a.ts:2 has 181 characters; limit 180', 'test/b.test.ts:1 has 200 characters; limit 180']);
  expect(wideLines([file('src/a/b.ts', `${line(180)}\n${line(180)}\n`), file('src/a/c_pb.ts', line(181)), file('docs/a.md', line(181))], 180)).toEqual([]);
});

test('file headers', () => {
  const header = (text: string): number => missingHeaders([file('src/a/b.ts', text)]).length;
  expect([
    header('import x from "y";'), header('/** Something. */'), header('// @file x'), header('/** @file */'),
    header('\nconst a = 1;\n/** @file late */'),
  ]).toEqual([1, 1, 1, 1, 1]);
  expect([header('/** @file What. */'), header('/**\n * @file What.\n */'), header('#!/usr/bin/env node\n/**\n * @file What.\n */')]).toEqual([0, 0, 0]);
});

test('documentation comments of exports', () => {
  const missing = (text: string): string[] => missingDocs([file('src/a/b.ts', `/** @file x */\nimport 'y';\n${text}`)]).map((line) => line.split(' ')[1]!);
  expect(missing('export function f() {}\nexport class C {}\nexport interface I {}\nexport interface J {\n/** x */ a: 1; b: 2 }\nexport type T = 1;'))
    .toEqual(['f', 'C', 'I', 'J']);
  expect(missing('// not this\nexport function f() {}')).toEqual(['f']);
  expect(missing('export const A = [1] as const;\n// not this\nexport const B = 2;\nexport const C = [ // nor this\n1];\nexport let D = 1;\n// what follows'))
    .toEqual(['A', 'B', 'C', 'D']);
  expect(missing('/** The first. */\nexport const A = 1;\nexport const B = 2; // the second\nexport const C = 3; /* the third */\nconst own = 4;\nexport { own };')).toEqual([]);
  expect(missing('/** Does. */\nexport function f(a: 1): void;\nexport function f(a: 2): void;\nexport function f(a: number): void {}\n'
    + 'function own() {}\nexport interface O {\n/** Pixels. */ a: 1 }')).toEqual([]);
});

test('suppressions need a reason', () => {
  const off = ['oxlint', 'disable-next-line'].join('-'), check = ['@ts', 'expect-error'].join('-');
  const found = (text: string): number => bareSuppressions([file('src/a.ts', text)]).length;
  expect([found(`// ${off} no-explicit-any`), found(`// ${off} x -- ok`), found(`// ${check}`), found(`// ${['@ts', 'ignore'].join('-')} because it is so`)]).toEqual([1, 1, 1, 1]);
  expect([found(`// ${off} no-explicit-any -- the module has no types`), found(`// ${check} the published type lacks this field`)]).toEqual([0, 0]);
});

test('machine paths', () => {
  const found = (text: string): number => machinePaths([file('docs/a.md', text)]).length;
  const absolute = (...parts: string[]): string => ['', ...parts].join('/');
  expect([
    found(`see ${absolute('work', 'x')}`), found(`'${absolute('home', 'ada', 'x')}'`), found(`(${absolute('tmp', 'bash_jobs', '0')})`),
    found(absolute('Users', 'ada', 'x')),
  ]).toEqual([1, 1, 1, 1]);
  expect([found('see src/home/x and ../home/y'), found('https://example.org/home/page/'), found('/tmp/film.mp4')]).toEqual([0, 0, 0]);
});

test('models: weight and card', () => {
  const card = { path: 'models/a/README.md', bytes: 1 };
  expect(wrongModels([card, { path: 'models/a/w', bytes: 30e6 }, { path: 'models/a/v', bytes: 11e6 }])).toEqual(['models/a weighs 41.0 MB; limit 40']);
  expect(wrongModels([{ path: 'models/a/w', bytes: 5 }])).toEqual(['models/a has no model card (README.md)']);
  expect(wrongModels([card, { path: 'models/a/w', bytes: 39e6 }, { path: 'models/b/README.md', bytes: 39e6 }])).toEqual([]);
});

test('lockfile', () => {
  const lock = (present: string[]) => ({ packages: { 'node_modules/tool': { optionalDependencies: { 'tool-mac': '1' } }, ...Object.fromEntries(present.map((p) => [p, {}])) } });
  expect(incompleteLock(lock([]))).toEqual(['node_modules/tool wants tool-mac, which is not in package-lock.json']);
  expect(incompleteLock(lock(['node_modules/tool-mac']))).toEqual([]);
  expect(incompleteLock(lock(['node_modules/tool/node_modules/tool-mac']))).toEqual([]);
});

test('links of Markdown files', () => {
  const text = '[a](there.md) [b](missing.md#x) [c](https://example.org) [d](#here) <img src="gone.png">\n```\n[e](inside-code.md)\n```';
  expect(brokenLinks(file('docs/a.md', text), (path) => path === 'docs/there.md').map((l) => l.split(' ')[3])).toEqual(['missing.md,', 'gone.png,']);
});

test('translations in step with their originals', () => {
  const original = file('A.md', '# A\n\n- one, see [b](b.md)\n\n```sh\nnpm ci\n# no heading\n```\n\n| a |\n');
  const with1 = (text: string): string[] => translationDrift(original, file('A.zh.md', text));
  expect(with1('# 甲\n\n- 一，见[乙](b.md)\n\n```sh\nnpm ci\n# no heading\n```\n\n| 甲 |\n')).toEqual([]);
  expect(with1('# 甲\n\n- 一，见[乙](b.md)\n\n```sh\nnpm install\n# no heading\n```\n\n| 甲 |\n')).toEqual(['A.zh.md beside A.md: block 1 differs: npm install']);
  expect(with1('# 甲\n\n## 乙\n\n- 一\n')).toEqual([
    'A.zh.md beside A.md: 0 blocks of code, wanted 1', 'A.zh.md beside A.md: 1 ## headings, wanted 0',
    'A.zh.md beside A.md: 0 table rows, wanted 1', 'A.zh.md beside A.md: 0 links, wanted 1']);
});
