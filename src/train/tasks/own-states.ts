/** @file Where a student gets to by itself: what later rounds of its training start from (docs/decisions/013). */
import { join } from 'node:path';
import { ProgramCache } from '../../backend/cache.ts';
import { SAMPLER_TABLE } from '../../diffusion/samplers/registry.ts';
import { toHalf } from '../../io/half.ts';
import { readHalves, writeTensors } from '../../io/safetensors.ts';
import { keepPacks, packName, rowsOf } from './kept-packs.ts';
import { joined, packVelocity, type Denoiser, type Trajectories, type TrajectoryOptions } from './trajectories.ts';

/** Options of {@link openOwnStates}. */
export interface OwnStatesOptions extends Pick<TrajectoryOptions, 'dir' | 'identity' | 'signal' | 'onProgress'> {
  readonly student: Denoiser;
  /** The student's, tower included. */
  readonly weights: Readonly<Record<string, Float32Array>>;
  readonly trajectories: Trajectories;
}

/** Where a student itself gets to: of training pack `index` its states at the starts of all segments, `[segments]` arrays; the first is the noise. */
export type OwnStates = (index: number) => Promise<readonly Float32Array[]>;

/**
 * Runs the student from the noise of every training pack, in as many Euler steps as there are segments, and keeps its states. Files and errors as
 * with {@link import('./trajectories.ts').openTrajectories}.
 */
export async function openOwnStates({ student, weights, trajectories, dir, identity, signal, onProgress }: OwnStatesOptions): Promise<OwnStates> {
  const { segments, packs } = trajectories, files = Array.from({ length: packs.train }, (_, index) => packName('train', index));
  using programs = new ProgramCache(1);
  await keepPacks({
    dir, what: "a student's states", identity, files, signal, onProgress,
    async write(index, file) {
      const of = await trajectories.read('train', index), { states: [noise], sigmas, pack } = of, own: Float32Array[] = [];
      const sample = { noise: noise!, pack, sigmas: sigmas.slice(0, segments), velocity: packVelocity(student, programs, of, weights), ...(signal ? { signal } : {}) };
      if (segments > 1) await SAMPLER_TABLE.euler.sample({ ...sample, onStep: ({ z }) => { own.push(z.slice()); } });
      await writeTensors(file, new Map([['states', { shape: [own.length, noise!.length], data: Uint16Array.from(joined(own), toHalf) }]]), { metadata: { identity } });
    },
  });
  return async (index) => {
    const [{ states: [noise] }, { tensors }] = await Promise.all([trajectories.read('train', index), readHalves(join(dir, files[index]!))]);
    return [noise!, ...rowsOf(tensors.get('states')!)];
  };
}
