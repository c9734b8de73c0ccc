/**
 * @file Films made again from what their files say: the same one (replay), with other words (remix), or a draft's film in full (master). Each reads the record that
 * the film carries; other options are its own unless they are given.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join, resolve } from 'node:path';
import { FileError, InputError } from '../core/errors.ts';
import { sha256 } from '../io/safetensors.ts';
import { sliceFrames, type Frames } from '../media/frames.ts';
import { psnr, ssim } from '../media/metrics.ts';
import { fileError } from '../media/pending.ts';
import { readFilm, readMetadata } from '../media/read.ts';
import { FOLDER_MANIFEST } from '../media/signer.ts';
import { withoutManifest } from '../provenance/containers/index.ts';
import { generate, type GenerateOptions } from './generate.ts';
import { matchLoras } from './model/lora.ts';
import { findModel } from './model/model-store.ts';
import type { GeneratedFilm } from './pipeline.ts';
import { otherWeights, recordedFilm, type RecordedFilm } from './settings/record.ts';

/** Options of a film made again: where to, who is told, with which threads; and for a remix whatever it changes. */
export type AgainOptions = Omit<GenerateOptions, 'count'>;

/** What a film's file says of how it was made, as options. Throws a FileError for films of others. */
export async function recordedOptions(file: string): Promise<RecordedFilm> {
  const metadata = await readMetadata(file);
  if (!metadata) throw new FileError(`${file} does not say how it was made: only films of Kinora do, unless another program rewrote them`);
  return recordedFilm(metadata, file);
}

/** The film with a note on weights that are not its file's: the same noise makes something else of them. */
async function toldOfWeights(film: GeneratedFilm, recorded: RecordedFilm, model: string | undefined, file: string): Promise<GeneratedFilm> {
  const other = otherWeights(recorded, (await findModel(model ?? recorded.model)).info, file);
  return other === undefined ? film : { ...film, notes: [...film.notes ?? [], `${other}: less of it is kept`] };
}

/** The same film with what `changes` says instead: other words on the same noise keep much of its layout. */
export async function remix(file: string, changes: AgainOptions): Promise<GeneratedFilm> {
  const recorded = await recordedOptions(file), { options: { reads: _, expand: __, describe: ___, ...options }, model, loras } = recorded;
  const { prompt = options.prompt, ...rest } = changes, adapted = await matchLoras(loras, rest.loras ?? [], file);
  const made = await generate({ ...options, model, ...rest, loras: adapted, prompt });
  const film = await toldOfWeights(made, recorded, rest.model, file), kept = rest.shots ? 0 : options.shots?.length ?? 0;
  if (kept === 0 || changes.prompt === undefined) return film;
  const from = options.shots![0]!.frame / film.fps, own = options.shots!.map((shot) => `"${shot.prompt}"`).join(', ');
  return { ...film, notes: [...film.notes ?? [], `the new words are those of the first shot; from ${from} s on the film keeps its own: ${own}`] };
}

/** A film made again, and whether it is the same. */
export interface Replayed {
  readonly film: GeneratedFilm;
  /** SHA-256 of the file without the manifest that signs it, and of the one made again; of a folder, over names and hashes of its frames. */
  readonly was: string;
  readonly is: string;
  readonly same: boolean;
}

/** Throws an InputError for an output that would take the film's place before the two can be compared. */
function checkApart(file: string, output: string): void {
  if (resolve(output) === resolve(file)) throw new InputError(`output ${output} is the film itself: name another file`);
}

/** Makes the film again into `output`, which must end as the file does, on the device that made it; the same model gives the same bytes, whoever signs them. */
export async function replay(file: string, { output, ...o }: AgainOptions & { readonly output: string }): Promise<Replayed> {
  checkApart(file, output);
  const recorded = await recordedOptions(file), [kind, made] = [file, output].map((path) => extname(path.replace(/[/\\]+$/, '')).toLowerCase());
  if (kind !== made) throw new InputError(`output ${output} cannot be the same to the byte as ${file}: wanted ${kind ? `a file that ends in ${kind}` : 'a folder'}`);
  const was = await hashOf(file), { info } = await findModel(o.model ?? recorded.model);
  const other = otherWeights(recorded, info, file);
  if (other !== undefined) throw new FileError(`${other}: the film would be another`);
  const loras = await matchLoras(recorded.loras, o.loras ?? [], file);
  const film = await generate({ ...recorded.options, ...recorded.engine, model: recorded.model, ...o, loras, output, prompt: recorded.options.prompt });
  const is = await hashOf(output);
  return { film, was, is, same: was === is };
}

async function hashOf(path: string): Promise<string> {
  if (!(await stat(path)).isDirectory()) return sha256(unsigned(await readFile(path), path));
  const rows: string[] = [];
  for (const name of (await readdir(path)).sort()) if (name !== FOLDER_MANIFEST) rows.push(`${name} ${sha256(await readFile(join(path, name)))}\n`);
  return sha256(Buffer.from(rows.join('')));
}

function unsigned(film: Uint8Array, file: string): Uint8Array {
  try { return withoutManifest(film); } catch (cause) { throw fileError('read', file, cause); }
}

/** A draft's film in full. */
export interface Mastered {
  readonly film: GeneratedFilm;
  /** Decibels between the draft's frames and the film's. */
  readonly psnr: number;
  /** Structural similarity of the same frames, at most 1. */
  readonly ssim: number;
}

/** Makes the film of which the file is a draft, from the same noise with all steps. */
export async function master(file: string, { output, ...o }: AgainOptions & { readonly output: string }): Promise<Mastered> {
  checkApart(file, output);
  const recorded = await recordedOptions(file), { options, model, loras } = recorded, { draft, ...full } = options;
  if (!draft) throw new InputError(`${file} is no draft: it was made with all of its ${options.steps} steps`);
  const made = await generate({ ...full, model, ...o, loras: await matchLoras(loras, o.loras ?? [], file), output, prompt: o.prompt ?? full.prompt });
  const film = await toldOfWeights(made, recorded, o.model, file);
  return { film, ...await alike(await readFilm(file), await readFilm(output), { width: full.width!, height: full.height! }) };
}

/** How alike a draft and its film are over the frames that both have, at native size: structure is that of the model's pixels, not of enlarged ones. */
async function alike(draft: Frames, film: Frames, size: { readonly width: number; readonly height: number }): Promise<Pick<Mastered, 'psnr' | 'ssim'>> {
  const { fitFrames } = await import('../media/resize.ts'), count = Math.min(draft.count, film.count);
  const native = (f: Frames): Promise<Frames> => fitFrames(sliceFrames(f, 0, count), { ...size, kernel: 'nearest' });
  const a = await native(draft), b = await native(film);
  return { psnr: psnr(a, b), ssim: ssim(a, b) };
}
