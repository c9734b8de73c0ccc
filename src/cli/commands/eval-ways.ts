/**
 * @file `kinora eval ways`: measures the ways into a film and prints a table, or one JSON object.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError, oneOf } from '../../core/errors.ts';
import type { EvalWay, WaysReport } from '../../eval/ways.ts';
import type { Frames } from '../../media/frames.ts';
import { integer, nonEmpty } from '../options.ts';
import type { CliCommand, CliContext } from '../program.ts';

interface Flags {
  readonly model?: string;
  readonly lpc?: string;
  readonly cache: string;
  readonly clips: number;
  readonly ways?: readonly string[];
  readonly threads?: number;
  readonly sheets?: string;
  readonly json?: boolean;
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

async function run(flags: Flags, { signal, print, progress }: CliContext): Promise<void> {
  if (flags.lpc === undefined) throw new InputError('ways are measured on real clips: give the sprite sheets with --lpc');
  const [{ EVAL_WAYS }, { evalModelWays }] = await Promise.all([import('../../eval/ways.ts'), import('../../eval/model-ways.ts')]);
  const ways = flags.ways?.map((way) => oneOf('--ways', way, EVAL_WAYS)), shown = new Map<EvalWay, Frames[]>();
  const report = await evalModelWays({
    lpc: flags.lpc, cacheDir: flags.cache, clips: flags.clips, signal, ...(ways ? { ways } : {}),
    ...(flags.model === undefined ? {} : { model: flags.model }), ...(flags.threads === undefined ? {} : { threads: flags.threads }),
    onFilm: ({ film, way, done, total }) => {
      progress({ stage: way.replace('_', ' '), done, total });
      const list = shown.get(way) ?? [];
      shown.set(way, list);
      if (list.length < SHEET_FILMS) list.push(film);
    },
  });
  if (flags.sheets !== undefined) {
    const { contactSheet, writePng } = await import('../../media/contact-sheet.ts');
    await mkdir(flags.sheets, { recursive: true });
    for (const [way, films] of shown) await writePng(join(flags.sheets, `${way}.png`), contactSheet(films, { columns: SHEET_COLUMNS }));
  }
  if (flags.json) print(JSON.stringify(report));
  else for (const line of waysLines(report)) print(line);
}

/** The row. */
export const evalWaysCommand: CliCommand = {
  path: 'eval ways',
  summary: 'Measures how films go on from images and films',
  example: 'kinora eval ways --lpc lpc --sheets sheets',
  define: (command, context) => {
    command
      .option('--model <id|dir>', 'an installed model, or a folder', nonEmpty('--model', 'wanted a model id or a folder'))
      .option('--lpc <dir>', 'checkout of the Liberated Pixel Cup layers', nonEmpty('--lpc', 'wanted a folder'))
      .option('--cache <dir>', 'folder of decoded layers', nonEmpty('--cache', 'wanted a path'), '.cache')
      .option('--clips <n>', 'clips a way', integer('--clips', { min: 1, max: 10_000 }), 64)
      .option('--ways <name...>', 'only these')
      .option('--threads <n>', 'CPU threads', integer('--threads', { min: 1, max: 256 }))
      .option('--sheets <dir>', `folder for contact sheets of the first ${SHEET_FILMS} films of each way`, nonEmpty('--sheets', 'wanted a folder'))
      .option('--json', 'print one JSON object')
      .action((flags: Flags) => run(flags, context));
  },
};
