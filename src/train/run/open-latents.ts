/** @file Which clips' latents a run needs, made or read from the cache. */
import { join } from 'node:path';
import type { Split } from '../../data/sprites/world.ts';
import { shapeName, shapeOf } from '../clips/clip-shape.ts';
import type { ClipSource } from '../clips/clip-source.ts';
import { openShards } from '../clips/latent-shards.ts';
import { cacheLatents, type LatentClips } from '../clips/latents.ts';
import type { DiTRunConfig } from '../config.ts';
import type { DiTTaskParts } from '../tasks/dit-task.ts';
import { HELDOUT_CLIPS } from '../tasks/dit-validate.ts';
import type { RunOptions } from './options.ts';

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
export function heldoutClips({ clips }: DiTRunConfig, { main, stock }: ClipSource): Record<string, number> {
  const first = shapeName(main), named = Object.keys(clips), others = stock ? named.filter((name) => stock.count('heldout', shapeOf(name)) > 0).slice(0, VALIDATED_SHAPES) : named;
  return Object.fromEntries([first, ...others].map((name) => [name, name === first ? HELDOUT_CLIPS.main : HELDOUT_CLIPS.other]));
}
