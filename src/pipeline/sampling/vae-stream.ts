/**
 * @file The video autoencoder in chunks of one latent frame (four film frames; the first one alone), each layer's last frames kept from chunk to
 * chunk. Memory is that of one chunk, whatever the film's length, and frames leave the decoder while later ones are not yet computed.
 * All films go this way, short ones too, so that there is one result. Two programs per size and direction: first chunk, later chunk.
 */
import type { Backend, HostArray, Program } from '../../backend/backend.ts';
import type { ProgramCache } from '../../backend/cache.ts';
import { Graph, type Tensor } from '../../graph/graph.ts';
import { SPACE_FACTOR, TIME_FACTOR, type VaeConfig } from '../../models/vae/config.ts';
import { decode, decoderParams, encode, encoderParams } from '../../models/vae/vae.ts';
import type { TimeContext } from '../../nn/conv3d.ts';
import { bindParams } from '../../nn/param.ts';
import type { Weights } from '../model/model-info.ts';

/** An autoencoder that can run. */
export interface VaeRuntime {
  readonly backend: Backend;
  readonly programs: ProgramCache;
  readonly config: VaeConfig;
  /** Names encoder.* and decoder.*. */
  readonly weights: Weights;
}

/** Size of a film in pixels. */
export interface FilmSize { readonly width: number; readonly height: number }

type Direction = 'encode' | 'decode';

/** The outputs of one chunk's graph: `result`, and `keep:<layer>` for the next chunk, which reads it as `before:<layer>`. */
export function chunkOutputs(direction: Direction, first: boolean, config: VaeConfig, { width, height }: FilmSize): Record<string, Tensor> {
  const graph = new Graph(), outputs: Record<string, Tensor> = {};
  const context: TimeContext = {
    first,
    before: (name, shape) => (first ? null : graph.input(`before:${name}`, shape)),
    keep: (name, frames) => { outputs[`keep:${name}`] = frames; },
  };
  const frames = first ? 1 : TIME_FACTOR, rows = height / SPACE_FACTOR, columns = width / SPACE_FACTOR;
  outputs['result'] = direction === 'decode'
    ? decode(bindParams(graph, decoderParams(config), 'decoder.'), graph.input('chunk', [1, config.latentChannels, 1, rows, columns]), config, context)
    : encode(bindParams(graph, encoderParams(config), 'encoder.'), graph.input('chunk', [1, 3, frames, height, width]), config, context).mean;
  return outputs;
}

/** The program of a chunk. */
export function chunkProgram(vae: VaeRuntime, direction: Direction, first: boolean, size: FilmSize): Promise<Program> {
  return vae.programs.get(`${direction} ${first ? 'first' : 'later'} ${size.width}×${size.height}`, () =>
    vae.backend.compile({ outputs: chunkOutputs(direction, first, vae.config, size), fixed: Object.keys(vae.weights) }));
}

/** Runs chunks one after the other; each gets what its predecessor kept. */
async function* runChunks(vae: VaeRuntime, direction: Direction, size: FilmSize, chunks: Iterable<Float32Array>): AsyncGenerator<Float32Array> {
  let kept: Record<string, HostArray> = {}, first = true;
  for (const chunk of chunks) {
    const program = await chunkProgram(vae, direction, first, size);
    const { result, ...keep } = await program.run({ ...vae.weights, ...kept, chunk });
    kept = Object.fromEntries(Object.entries(keep).map(([name, value]) => [name.replace('keep:', 'before:'), value]));
    first = false;
    yield result!;
  }
}

/** Cuts `[C, T, plane]` into pieces along T: the first of 1, later ones of `later`. */
function* cutTime(data: Float32Array, channels: number, plane: number, later: number): Generator<Float32Array> {
  const total = data.length / channels / plane;
  for (let start = 0, length = 1; start < total; start += length, length = later) {
    const piece = new Float32Array(channels * length * plane);
    for (let c = 0; c < channels; c++) piece.set(data.subarray((c * total + start) * plane, (c * total + start + length) * plane), c * length * plane);
    yield piece;
  }
}

/** Latents `[C, T', H/8, W/8]` → chunks of video `[3, t, H, W]`: t = 1, then 4, 4, … */
export async function* decodeFilm(vae: VaeRuntime, latents: Float32Array, size: FilmSize): AsyncGenerator<Float32Array> {
  const plane = (size.height / SPACE_FACTOR) * (size.width / SPACE_FACTOR);
  yield* runChunks(vae, 'decode', size, cutTime(latents, vae.config.latentChannels, plane, 1));
}

/** Video `[3, 4n + 1, H, W]` in [−1, 1] → latents `[C, n + 1, H/8, W/8]`: the means of the posterior. */
export async function encodeFilm(vae: VaeRuntime, video: Float32Array, size: FilmSize): Promise<Float32Array> {
  const pixels = size.height * size.width, frames = video.length / 3 / pixels;
  if ((frames - 1) % TIME_FACTOR !== 0) throw new RangeError(`a film is encoded as 4n + 1 frames, got ${frames}`);
  const { latentChannels } = vae.config, total = (frames - 1) / TIME_FACTOR + 1, plane = pixels / SPACE_FACTOR ** 2;
  const out = new Float32Array(latentChannels * total * plane);
  let t = 0;
  for await (const latent of runChunks(vae, 'encode', size, cutTime(video, 3, pixels, TIME_FACTOR))) {
    for (let c = 0; c < latentChannels; c++) out.set(latent.subarray(c * plane, (c + 1) * plane), (c * total + t) * plane);
    t++;
  }
  return out;
}
