/**
 * @file `kinora eval prompts`: how a model obeys paraphrases, short prompts, negative prompts and weights; prints a table, or one JSON object.
 */
import type { PromptReport } from '../../eval/prompt-eval.ts';
import { integer } from '../options.ts';
import type { CliCommand, CliContext } from '../program.ts';
import { addEvalFlags, evaluatedOptions, type EvalFlags } from './eval-flags.ts';

interface Flags extends EvalFlags { readonly prompts?: number }

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

async function run(flags: Flags, context: CliContext): Promise<void> {
  const { evalModelPrompts } = await import('../../eval/prompt-model.ts');
  const report = await evalModelPrompts({
    ...evaluatedOptions(flags, context), ...(flags.prompts === undefined ? {} : { prompts: flags.prompts }),
    onFilm: (part, done, total) => { context.progress({ stage: part.replaceAll('_', ' '), done, total }); },
  });
  if (flags.json) context.print(JSON.stringify(report));
  else for (const line of promptReportLines(report)) context.print(line);
}

/** The row. */
export const evalPromptsCommand: CliCommand = {
  path: 'eval prompts',
  summary: 'Judges films of paraphrases, of short prompts, of negative prompts and weights',
  example: 'kinora eval prompts --json',
  define: (command, context) => {
    addEvalFlags(command)
      .option('--prompts <n>', 'at most so many sentences, and so many short prompts', integer('--prompts', { min: 2, max: 10_000 }))
      .action((flags: Flags) => run(flags, context));
  },
};
