/** @file Shell commands of Markdown files, as data: what a reader would type. Used by readme.test.ts; no test by itself. */

/** One line of a fenced `sh` block, without its comment. */
export function shellLines(markdown: string): string[] {
  return [...markdown.matchAll(/^```sh\n([\s\S]*?)^```/gm)]
    .flatMap((block) => block[1]!.split('\n'))
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '');
}

/** What exists: scripts of package.json and commands of `kinora`. */
export interface KnownCommands {
  readonly scripts: readonly string[];
  readonly kinora: readonly string[];
}

/** Sentences about the parts of shell lines that call a script of npm, or a command of kinora, that does not exist. */
export function unknownCommands(lines: readonly string[], known: KnownCommands): string[] {
  return lines.flatMap((line) => line.split('&&').flatMap((part) => {
    const words = part.trim().split(/\s+/);
    const [tool, second = '', third = ''] = words;
    if (tool === 'npm' && second === 'run') return known.scripts.includes(third) ? [] : [`${line}: no script "${third}"`];
    if (tool === 'npm' && second === 'test') return known.scripts.includes('test') ? [] : [`${line}: no script "test"`];
    if (tool === 'npx' && second === 'kinora') {
      const rest = words.slice(2).join(' ');
      return rest.startsWith('-') || known.kinora.some((path) => rest === path || rest.startsWith(`${path} `)) ? [] : [`${line}: no command "kinora ${rest}"`];
    }
    return [];
  }));
}

/** Words of a shell line as a shell splits it: double quotes hold a word together; nothing is expanded. */
export const shellWords = (line: string): string[] => [...line.matchAll(/(?:[^\s"]+|"[^"]*")+/g)].map((m) => m[0].replaceAll('"', ''));

/** The arguments of each `npx kinora …` in shell lines. */
export const kinoraCalls = (lines: readonly string[]): string[][] =>
  lines.flatMap((line) => line.split('&&')).map(shellWords).filter((words) => words[0] === 'npx' && words[1] === 'kinora').map((words) => words.slice(2));

/** Names that fenced `ts` blocks import from the package. */
export const importedNames = (markdown: string): string[] => [...markdown.matchAll(/^```ts\n([\s\S]*?)^```/gm)]
  .flatMap((block) => [...block[1]!.matchAll(/import \{([^}]*)\} from 'kinora'/g)])
  .flatMap((m) => m[1]!.split(',').map((name) => name.trim()).filter((name) => name !== '' && !name.startsWith('type ')));
