/**
 * @file Runs: from a configuration to weights in a folder. `trainVae` ends with vae.safetensors, `trainDiT` with dit.safetensors beside it.
 */
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Backend } from '../backend/backend.ts';
import { ortBackend } from '../backend/ort/ort.ts';
import { InputError } from '../core/errors.ts';
import { loadSpriteWorld, type Split, type SpriteWorld } from '../data/sprites/world.ts';
import { initialValues } from '../nn/param.ts';
import { readTensors, writeTensors, type StoredTensor } from '../io/safetensors.ts';
import { DIT_PRESETS, type DiTConfig } from '../models/dit/config.ts';
import { joinNewWords, joinRows, NEW_WORDS, newWordParams, TOWER_WORDS } from '../models/text/new-words.ts';
import type { TextConfig } from '../models/text/tower.ts';
import { VAE_PRESETS } from '../models/vae/config.ts';
import type { LoraConfig } from '../nn/lora.ts';
import { loadTokenizer } from '../pipeline/prompt/tokenizer.ts';
import type { ClipSource } from './clips/clip-source.ts';
import { checkSprites, runHash, type DiTRunConfig, type RunConfig, type TextRunConfig, type Trainable, type VaeRunConfig } from './config.ts';
import { ditTask, type DiTTaskParts, type TrainedParams } from './tasks/dit-task.ts';
import { ditValidation, HELDOUT_CLIPS } from './tasks/dit-validate.ts';
import { ditMain, footageDiT, footageVae, footageWords, splitOptions, type FootageRecord } from './footage-config.ts';
import { clipsOf, footageSource, openFootage, type Footage } from './clips/footage-source.ts';
import { dataFingerprint, hashTensors, joinHashes } from './clips/identity.ts';
import { openShards } from './clips/latent-shards.ts';
import { shapeName, shapeOf } from './clips/clip-shape.ts';
import { cacheLatents, latentStatistics, type LatentClips } from './clips/latents.ts';
import type { RunPlan } from './run-plan.ts';
import { loraTask, writeLora, type LoraOrigin } from './tasks/lora-task.ts';
import { runTraining, type StepProgress, type TrainTask } from './loop/loop.ts';
import { assertSelfTest, overfitOneClip, selfTestOptim } from './self-test.ts';
import { spriteSource } from './clips/sprite-source.ts';
import type { TrainState } from './loop/state.ts';
import { textTask } from './tasks/text-task.ts';
import { readVae, writeVae } from './vae-file.ts';
import { vaeTask } from './tasks/vae-task.ts';

/** What every run is given beside its configuration. */
export interface RunOptions {
  readonly backend: Backend;
  /** Checkout of the Liberated Pixel Cup layers. Default `lpc`. */
  readonly lpc?: string;
  /** Folder of the run. */
  readonly dir: string;
  /** Folder of what can be made again: decoded layers, latents. */
  readonly cacheDir: string;
  readonly resume: boolean;
  /** Weights file of an earlier run to start from: a fine-tuning. */
  readonly init?: string;
  /** Keep the run's page in its folder up to date: `report.html` and what goes beside it. Default false. */
  readonly report?: boolean;
  /** The run's figures, for its page. */
  readonly plan?: RunPlan;
  readonly signal?: AbortSignal;
  readonly onStep?: (progress: StepProgress) => void;
  /** Told of what goes wrong while the run goes on, such as that nothing is learnt from the text. */
  readonly onWarning?: (message: string) => void;
  /** Progress of preparations: what, done, total. */
  readonly onPrepare?: (what: string, done: number, total: number) => void;
}

/** Where clips come from, of runs that can be trained on footage. */
export interface DataOptions {
  /** A dataset that `kinora data ingest` wrote, in place of the sprite world. */
  readonly data?: string;
}

/** Loads the layers of a run. */
export const runWorld = ({ lpc = 'lpc', cacheDir }: Pick<RunOptions, 'lpc' | 'cacheDir'>): Promise<SpriteWorld> => loadSpriteWorld(lpc, { cacheDir });

