/**
 * @file A run that makes a student of few steps of an installed model (docs/decisions/013): the teacher's trajectories, then the student from the teacher's weights, and in the end
 * dit.safetensors; and the model folder of such a run, which takes everything but the transformer from the teacher's.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { FileError, InputError } from '../core/errors.ts';
import type { Split } from '../data/sprites/world.ts';
import { readTensors, writeTensors, type StoredTensor } from '../io/safetensors.ts';
import { findModel, modelFile, readModelFile, readModelWeights, writeStudent, type InstalledModel, type ModelInfo } from '../pipeline/model/model-store.ts';
import { loadTokenizer } from '../pipeline/prompt/tokenizer.ts';
import type { DistillRunConfig } from './config.ts';
import { distillTask } from './tasks/distill-task.ts';
import { sampleMaker, type DiTTaskConfig } from './tasks/dit-task.ts';
import { joinHashes } from './clips/identity.ts';
import { shapeName } from './clips/clip-shape.ts';
import type { FrozenVae } from './clips/latents.ts';
import { layoutBank } from './tasks/layout-bank.ts';
import { runTraining } from './loop/loop.ts';
import { openLatents } from './run/open-latents.ts';
import { averaged, loopOptions, runWorld, type RunOptions } from './run/options.ts';
import { spriteSource } from './clips/sprite-source.ts';
import { openOwnStates } from './tasks/own-states.ts';
import { openTrajectories, type TeacherSampling } from './tasks/trajectories.ts';
import { encoderHash } from './vae-file.ts';

/** A student's run beside what every run has. */
export interface DistillRunOptions extends Omit<RunOptions, 'init'> {
  /** The teacher: id of an installed model, or a folder. */
  readonly model: string;
}

/** Held-out clips of each shape, from which captions and given frames of held-out trajectories are drawn. */
const HELDOUT_CLIPS = 64;

/** The autoencoder of a model. */
async function modelVae(model: InstalledModel): Promise<FrozenVae> {
  const { vae: { config }, latent } = model.info, weights = await readModelWeights(model, 'vae.safetensors');
  const tensors = new Map(Object.entries(weights).map(([name, data]): [string, StoredTensor] => [name, { shape: [data.length], data }]));
  return { config, weights, hash: encoderHash(tensors, JSON.stringify(config)), ...latent };
}

/** How the model's films are sampled when nothing else is said. Throws an InputError when it is a student itself, or its steps do not divide. */
export function teacherSampling(
  { id, sampling, distilled }: ModelInfo, { segments, teacherSteps: steps = sampling.steps, shift = sampling.shift }: Pick<DistillRunConfig, 'segments' | 'teacherSteps' | 'shift'>,
): TeacherSampling {
  const { sampler, guidance, interval, rescale } = sampling;
  if (distilled) throw new InputError(`${id} is a student of few steps itself; its teacher is ${distilled.teacher}`);
  if (steps % segments !== 0) throw new InputError(`${steps} steps of the teacher ${id} do not divide into ${segments} segments of whole steps`);
  return { sampler, steps, shift, guidance: { scale: guidance, interval, rescale } };
}

/** The packs of a run. */
export const distillBank = ({ seed, shapes, tokens, layouts }: DistillRunConfig, patch: number) => layoutBank({ seed, shapes, tokens, layouts, patch });

/**
 * Trains a student; returns the file. Trajectories lie in `trajectories` of the run's folder; what is there of them is gone on with, with `resume` or without.
 * Rounds from the second on have folders of their own in it, `round-2` and so on; with `resume` those that are done are not made again.
 */
