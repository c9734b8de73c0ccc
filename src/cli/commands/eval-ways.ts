/**
 * @file `kinora eval ways`: measures the ways into a film and prints a table, or one JSON object.
 */
import { InputError, oneOf } from '../../core/errors.ts';
import type { WaysReport } from '../../eval/ways.ts';
import { decimal, integer, nonEmpty } from '../options.ts';
import type { CliCommand, CliContext } from '../program.ts';
import { addEvalFlags, addSheetFlags, evaluatedOptions, FilmSheets, type EvalFlags, type SheetFlags } from './eval-flags.ts';

interface Flags extends EvalFlags, SheetFlags {
  readonly clips: number;
  readonly strength?: number;
  readonly ways?: readonly string[];
  readonly sheets?: string;
}

/** Films on a sheet, and frames of each. */
const SHEET_FILMS = 16, SHEET_COLUMNS = 12;

const figure = (x: number | null | undefined, digits = 2): string => (x == null ? '–' : x.toFixed(digits)).padStart(6);
const percent = (x: number | null | undefined): string => (x == null ? '–' : `${(100 * x).toFixed(1)} %`).padStart(8);

/** The report as a person reads it. */
export function waysLines(r: WaysReport): string[] {
  return [
    `${r.model}: ways into a film, on held-out clips`, '',
    `${'way'.padEnd(15)}films  given dB  seam 1st, 2nd (real)              kept error  same hair  of real  same garment  of real  new words  of real`,
    ...Object.entries(r.ways).map(([way, w]) => [
      way.replace('_', ' ').padEnd(15), String(w.films).padStart(5), figure(w.given_psnr, 1).padStart(10),
      `  ${figure(w.seam?.first)},${figure(w.seam?.second)} (${figure(w.seam_real?.first)},${figure(w.seam_real?.second)})`, figure(w.outside_error, 0).padStart(12),
      percent(w.identity?.hair?.films.share).padStart(11), percent(w.identity?.hair?.of_ceiling).padStart(9), percent(w.identity?.garment.films.share).padStart(14),
      percent(w.identity?.garment.of_ceiling).padStart(9), percent(w.obedience?.films.share).padStart(11), percent(w.obedience?.of_ceiling).padStart(9),
    ].join('')),
    `${(r.ms / 1000).toFixed(0)} s`,
  ];
}

async function run(flags: Flags, context: CliContext): Promise<void> {
  if (flags.lpc === undefined) throw new InputError('ways are measured on real clips: give the sprite sheets with --lpc');
  const [{ EVAL_WAYS }, { evalModelWays }] = await Promise.all([import('../../eval/ways.ts'), import('../../eval/model-ways.ts')]);
  const ways = flags.ways?.map((way) => oneOf('--ways', way, EVAL_WAYS)), sheets = new FilmSheets(SHEET_FILMS);
  const report = await evalModelWays({
    ...evaluatedOptions(flags, context), lpc: flags.lpc, cacheDir: flags.cache, clips: flags.clips, ...(ways ? { ways } : {}),
    ...(flags.strength === undefined ? {} : { strength: flags.strength }),
    onFilm: ({ film, way, done, total }) => {
      context.progress({ stage: way.replace('_', ' '), done, total });
      sheets.add(way, film);
    },
  });
  if (flags.sheets !== undefined) await sheets.write(flags.sheets, SHEET_COLUMNS);
  if (flags.json) context.print(JSON.stringify(report));
  else for (const line of waysLines(report)) context.print(line);
}

/** The row. */
export const evalWaysCommand: CliCommand = {
  path: 'eval ways',
  summary: 'Measures how films go on from images and films',
  example: 'kinora eval ways --lpc lpc --sheets sheets',
  define: (command, context) => {
    addSheetFlags(addEvalFlags(command))
      .option('--clips <n>', 'clips a way', integer('--clips', { min: 1, max: 10_000 }), 64)
      .option('--strength <x>', 'how much of a film an edit makes anew, 0 to 1', decimal('--strength', { min: 0, max: 1 }))
      .option('--ways <names>', 'only these, as in extend,loop', (text: string) => text.split(',').map((name) => name.trim()))
      .option('--sheets <dir>', `folder for contact sheets of the first ${SHEET_FILMS} films of each way`, nonEmpty('--sheets', 'wanted a folder'))
      .action((flags: Flags) => run(flags, context));
  },
};
