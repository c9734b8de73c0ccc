/**
 * @file The guardrails as pure functions: files in, sentences about what is wrong out. `repository.test.ts` runs them over
 * this repository, `rules.test.ts` proves on small bad files that each one can fail.
 */
import ts from 'typescript';

/** A file of the repository: path from the root with forward slashes, and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** Folders of src, and those that each may import. What is not listed is forbidden; a folder may always import itself. */
export const IMPORTS = {
  core: [],
  graph: ['core'],
  autodiff: ['core', 'graph'],
  io: ['core'],
  backend: ['core', 'graph', 'io'],                             // io holds the protobuf of ONNX
  nn: ['core', 'graph'],
  optim: ['core', 'graph', 'nn'],
  models: ['core', 'graph', 'nn'],
  diffusion: ['core', 'graph'],
  media: ['core'],
  provenance: ['core', 'media'],
  data: ['core', 'media', 'io'],
  pipeline: ['core', 'graph', 'autodiff', 'io', 'backend', 'nn', 'optim', 'models', 'diffusion', 'media', 'provenance', 'data'],
  train: ['core', 'graph', 'autodiff', 'io', 'backend', 'nn', 'optim', 'models', 'diffusion', 'media', 'data', 'pipeline'],
  eval: ['core', 'graph', 'autodiff', 'io', 'backend', 'nn', 'optim', 'models', 'diffusion', 'media', 'data', 'pipeline', 'train'],
  server: ['core', 'io', 'media', 'provenance', 'data', 'models', 'diffusion', 'pipeline', 'train'],
  client: ['server'],                                           // types of the contract alone
  web: ['core', 'io', 'backend', 'media', 'models', 'pipeline'],        // a browser's side and its worker: the pipeline without Node (see brokenPages)
  cli: ['core', 'io', 'media', 'provenance', 'data', 'models', 'diffusion', 'pipeline', 'train', 'eval', 'server'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

type Folder = keyof typeof IMPORTS;

/** Folders that run anywhere a JavaScript engine runs: no import from Node. */
const PURE: ReadonlySet<Folder> = new Set(['core', 'graph', 'autodiff', 'nn', 'optim', 'models', 'diffusion']);

/** Hard limit of lines in a file of src, and where one looks again. */
export const MAX_LINES = 500;
/** See {@link MAX_LINES}. */
export const LOOK_AGAIN_LINES = 300;
/** Hard limit of characters in a line of TypeScript, tests and tools included: a file that grows too long is split, not widened. */
export const MAX_WIDTH = 180;

/** Files over the limit because they are one table of rules, each with the reason. */
export const RULE_TABLES: Readonly<Record<string, string>> = {};

/** Code that a program wrote (protobuf messages): nobody reads it line by line, so only its imports are checked. */
const isGenerated = ({ path }: SourceFile): boolean => path.endsWith('_pb.ts');
const isSource = ({ path }: SourceFile): boolean => path.startsWith('src/') && path.endsWith('.ts');
const isTest = ({ path }: { readonly path: string }): boolean => /\.(test|fixture)\.ts$/.test(path);

function parse(file: SourceFile): ts.SourceFile {
  return ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true);
}

/** Module names that a file imports: static, re-exported, dynamic, and in types. */
export function importsOf(file: SourceFile): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier !== undefined && ts.isStringLiteral(node.moduleSpecifier))
      found.push(node.moduleSpecifier.text);
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const name = node.arguments[0];
      found.push(name !== undefined && ts.isStringLiteralLike(name) ? name.text : '(computed)');
    }
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal)) found.push(node.argument.literal.text);
    ts.forEachChild(node, visit);
  };
  visit(parse(file));
  return found;
}

