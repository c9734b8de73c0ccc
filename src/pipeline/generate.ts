/**
 * @file The one call of the library: words in, a film out. Opens a model, makes its films, closes it. Programs that make many films one after
 * another open a pipeline once instead (openPipeline), which saves the loading.
 */
import { InputError } from '../core/errors.ts';
import { openPipeline, type GeneratedFilm, type GenerateOptions as PipelineGenerateOptions, type OpenPipelineOptions } from './pipeline.ts';

/** What to make, with which model, and where to. */
export type GenerateOptions = PipelineGenerateOptions & Omit<OpenPipelineOptions, 'places'> & {
  /** How many films, 1 to 1000; seeds count up. With it the result is a list. */
  readonly count?: number;
};

/** Films as they are made, one after the other. */
export async function* generateFilms({ model, threads, device, precision, count = 1, ...o }: GenerateOptions): AsyncGenerator<GeneratedFilm> {
  if (!Number.isInteger(count) || count < 1 || count > 1000) throw new InputError(`count ${count} is not possible: wanted a whole number from 1 to 1000`);
  if (threads !== undefined && (!Number.isInteger(threads) || threads < 1 || threads > 256))
    throw new InputError(`threads ${threads} is not possible: wanted a whole number from 1 to 256`);
  const engine = { ...(device === undefined ? {} : { device }), ...(precision === undefined ? {} : { precision }) };
  const pipeline = await openPipeline({ ...engine, ...(model === undefined ? {} : { model }), ...(threads === undefined ? {} : { threads }) });
  try { yield* pipeline.films(o, count); } finally { pipeline[Symbol.dispose](); }
}

/** Makes a film; with `count` a list of films. Everything has a default but the prompt. */
export async function generate(options: GenerateOptions & { readonly count: number }): Promise<GeneratedFilm[]>;
export async function generate(options: Omit<GenerateOptions, 'count'>): Promise<GeneratedFilm>;
export async function generate(options: GenerateOptions): Promise<GeneratedFilm | GeneratedFilm[]> {
  const films: GeneratedFilm[] = [];
  for await (const film of generateFilms(options)) films.push(film);
  return options.count === undefined ? films[0]! : films;
}
