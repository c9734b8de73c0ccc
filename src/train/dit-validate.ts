/**
 * @file What a transformer's run measures on held-out clips with the running average of its weights: the velocity loss at ten noise levels on
 * fixed clips and noise, the same under other clips' captions (words that are used make it worse), and a sheet of films at fixed prompts and seeds.
 */
import { join } from 'node:path';
import type { Program } from '../backend/backend.ts';
import { normals } from '../core/random.ts';
import { captionOf, drawClip } from '../data/sprites/world.ts';
import { frameSigmas } from '../diffusion/frames.ts';
import { guide } from '../diffusion/guidance.ts';
import { SAMPLER_TABLE } from '../diffusion/samplers/registry.ts';
import { convertPrediction } from '../diffusion/prediction.ts';
import { sigmaGrid } from '../diffusion/timesteps.ts';
import { Graph } from '../graph/graph.ts';
import { contactSheet, writePng } from '../media/contact-sheet.ts';
import { fromModel, type Frames } from '../media/frames.ts';
import { GENERATED, latentTime, packFeeds } from '../models/dit/pack-feeds.ts';
import { unpatchify } from '../models/dit/patch.ts';
import type { PackLayout } from '../models/dit/layout.ts';
import { decodedFrames, latentFrames, SPACE_FACTOR } from '../models/vae/config.ts';
import { decode, vaeParams } from '../models/vae/vae.ts';
import { bindParams } from '../nn/param.ts';
import { captionFeeds } from './caption-feeds.ts';
import { filmDenoiser, filmParams, sampleMaker, weightedLoss, type DiTTaskParts, type TrainedParams } from './dit-task.ts';
import { clipStream, type ClipShape } from './latents.ts';
import type { TrainTask } from './loop.ts';

const LEVELS = Array.from({ length: 10 }, (_, i) => (i + 0.5) / 10);
const SHAPE: ClipShape = { frames: 17, width: 64, height: 64 };
/** Where other clips' captions are tried: levels at which words decide. */
const DEALT = [0.75, 0.85, 0.95];
const FILMS = 8, STEPS = 16, GUIDANCE = 3;

