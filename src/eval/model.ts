/**
 * @file Evaluates a model folder: its films through a warm pipeline, at native size, without a palette; its own judge.safetensors reads them.
 * What needs sprite sheets is measured with a checkout of the layers, and otherwise taken from the model's eval.json.
 */
import { FileError } from '../core/errors.ts';
import type { Frames } from '../media/frames.ts';
import { addModelFile, findModel, hasModelFile, readModelFile, readModelWeights, type InstalledModel } from '../pipeline/model/model-store.ts';
import { reconstructor } from '../train/tasks/reconstruct.ts';
import { openEvaluated, openSheets, type EvaluatedOptions, type SheetOptions } from './evaluated.ts';
import { evalSprites, type EvalPart, type EvalRecord, type EvalReport } from './sprites.ts';

/** The record in a model's folder. */
export const RECORD_FILE = 'eval.json';

/** Options of {@link evalModel}. */
export interface EvalModelOptions extends EvaluatedOptions, Partial<SheetOptions> {
  /** Films, ≥ 2. Default 200. */
  readonly prompts?: number;
  /** Films from which a fresh classifier learns that is then tested on real clips; needs `lpc`. Default 0: left out. */
  readonly trainOnFilms?: number;
  /** Films with an unknown word, and films that continue an image, at most. Default 200 and 64. */
  readonly unknownWord?: number;
  readonly imageToVideo?: number;
  /** After each film; `done` of `total` of its part. */
  readonly onFilm?: (event: EvalFilm) => void;
}

/** A film that the evaluation made. */
export interface EvalFilm {
  readonly film: Frames;
  readonly part: EvalPart;
  readonly done: number;
  readonly total: number;
}

/** What an evaluation gives. */
export interface EvalResult {
  readonly report: EvalReport;
  /** What needed the sprite sheets; null without them. Put it into the model's folder with {@link recordModel}. */
  readonly record: EvalRecord | null;
}

/** Films that continue an image, at most; films with an unknown word; steps of a classifier that learns from films. */
const IMAGE_FILMS = 64, UNKNOWN_FILMS = 200, LEARNING_STEPS = 600;

/** Evaluates a model. Throws a FileError when it has no judge. */
export async function evalModel(o: EvalModelOptions = {}): Promise<EvalResult> {
  const { prompts = 200, unknownWord = UNKNOWN_FILMS, imageToVideo = IMAGE_FILMS, trainOnFilms = 0 } = o;
  using evaluated = await openEvaluated(o);
  const { model, judge, backend } = evaluated, { id } = model.info;
  const record = hasModelFile(model, RECORD_FILE) ? JSON.parse((await readModelFile(model, RECORD_FILE)).toString('utf8')) as EvalRecord : undefined;
  if (o.lpc === undefined && !record) throw new FileError(`model ${id} has no ${RECORD_FILE}: give the sprite sheets with --lpc`);
  const world = o.lpc === undefined ? undefined : await openSheets({ ...o, lpc: o.lpc });
  using reconstruct = world && reconstructor({ config: model.info.vae.config, weights: await readModelWeights(model, 'vae.safetensors') }, backend);
  const lpc = world && reconstruct && { world, reconstruct };

  const done: Partial<Record<EvalPart, number>> = {};
  const totals: Record<EvalPart, number> = {
    prompts, unknown_word: Math.min(prompts, unknownWord), image_to_video: Math.min(prompts, imageToVideo), train_on_films: trainOnFilms,
  };
  let kept: EvalRecord | null = null;
  const report = await evalSprites({
    model: id, judge, prompts, unknownWord, imageToVideo,
    ...(lpc ? { lpc } : {}), ...(record ? { record } : {}),
    ...(trainOnFilms ? { trainOnFilms: { films: trainOnFilms, steps: LEARNING_STEPS, backend } } : {}),
    environment: evaluated.environment({ prompts, trainOnFilms }),
    generateClip: (prompt, seed, { frames, width, height, images }) => evaluated.make({ prompt, expand: false, seed, frames, width, height, images }),
    onRecord: (made) => { kept = made; },
    onFilm: (film, _, part) => {
      done[part] = (done[part] ?? 0) + 1;
      o.onFilm?.({ film, part, done: done[part], total: totals[part] });
    },
  });
  return { report, record: kept };
}

/** Puts a record into a model's folder as eval.json, and describes it in model.json. */
export async function recordModel(model: string | undefined, record: EvalRecord): Promise<InstalledModel> {
  return addModelFile(await findModel(model), RECORD_FILE, recordText(record));
}

/** A record as the text of its file. */
export const recordText = (record: EvalRecord): string => `${JSON.stringify(record, null, 1)}\n`;
