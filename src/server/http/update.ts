/**
 * @file A waiting film told otherwise: its plan as the request for it would have been, with what is new in place of the old, planned again by the same rules. What lies in
 * the job's folder (given pictures) stays, so a kind of job has the fields here that do not depend on it.
 */
import type { JobKind, UpdateVideoBody } from '../contract/contract.ts';
import { ApiError } from '../contract/errors.ts';
import type { JobRow } from '../state/job-row.ts';
import { planCreate, replan, type PlanContext } from '../workers/plan.ts';
import { filmSpec, type FilmSpec, type PlannedFilm } from '../contract/spec.ts';

type Field = keyof UpdateVideoBody;

const COMMON = ['prompt', 'seed', 'negative_prompt', 'num_inference_steps', 'guidance_scale'] as const satisfies readonly Field[];
/** What can be changed of each kind of job. */
const FIELDS: Readonly<Record<JobKind, readonly Field[]>> = {
  create: [...COMMON, 'model', 'size', 'seconds', 'fps', 'num_frames', 'loop', 'storyboard'],
  remix: COMMON,
  edit: [...COMMON, 'strength'],
  extend: COMMON,
};

/** The plan of a job with changes. Throws an ApiError that names the field which cannot be changed. */
export async function planUpdate(row: Pick<JobRow, 'kind' | 'spec' | 'asked_model'>, change: UpdateVideoBody, context: PlanContext): Promise<PlannedFilm> {
  const given = Object.keys(change) as Field[], allowed = FIELDS[row.kind], stray = given.find((field) => !allowed.includes(field));
  const wrong = (message: string, param: Field): ApiError => new ApiError(400, message, { code: 'invalid_value', param });
  if (given.length === 0) throw new ApiError(400, `nothing is changed: wanted one of ${allowed.join(', ')}`, { code: 'missing_required_parameter' });
  if (stray !== undefined) throw wrong(`${stray} of a film of kind ${row.kind} cannot be changed; possible: ${allowed.join(', ')}`, stray);
  const spec = filmSpec.parse(JSON.parse(row.spec));
  if (change.prompt !== undefined && spec.shots && change.storyboard === undefined)
    throw wrong('the film has a storyboard, whose words stand before the prompt: change storyboard, or send an empty one with the prompt', 'prompt');
  return row.kind === 'create' ? planCreate(created(spec, row.asked_model, change), spec.image === true, context) : replan(changed(spec, change), row.asked_model, context);
}

/** The request that a film of words came from, with changes. */
function created(spec: FilmSpec, asked: string, change: UpdateVideoBody): Parameters<typeof planCreate>[0] {
  const { deliver: { width, height, frames, fps } } = spec, { num_frames: more, seconds, storyboard, ...rest } = change, rate = change.fps ?? fps;
  const shots = storyboard ?? spec.shots;
  return {
    model: asked, size: `${width}x${height}`, seed: spec.seed, fps: rate,
    ...(spec.negative === undefined ? {} : { negative_prompt: spec.negative }), ...(spec.steps === undefined ? {} : { num_inference_steps: spec.steps }),
    ...(spec.guidance === undefined ? {} : { guidance_scale: spec.guidance }), ...(spec.loop ? { loop: true } : {}),
    ...rest, prompt: change.prompt ?? spec.prompt,
    ...(seconds !== undefined ? { seconds } : {}),
    ...(more !== undefined ? { num_frames: more } : seconds === undefined ? { num_frames: Math.max(1, Math.round(frames / fps * rate)) } : {}),
    ...(shots && shots.length > 0 ? { storyboard: shots } : {}),
  };
}

/** A film that is made from another, with changes. */
function changed({ negative, ...spec }: FilmSpec, { prompt, seed, negative_prompt, num_inference_steps, guidance_scale, strength }: UpdateVideoBody): FilmSpec {
  const words = negative_prompt ?? negative;
  return {
    ...spec, ...(prompt === undefined ? {} : { prompt }), ...(seed === undefined ? {} : { seed }), ...(words?.trim() ? { negative: words } : {}),
    ...(num_inference_steps === undefined ? {} : { steps: num_inference_steps }), ...(guidance_scale === undefined ? {} : { guidance: guidance_scale }),
    ...(strength === undefined ? {} : { strength }),
  };
}
