/**
 * @file `kinora eval pairs`: measures films of two characters and prints a table, or one JSON object.
 */
import { InputError } from '../../core/errors.ts';
import type { PairsReport } from '../../eval/pairs.ts';
import { integer, nonEmpty } from '../options.ts';
import type { CliCommand, CliContext } from '../program.ts';
import { addEvalFlags, addSheetFlags, evaluatedOptions, FilmSheets, type EvalFlags, type SheetFlags } from './eval-flags.ts';

interface Flags extends EvalFlags, SheetFlags {
  readonly pairs: number;
  readonly sheets?: string;
}

/** Films on a sheet, and frames of each. */
const SHEET_FILMS = 16, SHEET_COLUMNS = 9;

const percent = (x: number | null | undefined): string => (x == null ? '–' : `${(100 * x).toFixed(1)} %`).padStart(8);

/** The report as a person reads it. */
export function pairsLines(r: PairsReport): string[] {
  const named = { apart: 'apart', before: 'passing, first frame', after: 'passing, last frame', alone: 'alone, followed' };
  const { apart, crossing: passing, alone } = r.motion_ratio;
  return [
    `${r.model}: ${r.pairs} films of two characters and ${Math.ceil(r.pairs / 2)} of one who walks, of combinations never trained on`, '',
    `${'what is read'.padEnd(32)}   films  [95 %]            real  of real  exchanged`,
    ...Object.entries(r.parts).flatMap(([part, attributes]) => Object.entries(attributes).map(([name, a]) =>
      `${`${named[part as keyof typeof named]}: ${name}`.padEnd(32)}${percent(a.films.share)}  [${a.films.interval.map((x) => (100 * x).toFixed(1)).join(', ')}]`.padEnd(56)
      + `${percent(a.real.share)} ${percent(a.of_ceiling)}   ${percent(a.exchanged.share)}`)),
    `motion, films ÷ real            ${Object.entries({ apart, passing, alone }).map(([kind, ratio]) => `${kind} ${ratio?.toFixed(2) ?? '–'}`).join(', ')}`,
    `${(r.ms / 1000).toFixed(0)} s`,
  ];
}

async function run(flags: Flags, context: CliContext): Promise<void> {
  if (flags.lpc === undefined) throw new InputError('pairs are measured beside real clips: give the sprite sheets with --lpc');
  const { evalModelPairs } = await import('../../eval/model-pairs.ts'), sheets = new FilmSheets(SHEET_FILMS);
  const report = await evalModelPairs({
    ...evaluatedOptions(flags, context), lpc: flags.lpc, cacheDir: flags.cache, pairs: flags.pairs,
    onFilm: ({ film, kind, done, total }) => {
      context.progress({ stage: 'pairs', done, total });
      sheets.add(kind, film);
    },
  });
  if (flags.sheets !== undefined) await sheets.write(flags.sheets, SHEET_COLUMNS);
  if (flags.json) context.print(JSON.stringify(report));
  else for (const line of pairsLines(report)) context.print(line);
}

/** The row. */
export const evalPairsCommand: CliCommand = {
  path: 'eval pairs',
  summary: 'Judges films on a wide canvas: two characters, apart and passing each other, and one who walks',
  example: 'kinora eval pairs --lpc lpc --sheets sheets',
  define: (command, context) => {
    addSheetFlags(addEvalFlags(command))
      .option('--pairs <n>', 'films of two; of one who walks half as many', integer('--pairs', { min: 2, max: 10_000 }), 64)
      .option('--sheets <dir>', `folder for contact sheets of the first ${SHEET_FILMS} films of each kind`, nonEmpty('--sheets', 'wanted a folder'))
      .action((flags: Flags) => run(flags, context));
  },
};
