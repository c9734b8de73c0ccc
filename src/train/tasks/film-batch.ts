/**
 * @file Films of a few prompts from weights in training: Euler steps of the guided velocity, all films and both branches in one pack, decoded.
 * What a run looks at; users' films come from the pipeline, one film a pack.
 */
import type { Backend, Program } from '../../backend/backend.ts';
import { normals } from '../../core/random.ts';
import { frameSigmas } from '../../diffusion/frames.ts';
import { guide } from '../../diffusion/guidance.ts';
import { convertPrediction } from '../../diffusion/prediction.ts';
import { SAMPLER_TABLE } from '../../diffusion/samplers/registry.ts';
import { shiftForTokens, sigmaGrid } from '../../diffusion/timesteps.ts';
import { Graph } from '../../graph/graph.ts';
import { fromModel, type Frames } from '../../media/frames.ts';
import type { PackLayout } from '../../models/dit/layout.ts';
import { GENERATED, latentTime, packFeeds } from '../../models/dit/pack-feeds.ts';
import { unpatchify } from '../../models/dit/patch.ts';
import { decodedFrames, latentFrames, SPACE_FACTOR } from '../../models/vae/config.ts';
import { decode, vaeParams } from '../../models/vae/vae.ts';
import { bindParams } from '../../nn/param.ts';
import { captionFeeds } from './caption-feeds.ts';
import { filmDenoiser, filmParams, type DiTTaskParts } from './dit-task.ts';
import type { ClipShape } from '../clips/clip-shape.ts';
import type { FrozenVae } from '../clips/latents.ts';

/** Options of {@link filmBatch}. */
export interface FilmBatchOptions {
  readonly shape: ClipShape;
  readonly prompts: readonly string[];
  /** Films of one pack. Default all. */
  readonly together?: number;
  readonly steps: number;
  readonly guidance: number;
  /** Film i has the noise of seed + i. */
  readonly seed: number;
}

/** Latents `[C, T', H', W']` in the autoencoder's own scale → a film. */
export function filmDecoder(vae: FrozenVae, backend: Backend, shape: ClipShape): (latents: Float32Array) => Promise<Frames> {
  const graph = new Graph(), frames = latentFrames(shape.frames);
  const latents = graph.input('latents', [1, vae.config.latentChannels, frames, shape.height / SPACE_FACTOR, shape.width / SPACE_FACTOR]);
  const program = backend.compile({ outputs: { video: decode(bindParams(graph, { decoder: vaeParams(vae.config).decoder }).decoder, latents, vae.config) } });
  return async (values) => {
    const { video } = await (await program).run({ ...vae.weights, latents: values });
    return fromModel(video!, { count: decodedFrames(frames), height: shape.height, width: shape.width, channels: 3, fps: 8 });
  };
}

/** Compiles once; each call makes the films that weights give. */
export function filmBatch(
  { config, text, data, vae, tokenizer, backend }: DiTTaskParts, { shape, prompts, together = prompts.length, steps, guidance, seed }: FilmBatchOptions,
): (weights: Readonly<Record<string, Float32Array>>) => Promise<Frames[]> {
  const count = together, frames = latentFrames(shape.frames), times = Array.from({ length: frames }, (_, i) => latentTime(i)), kinds = times.map(() => GENERATED);
  const side = (pixels: number): number => pixels / SPACE_FACTOR / config.patch;
  const group = { frames, height: side(shape.height), width: side(shape.width), count: 2 * count }, layout: PackLayout = { groups: [group], captions: 2 * count };
  const perFrame = group.height * group.width * config.channels * config.patch ** 2, perFilm = frames * perFrame;
  const pack = Array.from({ length: count }, () => ({ frames, perFrame }));
  const sigmas = frameSigmas(sigmaGrid(steps, data.shift * shiftForTokens(frames * (shape.height / SPACE_FACTOR) * (shape.width / SPACE_FACTOR))), count * frames);
  const toFrames = filmDecoder(vae, backend, shape);
  let compiled: Promise<Program> | undefined;
  const compile = (): Promise<Program> => {
    const graph = new Graph();
    return backend.compile({ outputs: { prediction: filmDenoiser(graph, bindParams(graph, filmParams(config, text)), layout, config, text) } });
  };
  const film = (values: Float32Array, i: number): Float32Array => values.slice(i * perFilm, (i + 1) * perFilm);

  /** The films of prompts `first` … `first + count - 1`; a last pack that is not full makes its last film several times. */
  async function packOf(weights: Readonly<Record<string, Float32Array>>, first: number): Promise<Frames[]> {
    const program = await (compiled ??= compile()), noise = new Float32Array(count * perFilm);
    const which = Array.from({ length: count }, (_, i) => Math.min(first + i, prompts.length - 1));
    which.forEach((film, i) => { noise.set(normals({ seed: seed + film, stream: 'dit/sheet', step: 0 }, perFilm), i * perFilm); });
    const captions = captionFeeds([...which.map((i) => prompts[i]!), ...which.map(() => '')], tokenizer, text.length);
    const velocity = async (z: Float32Array, levels: Float32Array): Promise<Float32Array> => {
      const segments = Array.from({ length: 2 * count }, (_, i) => ({
        times, kinds, sigmas: levels.slice(i % count * frames, (i % count + 1) * frames), captions: times.map(() => i), tokens: film(z, i % count),
      }));
      const { prediction } = await program.run({ ...weights, ...packFeeds(layout, segments, config), ...captions });
      const [cond, uncond] = [0, 1].map((b) => convertPrediction(prediction!.subarray(b * z.length, (b + 1) * z.length), {
        from: data.prediction, to: 'velocity', z, sigma: levels, pack,
      })) as [Float32Array, Float32Array];
      const guided = new Float32Array(z.length);
      for (let i = 0; i < count; i++) {
        const branches = { cond: film(cond, i), uncond: film(uncond, i), sigma: levels.slice(i * frames, (i + 1) * frames), layout: { frames, perFrame } };
        guided.set(guide(branches, { scale: guidance }), i * perFilm);
      }
      return guided;
    };
    const z = await SAMPLER_TABLE.euler.sample({ noise, pack, sigmas, velocity }), films: Frames[] = [];
    for (let i = 0; i < Math.min(count, prompts.length - first); i++) {
      films.push(await toFrames(unpatchify(film(z, i), {
        channels: config.channels, frames, height: shape.height / SPACE_FACTOR, width: shape.width / SPACE_FACTOR, patch: config.patch, stats: vae,
      })));
    }
    return films;
  }

  return async (weights) => {
    const films: Frames[] = [];
    for (let first = 0; first < prompts.length; first += count) films.push(...await packOf(weights, first));
    return films;
  };
}
