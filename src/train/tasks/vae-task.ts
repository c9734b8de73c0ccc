/**
 * @file Training the video autoencoder on clips and images together.
 * Loss: squared error plus 0.1 × absolute error per value (the first is what PSNR measures, the second keeps edges of pixel art sharp), both
 * weighted up inside the characters' silhouette, and a KL term whose weight is near that of the evidence bound at the wanted 32 dB.
 */
import { join } from 'node:path';
import type { Backend } from '../../backend/backend.ts';
import { draws, normals, uniforms, type RandomKey } from '../../core/random.ts';
import { abs, add, exp, mean, mul, sub } from '../../graph/build.ts';
import { Graph } from '../../graph/graph.ts';
import { contactSheet, writePng } from '../../media/contact-sheet.ts';
import { fromModel, toModel, type Frames } from '../../media/frames.ts';
import { latentFrames, SPACE_FACTOR, type VaeConfig } from '../../models/vae/config.ts';
import { decode, encode, reparameterise, vaeParams } from '../../models/vae/vae.ts';
import { bindParams, type Bound } from '../../nn/param.ts';
import type { ClipSource } from '../clips/clip-source.ts';
import type { Batch, TrainTask } from '../loop/loop.ts';
import { sideBySide, type WallFilm } from '../report/walls.ts';
import type { LossGraph } from '../loop/step-program.ts';

/** One shape of batch, and how often it is drawn. */
export interface VaeLayout {
  readonly frames: number;
  readonly width: number;
  readonly height: number;
  readonly batch: number;
  readonly share: number;
  /** Size of a window around the characters that is trained on, instead of the whole canvas: grounds are soon learnt. */
  readonly window?: { readonly width: number; readonly height: number } | undefined;
}

/** Data and loss part of a VAE run. */
export interface VaeTaskConfig {
  readonly seed: number;
  readonly layouts: readonly VaeLayout[];
  /** Weight of the KL term per latent value, against an error per pixel value. */
  readonly kl: number;
  /** Extra weight inside of the silhouette: 1 + silhouette. */
  readonly silhouette: number;
  /**
   * Most noise that is added to a clip's latents before decoding, in their own units (root mean square about 0.7); each clip draws its share. A decoder
   * that has seen it forgives a transformer's errors (RAE, Zheng et al. 2025, arXiv:2510.11690v1, section 4.3).
   */
  readonly latentNoise: number;
  /** Held-out clips of one validation. */
  readonly validationClips: number;
}

/** Clips of a wall: the first ones, and those that are reconstructed worst. */
const SHOWN = 8;

const shownOf = (l: VaeLayout): { readonly width: number; readonly height: number } => l.window ?? l;
const nameOf = (l: VaeLayout): string => `${l.frames}x${shownOf(l).width}x${shownOf(l).height}x${l.batch}`;

/** Corner of a window over a clip: its centre is a random pixel of a silhouette's, moved so that the window stays on the canvas. */
function windowCorner(silhouette: Uint8Array, l: VaeLayout, key: RandomKey): { x: number; y: number } {
  const { width, height } = shownOf(l), d = draws(key), pixels = l.width * l.height;
  const inside = Array.from(silhouette.keys()).filter((j) => silhouette[j]);
  const centre = (inside.length > 0 ? d.pick(inside) : d.int(pixels)) % pixels;
  const corner = (at: number, size: number, canvas: number): number => Math.min(canvas - size, Math.max(0, at - (size >> 1)));
  return { x: corner(centre % l.width, width, l.width), y: corner(Math.floor(centre / l.width), height, l.height) };
}

/** Peak signal-to-noise ratio in dB of values in [−1, 1] (range 2) from a mean squared error. */
export const psnrOf = (meanSquare: number): number => 10 * Math.log10(4 / meanSquare);

/** The loss of one batch shape; inputs `video`, `weight`, `noise`, and `amplitude`, the noise on each clip's latents beside the posterior's. */
export function vaeLoss(graph: Graph, p: Bound<ReturnType<typeof vaeParams>>, l: VaeLayout, config: VaeConfig, o: Pick<VaeTaskConfig, 'kl'>): LossGraph {
  const { width, height } = shownOf(l);
  const video = graph.input('video', [l.batch, 3, l.frames, height, width]);
  const weight = graph.input('weight', [l.batch, 1, l.frames, height, width]);
  const posterior = encode(p.encoder, video, config);
  const noise = graph.input('noise', posterior.mean.shape);
  const disturbed = add(reparameterise(posterior, noise), mul(noise, graph.input('amplitude', [l.batch, 1, 1, 1, 1])));
  const difference = sub(decode(p.decoder, disturbed, config), video);
  const square = mul(difference, difference);
  const reconstruction = mean(mul(add(square, mul(abs(difference), 0.1)), weight));
  const { mean: mu, logVariance } = posterior;
  const kl = mul(mean(sub(add(mul(mu, mu), exp(logVariance)), add(logVariance, 1))), 0.5);
  return { loss: add(reconstruction, mul(kl, o.kl)), metrics: { reconstruction, kl, mse: mean(square) } };
}

type VaeParams = ReturnType<typeof vaeParams>;

/**
 * The task for {@link import('../loop/loop.ts').runTraining}. With `encoder`, its weights by name, only the decoder is trained.
 */
