/** @file The run of a transformer: from a configuration to dit.safetensors, or to lora.safetensors, with all that its model needs beside it; and the self-test of one. */
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../../core/errors.ts';
import { readTensors, type StoredTensor, writeTensors } from '../../io/safetensors.ts';
import { DIT_PRESETS, type DiTConfig } from '../../models/dit/config.ts';
import { joinNewWords, joinRows, NEW_WORDS, newWordParams, TOWER_WORDS } from '../../models/text/new-words.ts';
import type { TextConfig } from '../../models/text/tower.ts';
import type { LoraConfig } from '../../nn/lora.ts';
import { initialValues } from '../../nn/param.ts';
import { loadTokenizer } from '../../pipeline/prompt/tokenizer.ts';
import { shapeName } from '../clips/clip-shape.ts';
import type { ClipSource } from '../clips/clip-source.ts';
import { clipsOf, type Footage, footageSource, openFootage } from '../clips/footage-source.ts';
import { hashTensors } from '../clips/identity.ts';
import { spriteSource } from '../clips/sprite-source.ts';
import { checkSprites, type DiTRunConfig } from '../config.ts';
import { ditMain, footageDiT, type FootageRecord, footageWords, splitOptions } from '../footage-config.ts';
import { runTraining, type TrainTask } from '../loop/loop.ts';
import { assertSelfTest, overfitOneClip, selfTestOptim } from '../self-test.ts';
import { ditTask, type DiTTaskParts, type TrainedParams } from '../tasks/dit-task.ts';
import { ditValidation } from '../tasks/dit-validate.ts';
import { type LoraOrigin, loraTask, writeLora } from '../tasks/lora-task.ts';
import { readVae } from '../vae-file.ts';
import { heldoutClips, openLatents } from './open-latents.ts';
import { averaged, checkSource, type DataOptions, type DiTRunOptions, loopOptions, type RunOptions, runWorld } from './options.ts';
import { readTower } from './text-run.ts';

/** The configuration and the clips of a transformer's run, and the dataset if it is on one. */
async function ditClips(config: DiTRunConfig, o: RunOptions & DataOptions): Promise<{ readonly config: DiTRunConfig; readonly source: ClipSource; readonly footage?: Footage }> {
  checkSource(o);
  if (o.data === undefined) {
    checkSprites(config);
    return { config, source: spriteSource(await runWorld(o)) };
  }
  const footage = await openFootage(o.data, splitOptions(config));
  return { config: footageDiT(config, footage), source: footageSource(footage, ditMain(footage)), footage };
}

/** The weights to start from, for a model with more words than they have: those start as new ones do. */
function withRoom(weights: Record<string, Float32Array>, { width, vocabulary }: TextConfig, seed: number): Record<string, Float32Array> {
  const table = weights[TOWER_WORDS], lacking = table ? vocabulary - table.length / width : 0;
  return lacking > 0 ? { ...weights, [TOWER_WORDS]: joinRows(table!, initialValues(newWordParams(lacking, width), NEW_WORDS, seed)) } : weights;
}

/** Model and text configuration of a run. */
export function filmConfig(
  config: DiTRunConfig, vae: { readonly config: { readonly latentChannels: number } },
  tokenizer: { readonly vocabulary: number; readonly length: number },
): { dit: DiTConfig; text: TextConfig } {
  const preset: DiTConfig = DIT_PRESETS[config.model];
  const overrides = Object.fromEntries(Object.entries(config.dit).filter(([, value]) => value !== undefined));
  return {
    dit: { ...preset, ...overrides, channels: vae.config.latentChannels, textWidth: config.text.width },
    text: { width: config.text.width, depth: config.text.depth, heads: config.text.heads, mlp: preset.mlp, vocabulary: tokenizer.vocabulary, length: tokenizer.length },
  };
}

/** The clip shapes of all stages, each once. */
const trainedShapes = ({ stages }: DiTRunConfig): string[] => [...new Set(stages.flatMap(({ shapes }) => shapes.map((s) => shapeName({ ...s, ending: undefined }))))];

/** What a transformer's run reads before it starts, latents aside; `tower` is the fixed one as stored, `words` are those that are new to the tokenizer. */
interface OpenedParts extends Omit<DiTTaskParts, 'latents' | 'tower'> {
  readonly data: DiTRunConfig;
  readonly tower: ReadonlyMap<string, StoredTensor> | undefined;
  readonly footage?: Footage;
  readonly words: readonly string[];
}

async function openParts(asked: DiTRunConfig, o: DiTRunOptions): Promise<OpenedParts> {
  if ((asked.text.fixed ?? false) !== (o.text !== undefined))
    throw new InputError(asked.text.fixed
      ? 'a configuration with a fixed text tower needs one: --text'
      : '--text goes with a configuration whose text is "fixed"');
  const { config, ...clips } = await ditClips(asked, o), vae = await readVae(o.vae), known = await loadTokenizer(o.tokenizer);
  const { words, tokenizer } = clips.footage ? footageWords(config, clips.footage, known) : { words: [], tokenizer: known }, { dit, text } = filmConfig(config, vae, tokenizer);
  const tower = o.text === undefined ? undefined : await readTower(o.text, { ...text, vocabulary: known.vocabulary });
  return { config: dit, text, data: config, ...clips, vae, tokenizer, words, backend: o.backend, tower };
}

/** The tower as a task takes it. */
const fixedTower = (tower: ReadonlyMap<string, StoredTensor> | undefined): Pick<DiTTaskParts, 'tower'> =>
  (tower ? { tower: Object.fromEntries([...tower].map(([name, { data }]) => [name, data as Float32Array])) } : {});

