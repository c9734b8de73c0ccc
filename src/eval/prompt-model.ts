/** @file Runs the evaluation of prompts (prompt-eval.ts) on a model folder. */
import { openEvaluated, type EvaluatedOptions } from './evaluated.ts';
import { evalPrompts, type EvalPromptsOptions, type PromptReport } from './prompt-eval.ts';

/** Options of {@link evalModelPrompts}. */
export interface EvalModelPromptsOptions extends EvaluatedOptions, Pick<EvalPromptsOptions, 'prompts' | 'weighted' | 'onFilm'> {}

/** Evaluates a model. Throws a FileError when it has no judge. */
export async function evalModelPrompts(o: EvalModelPromptsOptions = {}): Promise<PromptReport> {
  // Measured whether or not the model names an expander: the figures decide whether it should.
  using evaluated = await openEvaluated(o, (model) => ({ ...model, info: { ...model.info, expander: 'sprites' } }));
  const { prompts, weighted, onFilm } = o;
  return await evalPrompts({
    ...(prompts === undefined ? {} : { prompts }), ...(weighted === undefined ? {} : { weighted }), ...(onFilm ? { onFilm } : {}),
    model: evaluated.model.info.id, judge: evaluated.judge, environment: evaluated.environment({ prompts: prompts ?? null }),
    make: (prompt, how) => evaluated.make({ prompt, ...how, frames: 17, width: 64, height: 64 }),
  });
}
