/** @file Runs the evaluation of prompts (prompt-eval.ts) on a model folder: a warm pipeline, native size, no palette, and the model's own judge. */
import { availableParallelism } from 'node:os';
import { ortBackend } from '../backend/ort/ort.ts';
import { findModel } from '../pipeline/model-store.ts';
import { Pipeline } from '../pipeline/pipeline.ts';
import type { FilmOptions } from '../pipeline/film-options.ts';
import { loadJudge } from './judge.ts';
import { judgeFile } from './judge-file.ts';
import { evalPrompts, type EvalPromptsOptions, type PromptReport } from './prompt-eval.ts';

/** Options of {@link evalModelPrompts}. */
export interface EvalModelPromptsOptions extends Pick<EvalPromptsOptions, 'prompts' | 'weighted' | 'onFilm'> {
  /** Id of an installed model, or a folder. Default: sprites-64. */
  readonly model?: string;
  readonly threads?: number;
  /** Other than the model's defaults. */
  readonly sampling?: Pick<FilmOptions, 'guidance' | 'interval' | 'rescale' | 'steps' | 'sampler' | 'quantize'>;
  readonly signal?: AbortSignal;
}

/** Evaluates a model. Throws a FileError when it has no judge. */
export async function evalModelPrompts({ model: name, threads, sampling = {}, signal, ...o }: EvalModelPromptsOptions = {}): Promise<PromptReport> {
  const model = await findModel(name), { id } = model.info;
  const judgeIn = await judgeFile(model);
  using judge = await loadJudge(judgeIn, ortBackend(threads === undefined ? {} : { threads }));
  // Measured whether or not the model names an expander: the figures decide whether it should.
  using pipeline = new Pipeline({ ...model, info: { ...model.info, expander: 'sprites' } }, threads);
  return await evalPrompts({
    ...o, model: id, judge,
    environment: { config: { model: model.info, sampling, prompts: o.prompts ?? null }, threads: threads ?? availableParallelism(), now: new Date() },
    make: async (prompt, how) => {
      const options = { prompt, ...how, frames: 17, width: 64, height: 64, ...sampling, palette: 0, scale: 1, ...(signal ? { signal } : {}) };
      for await (const { film } of pipeline.films(options)) return film!;
      throw new RangeError('no film was made');
    },
  });
}
