/**
 * @file model.json: what a model is, and the size and SHA-256 of every file but the card. Text in, checked data out; folders on disk are model-store.ts, models behind an
 * address are src/web.
 */
import { z } from 'zod';
import { FileError } from '../../core/errors.ts';
import { PREDICTIONS } from '../../diffusion/prediction.ts';
import { SAMPLERS } from '../../diffusion/samplers/registry.ts';
import { MLP_KINDS, MODULATIONS, NORMS } from '../../models/dit/config.ts';

/** Version of the folder's format. */
export const FORMAT = 1;

/** Expanders that a model may name. */
const EXPANDERS = ['sprites'] as const;

const count = z.int().positive();
const id = z.string().regex(/^[a-z0-9][a-z0-9._-]*$/);
const three = z.tuple([count, count, count]).readonly();
const schema = z.strictObject({
  format: z.literal(FORMAT),
  /** Name of the folder under models/. */
  id,
  description: z.string(),
  /** Licence of the weights, as an SPDX expression. */
  licence: z.string(),
  version: z.string(),
  vae: z.strictObject({ config: z.strictObject({ latentChannels: count, patch: count, channels: three, encoderBlocks: three, decoderBlocks: three }) }),
  dit: z.strictObject({
    config: z.strictObject({
      channels: count, patch: count, width: count, depth: count, heads: count, mlpRatio: z.number().positive(), mlp: z.enum(MLP_KINDS), modulation: z.enum(MODULATIONS),
      norm: z.enum(NORMS), qkNorm: z.boolean(), rope: z.boolean(), places: z.boolean(), skip: z.boolean().optional(), follow: z.boolean().optional(), bias: z.boolean(),
      textWidth: count, outputs: z.union([z.literal(1), z.literal(2)]), rematerialise: z.boolean(),
    }),
    /** What it predicts. */
    prediction: z.enum(PREDICTIONS),
  }),
  text: z.strictObject({ config: z.strictObject({ vocabulary: count, length: count, width: count, depth: count, heads: count, mlp: z.enum(MLP_KINDS) }) }),
  /** Who words prompts like the captions of the model's training (expand.ts). Absent: nobody, prompts are read as they are. */
  expander: z.enum(EXPANDERS).optional(),
  /** Whether it was trained on canvases of two characters each told by a caption of its own (models/dit/regions.ts), which its expander writes. */
  regions: z.boolean().optional(),
  /** Per channel, over training clips: the transformer works on (latent − mean) / root mean square of std. */
  latent: z.strictObject({ mean: z.array(z.number()), std: z.array(z.number().positive()) }),
  /** The film that is made when nothing is asked for, pixels and frames a second. */
  native: z.strictObject({ width: count, height: count, frames: count, fps: z.number().positive() }),
  /** What is refused beyond; sides in pixels. Films longer than `window` frames are made in pieces of so many; without it all are made in one. */
  limits: z.strictObject({ minSide: count, maxSide: count, multiple: count, maxFrames: count, window: count.optional() }),
  /** How it samples when nothing is asked for. `palette` and `steady` 0 = none. */
  sampling: z.strictObject({
    sampler: z.enum(SAMPLERS), steps: count, guidance: z.number().min(0), interval: z.tuple([z.number().min(0).max(1), z.number().min(0).max(1)]),
    rescale: z.number().min(0).max(1), shift: z.number().positive(), palette: z.int().min(0).max(256), steady: z.number().min(0).max(64).default(0),
  }),
  /** Of a student of few steps (kinora train distill): the guidance that its teacher's films had and that its own have without any. Another cannot be asked for. */
  distilled: z.strictObject({ teacher: z.string(), guidance: z.number().min(0) }).optional(),
  /** With `from`, the file is that of another model, whose folder stands beside this one or among the installed ones. */
  files: z.record(z.string(), z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/), bytes: z.int().min(0), from: id.optional() })),
});

/** The contents of model.json. */
export type ModelInfo = Readonly<z.infer<typeof schema>>;

/** Weights by parameter name. */
export type Weights = Readonly<Record<string, Float32Array>>;

/** Reads the text of a model.json; `file` names it in errors. Throws a FileError that says what is wrong. */
export function parseModelInfo(text: string, file: string): ModelInfo {
  let value: unknown;
  try { value = JSON.parse(text); } catch (cause) { throw new FileError(`${file} is not JSON`, { cause }); }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new FileError(`${file} is not a model of format ${FORMAT}: ${issue!.path.join('.') || 'it'}: ${issue!.message}`);
  }
  const info = parsed.data, { latentChannels } = info.vae.config, { mean, std } = info.latent;
  if (info.dit.config.channels !== latentChannels || mean.length !== latentChannels || std.length !== latentChannels) {
    throw new FileError(`${file}: the autoencoder has ${latentChannels} latent channels, the transformer ${info.dit.config.channels}, `
      + `the statistics ${mean.length} and ${std.length}`);
  }
  if (info.dit.config.textWidth !== info.text.config.width)
    throw new FileError(`${file}: text of width ${info.text.config.width} for a transformer that reads ${info.dit.config.textWidth}`);
  return info;
}
