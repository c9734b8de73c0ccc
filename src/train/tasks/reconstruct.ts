/**
 * @file Films through a frozen autoencoder and back, in batches of one shape: what a model's films can at best look like.
 */
import type { Backend, Program } from '../../backend/backend.ts';
import { ProgramCache } from '../../backend/cache.ts';
import { normals, type RandomKey } from '../../core/random.ts';
import { Graph } from '../../graph/graph.ts';
import { add } from '../../graph/build.ts';
import { fromModel, sliceFrames, toModel, concatFrames, type Frames } from '../../media/frames.ts';
import { decodedFrames, latentFrames, SPACE_FACTOR } from '../../models/vae/config.ts';
import { decode, encode, vaeParams } from '../../models/vae/vae.ts';
import { bindParams } from '../../nn/param.ts';
import type { FrozenVae } from '../clips/latents.ts';

/** Options of one call of a {@link Reconstructor}. */
export interface ReconstructOptions {
  /** Gaussian noise added to the latents, in the autoencoder's own scale. Default none. */
  readonly noise?: { readonly key: RandomKey; readonly std: number };
}

/** Encodes and decodes films of one shape; any number of frames (encoded as the next 4n + 1, the last frame repeated, and trimmed). */
export type Reconstructor = (films: readonly Frames[], o?: ReconstructOptions) => Promise<Frames[]>;

/** Films a batch. */
const BATCH = 8;
/** Shapes that stay compiled: a measurement goes to and fro between clips and images. */
const SHAPES = 2;

/** The films that `vae` makes of films. Programs are compiled once a shape, and live until it is disposed of. */
export function reconstructor(vae: Pick<FrozenVae, 'config' | 'weights'>, backend: Backend): Reconstructor & Disposable {
  const programs = new ProgramCache(SHAPES);
  const compile = (frames: number, height: number, width: number): Promise<Program> => {
    const graph = new Graph(), p = bindParams(graph, vaeParams(vae.config));
    const { mean } = encode(p.encoder, graph.input('video', [BATCH, 3, frames, height, width]), vae.config);
    return backend.compile({ outputs: { video: decode(p.decoder, add(mean, graph.input('noise', mean.shape)), vae.config) } });
  };
  const reconstruct: Reconstructor = async (films, { noise } = {}) => {
    const out: Frames[] = [];
    for (let first = 0; first < films.length; first += BATCH) {
      const part = films.slice(first, first + BATCH), { count, height, width } = part[0]!;
      const frames = decodedFrames(latentFrames(count)), size = 3 * frames * height * width;
      const program = await programs.get(`${frames}x${height}x${width}`, () => compile(frames, height, width));
      const video = new Float32Array(BATCH * size);
      part.forEach((film, i) => {
        const last = sliceFrames(film, count - 1);
        video.set(toModel(frames === count ? film : concatFrames([film, ...Array.from({ length: frames - count }, () => last)])), i * size);
      });
      const latents = BATCH * vae.config.latentChannels * latentFrames(count) * (height / SPACE_FACTOR) * (width / SPACE_FACTOR);
      const added = noise ? normals({ ...noise.key, stream: `${noise.key.stream}/${first}` }, latents).map((x) => x * noise.std) : new Float32Array(latents);
      const { video: made } = await program.run({ ...vae.weights, video, noise: added });
      part.forEach((film, i) => { out.push(sliceFrames(fromModel(made!.slice(i * size, (i + 1) * size), { ...film, count: frames }), 0, count)); });
    }
    return out;
  };
  return Object.assign(reconstruct, { [Symbol.dispose]() { programs[Symbol.dispose](); } });
}
