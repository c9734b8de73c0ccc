/** @file The run of an autoencoder: from a configuration to vae.safetensors. */
import { join } from 'node:path';
import { InputError } from '../../core/errors.ts';
import { VAE_PRESETS } from '../../models/vae/config.ts';
import type { ClipSource } from '../clips/clip-source.ts';
import { footageSource, openFootage } from '../clips/footage-source.ts';
import { latentStatistics } from '../clips/latents.ts';
import { spriteSource } from '../clips/sprite-source.ts';
import { checkSprites, type VaeRunConfig } from '../config.ts';
import { footageVae, splitOptions } from '../footage-config.ts';
import { runTraining } from '../loop/loop.ts';
import { vaeTask } from '../tasks/vae-task.ts';
import { readVae, writeVae } from '../vae-file.ts';
import { averaged, checkSource, type DataOptions, loopOptions, type RunOptions, runWorld } from './options.ts';

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