/** The path from the root that a relative import names. */
function resolve(from: string, name: string): string {
  const parts = from.split('/').slice(0, -1);
  for (const part of name.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}

/** Imports that point the wrong way between the folders of src, leave src, or bring Node into a pure folder. Unit tests may import anything. */
export function wrongImports(files: readonly SourceFile[]): string[] {
  const wrong: string[] = [];
  for (const file of files) {
    if (!isSource(file) || isTest(file)) continue;
    const [, folder = '', rest] = file.path.split('/');
    const atTop = rest === undefined;                           // src/index.ts: the library's entry
    if (!atTop && !Object.hasOwn(IMPORTS, folder)) {
      wrong.push(`${file.path}: src/${folder} is not in the table of folders`);
      continue;
    }
    const allowed: readonly string[] = atTop ? Object.keys(IMPORTS).filter((f) => f !== 'cli' && f !== 'server') : IMPORTS[folder as Folder];
    for (const name of importsOf(file)) {
      if (name === '(computed)') continue;
      if (!name.startsWith('.')) {
        if (!atTop && PURE.has(folder as Folder) && name.startsWith('node:')) wrong.push(`${file.path} imports ${name}: src/${folder} does no I/O`);
        continue;
      }
      const target = resolve(file.path, name);
      const [root, to = ''] = target.split('/');
      if (root !== 'src') wrong.push(`${file.path} imports ${target}, which is outside of src`);
      else if (isTest({ path: target })) wrong.push(`${file.path} imports a test, ${target}`);
      else if ((atTop || to !== folder) && !allowed.includes(to)) wrong.push(`${file.path} imports ${target}: src/${folder} may import ${allowed.join(', ') || 'nothing'}`);
    }
  }
  return wrong;
}

/** Modules that a file imports when it runs: not those that are only types. */
export function loadedBy(file: SourceFile): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && node.importClause?.phaseModifier !== ts.SyntaxKind.TypeKeyword) found.push((node.moduleSpecifier as ts.StringLiteral).text);
    if (ts.isExportDeclaration(node) && !node.isTypeOnly && node.moduleSpecifier) found.push((node.moduleSpecifier as ts.StringLiteral).text);
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword && ts.isStringLiteralLike(node.arguments[0]!)) found.push(node.arguments[0].text);
    ts.forEachChild(node, visit);
  };
  visit(parse(file));
  return found;
}

/** What runs in a browser begins here. */
const PAGES = ['src/web/index.ts', 'src/web/worker.ts', 'src/client/index.ts'];
/** Packages that run in a browser. */
const IN_BROWSERS = new Set([
  '@bufbuild/protobuf', '@bufbuild/protobuf/codegenv2', '@bufbuild/protobuf/wkt', '@huggingface/tokenizers', 'onnxruntime-web/wasm', 'onnxruntime-web/webgpu', 'zod',
]);

/** Modules of Node, and packages that need it, among all that the entries for browsers load. */
export function brokenPages(files: readonly SourceFile[], entries: readonly string[] = PAGES): string[] {
  const byPath = new Map(files.map((file) => [file.path, file])), from = new Map<string, string>(entries.map((path) => [path, ''])), wrong: string[] = [];
  for (const [path] of from) {                                  // grows while it is walked
    const file = byPath.get(path);
    if (!file) { wrong.push(`${path} is missing`); continue; }
    for (const name of loadedBy(file)) {
      const target = name.startsWith('.') ? resolve(path, name) : null;
      if (target !== null) from.set(target, from.get(target) ?? path);
      else if (!IN_BROWSERS.has(name)) wrong.push(`${path} imports ${name}, which no browser has${from.get(path) === '' ? '' : `; it is loaded by ${from.get(path)}`}`);
    }
    if (/\bBuffer\.|\bprocess\./.test(file.text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, ''))) wrong.push(`${path} uses what only Node has: Buffer or process`);
  }
  return wrong;
}

const lineCount = (text: string): number => text.replace(/\n$/, '').split('\n').length;

/** Files of src longer than `limit` lines, rule tables aside. */
export function longFiles(files: readonly SourceFile[], limit: number, tables: Readonly<Record<string, string>> = RULE_TABLES): string[] {
  return files
    .filter((f) => isSource(f) && !isGenerated(f) && !Object.hasOwn(tables, f.path) && lineCount(f.text) > limit)
    .map((f) => `${f.path} has ${lineCount(f.text)} lines; limit ${limit}`);
}