export async function trainDistilled(config: DistillRunConfig, o: DistillRunOptions): Promise<string> {
  const teacher = await findModel(o.model), { info } = teacher, sampling = teacherSampling(info, config);
  const dit = info.dit.config, text = info.text.config;
  const weights = await readModelWeights(teacher, 'dit.safetensors'), vae = await modelVae(teacher), source = spriteSource(await runWorld(o));
  await Promise.all(['tokenizer.json', 'words.json'].map((name) => readModelFile(teacher, name)));
  const tokenizer = await loadTokenizer(dirname(modelFile(teacher, 'tokenizer.json')), { length: text.length });
  const student = { backend: o.backend, config: dit, text, tokenizer, prediction: info.dit.prediction }, bank = distillBank(config, dit.patch);
  const latents = await openLatents(config, o, { vae, source, backend: o.backend }, Object.fromEntries(Object.keys(config.clips).map((name) => [name, HELDOUT_CLIPS])));
  const { segments, packs, rounds, shift: _shift, optim: _optim, kind: _kind, checkpointSeconds: _c, programs: _p, validateEvery: _v, ...drawn } = config;
  const data: DiTTaskConfig = { ...drawn, prediction: student.prediction, shift: sampling.shift, stages: [], independent: 0 };
  const maker = (split: Split) => sampleMaker({ config: dit, data, source, vae, latents: latents[split] });
  const identity = joinHashes(info.files['dit.safetensors']!.sha256, JSON.stringify([sampling, segments, drawn]), vae.hash, source.fingerprint(tokenizer));
  const expert = { ...student, weights, sampling }, trajectories = await openTrajectories({
    teacher: expert, makers: { train: maker('train'), heldout: maker('heldout') }, bank, seed: config.seed, segments, packs, identity,
    dir: join(o.dir, 'trajectories'), ...(o.signal ? { signal: o.signal } : {}), onProgress: (done, total) => { o.onPrepare?.('trajectories', done, total); },
  });
  const tower = Object.fromEntries(Object.entries(weights).filter(([name]) => name.startsWith('text.'))), file = join(o.dir, 'dit.safetensors');
  let trained = new Map<string, StoredTensor>(), start = weights, standsOn = identity;
  for (let round = 1; round <= rounds; round++) {
    const dir = round === 1 ? o.dir : join(o.dir, `round-${round}`);
    const own = round === 1 ? undefined : await openOwnStates({
      student, teacher: expert, weights: start, trajectories, dir: join(dir, 'states'), identity: standsOn, ...(o.signal ? { signal: o.signal } : {}),
      onProgress: (done, total) => { o.onPrepare?.(`states of round ${round}`, done, total); },
    });
    const state = await runTraining(distillTask({ student, tower, trajectories, own, bank, seed: config.seed + round - 1 }), {
      ...(await loopOptions(config, { ...o, dir }, standsOn)), init: start,
    });
    trained = averaged(state);
    start = { ...weights, ...Object.fromEntries([...trained].map(([name, { data }]) => [name, data as Float32Array])) };
    standsOn = joinHashes(standsOn, String(config.optim.steps));  // what the next round begins from is a function of these
  }
  const { tensors } = await readTensors(modelFile(teacher, 'dit.safetensors'), (name) => name.startsWith('text.'));
  const distilled: Distilled = { teacher: info.id, sha256: info.files['dit.safetensors']!.sha256, steps: segments, guidance: info.sampling.guidance };
  await writeTensors(file, new Map([...trained, ...tensors]), { type: 'F16', metadata: {
    dit: JSON.stringify(dit), text: JSON.stringify(text), prediction: student.prediction, shift: String(sampling.shift), seed: String(config.seed), vae: vae.hash,
    shapes: JSON.stringify([...new Set(config.shapes.map((s) => shapeName({ ...s, ending: undefined })))]), distilled: JSON.stringify(distilled),
    ...(config.shapes.some(({ regions }) => regions !== undefined) ? { regions: 'true' } : {}),
  } });
  return file;
}

/** What a student's file says of its run. */
const distilledSchema = z.object({ teacher: z.string(), sha256: z.string(), steps: z.int().positive(), guidance: z.number() });
type Distilled = z.infer<typeof distilledSchema>;

/** Options of {@link exportStudent}. */
export interface ExportStudentOptions {
  /** Folder of a student's run. */
  readonly run: string;
  /** The teacher: id of an installed model, or a folder. */
  readonly base: string;
  /** The model's folder; its name is the model's id. */
  readonly out: string;
  readonly id: string;
  readonly version: string;
  /** The model's card, a Markdown file. Without it a card that is there stays. */
  readonly card?: string;
}

/** Writes the model folder of a student's run. Throws a FileError when the run is none, and an InputError when `base` is not the teacher or has the same id. */
export async function exportStudent({ run, base: name, out, id, version, card }: ExportStudentOptions): Promise<InstalledModel> {
  const file = join(run, 'dit.safetensors'), { tensors, metadata } = await readTensors(file), base = await findModel(name), { info } = base;
  const parsed = distilledSchema.safeParse(metadata['distilled'] === undefined ? undefined : JSON.parse(metadata['distilled']));
  if (!parsed.success) throw new FileError(`${file} is not the end of a student's run (kinora train distill): it does not say whose student it is`);
  const { teacher, sha256, steps, guidance } = parsed.data;
  if (info.files['dit.safetensors']!.sha256 !== sha256) throw new InputError(`${file} is the student of ${teacher}, whose transformer is not that of ${base.dir}`);
  if (info.id === id) throw new InputError(`the student cannot be called ${id} as its teacher is; choose another --out`);
  const text = card === undefined ? undefined : await readFile(card, 'utf8').catch((cause: Error) => { throw new FileError(`cannot read ${card}: ${cause.message}`, { cause }); });
  return writeStudent(out, {
    base, dit: tensors, metadata, ...(text === undefined ? {} : { card: text }),
    info: {
      id, version, description: `${info.description}; in ${steps} steps without guidance, after ${teacher}`, distilled: { teacher, guidance },
      ...(info.regions ? { regions: metadata['regions'] === 'true' } : {}),
      sampling: { ...info.sampling, sampler: 'euler', steps, guidance: 1, interval: [0, 1], rescale: 0, shift: Number(metadata['shift']) },
    },
  });
}
