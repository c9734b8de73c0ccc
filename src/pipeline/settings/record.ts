/**
 * @file What a film's file says of how it was made, and the way back: options that make the same film again, to the byte. Given pictures travel with the film at
 * its native size, as deflated RGB, unless they are too large for that; their names are kept, their folders are not.
 */
import { deflateSync, inflateSync } from 'node:zlib';
import { z } from 'zod';
import { FileError } from '../../core/errors.ts';
import { SAMPLERS } from '../../diffusion/samplers/registry.ts';
import { sha256 } from '../../io/safetensors.ts';
import type { Frames } from '../../media/frames.ts';
import type { FilmMetadata, Json } from '../../media/metadata.ts';
import { QUANTIZATIONS } from '../../models/dit/config.ts';
import { RELATIONS_TOLD, type Expanded } from '../prompt/expand.ts';
import type { GivenParts } from '../sampling/context.ts';
import { DEVICE_CHOICES, PRECISIONS, type EngineOptions } from '../engine.ts';
import type { LoraMark } from '../model/lora.ts';
import type { ModelInfo } from '../model/model-info.ts';
import type { FilmOptions, FilmSettings } from './film-options.ts';
import { JOINS, LONG_WAYS } from './timeline.ts';

/** Bytes of deflated pictures that one film carries. */
const MOST_CARRIED = 2e6;

/** Which weights made a film: the beginnings of their hashes. */
const weightsOf = ({ files }: ModelInfo): string => ['vae.safetensors', 'dit.safetensors'].map((name) => files[name]?.sha256.slice(0, 12) ?? '').join('+');

/** The metadata of a film. */
export function filmMetadata(info: ModelInfo, s: FilmSettings, given: GivenParts): FilmMetadata {
  const { prompt, seed, images: _, clips: __, source: ___, shots, loop, vary, draftOf, transparent, loras, ...settings } = s;
  let carried = 0;
  const picture = ({ data, count, width, height, fps }: Frames): Readonly<Record<string, Json>> => {
    const packed = deflateSync(data), fits = (carried += packed.length) <= MOST_CARRIED;
    return { sha256: sha256(data), count, width, height, fps, ...(fits ? { rgb: packed.toString('base64') } : {}) };
  };
  return {
    prompt, seed, model: info.id,
    settings: {
      ...settings, version: info.version, weights: weightsOf(info),
      ...(given.images.length > 0 ? { images: given.images.map(({ name, frame, image }) => ({ name, frame, ...picture(image) })) } : {}),
      ...(given.clips.length > 0 ? { clips: given.clips.map(({ clip, frame }) => ({ frame, ...picture(clip) })) } : {}),
      ...(given.source ? { source: {
        strength: s.source!.strength, film: picture(given.source.film),
        mask: given.source.region && picture(maskOf(given.source.region, s)),
      } } : {}),
      ...(shots[0]!.reads ? { reads: shots[0]!.reads } : {}),
      ...(shots.length > 1 ? { shots: shots.slice(1).map(({ start, prompt: text, join, reads }) => ({ frame: start, prompt: text, join, ...(reads ? { reads } : {}) })) } : {}),
      ...(loras.length > 0 ? { loras: loras.map((mark) => ({ ...mark })) } : {}),
      ...(loop ? { loop } : {}), ...(transparent ? { transparent } : {}), ...(vary ? { vary: { ...vary } } : {}), ...(draftOf === null ? {} : { draftOf }),
    },
  };
}

/** A region as the picture that gives it. */
function maskOf(region: Uint8Array, { width, height }: Pick<FilmSettings, 'width' | 'height'>): Frames {
  const data = new Uint8Array(3 * region.length);
  region.forEach((inside, i) => { if (inside) data.fill(255, 3 * i, 3 * i + 3); });
  return { data, count: 1, width, height, channels: 3, fps: 1 };
}

const picture = { sha256: z.string(), count: z.int().positive(), width: z.int().positive(), height: z.int().positive(), fps: z.number().positive(), rgb: z.string().optional() };
const pictureSchema = z.object(picture);
type Picture = z.infer<typeof pictureSchema>;

const readsSchema = z.object({
  prompt: z.string(), negative: z.string(), ignored: z.array(z.string()), mended: z.record(z.string(), z.string()),
  regions: z.object({ relation: z.enum(RELATIONS_TOLD), goes: z.enum(['left', 'right']).optional(), prompts: z.tuple([z.string(), z.string()]) }).optional(),
});

