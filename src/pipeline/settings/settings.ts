/**
 * @file What a caller asks of a film, checked once against the model and completed with its defaults.
 */
import { InputError, oneOf } from '../../core/errors.ts';
import { integer, number } from '../../core/range.ts';
import { validateGuidance } from '../../diffusion/guidance.ts';
import { SAMPLERS } from '../../diffusion/samplers/registry.ts';
import { shiftForTokens } from '../../diffusion/timesteps.ts';
import { QUANTIZATIONS } from '../../models/dit/config.ts';
import { latentFrames, SPACE_FACTOR } from '../../models/vae/config.ts';
import type { FilmOptions, FilmSettings } from './film-options.ts';
import { windowsOf } from './film-windows.ts';
import { checkSeen, givenClips, givenImages, givenShots, givenSource, givenVariation } from './given.ts';
import type { LoraMark } from '../model/lora.ts';
import type { ModelInfo } from '../model/model-info.ts';
import { checkSize, sizeRule } from './size-rule.ts';
import { LONG_WAYS } from './timeline.ts';

/** Pixels of the long side that a film is delivered with unless a scale is given. */
const DELIVERED_SIDE = 512;
/** Steps of a film for each of its draft. */
const DRAFT = 4;
const MAX_STEPS = 1000, MAX_GUIDANCE = 30, MAX_SCALE = 64, MAX_FPS = 120, MAX_COLOURS = 256, MAX_STEADY = 64;

/** Completes and checks what was asked for. `seed` is what a film gets that asks for none. Throws an InputError that names value and allowed set. */
export function filmSettings(o: FilmOptions, model: ModelInfo, seed: number, loras: readonly LoraMark[] = []): FilmSettings {
  const { native, sampling, limits } = model;
  const prompt = typeof o.prompt === 'string' ? o.prompt.trim() : '';            // callers without types exist
  if (prompt === '' && !o.images?.length && !o.clips?.length && !o.source)
    throw new InputError('the prompt is empty: say what the film shows, as in "a knight walks to the right"');
  const width = o.width ?? native.width, height = o.height ?? native.height, fps = number('fps', o.fps ?? native.fps, 1, MAX_FPS);
  checkSize(sizeRule(model), width, height);
  if (o.frames !== undefined && o.seconds !== undefined) throw new InputError(`frames ${o.frames} and seconds ${o.seconds} exclude each other: give one`);
  if (o.seconds !== undefined && !(o.seconds > 0 && o.seconds <= limits.maxFrames / fps))
    throw new InputError(`seconds ${o.seconds} is not possible: wanted a number > 0, at most ${limits.maxFrames / fps}`);
  const asked = o.frames ?? (o.seconds === undefined ? o.source?.film.count ?? native.frames : Math.max(1, Math.round(o.seconds * fps)));
  const frames = integer('frames', asked, 1, limits.maxFrames), window = limits.window ?? limits.maxFrames;
  const guidance = number('guidance', o.guidance ?? sampling.guidance, 0, MAX_GUIDANCE);
  if (model.distilled) checkDistilled(o, guidance, model.id, model.distilled);
  const interval = o.interval ?? sampling.interval, rescale = o.rescale ?? sampling.rescale;
  validateGuidance({ scale: guidance, interval, rescale });
  const palette = o.palette ?? sampling.palette;
  if (palette !== 0) integer('palette', palette, 2, MAX_COLOURS);
  const tokens = latentFrames(Math.min(frames, window)) * (width / SPACE_FACTOR) * (height / SPACE_FACTOR);
  const steps = integer('steps', o.steps ?? sampling.steps, 1, MAX_STEPS);
  const settings: FilmSettings = {
    prompt, negative: o.negative?.trim() ?? '',
    seed: integer('seed', o.seed ?? seed, 0, Number.MAX_SAFE_INTEGER),
    frames, width, height, fps,
    steps: o.draft ? Math.ceil(steps / DRAFT) : steps, draftOf: o.draft ? steps : null,
    guidance, interval, rescale, shift: sampling.shift * shiftForTokens(tokens),
    sampler: oneOf('sampler', o.sampler ?? sampling.sampler, SAMPLERS), quantize: oneOf('quantize', o.quantize ?? QUANTIZATIONS[0], QUANTIZATIONS),
    loras: loras.toSorted((a, b) => (a.sha256 < b.sha256 ? -1 : 1)),
    images: givenImages(o.images ?? [], frames), clips: givenClips(o.clips ?? [], frames), source: givenSource(o, frames),
    shots: givenShots(o, prompt, frames), loop: o.loop ?? false, longBy: oneOf('long by', o.longBy ?? 'stages', LONG_WAYS),
    vary: givenVariation(o.vary), window,
    scale: integer('scale', o.scale ?? Math.ceil(DELIVERED_SIDE / Math.max(width, height)), 1, MAX_SCALE),
    palette, steady: number('steady', o.steady ?? sampling.steady, 0, MAX_STEADY), transparent: o.transparent ?? false,
  };
  checkSeen(settings.images, settings.clips);
  windowsOf(settings);                                          // what cannot be planned is known before anything is loaded
  return settings;
}

/** A student of few steps has its teacher's guidance in it, against no words at all: another, or other words to be guided away from, needs the teacher. */
function checkDistilled({ negative }: FilmOptions, guidance: number, id: string, { teacher, guidance: folded }: NonNullable<ModelInfo['distilled']>): void {
  if (guidance !== 1) throw new InputError(`guidance ${guidance} is not possible: ${id} has that of its teacher, ${folded}, in it, wanted 1; another needs the model ${teacher}`);
  if (negative?.trim()) throw new InputError(`what the film should not show cannot be told to ${id}, which samples without guidance; use the model ${teacher}`);
}