/** Throws an InputError when a run has two sources of clips. */
function checkSource({ lpc, data }: Pick<RunOptions, 'lpc'> & DataOptions): void {
  if (lpc !== undefined && data !== undefined) throw new InputError(`a run is on sprites (lpc ${lpc}) or on a dataset (data ${data}), not on both`);
}

/** The configuration and the clips of an autoencoder's run. */
async function vaeClips(config: VaeRunConfig, o: RunOptions & DataOptions): Promise<{ readonly config: VaeRunConfig; readonly source: ClipSource }> {
  checkSource(o);
  if (o.data === undefined) {
    checkSprites(config);
    return { config, source: spriteSource(await runWorld(o)) };
  }
  const footage = await openFootage(o.data, splitOptions(config)), { config: resolved, main } = footageVae(config, footage);
  return { config: resolved, source: footageSource(footage, main) };
}

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

/** The engine that runs train on, with so many threads (default: all cores). */
export const runBackend = (threads?: number): Backend => ortBackend(threads === undefined ? {} : { threads });

/** The running average of a state's weights, as tensors. */
export function averaged(state: TrainState): Map<string, StoredTensor> {
  return new Map([...state.slots].map(([name, { spec }]) => [name, { shape: spec.shape, data: state.windows('ema')[name]! }]));
}

/** All tensors of a weights file. */
async function startWeights(file: string): Promise<Record<string, Float32Array>> {
  return Object.fromEntries([...(await readTensors(file)).tensors].map(([name, { data }]) => [name, data as Float32Array]));
}

/** The weights to start from, for a model with more words than they have: those start as new ones do. */
function withRoom(weights: Record<string, Float32Array>, { width, vocabulary }: TextConfig, seed: number): Record<string, Float32Array> {
  const table = weights[TOWER_WORDS], lacking = table ? vocabulary - table.length / width : 0;
  return lacking > 0 ? { ...weights, [TOWER_WORDS]: joinRows(table!, initialValues(newWordParams(lacking, width), NEW_WORDS, seed)) } : weights;
}

/** `standsOn` are hashes of all that decides the numbers beside the configuration: a run is gone on with on the same data and the same frozen parts only. */
export const loopOptions = async (config: RunConfig[Trainable], o: RunOptions, ...standsOn: string[]) => ({
  ...(o.init === undefined ? {} : { init: await startWeights(o.init), ...('fresh' in config && config.fresh ? { fresh: config.fresh } : {}) }),
  backend: o.backend, seed: config.seed, optim: config.optim, dir: o.dir, configHash: joinHashes(runHash(config), ...standsOn), resume: o.resume, programs: config.programs,
  checkpointSeconds: config.checkpointSeconds, validateEvery: config.validateEvery,
  describe: { kind: config.kind, config, ...(o.plan ? { plan: { ...o.plan } } : {}) }, report: o.report ?? false,
  ...(o.signal ? { signal: o.signal } : {}), ...(o.onStep ? { onStep: o.onStep } : {}), ...(o.onWarning ? { onWarning: o.onWarning } : {}),
});

/** Trains an autoencoder; returns the file. */
export async function trainVae(asked: VaeRunConfig, o: RunOptions & DataOptions): Promise<string> {
  const { config, source } = await vaeClips(asked, o), model = VAE_PRESETS[config.model];
  if (config.part === 'decoder' && o.init === undefined) throw new InputError('a run of the decoder alone needs the autoencoder to start from: --init');
  const before = config.part === 'decoder' ? await readVae(o.init!) : undefined, encoder = new Map([...(before?.tensors ?? [])].filter(([name]) => name.startsWith('encoder.')));
  const fixed = before && Object.fromEntries([...encoder].map(([name, { data }]) => [name, data as Float32Array]));
  const state = await runTraining(vaeTask(model, config, source, o.backend, fixed), await loopOptions(config, o, source.fingerprint(), before?.hash ?? ''));
  const tensors = new Map([...encoder, ...averaged(state)]), file = join(o.dir, 'vae.safetensors');
  if (before) { await writeVae(file, tensors, model, before); return file; }
  const weights = Object.fromEntries([...tensors].map(([name, { data }]) => [name, data as Float32Array]));
  const stats = await latentStatistics({ config: model, weights }, source, o.backend, config.seed, config.statisticsClips);
  await writeVae(file, tensors, model, stats);
  return file;
}