/** Lines of TypeScript wider than `limit` characters. */
export function wideLines(files: readonly SourceFile[], limit: number): string[] {
  return files.filter((f) => /\.(ts|mts|tsx)$/.test(f.path) && !isGenerated(f)).flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, i) => (line.length > limit ? [`${path}:${i + 1} has ${line.length} characters; limit ${limit}`] : [])));
}

/** Files of src that do not open with a `@file` comment; a unit test is explained by the file it sits beside. */
export function missingHeaders(files: readonly SourceFile[]): string[] {
  return files
    .filter((f) => isSource(f) && !isGenerated(f) && !isTest(f) && !/^(#![^\n]*\n)?\/\*\*\s*(\n \* ?)?@file (?!\*\/)\S/.test(f.text))
    .map((f) => `${f.path} does not open with /** @file what it is */`);
}

/** A comment at the end of the line on which a statement of one line stands. */
const hasTrailingComment = (file: ts.SourceFile, node: ts.Node): boolean =>
  !node.getText(file).includes('\n') && (ts.getTrailingCommentRanges(file.text, node.end)?.length ?? 0) > 0;

/**
 * Exported functions, classes, interfaces and constants of src that have no documentation comment. An interface whose every
 * member has one is documented, and so is a constant of one line with a comment behind it; a type alias is explained by the
 * list or the union that it is made of.
 */
export function missingDocs(files: readonly SourceFile[]): string[] {
  const missing: string[] = [];
  for (const file of files) {
    if (!isSource(file) || isGenerated(file) || isTest(file)) continue;
    const documented = new Set<string>();                       // overloads share the first one's comment
    const source = parse(file), hasComment = (n: ts.Node): boolean => ts.getJSDocCommentsAndTags(n).some(ts.isJSDoc);
    for (const node of source.statements) {
      if (!(ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node) || ts.isVariableStatement(node))) continue;
      if (node.modifiers?.some((m) => m.kind === ts.SyntaxKind.ExportKeyword) !== true) continue;
      if (ts.isVariableStatement(node)) {
        const names = node.declarationList.declarations.map((d) => d.name.getText(source)).join(', ');
        if (!hasComment(node) && !hasTrailingComment(source, node)) missing.push(`${file.path}: ${names} is exported and has no comment`);
        continue;
      }
      const name = node.name?.text ?? 'default';
      if (hasComment(node) || (ts.isInterfaceDeclaration(node) && node.members.length > 0 && node.members.every(hasComment))) documented.add(name);
      else if (!documented.has(name)) missing.push(`${file.path}: ${name} is exported and has no comment`);
    }
  }
  return missing;
}

/** Lint suppressions without a reason after `--`, and type-check suppressions without a sentence. */
export function bareSuppressions(files: readonly SourceFile[]): string[] {
  const found: string[] = [];
  for (const file of files) {
    const { path, text } = file;
    if (!/\.(ts|mts|mjs|tsx)$/.test(path) || isGenerated(file)) continue;
    for (const [i, line] of text.split('\n').entries()) {
      if (/(\/\/|\/\*)\s*(oxlint|eslint)-disable/.test(line) && !/-- \S.{9,}/.test(line)) found.push(`${path}:${i + 1}: a lint rule is disabled without a reason after "-- "`);
      if (/\/\/\s*@ts-(ignore|nocheck)/.test(line)) found.push(`${path}:${i + 1}: use @ts-expect-error with a reason`);
      if (/\/\/\s*@ts-expect-error\W*(\w{0,9}\W*)$/.test(line)) found.push(`${path}:${i + 1}: @ts-expect-error without a reason`);
    }
  }
  return found;
}

/** Absolute paths of somebody's machine: they mean nothing to a reader. The list is spelled so that it does not find itself. */
const MACHINE_PATHS = ['work', 'tmp/bash_jobs', 'root', 'home/[a-z]\\w*', 'Users/[A-Za-z]\\w*'].map((p) => new RegExp(`(?<![\\w.$}~-])/${p}/`));

/** Files that name a path of the machine on which they were written. */
export function machinePaths(files: readonly SourceFile[]): string[] {
  const found: string[] = [];
  for (const { path, text } of files) {
    for (const [i, line] of text.split('\n').entries()) {
      const hit = MACHINE_PATHS.map((p) => p.exec(line)?.[0]).find((m) => m !== undefined);
      if (hit !== undefined) found.push(`${path}:${i + 1} names ${hit}`);
    }
  }
  return found;
}

/** Megabytes (10^6 bytes) that one model may weigh, all files together. */
export const MODEL_MEGABYTES = 40;

/** Folders directly under models/ that are too heavy or lack a model card. */
export function wrongModels(files: readonly { readonly path: string; readonly bytes: number }[]): string[] {
  const sizes = new Map<string, number>();
  for (const { path, bytes } of files) {
    const [root, model, rest] = path.split('/');
    if (root === 'models' && model !== undefined && rest !== undefined) sizes.set(model, (sizes.get(model) ?? 0) + bytes);
  }
  return [...sizes].flatMap(([model, bytes]) => [
    ...(bytes > MODEL_MEGABYTES * 1e6 ? [`models/${model} weighs ${(bytes / 1e6).toFixed(1)} MB; limit ${MODEL_MEGABYTES}`] : []),
    ...(files.some((f) => f.path === `models/${model}/README.md`) ? [] : [`models/${model} has no model card (README.md)`]),
  ]);
}

/** A package-lock.json, as far as the rule below reads it. */
export interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>>;
}