export function vaeTask(
  config: VaeConfig, o: VaeTaskConfig, source: ClipSource, backend: Backend, encoder?: Readonly<Record<string, Float32Array>>,
): TrainTask<Pick<VaeParams, 'decoder'> & Partial<VaeParams>> {
  const whole = vaeParams(config), specs = encoder ? { decoder: whole.decoder } : whole;
  const byName = new Map(o.layouts.map((l) => [nameOf(l), l]));
  const total = o.layouts.reduce((n, l) => n + l.share, 0);

  const latentSize = (l: VaeLayout): number => config.latentChannels * latentFrames(l.frames) * (shownOf(l).height / SPACE_FACTOR) * (shownOf(l).width / SPACE_FACTOR);

  return {
    specs,
    async batch(step): Promise<Batch> {
      let u = uniforms({ seed: o.seed, stream: 'vae/layout', step }, 1)[0]! * total;
      const layout = o.layouts.find((l) => (u -= l.share) < 0) ?? o.layouts.at(-1)!;
      const { width, height } = shownOf(layout), pixels = layout.frames * height * width;
      const video = new Float32Array(layout.batch * 3 * pixels), weight = new Float32Array(layout.batch * pixels);
      for (let i = 0; i < layout.batch; i++) {
        const key = { seed: o.seed, stream: 'vae/clip', step: step * 1024 + i };
        const { frames, silhouette } = await source.piece({ key, split: 'train', size: layout }), values = toModel(frames);
        const corner = layout.window ? windowCorner(silhouette, layout, { seed: o.seed, stream: 'vae/window', step: step * 1024 + i }) : { x: 0, y: 0 };
        for (let row = 0; row < layout.frames * height; row++) {
          const from = (Math.floor(row / height) * layout.height + corner.y + row % height) * layout.width + corner.x;
          for (let c = 0; c < 3; c++) {
            const plane = c * layout.frames * layout.height * layout.width + from;
            video.set(values.subarray(plane, plane + width), (i * 3 + c) * pixels + row * width);
          }
          for (let x = 0; x < width; x++) weight[i * pixels + row * width + x] = 1 + o.silhouette * silhouette[from + x]!;
        }
      }
      const noise = normals({ seed: o.seed, stream: 'vae/noise', step }, layout.batch * latentSize(layout));
      const amplitude = Float32Array.from(uniforms({ seed: o.seed, stream: 'vae/amplitude', step }, layout.batch), (v) => o.latentNoise * v);
      return {
        layout: nameOf(layout), feeds: { ...encoder, video, weight, noise, amplitude }, samples: layout.batch,
        describe: `vae/clip ${step * 1024}…${step * 1024 + layout.batch - 1} (${nameOf(layout)})`,
      };
    },

    build: (name, graph, p) => vaeLoss(graph, { decoder: p.decoder, encoder: p.encoder ?? bindParams(graph, { encoder: whole.encoder }).encoder }, byName.get(name)!, config, o),

    async validate(weights, step, dir, show) {
      const l: VaeLayout = { ...source.main, batch: 4, share: 0 };
      const shape = [l.batch, 3, l.frames, l.height, l.width];
      const graph = new Graph(), p = bindParams(graph, whole);
      using program = await backend.compile({ outputs: { video: decode(p.decoder, encode(p.encoder, graph.input('video', shape), config).mean, config) } });
      const pixels = l.frames * l.height * l.width;
      let square = 0, inside = 0, insideCount = 0, count = 0, psnrSum = 0;
      const rows: Frames[] = [];
      let worst: { readonly psnr: number; readonly caption: string; readonly film: Frames }[] = [];
      const fixed: WallFilm[] = [];
      for (let first = 0; first < o.validationClips; first += l.batch) {
        const clips = await Promise.all(Array.from({ length: l.batch }, (_, i) =>
          source.piece({ key: { seed: o.seed, stream: 'vae/validation', step: first + i }, split: 'heldout', size: l })));
        const video = new Float32Array(l.batch * 3 * pixels);
        clips.forEach(({ frames }, i) => { video.set(toModel(frames), i * 3 * pixels); });
        const { video: made } = await program.run({ ...encoder, ...weights, video });
        clips.forEach(({ frames, silhouette }, i) => {
          let clipSquare = 0;
          for (let j = 0; j < 3 * pixels; j++) {
            const e = (Math.min(1, Math.max(-1, made![i * 3 * pixels + j]!)) - video[i * 3 * pixels + j]!) ** 2;
            clipSquare += e;
            if (silhouette[j % pixels]) { inside += e; insideCount++; }
          }
          const psnr = psnrOf(clipSquare / (3 * pixels)), shown = fixed.length < SHOWN || worst.length < SHOWN || psnr < worst.at(-1)!.psnr;
          square += clipSquare; count += 3 * pixels; psnrSum += psnr;
          const decoded = rows.length < 16 || (show && shown) ? fromModel(made!.slice(i * 3 * pixels, (i + 1) * 3 * pixels), frames) : undefined;
          if (decoded && rows.length < 16) rows.push(frames, decoded);
          if (!decoded || !show || !shown) return;
          const beside = { psnr, caption: `clip ${first + i}: ${psnr.toFixed(1)} dB`, film: sideBySide(frames, decoded) };
          if (fixed.length < SHOWN) fixed.push(beside);
          worst = [...worst, beside].sort((a, b) => a.psnr - b.psnr).slice(0, SHOWN);
        });
      }
      await show?.('reconstructions', fixed);
      await show?.('worst', worst);
      await writePng(join(dir, `reconstructions-${String(step).padStart(6, '0')}.png`), contactSheet(rows, { columns: 9 }));
      return { psnr: psnrOf(square / count), psnrMeanOfClips: psnrSum / o.validationClips, ...(insideCount > 0 ? { psnrCharacter: psnrOf(inside / insideCount) } : {}) };
    },
  };
}
