/** @file A model folder with random weights, small enough for tests: the shipped tokenizer, a tiny autoencoder, transformer and text tower. */
import { readFile } from 'node:fs/promises';
import { normals } from '../../src/core/random.ts';
import type { StoredTensor } from '../../src/io/safetensors.ts';
import { DIT_PRESETS } from '../../src/models/dit/config.ts';
import { ditParams } from '../../src/models/dit/dit.ts';
import { textParams } from '../../src/models/text/tower.ts';
import { VAE_PRESETS } from '../../src/models/vae/config.ts';
import { vaeParams } from '../../src/models/vae/vae.ts';
import { initialValues, listParams } from '../../src/nn/param.ts';
import { writeModel, type InstalledModel, type ModelInfo } from '../../src/pipeline/model/model-store.ts';

/** Initial values; what starts at zero (gates, last layers) gets noise, so that everything takes part. */
function randomWeights(specs: unknown): Map<string, StoredTensor> {
  return new Map(listParams(specs).map(({ name, leaf }) => {
    const data = initialValues(leaf, name, 1);
    const zero = leaf.init.kind === 'constant' && leaf.init.value === 0;
    return [name, { shape: leaf.shape, data: zero ? normals({ seed: 1, stream: `noise:${name}`, step: 0 }, data.length).map((x) => 0.1 * x) : data }];
  }));
}

/** Writes the folder. */
export async function writeTinyModel(dir: string, change: Partial<ModelInfo['limits']> = {}): Promise<InstalledModel> {
  const shipped = (name: string): Promise<string> => readFile(new URL(`../../models/sprites-64/${name}`, import.meta.url), 'utf8');
  const vae = VAE_PRESETS.tiny, dit = { ...DIT_PRESETS.tiny, textWidth: 16 };
  const text = { vocabulary: 1024, length: 32, width: 16, depth: 1, heads: 2, mlp: 'relu2' } as const;
  return writeModel(dir, {
    info: {
      id: 'tiny', description: 'Random weights, for tests', licence: 'Apache-2.0', version: '1',
      vae: { config: vae }, dit: { config: dit, prediction: 'x' }, text: { config: text },
      latent: { mean: [0, 0.1, -0.1, 0.2], std: [1, 0.5, 2, 1] },
      native: { width: 64, height: 64, frames: 17, fps: 8 }, limits: { minSide: 32, maxSide: 256, multiple: 8, maxFrames: 65, ...change },
      sampling: { sampler: 'euler', steps: 2, guidance: 3, interval: [0, 0.9], rescale: 0.2, shift: 1, palette: 32, steady: 0 },
    },
    vae: randomWeights(vaeParams(vae)), dit: randomWeights({ dit: ditParams(dit), text: textParams(text) }),
    files: {
      'tokenizer.json': await shipped('tokenizer.json'), 'words.json': await shipped('words.json'), 'README.md': '# tiny\n',
      'credits.json': JSON.stringify([{ artist: 'Nobody', layers: 1 }]),
    },
  });
}