const recordSchema = z.object({
  negative: z.string(), frames: z.number(), width: z.number(), height: z.number(), fps: z.number(), steps: z.number(), guidance: z.number(),
  interval: z.tuple([z.number(), z.number()]), rescale: z.number(), sampler: z.enum(SAMPLERS),
  loras: z.array(z.object({ name: z.string(), sha256: z.string(), strength: z.number() })).default([]),
  quantize: z.enum(QUANTIZATIONS).default('none'), scale: z.number(), palette: z.number(), steady: z.number().default(0),
  weights: z.string(), version: z.string(), device: z.enum(DEVICE_CHOICES).optional(), precision: z.enum(PRECISIONS).optional(),
  images: z.array(z.object({ name: z.string().nullable(), frame: z.number(), ...picture })).default([]),
  clips: z.array(z.object({ frame: z.number(), ...picture })).default([]),
  source: z.object({ strength: z.number(), film: pictureSchema, mask: pictureSchema.nullable() }).optional(),
  reads: readsSchema.optional(),
  shots: z.array(z.object({ frame: z.number(), prompt: z.string(), join: z.enum(JOINS), reads: readsSchema.optional() })).default([]),
  longBy: z.enum(LONG_WAYS).default('rolling'),
  loop: z.boolean().default(false), transparent: z.boolean().default(false), vary: z.object({ amount: z.number(), seed: z.number() }).optional(), draftOf: z.number().optional(),
});

/** A film's record read back. */
export interface RecordedFilm {
  /** Make the same film again: with the model of that id and these weights. */
  readonly options: FilmOptions;
  readonly model: string;
  readonly weights: string;
  readonly version: string;
  /** On what it was computed; empty for the CPU. */
  readonly engine: EngineOptions;
  /** What it was adapted by; the files do not travel with the film. */
  readonly loras: readonly LoraMark[];
}

function expanded({ regions, ...read }: z.infer<typeof readsSchema>): Expanded {
  if (!regions) return read;
  const { relation, goes, prompts } = regions;
  return { ...read, regions: { relation, ...(goes ? { goes } : {}), prompts } };                 // in the order of the record, whose text is a part of the film's bytes
}

/** The options that made a film. Throws a FileError when the record is of another kind, or lacks pictures that were too large to travel with it. */
export function recordedFilm({ prompt, seed, model, settings }: FilmMetadata, file: string): RecordedFilm {
  const parsed = recordSchema.safeParse(settings);
  if (!parsed.success) throw new FileError(`${file} does not say enough of how it was made: ${parsed.error.issues[0]!.path.join('.')}: ${parsed.error.issues[0]!.message}`);
  const { weights, version, images, clips, source, shots, loop, vary, draftOf, steps, reads, loras, device, precision, ...plain } = parsed.data;
  const frames = ({ sha256: hash, rgb, ...facts }: Picture): Frames => {
    if (rgb === undefined) throw new FileError(`${file} was made of pictures too large to travel with it: give them again`);
    const data = new Uint8Array(inflateSync(Buffer.from(rgb, 'base64')));
    if (sha256(data) !== hash) throw new FileError(`${file}: a picture that it was made of is damaged`);
    return { ...facts, data, channels: 3 };
  };
  return {
    model, weights, version, loras, engine: { ...(device && { device }), ...(precision && { precision }) },
    options: {
      prompt, seed, ...plain, steps: draftOf ?? steps, ...(draftOf === undefined ? {} : { draft: true }),
      images: images.map(({ name, frame, ...p }) => ({ image: frames(p), name, frame })), clips: clips.map(({ frame, ...p }) => ({ clip: frames(p), frame })),
      ...(source ? { source: { strength: source.strength, film: frames(source.film), ...(source.mask ? { mask: frames(source.mask) } : {}) } } : {}),
      shots: shots.map(({ reads: read, ...shot }) => ({ ...shot, ...(read ? { reads: expanded(read) } : {}) })), loop, ...(vary ? { vary } : {}),
      ...(reads ? { reads: expanded(reads) } : {}), expand: false, describe: false,
    },
  };
}

/** What is to be said of weights that are not the ones that made the film; undefined when they are. */
export function otherWeights({ weights, version, model }: RecordedFilm, info: ModelInfo, file: string): string | undefined {
  const installed = weightsOf(info);
  return weights === installed ? undefined : `${file} was made by ${model} ${version} (weights ${weights}), installed is ${info.id} ${info.version} (${installed})`;
}
