/** @file Arithmetic of one film by phase, from its graphs: products of the text program, of every call of the denoiser, of every chunk of the decoder. */
import { frameSigmas } from '../src/diffusion/frames.ts';
import { isGuided } from '../src/diffusion/guidance.ts';
import { SAMPLER_TABLE } from '../src/diffusion/samplers/registry.ts';
import { sigmaGrid } from '../src/diffusion/timesteps.ts';
import { latentFrames } from '../src/models/vae/config.ts';
import { denoiseOutputs, filmLayout, textOutputs } from '../src/pipeline/sampling/denoise.ts';
import type { ModelInfo } from '../src/pipeline/model/model-store.ts';
import type { FilmSettings } from '../src/pipeline/settings/film-options.ts';
import { guidanceOf } from '../src/pipeline/settings/film-windows.ts';
import { sizeRule } from '../src/pipeline/settings/size-rule.ts';
import { chunkOutputs } from '../src/pipeline/sampling/vae-stream.ts';
import { graphFlop, graphStats } from './graph-stats.ts';

/** 10⁹ operations of each phase that multiplies matrices (of `sample`, `sampleInt8` in 8-bit integers), and the denoiser's calls with two guidance branches and with one. */
export interface FilmFlops {
  readonly text: number;
  readonly sample: number;
  readonly sampleInt8: number;
  readonly decode: number;
  readonly guidedCalls: number;
  readonly plainCalls: number;
}

/** The arithmetic of a film without given images. Calls of the denoiser are counted by running its sampler over nothing. */
export async function filmFlops(s: FilmSettings, { vae, dit, text, ...info }: ModelInfo): Promise<FilmFlops> {
  const gflop = (outputs: Parameters<typeof graphFlop>[0]): number => graphFlop(outputs) / 1e9, { token } = sizeRule({ dit, ...info });
  const frames = latentFrames(s.frames), guidance = guidanceOf(s), calls = { guided: 0, plain: 0 };
  await SAMPLER_TABLE[s.sampler].sample({
    noise: new Float32Array(frames), pack: [{ frames, perFrame: 1 }],
    sigmas: frameSigmas(sigmaGrid(s.steps, s.shift), frames), keys: [{ seed: s.seed, stream: 'sampler', step: 0 }],
    velocity: (z, sigma) => {
      calls[sigma.some((x) => isGuided(x, guidance)) ? 'guided' : 'plain']++;
      return Promise.resolve(new Float32Array(z.length));
    },
  });
  const film = { frames, height: s.height / token, width: s.width / token, context: [] };
  const denoiser = (branches: number): Parameters<typeof graphFlop>[0] => Object.values(denoiseOutputs(filmLayout(film, branches), dit.config, text.config, s.quantize));
  const sampled = (count: (outputs: Parameters<typeof graphFlop>[0]) => number): number =>
    (calls.guided > 0 ? calls.guided * count(denoiser(2)) : 0) + (calls.plain > 0 ? calls.plain * count(denoiser(1)) : 0);
  const inIntegers = (outputs: Parameters<typeof graphFlop>[0]): number => graphStats(outputs).reduce((n, { op, flop }) => n + (op === 'int8Matmul' ? flop / 1e9 : 0), 0);
  const chunk = (first: boolean): number => gflop(Object.values(chunkOutputs('decode', first, vae.config, s)));
  return {
    text: gflop(Object.values(textOutputs(dit.config, text.config))), sample: sampled(gflop), sampleInt8: sampled(inIntegers),
    decode: chunk(true) + (frames > 1 ? (frames - 1) * chunk(false) : 0), guidedCalls: calls.guided, plainCalls: calls.plain,
  };
}
