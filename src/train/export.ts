/**
 * @file From runs to a model folder: half-precision weights, tokenizer, credits, judge, with how the model samples by default.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FileError, InputError } from '../core/errors.ts';
import { z } from 'zod';
import { PREDICTIONS } from '../diffusion/prediction.ts';
import { readTensors } from '../io/safetensors.ts';
import type { DiTConfig } from '../models/dit/config.ts';
import type { TextConfig } from '../models/text/tower.ts';
import { SPACE_FACTOR } from '../models/vae/config.ts';
import { writeModel, type InstalledModel, type ModelInfo } from '../pipeline/model/model-store.ts';
import { loadTokenizer } from '../pipeline/prompt/tokenizer.ts';
import { averageWeights } from './average.ts';
import { footageRecord, type FootageRecord } from './footage-config.ts';
import { shapeOf } from './clips/clip-shape.ts';
import { runWorld } from './run/options.ts';
import { readVae } from './vae-file.ts';

/** Options of {@link exportModel}. */
export interface ExportOptions {
  /** Folder of a transformer's run: dit.safetensors with vae.safetensors beside it. */
  readonly run: string;
  /** A transformer's weights from another run of the same origin, averaged with this one's. */
  readonly average?: string;
  /** Whether prompts are worded as captions before the model reads them (pipeline/prompt/expand.ts). Default no. */
  readonly expander?: ModelInfo['expander'];
  /** Folder with tokenizer.json and words.json. Default: those of the run's folder. */
  readonly tokenizer?: string;
  /** The model's card, a Markdown file. Without it a card that is there stays. */
  readonly card?: string;
  /** judge.safetensors, when there is one. */
  readonly judge?: string;
  /** looks.safetensors, when there is one. */
  readonly looks?: string;
  /** Checkout of the Liberated Pixel Cup layers, for the artists' names. Default `lpc`; not read for a run on a dataset. */
  readonly lpc?: string;
  readonly cacheDir: string;
  /** The model's folder; its name is the model's id. */
  readonly out: string;
  readonly id: string;
  readonly version: string;
  /** Licence of the weights, an SPDX expression. Default that of the sprites, CC-BY-SA-3.0; of a run on footage NOASSERTION, since only who owns it knows. */
  readonly licence?: string;
  /** How films are made by default; the shift is the training's. Palette and steadiness are 32 and 10 unless said, for footage none. */
  readonly sampling: Omit<ModelInfo['sampling'], 'shift' | 'palette' | 'steady'> & Partial<Pick<ModelInfo['sampling'], 'palette' | 'steady'>>;
}

/** What a run's file says of itself; older files lack seed and shapes. */
const metadataSchema = z.object({
  vae: z.string(), dit: z.string(), text: z.string(), prediction: z.enum(PREDICTIONS), shift: z.coerce.number().positive(),
  seed: z.string().optional(), shapes: z.string().optional(), regions: z.literal('true').optional(),
  footage: z.string().transform((text) => footageRecord.parse(JSON.parse(text))).optional(),
});

/** The film that is made when nothing is asked for: of sprites, or the main one of a dataset. */
const NATIVE: ModelInfo['native'] = { width: 64, height: 64, frames: 17, fps: 8 };
const nativeOf = (footage: FootageRecord | undefined): ModelInfo['native'] => {
  if (!footage) return NATIVE;
  const { width, height, frames } = shapeOf(footage.main);
  return { width, height, frames, fps: footage.fps };
};
/** Seconds of the longest film. */
const MAX_SECONDS = 600;

/** Asked for more than twice the longest side of its training, a model makes nothing that is worth the wait; in one piece it makes as much as it was trained on. */
function limitsOf(shapes: string | undefined, token: number, { width, height, fps }: ModelInfo['native']): ModelInfo['limits'] {
  const trained = shapes === undefined ? [{ frames: 33, width: 128, height: 64 }] : (JSON.parse(shapes) as string[]).map(shapeOf);
  const maxSide = 2 * Math.max(...trained.flatMap((s) => [s.width, s.height]));
  return { minSide: Math.min(64, width, height), maxSide, multiple: token, maxFrames: Math.round(MAX_SECONDS * fps), window: Math.max(...trained.map((s) => s.frames)) };
}

