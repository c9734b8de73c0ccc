/**
 * @file Configurations of training runs: plain JSON, validated once, hashed into every checkpoint and report.
 */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { FileError, InputError } from '../core/errors.ts';
import { DEEDS } from '../data/sprites/world.ts';
import { PREDICTIONS } from '../diffusion/prediction.ts';
import { sha256 } from '../io/safetensors.ts';
import { DIT_PRESETS, MLP_KINDS } from '../models/dit/config.ts';
import { REGIONS } from '../models/dit/regions.ts';
import { decodedFrames, latentFrames, VAE_PRESETS } from '../models/vae/config.ts';
import { LORA_TARGETS } from '../nn/lora.ts';
import { hasGiven, SHAPE_NAME, shapeName } from './clips/clip-shape.ts';
import { sampleTokens, type SampleShape } from './tasks/layout-bank.ts';
import { MATRIX_OPTIMIZERS } from './loop/state.ts';

const count = z.int().positive();
const share = z.number().min(0).max(1);

const optim = z.strictObject({
  steps: count,
  /** Highest step size. */
  rate: z.number().positive(),
  /** Steps of warm-up. */
  warmup: z.int().min(0),
  /** Share of the run, at its end, over which the rate falls. */
  decayShare: share,
  weightDecay: z.number().min(0),
  /** Greatest global norm of the gradient. */
  clip: z.number().positive(),
  /** Greatest decay of the running average. */
  emaLimit: z.number().min(0).max(1),
  beta2: z.number().min(0).max(1),
  matrices: z.enum(MATRIX_OPTIMIZERS),
  /** Beside Muon: rate of everything that is no matrix, as a share. */
  plainShare: share.optional(),
});

const common = {
  seed: z.int().min(0),
  optim,
  /** Steps between validations. */
  validateEvery: count,
  checkpointSeconds: z.number().positive(),
  /** Compiled layouts that are kept at once. */
  programs: count,
};

const size = { frames: count, width: count, height: count };

/** Share of a dataset's clips that are held out. Default 0.05. */
const heldout = z.number().positive().max(0.5).default(0.05);

const vaeSchema = z.strictObject({
  kind: z.literal('vae'),
  model: z.enum(Object.keys(VAE_PRESETS) as [keyof typeof VAE_PRESETS]),
  ...common,
  /** `decoder`: the encoder stays as it is in the weights to start from, so latents and transformers on them stay valid. */
  part: z.enum(['all', 'decoder']).default('all'),
  layouts: z.array(z.strictObject({ ...size, batch: count, share: z.number().positive(), window: z.strictObject({ width: count, height: count }).optional() })).min(1),
  kl: z.number().min(0),
  silhouette: z.number().min(0),
  /** Most noise on a clip's latents before decoding. */
  latentNoise: z.number().min(0).default(0),
  validationClips: count,
  /** Clips over which the latents' mean and deviation are taken at the end. */
  statisticsClips: z.int().min(2000),
  /** Of runs on a dataset. */
  footage: z.strictObject({ heldout }).optional(),
});

const tower = { width: count, depth: count, heads: count };

const textSchema = z.strictObject({
  kind: z.literal('text'),
  model: z.strictObject({ ...tower, mlp: z.enum(MLP_KINDS) }),
  ...common,
  batch: count,
  noisyCaption: share,
  validationCaptions: count,
});

/** Each drawn shape has whole latents, clips to be drawn from, and room in a pack. `path` leads to the shapes; rows and columns of a token are `patch` latents. */
function checkShapes(
  config: { readonly clips: Readonly<Record<string, number>>; readonly tokens: number },
  { shapes, path, patch }: { readonly shapes: readonly SampleShape[]; readonly path: readonly (string | number)[]; readonly patch: number },
  ctx: Pick<z.RefinementCtx, 'addIssue'>,
): void {
  shapes.forEach((s, j) => {
    const wrong = (field: string, message: string): void => { ctx.addIssue({ code: 'custom', path: [...path, j, field], message }); };
    const whole = (frames: number): boolean => decodedFrames(latentFrames(frames)) === frames;
    if (!whole(s.frames)) wrong('frames', `${s.frames} frames have no whole latents: wanted 4n + 1`);
    if (s.ending !== undefined && (!whole(s.ending) || s.ending >= s.frames))
      wrong('ending', `an ending of ${s.ending} frames is not possible: wanted 4n + 1, less than ${s.frames}`);
    for (const name of new Set([shapeName({ ...s, ending: undefined }), shapeName(s)])) if (config.clips[name] === undefined)
      wrong('frames', `no clips of ${name} are kept, clips has ${Object.keys(config.clips).join(', ')}`);
    if (s.given > 0 && s.frames > 1 && !hasGiven({ ...s, ending: undefined })) wrong('given', `single frames are not kept beside clips of "${s.deeds}": wanted 0`);
    const tokens = sampleTokens(s, patch);
    if (tokens > config.tokens) wrong('frames', `a sample takes ${tokens} tokens, a pack has ${config.tokens}`);
  });
}