/** A transformer's run beside what every run has. */
export interface DiTRunOptions extends RunOptions, DataOptions {
  /** The autoencoder's file. */
  readonly vae: string;
  /** Folder with tokenizer.json and words.json. */
  readonly tokenizer: string;
  /** The text tower's file, for a configuration that keeps it fixed. */
  readonly text?: string;
}

/** Trains a text tower on captions and labels; returns the file. */
export async function trainText(config: TextRunConfig, o: RunOptions & Pick<DiTRunOptions, 'tokenizer'>): Promise<string> {
  const world = await runWorld(o), tokenizer = await loadTokenizer(o.tokenizer);
  const text: TextConfig = { ...config.model, vocabulary: tokenizer.vocabulary, length: tokenizer.length };
  const task = textTask(text, config, { world, tokenizer, backend: o.backend });
  const state = await runTraining(task, await loopOptions(config, o, dataFingerprint(world, tokenizer))), file = join(o.dir, 'text.safetensors');
  await writeTensors(file, new Map([...averaged(state)].filter(([name]) => name.startsWith('text.'))), { type: 'F16', metadata: { text: JSON.stringify(text) } });
  return file;
}

/** The tower's tensors of a file that {@link trainText} wrote, or of a transformer's. Throws an InputError unless it is of this configuration. */
async function readTower(file: string, text: TextConfig): Promise<ReadonlyMap<string, StoredTensor>> {
  const { tensors, metadata } = await readTensors(file);
  if (!isDeepStrictEqual(JSON.parse(metadata['text'] ?? '{}'), text))
    throw new InputError(`${file} holds a text tower of ${metadata['text'] ?? 'no known shape'}; the configuration wants ${JSON.stringify(text)}`);
  return new Map([...tensors].filter(([name]) => name.startsWith('text.')));
}

/** Latents of the clip shapes that a configuration names, and of `heldout` clips by shape. */
export async function openLatents(
  config: Pick<DiTRunConfig, 'seed' | 'clips'>, o: Pick<RunOptions, 'cacheDir' | 'onPrepare' | 'signal'>, parts: Pick<DiTTaskParts, 'vae' | 'source' | 'backend'>,
  heldout: Readonly<Record<string, number>>,
): Promise<Record<Split, Map<string, LatentClips>>> {
  const dir = join(o.cacheDir, `latents-${parts.vae.hash}`), { stock } = parts.source;
  const open = async (name: string, clips: number, split: Split): Promise<[string, LatentClips]> => {
    const shape = shapeOf(name), onProgress = (done: number, total: number): void => { o.onPrepare?.(`latents ${name}`, done, total); };
    const made = { ...parts, dir, seed: config.seed, split, shape, onProgress };
    return [name, stock ? await openShards({ ...made, stock, most: clips, signal: o.signal }) : await cacheLatents({ ...made, clips })];
  };
  const latents = { train: new Map<string, LatentClips>(), heldout: new Map<string, LatentClips>() };
  for (const [name, clips] of Object.entries(config.clips)) latents.train.set(...(await open(name, clips, 'train')));
  for (const [name, clips] of Object.entries(heldout)) latents.heldout.set(...(await open(name, clips, 'heldout')));
  return latents;
}

/** Shapes of a dataset that are validated beside the main one: the most frequent. */
const VALIDATED_SHAPES = 4;

/** Held-out clips by shape: of the source's main film, and of all that a configuration names; of a dataset, of the most frequent that are held out. */
function heldoutClips({ clips }: DiTRunConfig, { main, stock }: ClipSource): Record<string, number> {
  const first = shapeName(main), named = Object.keys(clips), others = stock ? named.filter((name) => stock.count('heldout', shapeOf(name)) > 0).slice(0, VALIDATED_SHAPES) : named;
  return Object.fromEntries([first, ...others].map((name) => [name, name === first ? HELDOUT_CLIPS.main : HELDOUT_CLIPS.other]));
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
