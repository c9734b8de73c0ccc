/**
 * @file Latents of clips, computed once: `[clips, C, T', H', W']` in half precision, one file a shape, in the autoencoder's own scale.
 * Beside each clip lie the latents of single frames of it (first, last, one between), encoded alone as images, exactly as given frames
 * will be at inference; a file of endings holds the last frames of the same clips, encoded alone as a clip. A file carries the hash of the
 * autoencoder that made it and refuses another's. Those of a dataset lie in shards (latent-shards.ts).
 */
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Backend } from '../../backend/backend.ts';
import { ProgramCache } from '../../backend/cache.ts';
import { FileError, InputError } from '../../core/errors.ts';
import type { Split } from '../../data/sprites/world.ts';
import { Graph } from '../../graph/graph.ts';
import { fromHalves, toHalf } from '../../io/half.ts';
import { readHalves, sha256, writeTensors, type HalfTensor } from '../../io/safetensors.ts';
import { sliceFrames, toModel, type Frames } from '../../media/frames.ts';
import { fileError } from '../../media/pending.ts';
import { decodedFrames, latentFrames, SPACE_FACTOR, type VaeConfig } from '../../models/vae/config.ts';
import { encode, vaeParams } from '../../models/vae/vae.ts';
import { bindParams } from '../../nn/param.ts';
import { type ClipShape, GIVEN_FRAMES, givenFrames, hasGiven, shapeName } from './clip-shape.ts';
import type { ClipSource } from './clip-source.ts';

