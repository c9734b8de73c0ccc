/**
 * @file One window of a film: noise → latents. What is given decides where each latent frame starts and what moves: known frames at the beginning stand in place at
 * a low σ that never changes, images and a known end stand beside, or the window is a passage (passage.ts); made anew from a source, all frames start at the strength's level of
 * noise over it (SDEdit, Meng et al. 2022, section 3, arXiv:2108.01073v2), and outside of a region the velocity is the source's own, so that there every sampler stays on the
 * source's path.
 */
import { normals, portableCosSin } from '../../core/random.ts';
import { frameSigmas } from '../../diffusion/frames.ts';
import { addNoise } from '../../diffusion/path.ts';
import type { VelocityFn } from '../../diffusion/samplers/contract.ts';
import { SAMPLER_TABLE } from '../../diffusion/samplers/registry.ts';
import { CONTEXT_SIGMA } from '../../models/dit/pack-feeds.ts';
import { unpatchify, type LatentStats } from '../../models/dit/patch.ts';
import { latentFrames, SPACE_FACTOR } from '../../models/vae/config.ts';
import { windowContext, type WindowParts } from './context.ts';
import { filmVelocity, type DitRuntime, type TextStates } from './denoise.ts';
import type { FilmSettings } from '../settings/film-options.ts';
import { guidanceOf, regionsOf, windowSigmas } from '../settings/film-windows.ts';
import type { Frames } from '../../media/frames.ts';
import { watched } from './preview.ts';
import { passageMean, passageShares, passageVelocity } from './passage.ts';
import type { FilmWindow } from '../settings/timeline.ts';
import type { VaeRuntime } from './vae-stream.ts';

/** What a window is made of. */
export interface WindowOptions {
  readonly vae: VaeRuntime;
  readonly dit: DitRuntime;
  readonly latent: LatentStats;
  readonly settings: FilmSettings;
  readonly window: FilmWindow;
  readonly parts: WindowParts;
  /** 1 where a source is made again, `[H, W]`; null for everywhere. */
  readonly region: Uint8Array | null;
  readonly text: TextStates;
  /** Present when what is known before and after the window shows different things, of which neither is told by regions. */
  readonly passage?: Passage | undefined;
  readonly done: (step: number) => void;
  /** Is shown the forming film now and then. */
  readonly show?: (frame: Frames) => void;
  readonly signal?: AbortSignal;
}

/** The words of what a passage leads from and of what it leads to. */
export interface Passage { readonly from: TextStates; readonly to: TextStates }

/** Latents `[C, T', H/8, W/8]` in the autoencoder's own scale. A function of settings, window and parts alone. */
export async function sampleWindow(o: WindowOptions): Promise<Float32Array> {
  const { vae, dit, latent, settings: s, window: w, parts, region } = o, { patch, channels } = dit.config, side = SPACE_FACTOR * patch;
  const frames = latentFrames(w.end - w.start), height = s.height / side, width = s.width / side, perToken = channels * patch ** 2, perFrame = height * width * perToken;
  const { context, beginning, ending, source } = await windowContext(vae, parts, s, { start: w.start, frames: w.end - w.start, patch, stats: latent });
  const kept = beginning ? beginning.clean.length / perFrame : 0, grid = windowSigmas(s, w);
  const noise = windowNoise(s, w, frames * perFrame), shares = o.passage && passageShares(w, frames), windows = shares ? 2 : 1;
  const sigmas = frameSigmas(grid, windows * frames), pack = [{ frames: windows * frames, perFrame }], start = new Float32Array(windows * noise.length);
  for (let i = 0; i < windows; i++) start.set(source ? addNoise({ x: source, eps: noise, sigma: grid[0]!, pack: [{ frames, perFrame }] }) : noise, i * noise.length);
  if (beginning) {                                              // its σ never changes, so no sampler moves it
    start.set(beginning.noised);
    for (const row of sigmas) row.fill(CONTEXT_SIGMA, 0, kept);
  }
  const film = { frames, height, width, context }, guidance = guidanceOf(s);
  const free = shares
    ? passageVelocity({
      from: filmVelocity(dit, { ...film, beginning: kept }, o.passage!.from, guidance),
      to: filmVelocity(dit, { ...film, ending }, o.passage!.to, guidance),
      shares, perFrame,
    })
    : filmVelocity(dit, { ...film, beginning: kept, ending, regions: regionsOf(s, w) }, o.text, guidance);
  const velocity = source && region ? within(free, { region: tokenRegion(region, s, side), source, noise, perToken }) : free;
  const watch = o.show && watched(velocity, { vae, latent, settings: s, patch, channels, frames, steps: grid.length - 1, show: o.show });
  const all = await SAMPLER_TABLE[s.sampler].sample({
    velocity: watch?.velocity ?? velocity,
    noise: start, sigmas, pack,
    keys: [{ seed: s.seed, stream: 'sampler', step: w.start }],
    onStep: ({ step }) => { watch?.stepped(step); o.done(step); },
    ...(o.signal ? { signal: o.signal } : {}),
  });
  const z = shares ? passageMean(all, { shares, perFrame }) : all;
  if (beginning) z.set(beginning.clean);
  return unpatchify(z, { channels, frames, height: s.height / SPACE_FACTOR, width: s.width / SPACE_FACTOR, patch, stats: latent });
}

/** The window's noise: its place names it, so that no other window's changes it; a variation turns it towards another by a share of a quarter turn, which keeps its spread. */
export function windowNoise({ seed, vary }: Pick<FilmSettings, 'seed' | 'vary'>, { start }: Pick<FilmWindow, 'start'>, length: number): Float32Array {
  const own = normals({ seed, stream: 'noise', step: start }, length);
  if (!vary || vary.amount === 0) return own;
  const other = normals({ seed: vary.seed, stream: 'vary', step: start }, length), [cos, sin] = portableCosSin(vary.amount / 4);
  return own.map((x, i) => cos * x + sin * other[i]!);
}

/** For each token of a latent frame whether any of its pixels is made again. */
export function tokenRegion(region: Uint8Array, { width, height }: Pick<FilmSettings, 'width' | 'height'>, side: number): Uint8Array {
  const columns = width / side, out = new Uint8Array(columns * (height / side));
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) if (region[y * width + x]) out[Math.floor(y / side) * columns + Math.floor(x / side)] = 1;
  return out;
}

interface WithinOptions { readonly region: Uint8Array; readonly source: Float32Array; readonly noise: Float32Array; readonly perToken: number }

/** The model's velocity within the region, and ε − x of the source outside of it: on the linear path that is where (x, ε) goes. */
function within(free: VelocityFn, { region, source, noise, perToken }: WithinOptions): VelocityFn {
  return async (z, sigma) => {
    const v = (await free(z, sigma)).slice();
    for (let token = 0, at = 0; at < v.length; token++, at += perToken) {
      if (region[token % region.length]) continue;
      for (let i = at; i < at + perToken; i++) v[i] = noise[i]! - source[i]!;
    }
    return v;
  };
}
