/**
 * @file Where a student gets to by itself, and where its teacher goes from there: what later rounds of its training start from and are led to (docs/decisions/013).
 * Dataset aggregation (Ross et al. 2011, section 3, arXiv:1011.0686): the expert is asked anew at the learner's own states.
 */
import { join } from 'node:path';
import { ProgramCache } from '../../backend/cache.ts';
import { SAMPLER_TABLE } from '../../diffusion/samplers/registry.ts';
import { toHalf } from '../../io/half.ts';
import { readHalves, writeTensors } from '../../io/safetensors.ts';
import { keepPacks, packName, rowsOf } from './kept-packs.ts';
import { guidedVelocity, joined, packSigmas, packVelocity, type Denoiser, type Trajectories, type TrajectoryOptions } from './trajectories.ts';

/** Options of {@link openOwnStates}. */
export interface OwnStatesOptions extends Pick<TrajectoryOptions, 'dir' | 'identity' | 'signal' | 'onProgress' | 'teacher'> {
  readonly student: Denoiser;
  /** The student's, tower included. */
  readonly weights: Readonly<Record<string, Float32Array>>;
  readonly trajectories: Trajectories;
}

/** Starts and ends of all segments, `[segments]` arrays of a pack's values each. */
export interface SegmentEnds {
  readonly starts: readonly Float32Array[];
  readonly ends: readonly Float32Array[];
}

/** Of training pack `index` the student's own states at the starts of all segments, noise first, and where the teacher's steps of that segment lead from each. */
export type OwnStates = (index: number) => Promise<SegmentEnds>;

/**
 * Runs the student from the noise of every training pack, in as many Euler steps as there are segments, and from each state that it gets to the teacher, guided,
 * to the segment's end; keeps both. A sampler of several steps begins anew at each of these states. Files and errors as with {@link import('./trajectories.ts').openTrajectories}.
 */
export async function openOwnStates({ student, teacher, weights, trajectories, dir, identity, signal, onProgress }: OwnStatesOptions): Promise<OwnStates> {
  const { segments, packs } = trajectories, files = Array.from({ length: packs.train }, (_, index) => packName('train', index));
  const { sampler, steps, shift, guidance } = teacher.sampling, each = steps / segments, stop = signal ? { signal } : {};
  using programs = new ProgramCache(2);                          // with and without words; the student's are the teacher's
  await keepPacks({
    dir, what: "a student's states", identity, files, signal, onProgress,
    async write(index, file) {
      const of = await trajectories.read('train', index), { states: [noise], sigmas, pack } = of, own: Float32Array[] = [], ends: Float32Array[] = [];
      const sample = { noise: noise!, pack, sigmas: sigmas.slice(0, segments), velocity: packVelocity(student, programs, of, weights), ...stop };
      if (segments > 1) await SAMPLER_TABLE.euler.sample({ ...sample, onStep: ({ z }) => { own.push(z.slice()); } });
      const rows = packSigmas(of, steps, shift), velocity = guidedVelocity(teacher, programs, of, teacher.weights, guidance);
      for (const [i, start] of own.entries()) {
        const first = (i + 1) * each;
        ends.push(await SAMPLER_TABLE[sampler].sample({ noise: start, pack, sigmas: rows.slice(first, first + each + 1), velocity, ...stop }));
      }
      const shape = [own.length, noise!.length];
      await writeTensors(file, new Map([
        ['states', { shape, data: Uint16Array.from(joined(own), toHalf) }], ['ends', { shape, data: Uint16Array.from(joined(ends), toHalf) }],
      ]), { metadata: { identity } });
    },
  });
  return async (index) => {
    const [{ states: [noise, end] }, { tensors }] = await Promise.all([trajectories.read('train', index), readHalves(join(dir, files[index]!))]);
    return { starts: [noise!, ...rowsOf(tensors.get('states')!)], ends: [end!, ...rowsOf(tensors.get('ends')!)] };
  };
}
