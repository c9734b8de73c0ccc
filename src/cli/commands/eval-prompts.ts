/**
 * @file `kinora eval prompts`: how a model obeys paraphrases, short prompts, negative prompts and weights; prints a table, or one JSON object.
 */
import type { PromptReport } from '../../eval/prompt-eval.ts';
import { integer, nonEmpty } from '../options.ts';
import type { CliCommand, CliContext } from '../program.ts';

interface Flags { readonly model?: string; readonly prompts?: number; readonly steps?: number; readonly threads?: number; readonly json?: boolean }

const ATTRIBUTES = ['action', 'facing', 'hair', 'garment'] as const;
const percent = (x: number | null): string => (x === null ? '–' : `${(100 * x).toFixed(1)} %`).padStart(9);
const points = (x: number | null): string => (x === null ? '–' : `${x > 0 ? '+' : ''}${x.toFixed(1)}`).padStart(9);

/** The report as a person reads it. */
export function promptReportLines(r: PromptReport): string[] {
  const row = (name: string, cells: readonly string[]): string => `${name.padEnd(34)}${cells.join('')}`;
  const shares = (name: string, s: PromptReport['plain']): string => row(name, ATTRIBUTES.map((a) => percent(s[a].share)));
  const change = (name: string, p: PromptReport['gain_on_short']): string => row(name, [...ATTRIBUTES, 'all' as const].map((a) => points(p[a])));
  return [
    `${r.model}: films that show what the prompt tells; ${r.plain.action.count} sentences, ${r.short.action.count} short prompts with a deed`, '',
    row('', [...ATTRIBUTES, 'all'].map((a) => a.padStart(9))),
    shares('plain captions', r.plain), shares('paraphrases', r.paraphrased), shares('paraphrases, --no-expand', r.paraphrased_as_it_is),
    change('paraphrases − plain, points', r.cost_of_paraphrase), change('what expansion gains, points', r.gain_on_paraphrases),
    ...Object.entries(r.groups).flatMap(([name, g]) => [shares(`  ${name}, plain`, g.plain), shares(`  ${name}, paraphrased`, g.paraphrased)]), '',
    shares('three words', r.short), shares('three words, --no-expand', r.short_as_it_is), change('what expansion gains, points', r.gain_on_short), '',
    `negative prompt        ${percent(r.negative.share).trim()} of ${r.negative.count} films lost the hair colour that it names`,
    `weight of the garment  ${Object.entries(r.weights).map(([weight, { share }]) => `${weight}: ${percent(share).trim()}`).join(', ')} show it (${r.weights[1].count} films)`,
    `${(r.ms / 1000).toFixed(0)} s`,
  ];
}

async function run({ json, steps, ...flags }: Flags, { signal, print, progress }: CliContext): Promise<void> {
  const { evalModelPrompts } = await import('../../eval/prompt-model.ts');
  const report = await evalModelPrompts({
    ...flags, signal, sampling: steps === undefined ? {} : { steps },
    onFilm: (part, done, total) => { progress({ stage: part.replaceAll('_', ' '), done, total }); },
  });
  if (json) print(JSON.stringify(report));
  else for (const line of promptReportLines(report)) print(line);
}

/** The row. */
export const evalPromptsCommand: CliCommand = {
  path: 'eval prompts',
  summary: 'Judges films of paraphrases, of short prompts, of negative prompts and weights',
  example: 'kinora eval prompts --json',
  define: (command, context) => {
    command
      .option('--model <id|dir>', 'an installed model, or a folder', nonEmpty('--model', 'wanted a model id or a folder'))
      .option('--prompts <n>', 'at most so many sentences, and so many short prompts', integer('--prompts', { min: 2, max: 10_000 }))
      .option('--steps <n>', 'sampling steps', integer('--steps', { min: 1, max: 1000 }))
      .option('--threads <n>', 'CPU threads', integer('--threads', { min: 1, max: 256 }))
      .option('--json', 'print one JSON object')
      .action((flags: Flags) => run(flags, context));
  },
};
