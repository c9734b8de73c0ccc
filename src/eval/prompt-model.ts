/** @file Runs the evaluation of prompts (prompt-eval.ts) on a model folder: a warm pipeline, native size, no palette, and the model's own judge. */
import { availableParallelism } from 'node:os';
import { ortBackend } from '../backend/ort/ort.ts';
import { FileError } from '../core/errors.ts';
import { findModel, hasModelFile, modelFile, readModelFile } from '../pipeline/model-store.ts';
import { Pipeline } from '../pipeline/pipeline.ts';
import type { FilmOptions } from '../pipeline/settings.ts';
import { loadJudge } from './judge.ts';
import { evalPrompts, type EvalPromptsOptions, type PromptReport } from './prompt-eval.ts';

/** Options of {@link evalModelPrompts}. */
export interface EvalModelPromptsOptions extends Pick<EvalPromptsOptions, 'prompts' | 'weighted' | 'onFilm'> {
  /** Id of an installed model, or a folder. Default: sprites-64. */
  readonly model?: string;
  readonly threads?: number;
  /** Other than the model's defaults. */
  readonly sampling?: Pick<FilmOptions, 'guidance' | 'interval' | 'rescale' | 'steps' | 'sampler'>;
  readonly signal?: AbortSignal;
}

/** Evaluates a model. Throws a FileError when it has no judge. */
export async function evalModelPrompts({ model: name, threads, sampling = {}, signal, ...o }: EvalModelPromptsOptions = {}): Promise<PromptReport> {
  const model = await findModel(name), { id } = model.info;
  if (!hasModelFile(model, 'judge.safetensors'))
    throw new FileError(`model ${id} has no judge (judge.safetensors): train one with kinora train judge, then export the model with --judge`);
  await readModelFile(model, 'judge.safetensors');
  using judge = await loadJudge(modelFile(model, 'judge.safetensors'), ortBackend(threads === undefined ? {} : { threads }));
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