/** Optional packages (binaries for other platforms) that the lockfile lacks: `npm ci` refuses such a file on every platform. */
export function incompleteLock(lock: Lockfile): string[] {
  return Object.entries(lock.packages).flatMap(([at, entry]) => Object.keys(entry.optionalDependencies ?? {})
    .filter((name) => !Object.hasOwn(lock.packages, `node_modules/${name}`) && !Object.hasOwn(lock.packages, `${at}/node_modules/${name}`))
    .map((name) => `${at || 'the project'} wants ${name}, which is not in package-lock.json`));
}

/** Where a translation is not in step with its original: fenced blocks differ, or there are other numbers of headings (by level), table rows, list items or links. */
export function translationDrift(original: SourceFile, translation: SourceFile): string[] {
  const blocks = (text: string): string[] => [...text.matchAll(/^```[\s\S]*?^```/gm)].map((m) => m[0]), prose = (text: string): string => text.replace(/^```[\s\S]*?^```/gm, '');
  const counted = { '# headings': /^# /gm, '## headings': /^## /gm, '### headings': /^### /gm, 'table rows': /^\|/gm, 'list items': /^- /gm, links: /\]\(/g };
  const [a, b] = [blocks(original.text), blocks(translation.text)], at = `${translation.path} beside ${original.path}`;
  return [
    ...(a.length === b.length ? [] : [`${at}: ${b.length} blocks of code, wanted ${a.length}`]),
    ...a.flatMap((block, i) => (b[i] === undefined || b[i] === block ? [] : [`${at}: block ${i + 1} differs: ${b[i].split('\n')[1] ?? ''}`])),
    ...Object.entries(counted).flatMap(([what, pattern]) => {
      const [wanted, found] = [original, translation].map(({ text }) => [...prose(text).matchAll(pattern)].length);
      return wanted === found ? [] : [`${at}: ${found} ${what}, wanted ${wanted}`];
    }),
  ];
}

/** Local links of a Markdown file that lead nowhere; `exists` is asked with paths from the root. */
export function brokenLinks(file: SourceFile, exists: (path: string) => boolean): string[] {
  const prose = file.text.replace(/^```[\s\S]*?^```/gm, '');
  return [...prose.matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)|\b(?:src|href)="([^"#]+)"/g)]
    .map((m) => m[1] ?? m[2]!)
    .filter((link) => !/^[a-z]+:/.test(link) && !exists(resolve(file.path, link.replace(/\/$/, ''))))
    .map((link) => `${file.path} links to ${link}, which does not exist`);
}
