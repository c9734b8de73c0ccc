/**
 * @file `kinora eval sprites`: judges a model's films and prints a table, or one JSON object.
 */
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { FileError, InputError } from '../../core/errors.ts';
import type { AttributeReport, EvalReport } from '../../eval/sprites.ts';
import type { VaeFigures, VaeReport } from '../../eval/vae-metrics.ts';
import type { Frames } from '../../media/frames.ts';
import { integer, nonEmpty } from '../options.ts';
import type { CliCommand, CliContext } from '../program.ts';
import { addEvalFlags, addSheetFlags, evaluatedOptions, type EvalFlags, type SheetFlags } from './eval-flags.ts';

interface Flags extends EvalFlags, SheetFlags {
  readonly prompts: number;
  readonly trainOnFilms?: number;
  readonly record?: string;
  readonly sheet?: string;
}

/** Films on a sheet, and frames of each. */
const SHEET_FILMS = 32, SHEET_COLUMNS = 9;

const percent = (x: number | null | undefined): string => (x == null ? '–' : `${(100 * x).toFixed(1)} %`).padStart(8);
const number = (x: number | null | undefined, digits = 2): string => (x == null ? '–' : x.toFixed(digits));

function row(name: string, a: AttributeReport): string {
  return `${name.padEnd(22)}${percent(a.films)}  [${(100 * a.interval[0]).toFixed(1)}, ${(100 * a.interval[1]).toFixed(1)}]`.padEnd(48)
    + `${percent(a.ceiling)}  ${percent(a.ceiling_reconstructed)}  ${percent(a.of_ceiling)}`;
}

/** The autoencoder in all, then a line for each action, each ground, and images. */
function vaeLines(v: VaeReport): string[] {
  const line = (name: string, f: VaeFigures): string =>
    `${name.padEnd(22)} PSNR ${number(f.psnr)} dB, character ${number(f.psnr_character)} dB, SSIM ${number(f.ssim, 4)}, clips ${f.clips}`;
  return [
    `${'autoencoder'.padEnd(22)} PSNR ${number(v.psnr)} dB, character ${number(v.psnr_character)} dB `
      + `(means of clips ${number(v.psnr_mean)} and ${number(v.psnr_character_mean)}), SSIM ${number(v.ssim, 4)}`,
    ...[...Object.entries(v.by_action), ...Object.entries(v.by_ground)].map(([name, f]) => line(`  ${name.replaceAll('_', ' ')}`, f)),
    ...(v.images ? [line('  images', v.images)] : []),
  ];
}

/** The report as a person reads it. */
export function reportLines(r: EvalReport): string[] {
  const { shuffled, frozen, frozen_real: frozenReal, unknown_word: unknown } = r.controls, i = r.image_to_video, attributes = Object.entries(r.attributes);
  const each = (f: (name: keyof EvalReport['attributes']) => string): string =>
    attributes.map(([name]) => `${name} ${f(name as keyof EvalReport['attributes']).trim()}`).join(', ');
  return [
    `${r.model}: ${r.prompts} prompts of combinations never trained on, one film each`, '',
    `${'attribute'.padEnd(22)}   films  [95 %]            real  through vae  of ceiling`,
    ...attributes.map(([name, a]) => row(name, a)),
    row('image → hair', i.hair), row('image → garment', i.garment), '',
    `shuffled prompts       ${each((a) => `${percent(shuffled[a].share)} (chance ${percent(shuffled[a].chance).trim()})`)}`,
    `frozen films, action   ${percent(frozen.action.share).trim()}, real clips ${percent(frozenReal?.action.share).trim()}`,
    `an unknown word costs  ${each((a) => `${number(unknown.cost[a], 1)} points`)} (${unknown.films} films)`,
    `motion, films ÷ real   ${number(r.motion_ratio)}; from an image, in the silhouette: ${number(i.motion_ratio)} (${i.films} films)`,
    `colour, films ÷ real   ${number(r.saturation_ratio)} (mean chroma)`,
    ...(r.vae ? vaeLines(r.vae) : []),
    ...(r.train_on_films
      ? [`learnt from ${r.train_on_films.films} films  ${each((a) => percent(r.train_on_films!.on_films[a].share))}; `
        + `from real clips: ${each((a) => percent(r.train_on_films!.on_real[a].share))}`]
      : []),
    `${(r.ms / 1000).toFixed(0)} s`,
  ];
}

async function run(flags: Flags, context: CliContext): Promise<void> {
  const { record: file, sheet, json } = flags;
  if (file !== undefined && flags.lpc === undefined) throw new InputError('--record needs real clips: give the sprite sheets with --lpc');
  if (sheet !== undefined && !sheet.toLowerCase().endsWith('.png')) throw new InputError(`--sheet "${sheet}": wanted a file ending in .png`);
  const { evalModel, RECORD_FILE, recordModel, recordText } = await import('../../eval/model.ts');
  const shown: Frames[] = [];
  const { report, record } = await evalModel({
    ...evaluatedOptions(flags, context), prompts: flags.prompts, cacheDir: flags.cache,
    ...(flags.lpc === undefined ? {} : { lpc: flags.lpc }), ...(flags.trainOnFilms === undefined ? {} : { trainOnFilms: flags.trainOnFilms }),
    onFilm: ({ film, part, done, total }) => {
      context.progress({ stage: part.replaceAll('_', ' '), done, total });
      if (part === 'prompts' && shown.length < SHEET_FILMS) shown.push(film);
    },
  });
  if (file !== undefined) {
    const { findModel } = await import('../../pipeline/model/model-store.ts'), { dir } = await findModel(flags.model);
    if (resolve(file) === resolve(dir, RECORD_FILE)) await recordModel(flags.model, record!);
    else await writeFile(file, recordText(record!)).catch((cause: Error) => { throw new FileError(`cannot write ${file}: ${cause.message}`, { cause }); });
  }
  if (sheet !== undefined) {
    const { contactSheet, writePng } = await import('../../media/contact-sheet.ts');
    await writePng(sheet, contactSheet(shown, { columns: SHEET_COLUMNS }));
  }
  if (json) context.print(JSON.stringify(report));
  else for (const line of reportLines(report)) context.print(line);
}

/** The row. */
export const evalSpritesCommand: CliCommand = {
  path: 'eval sprites',
  summary: "Judges a model's films of prompts that it was never trained on",
  example: 'kinora eval sprites --prompts 200 --sheet films.png',
  define: (command, context) => {
    addSheetFlags(addEvalFlags(command), "; without it the model's eval.json holds the ceilings")
      .option('--prompts <n>', 'films', integer('--prompts', { min: 2, max: 10_000 }), 200)
      .option('--train-on-films <n>', 'also let a fresh classifier learn from so many films, and test it on real clips', integer('--train-on-films', { min: 8, max: 10_000 }))
      .option('--record <file>', "write what needs the sheets, for those who have none; the model's own eval.json is entered in model.json", nonEmpty('--record', 'wanted a file'))
      .option('--sheet <file>', `contact sheet of the first ${SHEET_FILMS} films, .png`, nonEmpty('--sheet', 'wanted a file ending in .png'))
      .action((flags: Flags) => run(flags, context));
  },
};
