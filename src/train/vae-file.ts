/**
 * @file The autoencoder as a file of its own: half-precision weights, with configuration and latent statistics in its metadata.
 * Latents are cached, and transformers trained, for the encoder with this hash; another decoder may follow.
 */
import { z } from 'zod';
import { FileError } from '../core/errors.ts';
import { readTensors, writeTensors, type StoredTensor } from '../io/safetensors.ts';
import type { VaeConfig } from '../models/vae/config.ts';
import { hashTensors } from './clips/identity.ts';
import type { FrozenVae } from './clips/latents.ts';

const metadataSchema = z.object({ config: z.string(), mean: z.string(), std: z.string() });

/** Writes the autoencoder. */
export async function writeVae(
  file: string, tensors: ReadonlyMap<string, StoredTensor>, config: VaeConfig, stats: { mean: readonly number[]; std: readonly number[] },
): Promise<void> {
  await writeTensors(file, tensors, { type: 'F16', metadata: { config: JSON.stringify(config), mean: JSON.stringify(stats.mean), std: JSON.stringify(stats.std) } });
}

/** Identity of an encoder: its weights and configuration. */
export const encoderHash = (tensors: ReadonlyMap<string, StoredTensor>, config: string): string =>
  hashTensors(new Map([...tensors].filter(([name]) => name.startsWith('encoder.'))), config);

/** Reads an autoencoder that {@link writeVae} wrote. */
export async function readVae(file: string): Promise<FrozenVae & { readonly tensors: ReadonlyMap<string, StoredTensor> }> {
  const { tensors, metadata } = await readTensors(file);
  const parsed = metadataSchema.safeParse(metadata);
  if (!parsed.success) throw new FileError(`${file} is no autoencoder of Kinora: its metadata lack config, mean or std`);
  return {
    tensors, config: JSON.parse(parsed.data.config) as VaeConfig, mean: JSON.parse(parsed.data.mean) as number[], std: JSON.parse(parsed.data.std) as number[],
    weights: Object.fromEntries([...tensors].map(([name, { data }]) => [name, data as Float32Array])), hash: encoderHash(tensors, parsed.data.config),
  };
}
