/**
 * @file Models on disk: one folder each, with model.json (what it is, and the size and SHA-256 of every file but the card), weights as safetensors,
 * the tokenizer, and a card. A file is read only after its size and hash have been checked. The trainer writes folders with {@link writeModel}.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { FileError, InputError } from '../core/errors.ts';
import { PREDICTIONS } from '../diffusion/prediction.ts';
import { SAMPLERS } from '../diffusion/samplers/registry.ts';
import { readTensors, sha256, writeTensors, type StoredTensor } from '../io/safetensors.ts';
import { MLP_KINDS, MODULATIONS, NORMS } from '../models/dit/config.ts';

/** Version of the folder's format. */
const FORMAT = 1;
/** The card is for people: it may be edited, so it has no hash. */
const CARD = 'README.md';
/** Model that is used when none is named. */
export const DEFAULT_MODEL = 'sprites-64';

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
      norm: z.enum(NORMS), qkNorm: z.boolean(), rope: z.boolean(), places: z.boolean(), skip: z.boolean().optional(), bias: z.boolean(),
      textWidth: count, outputs: z.union([z.literal(1), z.literal(2)]), rematerialise: z.boolean(),
    }),
    /** What it predicts. */
    prediction: z.enum(PREDICTIONS),
  }),
  text: z.strictObject({ config: z.strictObject({ vocabulary: count, length: count, width: count, depth: count, heads: count, mlp: z.enum(MLP_KINDS) }) }),
  /** Who words prompts like the captions of the model's training (expand.ts). Absent: nobody, prompts are read as they are. */
  expander: z.enum(EXPANDERS).optional(),
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

/** A model folder whose model.json has been read. */
export interface InstalledModel {
  /** Absolute. */
  readonly dir: string;
  readonly info: ModelInfo;
}

/** The folder of models that ship with the package: beside src/ and dist/. */
export const modelsFolder = (): string => fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../../models/' : '../models/', import.meta.url));

const read = async (file: string): Promise<Buffer> => readFile(file).catch((cause: NodeJS.ErrnoException) => {
  throw new FileError(`cannot read ${file}: ${cause.code === 'ENOENT' ? 'no such file' : cause.message}`, { cause });
});

/** Reads a folder's model.json. */
export async function openModel(dir: string): Promise<InstalledModel> {
  const file = join(dir, 'model.json'), text = (await read(file)).toString('utf8');
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
  return { dir: resolve(dir), info };
}

/** Ids of the folders under `folder` that hold a model.json, in order. */
export async function installedModels(folder: string = modelsFolder()): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found = await Promise.all(entries.filter((e) => e.isDirectory()).map(async ({ name }) => ((await readdir(join(folder, name))).includes('model.json') ? [name] : [])));
  return found.flat().sort();
}

/** A model by the id of an installed one, or by its folder. */
export async function findModel(idOrDir: string = DEFAULT_MODEL): Promise<InstalledModel> {
  const installed = await installedModels();
  if (installed.includes(idOrDir)) return openModel(join(modelsFolder(), idOrDir));
  const isPath = isAbsolute(idOrDir) || /[/\\]|^\./.test(idOrDir) || (await readdir(idOrDir).then(() => true, () => false));
  if (isPath) return openModel(idOrDir);
  throw new InputError(`model "${idOrDir}" is not installed; installed: ${installed.join(', ') || 'none'}; a folder is named with a slash, as in ./${idOrDir}`);
}

/** Where one of the model's files lies: in its own folder, or in that of the model which it is taken from. Throws a FileError when there is no such file in model.json. */
export function modelFile({ dir, info }: InstalledModel, name: string): string {
  const known = info.files[name];
  if (!known) throw new FileError(`${join(dir, 'model.json')} lists no ${name}`);
  if (known.from === undefined) return join(dir, name);
  const beside = join(dir, '..', known.from, name);
  return existsSync(beside) ? beside : join(modelsFolder(), known.from, name);
}

/** The bytes of one of the model's files, checked. Throws a FileError when it is missing, cut off or changed. */
export async function readModelFile(model: InstalledModel, name: string): Promise<Buffer> {
  const file = modelFile(model, name), known = model.info.files[name]!;
  const bytes = await read(file);
  if (bytes.length !== known.bytes)
    throw new FileError(`${file} has ${bytes.length} bytes, model.json says ${known.bytes}: `
      + `it is ${bytes.length < known.bytes ? 'cut off' : 'another file'}; fetch the model again`);
  if (sha256(bytes) !== known.sha256) throw new FileError(`${file} is not the file that model.json describes (its SHA-256 differs); fetch the model again`);
  return bytes;
}

/** Whether the model has the file. */
export const hasModelFile = ({ info }: InstalledModel, name: string): boolean => Object.hasOwn(info.files, name);