/** What a model says of what it was trained on. */
type Origin = Pick<ModelInfo, 'description' | 'licence'> & { readonly files: Readonly<Record<string, string>> };

async function originOf(footage: FootageRecord | undefined, o: ExportOptions): Promise<Origin> {
  if (footage) return { description: `Trained on ${footage.clips} clips of own footage`, licence: 'NOASSERTION', files: {} };
  const { credits } = await runWorld(o);
  return {
    description: 'Dressed characters in pixel art that walk, cast, thrust, slash, shoot and fall; trained on Liberated Pixel Cup art', licence: 'CC-BY-SA-3.0',
    files: { 'credits.json': `${JSON.stringify(credits, null, 2)}\n` },
  };
}

async function readBytes(file: string): Promise<Uint8Array> {
  try { return await readFile(file); } catch (cause) { throw new FileError(`cannot read ${file}: ${(cause as Error).message}`, { cause }); }
}

/** Writes the model folder. Throws a FileError when a part is missing, or when transformer and autoencoder do not belong together. */
export async function exportModel(o: ExportOptions): Promise<InstalledModel> {
  const vaeFile = join(o.run, 'vae.safetensors'), ditFile = join(o.run, 'dit.safetensors');
  const vae = await readVae(vaeFile), { tensors: own, metadata } = await readTensors(ditFile);
  const tensors = o.average === undefined ? own : averageWeights(own, (await readTensors(o.average)).tensors, o.average);
  const run = metadataSchema.safeParse(metadata);
  if (!run.success) throw new FileError(`${ditFile} is not the end of a transformer's run: its metadata lack ${run.error.issues.map((issue) => issue.path.join('.')).join(', ')}`);
  if (run.data.vae !== vae.hash) throw new FileError(`${ditFile} was trained on latents of autoencoder ${run.data.vae}, ${vaeFile} is ${vae.hash}`);
  const dit = JSON.parse(run.data.dit) as DiTConfig & { textWidth: number }, text = JSON.parse(run.data.text) as TextConfig;
  const tokenizer = o.tokenizer ?? o.run, { vocabulary } = await loadTokenizer(tokenizer);
  if (vocabulary !== text.vocabulary)
    throw new InputError(`the tokenizer in ${tokenizer} has ${vocabulary} tokens, that of the run ${text.vocabulary}: it lies in the run's folder, where nothing else is said`);
  if (o.judge !== undefined) {
    const { seed } = (await readTensors(o.judge)).metadata;
    if (seed !== undefined && seed === run.data.seed)
      throw new InputError(`the judge ${o.judge} has the seed of the model, ${seed}: a judge must share nothing with what it judges`);
  }
  const files = [
    ...['tokenizer.json', 'words.json'].map((name) => [name, join(tokenizer, name)] as const),
    ...(o.card === undefined ? [] : [['README.md', o.card] as const]),
    ...(o.judge === undefined ? [] : [['judge.safetensors', o.judge] as const]),
    ...(o.looks === undefined ? [] : [['looks.safetensors', o.looks] as const]),
  ];
  const contents = Object.fromEntries(await Promise.all(files.map(async ([name, file]) => [name, await readBytes(file)] as const)));
  const { footage } = run.data, { description, licence, files: credits } = await originOf(footage, o), native = nativeOf(footage);
  return writeModel(o.out, {
    vae: vae.tensors as never, dit: tensors as never, metadata: { vae: { config: JSON.stringify(vae.config) }, dit: metadata },
    files: { ...contents, ...credits },
    info: {
      id: o.id, version: o.version, licence: o.licence ?? licence, description,
      vae: { config: vae.config }, dit: { config: dit, prediction: run.data.prediction }, text: { config: text }, latent: { mean: [...vae.mean], std: [...vae.std] },
      ...(o.expander ? { expander: o.expander } : {}), ...(run.data.regions ? { regions: true } : {}), native,
      limits: limitsOf(run.data.shapes, SPACE_FACTOR * dit.patch, native),
      sampling: { palette: footage ? 0 : 32, steady: footage ? 0 : 10, ...o.sampling, shift: run.data.shift },
    },
  });
}