/** Kinds of samples, with their shares. */
const shape = z.strictObject({ ...size, given: z.int().min(0).max(2), ending: count.optional(), deeds: z.enum(DEEDS).optional(), share: z.number().positive() });
/** Of a transformer's run also how many captions each latent frame has. */
const told = shape.extend({ regions: z.literal(REGIONS).optional() }), shapes = z.array(told).min(1);

/**
 * Clips whose latents are kept, by `frames`x`width`x`height`; with `@fall`, `@change`, `@late`, `@travel` or `@pair`, clips of such deeds; with `/n`, the last n frames of the
 * same clips, encoded alone.
 */
const clips = z.record(z.string().regex(SHAPE_NAME), count);

const ditSchema = z.strictObject({
  kind: z.literal('dit'),
  model: z.enum(Object.keys(DIT_PRESETS) as [keyof typeof DIT_PRESETS]),
  /** What the network predicts; the loss is the velocity's. */
  prediction: z.enum(PREDICTIONS),
  /** Shift of the noise levels towards 1, for the default film; other sizes in proportion. */
  shift: z.number().positive(),
  /** Overrides of the preset. */
  dit: z.strictObject({ patch: count, width: count, depth: count, heads: count, mlp: z.enum(['gelu', 'swiglu', 'relu2']), skip: z.boolean(), follow: z.boolean() }).partial(),
  /** With `fixed`, the tower comes trained (`kinora train text`) and stays as it is. */
  text: z.strictObject({ ...tower, fixed: z.boolean().optional() }),
  /** Trains a low-rank adaptation of the weights to start from (`--init`), which stay as they are; the run ends in lora.safetensors. */
  lora: z.strictObject({ rank: z.int().min(1).max(256), alpha: z.number().positive(), targets: z.array(z.enum(LORA_TARGETS)).min(1).default([...LORA_TARGETS]) }).optional(),
  /** Of the weights to start from, parts of names that start anew all the same. */
  fresh: z.array(z.string().min(1)).optional(),
  ...common,
  /** Tokens of a pack. */
  tokens: count,
  /** Layouts of each stage's bank. */
  layouts: z.int().min(1).max(32),
  /** Whether shares are kept over the bank as closely as whole samples allow, instead of being drawn. Runs on a dataset always do. */
  even: z.boolean().optional(),
  /** Kinds of samples, of runs on sprites; a dataset brings its own, and its clips. */
  stages: z.array(z.strictObject({
    from: z.int().min(0),
    /** A `shift` of its own moves the noise levels of one kind, such as of those whose fine parts want more practice. */
    shapes: z.array(told.extend({ shift: z.number().positive().optional() })).min(1),
  })).default([]),
  clips: clips.default({}),
  /**
   * Of runs on a dataset. `given`: how often films have no, one and two given frames, relative to each other; default 1, 0.25, 0.1. `words`: how many new words are
   * learnt at most; default 256.
   */
  footage: z.strictObject({
    heldout, given: z.tuple([z.number().positive(), z.number().min(0), z.number().min(0)]).default([1, 0.25, 0.1]), words: z.int().min(0).optional(),
  }).optional(),
  dropCaption: share, noisyCaption: share, deedCaption: share.default(0), independent: share, prefix: share,
  /** Prompts of the films that are looked at as the run goes on; changes no number. Default: captions of held-out clips. */
  prompts: z.array(z.string().min(1)).min(1).max(16).optional(),
}).superRefine((config, ctx) => {
  const patch = config.dit.patch ?? DIT_PRESETS[config.model].patch;
  if (config.lora && (!config.text.fixed || config.fresh))
    ctx.addIssue({ code: 'custom', path: ['lora'], message: 'an adaptation wants a "fixed" text tower, and nothing that starts anew' });
  config.stages.forEach((stage, i) => { checkShapes(config, { shapes: stage.shapes, path: ['stages', i, 'shapes'], patch }, ctx); });
});

