/**
 * @file What each preset is, from its graph alone: parameters, operations of one forward pass, and the most memory that its values take at once.
 * Nothing runs. Ours see the default film of 17×64×64 (one guidance branch, the caption's keys and values given), the paper's its own latent of 32×32×4.
 * The table of docs/concepts/presets.md.
 */
import { InputError } from '../src/core/errors.ts';
import { Graph, type Tensor } from '../src/graph/graph.ts';
import { peakBytes } from '../src/graph/memory.ts';
import { DIT_PRESETS, type DiTConfig } from '../src/models/dit/config.ts';
import { dit, ditParams, packInputs } from '../src/models/dit/dit.ts';
import { latentFrames, SPACE_FACTOR, VAE_PRESETS, type VaeConfig } from '../src/models/vae/config.ts';
import { decode, decoderParams, encode, encoderParams } from '../src/models/vae/vae.ts';
import { bindParams, countParams, type Bound } from '../src/nn/param.ts';
import { denoiseOutputs, filmLayout } from '../src/pipeline/sampling/denoise.ts';
import type { Bench, BenchCase } from './contract.ts';
import { graphFlop } from './graph-stats.ts';

/** The default film. */
const FILM = { frames: 17, height: 64, width: 64 } as const;
/** What models/sprites-64 is: a preset with the channels of its autoencoder. */
const SHIPPED: DiTConfig = { ...DIT_PRESETS.small, channels: 256, skip: true, follow: true };
/** Tokens of a caption, as in models/sprites-64; of the text tower a denoiser's graph needs nothing else but its width. */
const CAPTION = 96;

const row = (preset: string, input: string, specs: unknown, output: Tensor): BenchCase =>
  ({ preset, input, parameters: countParams(specs), gflop: graphFlop([output]) / 1e9, peak_mb: peakBytes({ output }) / 1e6 });

/** The denoiser of the default film, or for a preset without text that of one image of 16×16 tokens (Peebles & Xie 2022, table 4). */
function denoiser(name: string, config: DiTConfig): BenchCase {
  const { textWidth, channels, patch } = config, specs = ditParams(config);
  if (textWidth === null) {
    const graph = new Graph(), side = 16, layout = { groups: [{ frames: 1, height: side, width: side, count: 1 }], captions: 0 };
    const params = bindParams(graph, specs) as Bound<ReturnType<typeof ditParams>>;
    return row(name, `latent ${side * patch}x${side * patch}x${channels}`, specs, dit(params, packInputs(graph, layout, config), layout, config));
  }
  const side = (pixels: number): number => pixels / SPACE_FACTOR / patch;
  const film = { frames: latentFrames(FILM.frames), height: side(FILM.height), width: side(FILM.width), context: [] };
  const { prediction } = denoiseOutputs(filmLayout(film, 1), config, { vocabulary: 0, length: CAPTION, width: textWidth, depth: 0, heads: 1, mlp: config.mlp });
  return row(name, 'film 17x64x64', specs, prediction!);
}

/** Encoder and decoder of the default film as a whole; films are made in chunks, which take less memory. */
function autoencoder(name: string, config: VaeConfig): BenchCase[] {
  const graph = new Graph(), encoder = encoderParams(config), decoder = decoderParams(config);
  const video = graph.input('video', [1, 3, FILM.frames, FILM.height, FILM.width]), { mean } = encode(bindParams(graph, encoder, 'encoder.'), video, config);
  const latents = graph.input('latents', mean.shape);
  return [
    row(`vae ${name}, encode`, 'film 17x64x64', encoder, mean),
    row(`vae ${name}, decode`, 'film 17x64x64', decoder, decode(bindParams(graph, decoder, 'decoder.'), latents, config)),
  ];
}

/** The bench. */
export const bench: Bench = {
  summary: 'parameters, arithmetic and memory of every preset, from the graphs',
  run({ flags }) {
    for (const flag of Object.keys(flags)) throw new InputError(`flag "${flag}" is not known; this bench has none`);
    const cases = [
      ...Object.entries({ ...DIT_PRESETS, 'small, as in sprites-64': SHIPPED }).map(([name, config]) => denoiser(name, config)),
      ...Object.entries(VAE_PRESETS).flatMap(([name, config]) => autoencoder(name, config)),
    ];
    return Promise.resolve({ config: { film: FILM, caption: CAPTION, dit: DIT_PRESETS, vae: VAE_PRESETS }, cases });
  },
};
