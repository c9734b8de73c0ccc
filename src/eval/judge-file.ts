/**
 * @file Where a model's own judge is.
 */
import { FileError } from '../core/errors.ts';
import { hasModelFile, modelFile, readModelFile, type InstalledModel } from '../pipeline/model/model-store.ts';

const JUDGE = 'judge.safetensors';

/** The file of a model's judge, checked by size and hash. Throws a FileError when it has none. */
export async function judgeFile(model: InstalledModel): Promise<string> {
  if (!hasModelFile(model, JUDGE)) throw new FileError(`model ${model.info.id} has no judge (${JUDGE}): train one with kinora train judge, then export the model with --judge`);
  await readModelFile(model, JUDGE);
  return modelFile(model, JUDGE);
}