/** Trains a transformer with its text tower; returns the file. */
export async function trainDiT(asked: DiTRunConfig, o: DiTRunOptions): Promise<string> {
  const { tower, footage, words, ...frozen } = await openParts(asked, o), { vae, source, tokenizer, config: dit, text, data: config } = frozen;
  const { train, heldout } = await openLatents(config, o, frozen, heldoutClips(config, source));
  const parts: DiTTaskParts = { ...frozen, ...fixedTower(tower), latents: train };
  const task = ditTask(parts, ditValidation(parts, heldout));
  if (o.init !== undefined) await tellDifferences(o.init, dit, o.onWarning);
  const identity = [source.fingerprint(tokenizer), vae.hash, tower ? hashTensors(tower) : ''];
  if (config.lora) return trainLora(task, { ...config, lora: config.lora }, o, { dit: JSON.stringify(dit), words, identity });
  const { init, ...loop } = await loopOptions(config, o, ...identity), fresh = tower && words.length > 0 ? [...loop.fresh ?? [], NEW_WORDS] : loop.fresh;
  const state = await runTraining(task, { ...loop, ...(init ? { init: withRoom(init, text, config.seed) } : {}), ...(fresh ? { fresh } : {}) });
  const file = join(o.dir, 'dit.safetensors');
  await writeTensors(file, grownTower(new Map([...averaged(state), ...(tower ?? [])]), text), { type: 'F16', metadata: {
    dit: JSON.stringify(dit), text: JSON.stringify(text), prediction: config.prediction, shift: String(config.shift),
    seed: String(config.seed), vae: vae.hash, shapes: JSON.stringify(trainedShapes(config)),
    ...(config.stages.some(({ shapes }) => shapes.some(({ regions }) => regions !== undefined)) ? { regions: 'true' } : {}),
    ...(footage ? { footage: JSON.stringify(recordOf(footage)) } : {}),
  } });
  await copyFile(o.vae, join(o.dir, 'vae.safetensors'));
  for (const [name, contents] of Object.entries(tokenizer.files)) await writeFile(join(o.dir, `${name}.json`), `${JSON.stringify(contents)}\n`);
  return file;
}

/** Tells how the transformer of the weights to start from differs in what their shapes do not show. */
async function tellDifferences(init: string, config: DiTConfig, onWarning: RunOptions['onWarning']): Promise<void> {
  const { metadata } = await readTensors(init), was = JSON.parse(metadata['dit'] ?? '{}') as Partial<DiTConfig>;
  for (const name of ['skip', 'follow', 'places', 'rope'] as const) if (metadata['dit'] !== undefined && (was[name] ?? false) !== (config[name] ?? false))
    onWarning?.(`${init} was trained ${was[name] ? 'with' : 'without'} "${name}", this run is ${config[name] ? 'with' : 'without'}`);
}

/** Tensors whose new words have gone into the tower's table. */
function grownTower(tensors: ReadonlyMap<string, StoredTensor>, { vocabulary, width }: TextConfig): ReadonlyMap<string, StoredTensor> {
  const [table, rows] = [TOWER_WORDS, NEW_WORDS].map((name) => tensors.get(name)?.data as Float32Array | undefined);
  if (!table || !rows) return tensors;
  const { [TOWER_WORDS]: data } = joinNewWords({ [TOWER_WORDS]: table, [NEW_WORDS]: rows });
  return new Map([...[...tensors].filter(([name]) => name !== NEW_WORDS), [TOWER_WORDS, { shape: [vocabulary, width], data: data! }]]);
}

/** What a run on a dataset tells the model that is made of it. */
const recordOf = (footage: Footage): FootageRecord => ({ main: shapeName(ditMain(footage)), fps: footage.fps, clips: clipsOf(footage, 'train').length });

/** Trains an adaptation of the weights of `init`; returns the file. */
async function trainLora(
  task: TrainTask<TrainedParams>, config: DiTRunConfig & { readonly lora: LoraConfig }, { init, ...o }: DiTRunOptions,
  { identity, ...origin }: Pick<LoraOrigin, 'dit' | 'words'> & { readonly identity: readonly string[] },
): Promise<string> {
  if (init === undefined) throw new InputError('an adaptation needs the weights that it adapts: --init');
  const base = (await readTensors(init)).tensors, weights = Object.fromEntries([...base].map(([name, { data }]) => [name, data as Float32Array]));
  const state = await runTraining(loraTask(task, weights, config.lora), await loopOptions(config, o, ...identity, hashTensors(base))), file = join(o.dir, 'lora.safetensors');
  await writeLora(file, averaged(state), config.lora, { ...origin, seed: config.seed, steps: config.optim.steps });
  return file;
}

/** Steps of {@link selfTestDiT}: some minutes. */
const SELF_TEST_STEPS = 600;

/** Learns one clip by heart with a run's model; returns its PSNR in dB against the autoencoder's own reconstruction. Throws a ResourceError when that is too low. */
export async function selfTestDiT(config: DiTRunConfig, o: DiTRunOptions): Promise<number> {
  const { tower, words: _words, footage: _footage, ...frozen } = await openParts(config, o);
  const name = shapeName(frozen.source.main), latents = await openLatents({ seed: config.seed, clips: { [name]: 1 } }, o, frozen, {}), clips = latents.train.get(name)!;
  if (clips.clips === 0) throw new InputError(`no clip of ${name} is left to train on: the dataset is too small for a self-test`);
  const { signal, onStep, dir } = o, hooks = { ...(signal ? { signal } : {}), ...(onStep ? { onStep } : {}) };
  const decibels = await overfitOneClip({ ...frozen, ...fixedTower(tower) }, { optim: selfTestOptim(config.optim, SELF_TEST_STEPS), dir, clips, ...hooks });
  assertSelfTest(decibels);
  return decibels;
}