/** A frozen autoencoder: configuration, weights by parameter name, hash of its encoder, statistics of its latents. */
export interface FrozenVae {
  readonly config: VaeConfig;
  readonly weights: Readonly<Record<string, Float32Array>>;
  readonly hash: string;
  /** Per latent channel, over training clips. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** Encodes videos of one batch shape to posterior means `[B, C, T', H', W']`, not normalised. Programs are compiled once a shape, and live until it is disposed of. */
export function encoder(vae: Pick<FrozenVae, 'config' | 'weights'>, backend: Backend): ((frames: readonly Frames[]) => Promise<Float32Array>) & Disposable {
  const programs = new ProgramCache(2), specs = { encoder: vaeParams(vae.config).encoder };      // clips and single frames
  const encodeFilms = async (films: readonly Frames[]): Promise<Float32Array> => {
    const [{ count, height, width }] = films as [Frames], shape = [films.length, 3, count, height, width];
    const program = await programs.get(shape.join(), () => {
      const graph = new Graph(), p = bindParams(graph, specs);
      return backend.compile({ outputs: { mean: encode(p.encoder, graph.input('video', shape), vae.config).mean } });
    });
    const size = 3 * count * height * width, video = new Float32Array(films.length * size);
    films.forEach((f, i) => { video.set(toModel(f), i * size); });
    return (await program.run({ ...vae.weights, video }))['mean']!;
  };
  return Object.assign(encodeFilms, { [Symbol.dispose]() { programs[Symbol.dispose](); } });
}

/** Options of {@link cacheLatents}. */
export interface CacheOptions {
  readonly vae: FrozenVae;
  readonly source: ClipSource;
  readonly backend: Backend;
  readonly dir: string;
  readonly seed: number;
  readonly split: Split;
  readonly shape: ClipShape;
  readonly clips: number;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Latents of one shape, open for random access. */
export interface LatentClips {
  readonly shape: ClipShape;
  readonly clips: number;
  /** Latent frames of a clip. */
  readonly frames: number;
  /** Values of one latent frame: H'·W'·C. */
  readonly perFrame: number;
  /** Latents of clip `index` `[C, T', H', W']`. */
  clip(index: number): Float32Array;
  /** Latents `[C, 1, H', W']` of single frame `which` (0 … 2, see {@link givenFrames}). */
  given(index: number, which: number): Float32Array;
}

const BATCH = 8;

/** Throws a FileError when a cache file was made by another autoencoder. */
export function refuseOther(file: string, made: string | undefined, { hash }: FrozenVae): void {
  if (made !== hash) throw new FileError(`${file} holds latents of autoencoder ${made}, this one is ${hash}; remove the folder or use another`);
}

/** Makes (unless they are there) and opens the latents of one shape. Throws a FileError when the file belongs to another autoencoder. */
export async function cacheLatents(o: CacheOptions): Promise<LatentClips> {
  const { vae, shape } = o;
  const identity = sha256(JSON.stringify([o.seed, o.split, shape, o.clips, GIVEN_FRAMES, o.source.fingerprint()])).slice(0, 12);
  const file = join(o.dir, `${o.split}-${shapeName(shape).replace('/', '-')}-${identity}.safetensors`);
  const present = await stat(file).then(() => true, () => false);
  if (!present) await writeCache(o, file);
  const { tensors, metadata } = await readHalves(file);
  refuseOther(file, metadata['vae'], vae);
  const clips = tensors.get('clips')!, given = tensors.get('given')!;
  const frames = latentFrames(shape.ending ?? shape.frames), perFrame = clips.data.length / o.clips / frames;
  const window = (t: HalfTensor, start: number, length: number): Float32Array => fromHalves(t.data.subarray(start, start + length));
  return {
    shape, clips: o.clips, frames, perFrame,
    clip: (index) => window(clips, index * frames * perFrame, frames * perFrame),
    given: (index, which) => window(given, (index * GIVEN_FRAMES + which) * perFrame, perFrame),
  };
}

/** Throws an InputError unless clips of a shape have whole latents. */
function checkWhole(shape: ClipShape): void {
  for (const frames of [shape.frames, shape.ending ?? 1]) {
    if (decodedFrames(latentFrames(frames)) !== frames) throw new InputError(`clips of ${frames} frames have no whole latents: wanted 4n + 1`);
  }
  if (shape.ending !== undefined && shape.ending >= shape.frames) throw new InputError(`an ending of ${shape.ending} frames of clips of ${shape.frames}: wanted fewer`);
}

/** Values of a latent frame of a shape. */
export const latentSize = (shape: ClipShape, { latentChannels }: Pick<VaeConfig, 'latentChannels'>): number =>
  latentChannels * (shape.height / SPACE_FACTOR) * (shape.width / SPACE_FACTOR);

/** Options of {@link encodeRange}. */
export interface EncodeOptions extends Pick<CacheOptions, 'vae' | 'source' | 'seed' | 'split' | 'shape'> {
  /** Of {@link encoder}. */
  readonly encodeFilms: (frames: readonly Frames[]) => Promise<Float32Array>;
  /** Clips first … first + count − 1. */
  readonly first: number;
  readonly count: number;
  /** Clips that are encoded together. */
  readonly batch: number;
  /** Clips of the range that are done. */
  readonly onProgress?: (done: number) => void;
}

/** The tensors of a cache file: latents of clips, and of single frames beside them. */
export async function encodeRange(o: EncodeOptions): Promise<Map<string, HalfTensor>> {
  const { vae, source, seed, split, shape, encodeFilms, first: begin, count, batch, onProgress } = o;
  const perFrame = latentSize(shape, vae.config), perClip = latentFrames(shape.ending ?? shape.frames) * perFrame;
  const all = new Uint16Array(count * perClip), singles = new Uint16Array(hasGiven(shape) ? count * GIVEN_FRAMES * perFrame : 1);
  for (let first = 0; first < count; first += batch) {
    const n = Math.min(batch, count - first);
    const films = await Promise.all(Array.from({ length: n }, (_, i) => source.clip({ seed, split, shape, index: begin + first + i })));
    const z = await encodeFilms(films.map((film) => sliceFrames(film, film.count - (shape.ending ?? film.count))));
    for (let i = 0; i < z.length; i++) all[first * perClip + i] = toHalf(z[i]!);
    if (hasGiven(shape)) {
      const images = films.flatMap((film, i) => givenFrames(seed, split, shape, begin + first + i).map((t) => sliceFrames(film, t, t + 1)));
      const zs = await encodeFilms(images);
      for (let i = 0; i < zs.length; i++) singles[first * GIVEN_FRAMES * perFrame + i] = toHalf(zs[i]!);
    }
    onProgress?.(first + n);
  }
  return new Map([['clips', { shape: [count, perClip], data: all }], ['given', { shape: [singles.length], data: singles }]]);
}

async function writeCache(o: CacheOptions, file: string): Promise<void> {
  const { vae, backend, dir, seed, split, shape, clips, onProgress } = o;
  checkWhole(shape);
  await mkdir(dir, { recursive: true }).catch((cause: unknown) => { throw fileError('make', dir, cause); });
  using encodeFilms = encoder(vae, backend);
  const tensors = await encodeRange({ ...o, encodeFilms, first: 0, count: clips, batch: BATCH, onProgress: (done) => { onProgress?.(done, clips); } });
  await writeTensors(file, tensors, { metadata: { vae: vae.hash, seed: String(seed), split, shape: shapeName(shape) } });
}

/** Mean and standard deviation per latent channel over `clips` training clips. */
export async function latentStatistics(
  vae: Pick<FrozenVae, 'config' | 'weights'>, source: ClipSource, backend: Backend, seed: number, clips: number,
): Promise<{ mean: number[]; std: number[] }> {
  const channels = vae.config.latentChannels, sum = new Float64Array(channels), squares = new Float64Array(channels);
  using encodeFilms = encoder(vae, backend);
  let count = 0;
  for (let first = 0; first < clips; first += BATCH) {
    const pieces = await Promise.all(Array.from({ length: BATCH }, (_, i) =>
      source.piece({ key: { seed, stream: 'vae/statistics', step: first + i }, split: 'train', size: source.main })));
    const z = await encodeFilms(pieces.map(({ frames }) => frames)), positions = z.length / BATCH / channels;
    for (let i = 0; i < z.length; i++) {
      const c = Math.floor(i / positions) % channels;
      sum[c]! += z[i]!; squares[c]! += z[i]! ** 2;
    }
    count += BATCH * positions;
  }
  const mean = [...sum].map((s) => s / count);
  return { mean, std: [...squares].map((s, c) => Math.sqrt(s / count - mean[c]! ** 2)) };
}