/** Validation for {@link import('./dit-task.ts').ditTask}; held-out latents of 17×64×64 must be among the parts under `heldout`. */
export function ditValidation(parts: DiTTaskParts, heldout: DiTTaskParts['latents']): NonNullable<TrainTask<TrainedParams>['validate']> {
  const { config, text, data, world, vae, tokenizer, backend, tower } = parts;
  const side = (pixels: number): number => pixels / SPACE_FACTOR / config.patch;
  const group = { frames: latentFrames(SHAPE.frames), height: side(SHAPE.height), width: side(SHAPE.width) };
  const layout = (count: number): PackLayout => ({ groups: [{ ...group, count }], captions: count });
  const maker = sampleMaker({ ...parts, latents: heldout, data: { ...data, dropCaption: 0, noisyCaption: 0, independent: 0, prefix: 0 } });
  const samples = Array.from({ length: FILMS }, (_, step) => maker.sample({ ...SHAPE, given: 0, share: 1 }, 'heldout', { seed: data.seed, stream: 'dit/validation', step }));
  const prompts = Array.from({ length: FILMS }, (_, step) => {
    const key = { seed: data.seed, stream: clipStream('heldout', SHAPE), step };
    return captionOf(drawClip(world, { key, split: 'heldout', ...SHAPE }), { key, language: step % 4 === 3 ? 'zh' : 'en', style: 'sentence' });
  });
  let programs: Promise<{ loss: Program; velocity: Program; video: Program }> | undefined;
  const compile = async (): Promise<{ loss: Program; velocity: Program; video: Program }> => {
    const lossGraph = new Graph(), velocityGraph = new Graph(), videoGraph = new Graph();
    const lossLayout = layout(FILMS), sampleLayout = layout(2 * FILMS);
    const loss = weightedLoss(lossGraph, filmDenoiser(lossGraph, bindParams(lossGraph, filmParams(config, text)), lossLayout, config, text), lossLayout);
    const velocity = filmDenoiser(velocityGraph, bindParams(velocityGraph, filmParams(config, text)), sampleLayout, config, text);
    const latents = videoGraph.input('latents', [1, config.channels, group.frames, SHAPE.height / SPACE_FACTOR, SHAPE.width / SPACE_FACTOR]);
    const video = decode(bindParams(videoGraph, { decoder: vaeParams(vae.config).decoder }).decoder, latents, vae.config);
    return { loss: await backend.compile({ outputs: { loss } }), velocity: await backend.compile({ outputs: { velocity } }), video: await backend.compile({ outputs: { video } }) };
  };

  return async (trained, step, dir) => {
    const weights = { ...tower, ...trained };
    programs ??= compile();
    const { loss, velocity, video } = await programs;
    const levels: Record<string, number> = {}, dealt: Record<string, number> = {};
    const captions = captionFeeds(samples.map((s) => s.caption), tokenizer, text.length);
    const others = captionFeeds(samples.map((_, i) => samples[(i + 1) % FILMS]!.caption), tokenizer, text.length);
    for (const [i, sigma] of LEVELS.entries()) {
      const noised = samples.map((s) => ({ ...s, sigmas: new Float32Array(s.times.length).fill(sigma) }));
      const { feeds } = maker.pack({ layout: layout(FILMS), samples: [] }, noised, { seed: data.seed, stream: 'dit/validation-eps', step: i });
      levels[`loss@${sigma.toFixed(2)}`] = (await loss.run({ ...weights, ...feeds, ...captions }))['loss']![0]!;
      if (DEALT.includes(sigma)) dealt[`dealt@${sigma.toFixed(2)}`] = (await loss.run({ ...weights, ...feeds, ...others }))['loss']![0]!;
    }

    const perFilm = samples[0]!.clean.length, perFrame = perFilm / group.frames, frames = group.frames;
    const both = captionFeeds([...prompts, ...prompts.map(() => '')], tokenizer, text.length);
    const times = Array.from({ length: frames }, (_, i) => latentTime(i)), kinds = times.map(() => GENERATED);
    const pack = Array.from({ length: FILMS }, () => ({ frames, perFrame }));
    const noise = new Float32Array(FILMS * perFilm);
    for (let i = 0; i < FILMS; i++) noise.set(normals({ seed: data.seed + i, stream: 'dit/sheet', step: 0 }, perFilm), i * perFilm);
    const z = await SAMPLER_TABLE.euler.sample({
      noise, pack, sigmas: frameSigmas(sigmaGrid(STEPS, data.shift), FILMS * frames),
      velocity: async (now, sigmas) => {
        const segments = Array.from({ length: 2 * FILMS }, (_, i) => {
          const film = i % FILMS;
          return { times, kinds, sigmas: sigmas.slice(film * frames, (film + 1) * frames), captions: times.map(() => i), tokens: now.subarray(film * perFilm, (film + 1) * perFilm) };
        });
        const out = (await velocity.run({ ...weights, ...packFeeds(layout(2 * FILMS), segments, config), ...both }))['velocity']!;
        const [cond, uncond] = [0, 1].map((b) => convertPrediction(out.subarray(b * now.length, (b + 1) * now.length), { from: data.prediction, to: 'velocity', z: now, sigma: sigmas, pack })) as [Float32Array, Float32Array];
        const guided = new Float32Array(now.length);
        for (let i = 0; i < FILMS; i++) guided.set(guide(
          { cond: cond.slice(i * perFilm, (i + 1) * perFilm), uncond: uncond.slice(i * perFilm, (i + 1) * perFilm), sigma: sigmas.slice(i * frames, (i + 1) * frames), layout: { frames, perFrame } },
          { scale: GUIDANCE }), i * perFilm);
        return guided;
      },
    });
    const films: Frames[] = [];
    for (let i = 0; i < FILMS; i++) {
      const latents = unpatchify(z.slice(i * perFilm, (i + 1) * perFilm), { channels: config.channels, frames, height: SHAPE.height / SPACE_FACTOR, width: SHAPE.width / SPACE_FACTOR, patch: config.patch, stats: vae });
      const { video: made } = await video.run({ ...vae.weights, latents });
      films.push(fromModel(made!, { count: decodedFrames(frames), height: SHAPE.height, width: SHAPE.width, channels: 3, fps: 8 }));
    }
    await writePng(join(dir, `films-${String(step).padStart(6, '0')}.png`), contactSheet(films, { columns: 9 }), { prompt: prompts.join(' | '), seed: data.seed, model: 'training', settings: { steps: STEPS, guidance: GUIDANCE } });
    return { ...levels, ...dealt, loss: Object.values(levels).reduce((a, b) => a + b, 0) / LEVELS.length };
  };
}
