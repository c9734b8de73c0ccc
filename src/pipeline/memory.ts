/**
 * @file Memory that a film will need, predicted from its graphs before anything is loaded: weights as float32 (and quantized ones beside them), the greatest working set of each
 * program (onnxruntime keeps each one's pool), and the frames that have to be held.
 */
import { ResourceError } from '../core/errors.ts';
import { sizeOf } from '../core/shape.ts';
import { peakBytes } from '../graph/memory.ts';
import { ditParams } from '../models/dit/dit.ts';
import { layoutKey } from '../models/dit/layout.ts';
import { textParams } from '../models/text/tower.ts';
import { vaeParams } from '../models/vae/vae.ts';
import { countParams, listParams } from '../nn/param.ts';
import { denoiseOutputs, filmLayout, textOutputs } from './sampling/denoise.ts';
import type { ModelInfo } from './model/model-info.ts';
import type { FilmSettings } from './settings/film-options.ts';
import { branchesOf, encodedFrames, regionsOf, windowSize, windowsOf } from './settings/film-windows.ts';
import { sizeRule } from './settings/size-rule.ts';
import { chunkOutputs } from './sampling/vae-stream.ts';

/**
 * Bytes of everything else: Node, onnxruntime, codecs, files while they are read. With it six films from 1 to 65 frames and 64² to 256² came
 * within −15 … +25 % of the measured peak.
 */
const BASE_BYTES = 270e6;

/** Predicted bytes: of the process whatever it makes, of a film beside that, and of sharing steps with others: packs of 2, 4, 8 … films, together at most as much again. */
export interface MemoryNeeds {
  readonly process: number;
  readonly film: number;
  readonly shared: number;
  /** What is asked for, for messages. */
  readonly asked: string;
}

/** Predicted bytes of making the film. */
export function memoryNeeds(s: FilmSettings, { vae, dit, text }: ModelInfo, rule: number): MemoryNeeds {
  const weights = 4 * countParams({ vae: vaeParams(vae.config), dit: ditParams(dit.config), text: textParams(text.config) });
  const beside = listParams(ditParams(dit.config, s.quantize)).reduce((n, { leaf }) => n + (leaf.dtype === 'i8' ? sizeOf(leaf.shape) : 0), 0);       // the float32 ones stay
  const windows = windowsOf(s), encoded = encodedFrames(s, windows), layouts = new Map(windows.flatMap((w) => {
    const film = { ...windowSize(w, s), height: s.height / rule, width: s.width / rule, regions: regionsOf(s, w) };
    return branchesOf(s, w).map((branches) => filmLayout(film, branches));
  }).map((layout) => [layoutKey(layout), layout] as const));
  const denoise = Math.max(0, ...[...layouts.values()].map((layout) => peakBytes(denoiseOutputs(layout, dit.config, text.config, s.quantize))));
  const captions = Math.max(...s.shots.map(({ reads }) => reads?.regions?.prompts.length ?? 1));
  const words = peakBytes(textOutputs(dit.config, text.config, captions)), decode = peakBytes(chunkOutputs('decode', s.frames === 1, vae.config, s));
  const encode = encoded > 0 ? peakBytes(chunkOutputs('encode', encoded === 1, vae.config, s)) : 0;
  const frames = (s.transparent ? 4 : 3) * s.width * s.height * (s.frames + Math.min(s.frames, s.window) * s.scale ** 2);
  const asked = `${s.frames} ${s.frames === 1 ? 'frame' : 'frames'} of ${s.width}x${s.height}`;
  return { process: BASE_BYTES + weights + beside + words, film: denoise + encode + decode + frames, shared: denoise, asked };
}

const megabytes = (bytes: number): string => (bytes / 1e6).toLocaleString('en', { maximumFractionDigits: 0 });

/** Throws a ResourceError with both figures when a film that is made alone needs more than `available` bytes. */
export function checkFits({ process, film, asked }: MemoryNeeds, available: number): void {
  const bytes = process + film;
  if (bytes > available) throw new ResourceError(`${asked} need about ${megabytes(bytes)} MB of memory, ${megabytes(available)} MB are free: make it smaller or shorter`);
}

/** {@link checkFits} of settings. */
export function checkMemory(s: FilmSettings, model: ModelInfo, available: number): void { checkFits(memoryNeeds(s, model, sizeRule(model).token), available); }
