/**
 * @file A judge that can read films: weights on a backend. It reads single-character films of 64×64 of any length.
 */
import type { Backend } from '../backend/backend.ts';
import { FileError } from '../core/errors.ts';
import { Graph } from '../graph/graph.ts';
import { readTensors } from '../io/safetensors.ts';
import type { Frames } from '../media/frames.ts';
import { ATTRIBUTES, type JudgeConfig } from '../models/judge/config.ts';
import { judge, judgeParams } from '../models/judge/judge.ts';
import { bindParams, listParams } from '../nn/param.ts';
import { readFilms, type Reading } from '../train/tasks/judge-read.ts';

/** Reads attributes off films. */
export interface SpriteJudge {
  read(films: readonly Frames[]): Promise<Reading[]>;
}

/** Films a run. */
const BATCH = 16;

/** A judge from its configuration and weights. */
export async function makeJudge(config: JudgeConfig, weights: Readonly<Record<string, Float32Array>>, backend: Backend): Promise<SpriteJudge & Disposable> {
  const graph = new Graph(), p = bindParams(graph, judgeParams(config));
  const program = await backend.compile({ outputs: judge(p, graph.input('video', [BATCH, 3, config.frames, config.side, config.side]), config) });
  return {
    read: (films) => readFilms({ config, batch: BATCH, run: (video) => program.run({ ...weights, video }) }, films),
    [Symbol.dispose]() { program[Symbol.dispose](); },
  };
}

/** The judge in a file that the judge's training wrote. */
export async function loadJudge(file: string, backend: Backend): Promise<SpriteJudge & Disposable> {
  const { tensors, metadata } = await readTensors(file);
  const text = metadata['judge'];
  if (text === undefined) throw new FileError(`${file} holds no judge: its metadata has no "judge"`);
  const config = JSON.parse(text) as JudgeConfig;
  if (!ATTRIBUTES.every((a) => Array.isArray(config.classes?.[a]))) throw new FileError(`${file} holds a judge of other attributes than ${ATTRIBUTES.join(', ')}`);
  const weights = Object.fromEntries(listParams(judgeParams(config)).map(({ name, leaf }) => {
    const stored = tensors.get(name);
    if (!stored || stored.shape.join() !== leaf.shape.join()) throw new FileError(`${file}: "${name}" is missing or not of shape [${leaf.shape.join(', ')}]`);
    return [name, stored.data as Float32Array];
  }));
  return makeJudge(config, weights, backend);
}
