/**
 * @file From runs to a model folder: half-precision weights, tokenizer, credits, judge, with how the model samples by default.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FileError } from '../core/errors.ts';
import { loadSpriteWorld } from '../data/sprites/world.ts';
import { z } from 'zod';
import { PREDICTIONS } from '../diffusion/prediction.ts';
import { readTensors } from '../io/safetensors.ts';
import type { DiTConfig } from '../models/dit/config.ts';
import type { TextConfig } from '../models/text/tower.ts';
import { SPACE_FACTOR } from '../models/vae/config.ts';
import { writeModel, type InstalledModel, type ModelInfo } from '../pipeline/model-store.ts';
import { readVae } from './vae-file.ts';

/** Options of {@link exportModel}. */
export interface ExportOptions {
  /** Folder of a transformer's run: dit.safetensors with vae.safetensors beside it. */
  readonly run: string;
  /** Folder with tokenizer.json and words.json, and README.md where there is a card. */
  readonly tokenizer: string;
  /** judge.safetensors, when there is one. */
  readonly judge?: string;
  /** Checkout of the Liberated Pixel Cup layers, for the artists' names. */
  readonly lpc: string;
  readonly cacheDir: string;
  /** The model's folder; its name is the model's id. */
  readonly out: string;
  readonly id: string;
  readonly version: string;
  /** How films are made by default; the shift is the training's. */
  readonly sampling: Omit<ModelInfo['sampling'], 'shift'>;
}

/** Writes the model folder. Throws a FileError when transformer and autoencoder do not belong together. */
export async function exportModel(o: ExportOptions): Promise<InstalledModel> {
  const vaeFile = join(o.run, 'vae.safetensors'), ditFile = join(o.run, 'dit.safetensors');
  const vae = await readVae(vaeFile), { tensors, metadata } = await readTensors(ditFile);
  if (metadata['vae'] !== vae.hash) throw new FileError(`${ditFile} was trained on latents of autoencoder ${metadata['vae']}, ${vaeFile} is ${vae.hash}`);
  const dit = JSON.parse(metadata['dit']!) as DiTConfig & { textWidth: number }, text = JSON.parse(metadata['text']!) as TextConfig;
  const world = await loadSpriteWorld(o.lpc, { cacheDir: o.cacheDir });
  const file = async (name: string): Promise<Record<string, string | Uint8Array>> => readFile(join(o.tokenizer, name)).then((bytes) => ({ [name]: bytes as Uint8Array }), () => ({}));
  return writeModel(o.out, {
    vae: vae.tensors as never, dit: tensors as never, metadata: { vae: { config: JSON.stringify(vae.config) }, dit: metadata },
    files: {
      ...(await file('tokenizer.json')), ...(await file('words.json')), ...(await file('README.md')),
      ...(o.judge === undefined ? {} : { 'judge.safetensors': await readFile(o.judge) }),
      'credits.json': `${JSON.stringify(world.credits, null, 2)}\n`,
    },
    info: {
      id: o.id, version: o.version, licence: 'CC-BY-SA-3.0', description: 'Dressed characters in pixel art that walk, cast, thrust, slash, shoot and fall; trained on Liberated Pixel Cup art',
      vae: { config: vae.config }, dit: { config: dit, prediction: z.enum(PREDICTIONS).parse(metadata['prediction']) }, text: { config: text }, latent: { mean: [...vae.mean], std: [...vae.std] },
      native: { width: 64, height: 64, frames: 17, fps: 8 },
      limits: { minSide: 64, maxSide: 256, multiple: SPACE_FACTOR * dit.patch, maxFrames: 65 },
      sampling: { ...o.sampling, shift: Number(metadata['shift']) },
    },
  });
}
