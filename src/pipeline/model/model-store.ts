/**
 * @file Models on disk: one folder each, with model.json (what it is, and the size and SHA-256 of every file but the card), weights as safetensors,
 * the tokenizer, and a card. A file is read only after its size and hash have been checked. The trainer writes folders with {@link writeModel}.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FileError, InputError } from '../../core/errors.ts';
import { readTensors, sha256, writeTensors, type StoredTensor } from '../../io/safetensors.ts';
import { FORMAT, parseModelInfo, type ModelInfo, type Weights } from './model-info.ts';

export type { ModelInfo, Weights } from './model-info.ts';

/** The card is for people: it may be edited, so it has no hash. */
const CARD = 'README.md';
/** Model that is used when none is named. */
export const DEFAULT_MODEL = 'sprites-64';

/** A model folder whose model.json has been read. */
export interface InstalledModel {
  /** Absolute. */
  readonly dir: string;
  readonly info: ModelInfo;
}

/** The folder of models that ship with the package: beside src/ and dist/. */
export const modelsFolder = (): string => fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../../../models/' : '../models/', import.meta.url));

const read = async (file: string): Promise<Buffer> => readFile(file).catch((cause: NodeJS.ErrnoException) => {
  throw new FileError(`cannot read ${file}: ${cause.code === 'ENOENT' ? 'no such file' : cause.message}`, { cause });
});

/** Reads a folder's model.json. */
export async function openModel(dir: string): Promise<InstalledModel> {
  const file = join(dir, 'model.json'), text = (await read(file)).toString('utf8');
  return { dir: resolve(dir), info: parseModelInfo(text, file) };
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
