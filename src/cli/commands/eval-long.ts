/**
 * @file `kinora eval long`: measures how long films drift and prints tables, or one JSON object.
 */
import { InputError, oneOf } from '../../core/errors.ts';
import type { Median } from '../../eval/drift.ts';
import type { LongGroup, LongReport } from '../../eval/long.ts';
import { decimal, integer, nonEmpty } from '../options.ts';
import type { CliCommand, CliContext } from '../program.ts';
import { addEvalFlags, addSheetFlags, evaluatedOptions, FilmSheets, type EvalFlags, type SheetFlags } from './eval-flags.ts';

interface Flags extends EvalFlags, SheetFlags {
  readonly films: number;
  readonly seconds: number;
  readonly ways?: readonly string[];
  readonly sheets?: string;
}

/** Films on a sheet. */
const SHEET_FILMS = 16;

const middle = ({ median, interval }: Median): string => (median === null ? '–' : `${median.toFixed(2)} (${interval!.map((x) => x.toFixed(2)).join('–')})`);
const percent = (x: number | null): string => (x === null ? '–' : `${(100 * x).toFixed(0)} %`);

function groupLines(name: string, { films, slices, end }: LongGroup): string[] {
  return [
    `  ${name}, ${films} films`,
    `  ${'from s'.padStart(6)}${'colour'.padStart(22)}${'sharpness'.padStart(20)}${'motion'.padStart(20)}${Object.keys(end).map((a) => a.padStart(9)).join('')}`,
    ...slices.map(({ second, colour, sharpness, motion, attributes }) => [
      `  ${String(second).padStart(6)}`, middle(colour).padStart(22), middle(sharpness).padStart(20), middle(motion).padStart(20),
      ...Object.values(attributes).map(({ share }) => percent(share).padStart(9)),
    ].join('')),
    `  ${'of real, at the end'.padEnd(68)}${Object.values(end).map(({ of_ceiling }) => percent(of_ceiling).padStart(9)).join('')}`,
  ];
}

/** The report as a person reads it. */
export function longLines({ model, seconds, wanted: w, ways, ms }: LongReport): string[] {
  return [
    `${model}: films of ${seconds} s, each slice of 2 s against the first, median (interval)`,
    `wanted: colour ≤ ${w.colour} of 255, sharpness ${w.sharpness.join('–')}, motion ${w.motion.join('–')}, of real ≥ ${percent(w.of_ceiling)}`,
    ...Object.entries(ways).flatMap(([way, { cycles, once, ms: each }]) => [
      '', `${way}, ${each.median === null ? '–' : (each.median / 1000).toFixed(1)} s a film`,
      ...(cycles ? groupLines('walks', cycles) : []), ...(once ? groupLines('what happens once', once) : []),
    ]),
    '', `${(ms / 1000).toFixed(0)} s`,
  ];
}

async function run(flags: Flags, context: CliContext): Promise<void> {
  if (flags.lpc === undefined) throw new InputError('long films are measured beside real clips: give the sprite sheets with --lpc');
  const [{ LONG_WAYS }, { evalModelLong }] = await Promise.all([import('../../pipeline/settings/timeline.ts'), import('../../eval/model-long.ts')]);
  const ways = flags.ways?.map((way) => oneOf('--ways', way, LONG_WAYS)), sheets = new FilmSheets(SHEET_FILMS);
  const report = await evalModelLong({
    ...evaluatedOptions(flags, context), lpc: flags.lpc, cacheDir: flags.cache, films: flags.films, seconds: flags.seconds, ...(ways ? { ways } : {}),
    onFilm: ({ film, way, done, total }) => {
      context.progress({ stage: way, done, total });
      sheets.add(way, film);
    },
  });
  if (flags.sheets !== undefined) await sheets.write(flags.sheets, Math.floor(flags.seconds / 2));
  if (flags.json) context.print(JSON.stringify(report));
  else for (const line of longLines(report)) context.print(line);
}

/** The row. */
export const evalLongCommand: CliCommand = {
  path: 'eval long',
  summary: 'Measures how films of a minute drift',
  example: 'kinora eval long --lpc lpc --films 6 --sheets sheets',
  define: (command, context) => {
    addSheetFlags(addEvalFlags(command))
      .option('--films <n>', 'films a way', integer('--films', { min: 1, max: 1000 }), 12)
      .option('--seconds <s>', 'length of a film', decimal('--seconds', { min: 4 }), 60)
      .option('--ways <names>', 'only these, as in rolling,stages', (text: string) => text.split(',').map((name) => name.trim()))
      .option('--sheets <dir>', `folder for contact sheets of the first ${SHEET_FILMS} films of each way, two seconds a column`, nonEmpty('--sheets', 'wanted a folder'))
      .action((flags: Flags) => run(flags, context));
  },
};