const distillSchema = z.strictObject({
  kind: z.literal('distill'),
  ...common,
  /** Steps of the student: the teacher's steps, cut into so many segments. */
  segments: count,
  /** Steps of the teacher. Default: as many as it takes by default. */
  teacherSteps: count.optional(),
  /** Shift of the noise levels of both. Default: the teacher's. A smaller one makes the last segment shorter, in which all that is fine is decided. */
  shift: z.number().positive().optional(),
  /** Rounds of `optim.steps` updates each. From the second on, half of the segments begin where the student itself gets to. */
  rounds: count.default(1),
  /** Tokens of a pack. */
  tokens: count,
  layouts: z.int().min(1).max(32),
  /** Packs of trajectories that are kept; an epoch is `segments` × `train` steps. */
  packs: z.strictObject({ train: count, heldout: count }),
  shapes, clips,
  dropCaption: share, noisyCaption: share, deedCaption: share, prefix: share,
}).superRefine((config, ctx) => { checkShapes(config, { shapes: config.shapes, path: ['shapes'], patch: 1 }, ctx); });   // a teacher's patches are never smaller

const schemas = { vae: vaeSchema, text: textSchema, dit: ditSchema, distill: distillSchema } as const;

/** Models that can be trained. */
export const TRAINABLE = ['vae', 'text', 'dit', 'distill'] as const;
export type Trainable = (typeof TRAINABLE)[number];
export type VaeRunConfig = Readonly<z.infer<typeof vaeSchema>>;
export type DiTRunConfig = Readonly<z.infer<typeof ditSchema>>;
export type TextRunConfig = Readonly<z.infer<typeof textSchema>>;
export type DistillRunConfig = Readonly<z.infer<typeof distillSchema>>;
export type RunConfig = { vae: VaeRunConfig; text: TextRunConfig; dit: DiTRunConfig; distill: DistillRunConfig };

/** Reads and validates a configuration file. Throws an InputError that names the field and what it may be. */
export async function readRunConfig<K extends Trainable>(kind: K, file: string): Promise<RunConfig[K]> {
  const text = await readFile(file, 'utf8').catch((cause: Error) => { throw new FileError(`cannot read ${file}: ${cause.message}`, { cause }); });
  let value: unknown;
  try { value = JSON.parse(text); } catch (cause) { throw new InputError(`${file} is not JSON: ${(cause as Error).message}`, { cause }); }
  const parsed = schemas[kind].safeParse(value);
  if (!parsed.success) throw new InputError(`${file}: ${parsed.error.issues.map((i) => `${i.path.join('.') || 'it'}: ${i.message}`).join('; ')}`);
  return parsed.data as RunConfig[K];
}

/** Throws an InputError when a run on sprites has a dataset's configuration, or no kinds of samples. */
export function checkSprites({ footage, ...config }: Pick<VaeRunConfig, 'footage'> | Pick<DiTRunConfig, 'footage' | 'stages'>): void {
  if (footage) throw new InputError('the configuration is one of a dataset, for it has "footage": name the dataset with --data');
  if ('stages' in config && config.stages.length === 0)
    throw new InputError('the configuration has no "stages": on sprites they say what kinds of samples are drawn; a dataset brings its own, with --data');
}

/**
 * What a checkpoint is bound to: everything in the configuration that changes the numbers, but for the number of steps. A run may be gone on with for more or
 * fewer of them than it was begun with; from there on the learning rate follows the new length.
 */
export function runHash(config: RunConfig[Trainable]): string {
  const { checkpointSeconds: _c, programs: _p, validateEvery: _v, optim: { steps: _s, ...optim }, ...all } = config;
  const { prompts: _prompts, rounds: _rounds, ...rest } = all as typeof all & { readonly prompts?: unknown; readonly rounds?: unknown };
  return sha256(JSON.stringify({ ...rest, optim })).slice(0, 12);
}