/** Adds a file to a model's folder, or replaces it, and describes it in model.json. */
export async function addModelFile({ dir, info }: InstalledModel, name: string, contents: string | Uint8Array): Promise<InstalledModel> {
  const bytes = Buffer.from(contents), next: ModelInfo = { ...info, files: { ...info.files, [name]: { sha256: sha256(bytes), bytes: bytes.length } } };
  await replaceFile(join(dir, name), bytes);
  await replaceFile(join(dir, 'model.json'), `${JSON.stringify(next, null, 2)}\n`);
  return openModel(dir);
}

/** Writes beside the file and renames: at any moment the old or the new file is there, whole. */
async function replaceFile(file: string, contents: string | Uint8Array): Promise<void> {
  const beside = `${file}.new`;
  await writeFile(beside, contents);
  await rename(beside, file);
}

/** All weights of a safetensors file of the model, checked. */
export async function readModelWeights(model: InstalledModel, name: string): Promise<Weights> {
  await readModelFile(model, name);
  const { tensors } = await readTensors(modelFile(model, name));
  return Object.fromEntries([...tensors].map(([key, { data }]) => [key, data as Float32Array]));
}

/** What {@link writeModel} writes. */
export interface WriteModelOptions {
  readonly info: Omit<ModelInfo, 'format' | 'files'>;
  /** Names encoder.* and decoder.*. */
  readonly vae: ReadonlyMap<string, StoredTensor>;
  /** Names dit.* and text.*. */
  readonly dit: ReadonlyMap<string, StoredTensor>;
  /** Metadata of the two files, so that a trainer can go on from them: the autoencoder's configuration, what the transformer's run was. */
  readonly metadata?: { readonly vae: Readonly<Record<string, string>>; readonly dit: Readonly<Record<string, string>> };
  /** Everything else by name: tokenizer.json, words.json, credits.json, README.md, judge.safetensors, looks.safetensors. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
}

/** Writes a model folder; weights as F16. model.json comes last, so that a folder with one is whole. */
export async function writeModel(dir: string, { info, vae, dit, files, metadata }: WriteModelOptions): Promise<InstalledModel> {
  await mkdir(dir, { recursive: true }).catch((cause: unknown) => { throw new FileError(`cannot make the folder ${dir}: ${(cause as Error).message}`, { cause }); });
  const latent = { mean: JSON.stringify(info.latent.mean), std: JSON.stringify(info.latent.std) };
  await writeTensors(join(dir, 'vae.safetensors'), vae, { type: 'F16', metadata: { ...metadata?.vae, ...latent } });
  await writeTensors(join(dir, 'dit.safetensors'), dit, { type: 'F16', ...(metadata ? { metadata: metadata.dit } : {}) });
  for (const [name, contents] of Object.entries(files)) await writeFile(join(dir, name), contents);
  return describeModel(dir, info, await listed(dir, ['vae.safetensors', 'dit.safetensors', ...Object.keys(files).filter((name) => name !== CARD)]));
}

/** What {@link writeStudent} writes. */
export interface WriteStudentOptions {
  readonly base: InstalledModel;
  /** What differs from the base. */
  readonly info: Pick<ModelInfo, 'id' | 'version' | 'description' | 'sampling' | 'distilled'>;
  /** Names dit.* and text.*. */
  readonly dit: ReadonlyMap<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
  /** The model's card. Without it a card that is there stays. */
  readonly card?: string;
}

/** Files that a student takes from its base. What the base measured of itself is not among them. */
const SHARED = ['vae.safetensors', 'tokenizer.json', 'words.json', 'credits.json', 'judge.safetensors', 'looks.safetensors'];

/** Writes the folder of a model that is another one but for its transformer and how it samples: all else is taken from that one, by name and hash. */
export async function writeStudent(dir: string, { base, info, dit, metadata, card }: WriteStudentOptions): Promise<InstalledModel> {
  await mkdir(dir, { recursive: true }).catch((cause: unknown) => { throw new FileError(`cannot make the folder ${dir}: ${(cause as Error).message}`, { cause }); });
  await writeTensors(join(dir, 'dit.safetensors'), dit, { type: 'F16', metadata });
  if (card !== undefined) await writeFile(join(dir, CARD), card);
  const shared = SHARED.flatMap((name) => { const known = base.info.files[name]; return known ? [[name, { from: base.info.id, ...known }] as const] : []; });
  const { format: _format, files: _files, ...whole } = base.info;
  return describeModel(dir, { ...whole, ...info }, { ...(await listed(dir, ['dit.safetensors'])), ...Object.fromEntries(shared) });
}

/** Size and hash of files of a folder. */
async function listed(dir: string, names: readonly string[]): Promise<ModelInfo['files']> {
  return Object.fromEntries(await Promise.all(names.map(async (name) => {
    const bytes = await read(join(dir, name));
    return [name, { sha256: sha256(bytes), bytes: bytes.length }] as const;
  })));
}

async function describeModel(dir: string, info: Omit<ModelInfo, 'format' | 'files'>, files: ModelInfo['files']): Promise<InstalledModel> {
  await writeFile(join(dir, 'model.json'), `${JSON.stringify({ format: FORMAT, ...info, files }, null, 2)}\n`);
  return openModel(dir);
}
