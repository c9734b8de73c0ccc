/**
 * @file Finished windows on disk. While a film of several windows is made, each one's latents are kept in the folder `<output>.parts`, so that the film goes on
 * from them after a crash, and a film that is told otherwise makes only what changed. A part is named by the hash of everything that its latents are a function
 * of (decision 012): what does not fit is never found. Parts are written whole or not at all, and checked when they are read; a damaged one is made again.
 */
import { createHash, type Hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { CancelledError, FileError, InputError } from '../core/errors.ts';
import { packageVersion } from '../io/environment.ts';
import { readTensors, sha256, writeTensors } from '../io/safetensors.ts';
import { createFile, discardLeft, fileError } from '../media/pending.ts';
import type { WindowParts } from './sampling/context.ts';
import type { CaptionTokens } from './sampling/denoise.ts';
import { modelsFolder, type ModelInfo } from './model/model-store.ts';
import type { FilmSettings } from './settings/film-options.ts';
import { regionsOf, windowSigmas } from './settings/film-windows.ts';
import type { FilmWindow } from './settings/timeline.ts';

/** Whether a film goes on from windows that are there, and leaves its own. */
export interface PartsOptions {
  /** Go on from the windows that an earlier run finished and kept beside the output. Default no: their presence is an error. */
  readonly resume?: boolean;
  /** As `resume`, and the windows stay when the film is done, so that the same film told otherwise makes only what changed. Default no. */
  readonly keepParts?: boolean;
}

/** What a window's latents are a function of. */
export interface WindowKeyOptions {
  readonly info: ModelInfo;
  readonly settings: FilmSettings;
  readonly window: FilmWindow;
  readonly parts: WindowParts;
  readonly region: Uint8Array | null;
  /** As the model reads them: the shot's and the unconditional one. */
  readonly captions: readonly CaptionTokens[];
}

/** Settings that a window does not see, or sees as its own words, noise levels and pictures. All others are part of its key, those that are yet to come too. */
const UNSEEN: ReadonlySet<string> = new Set<keyof FilmSettings>([
  'prompt', 'negative', 'shots', 'frames', 'fps', 'window', 'loop', 'images', 'clips', 'source', 'steps', 'shift', 'draftOf', 'scale', 'palette', 'steady', 'transparent']);
/** Fields of pictures that say nothing of their pixels. */
const SILENT: ReadonlySet<string> = new Set(['name', 'fps']);

/** Adds a value to a hash: bytes as they are, objects by their keys in order, lengths before all. */
function feed(hash: Hash, value: unknown): void {
  if (ArrayBuffer.isView(value)) {
    hash.update(`<${value.byteLength}>`).update(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  } else if (Array.isArray(value)) {
    hash.update(`[${value.length}]`);
    for (const child of value) feed(hash, child);
  } else if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([key, child]) => child !== undefined && !SILENT.has(key)).sort(([a], [b]) => (a < b ? -1 : 1));
    hash.update(`{${entries.length}}`);
    for (const [key, child] of entries) { hash.update(`${JSON.stringify(key)}:`); feed(hash, child); }
  } else hash.update(`${JSON.stringify(value) ?? 'undefined'};`);
}

let made: readonly string[] | undefined;
/** What computes: versions of this package and of the engine, and the machine's kind. Threads are not part of it: one and two give the same bytes. */
const madeBy = (): readonly string[] => made ??= [
  (JSON.parse(readFileSync(join(modelsFolder(), '..', 'package.json'), 'utf8')) as { version: string }).version, packageVersion('onnxruntime-node'), process.arch];

/** The name of a window's latents: SHA-256 over all that they are a function of, in hexadecimal. */
export function windowKey({ info, settings, window, parts, region, captions }: WindowKeyOptions): string {
  const { vae, dit, text, latent, files } = info, { shot: _, ...place } = window, hash = createHash('sha256');
  feed(hash, {
    madeBy: madeBy(), vae, dit, text, latent, weights: ['vae.safetensors', 'dit.safetensors'].map((name) => files[name]?.sha256),
    settings: Object.fromEntries(Object.entries(settings).filter(([name]) => !UNSEEN.has(name))), sigmas: windowSigmas(settings, window),
    place, parts, region, regions: regionsOf(settings, window), captions: captions.map(({ ids, present, weights }) => ({ ids, present, weights })),
  });
  return hash.digest('hex');
}

const PART = /^window-[0-9a-f]{32}\.safetensors$/, UNFINISHED = /^window-[0-9a-f]{32}\.safetensors\.\d+\.tmp$|^\.kinora-\d+-\d+\.part$/, FILM = 'film.json';
const partName = (key: string): string => `window-${key.slice(0, 32)}.safetensors`;
const filmSchema = z.object({ kinora: z.literal(1), seed: z.int().min(0), pid: z.int().positive() });

/** The folder of a film's parts: beside it, under its name. */
export const partsFolder = (output: string): string => `${output.replace(/[/\\]+$/, '')}.parts`;

const namesIn = (folder: string): Promise<string[]> => readdir(folder).catch((cause: NodeJS.ErrnoException) => {
  if (cause.code === 'ENOENT') return [];
  throw fileError('read', folder, cause);
});

const filmOf = async (folder: string): Promise<z.infer<typeof filmSchema> | undefined> => {
  const text = await readFile(join(folder, FILM), 'utf8').catch(() => '');
  try { return filmSchema.parse(JSON.parse(text)); } catch { return undefined; }               // none, or damaged: windows are found by their keys all the same
};

/** The seed of the film whose parts lie beside the output, for those who go on with it and name none. */
export const keptSeed = async (output: string): Promise<number | undefined> => (await filmOf(partsFolder(output)))?.seed;

/** Where a film goes, and the seed that was asked for. */
interface AskedFilm { readonly output?: string | undefined; readonly seed?: number | undefined }

/** Throws an InputError when it cannot be known which film is to go on. */
export function checkResumable({ resume, keepParts }: PartsOptions, { output, seed }: AskedFilm, count: number): void {
  const asked = resume ? 'resume' : keepParts ? 'keep parts' : undefined;
  if (asked === undefined) return;
  if (output === undefined) throw new InputError(`${asked} needs to know the film: its windows lie beside its output`);
  if (resume && count > 1 && seed === undefined)
    throw new InputError(`resume of ${count} films needs their seed: each one's windows lie beside its output, which has the seed in its name`);
}

/** What {@link openParts} opens. */
export interface OpenPartsOptions extends PartsOptions {
  /** The film's file or folder. */
  readonly output: string;
  /** How many windows the film has. */
  readonly windows: number;
  readonly seed: number;
}

/** The parts of a film, or null for one that is made in one piece and asks for none. Throws an InputError when there are parts that it was not told to go on from. */
export async function openParts({ output, windows, seed, resume = false, keepParts = false }: OpenPartsOptions): Promise<PartStore | null> {
  if (windows < 2 && !resume && !keepParts) return null;
  const folder = partsFolder(output), there = (await namesIn(folder)).filter((name) => PART.test(name)).length;
  if (there > 0 && !resume && !keepParts) {
    throw new InputError(`${folder} holds ${there} finished ${there === 1 ? 'window' : 'windows'} of this film or an earlier one: `
      + 'go on from them with --resume, or remove the folder to start anew');
  }
  const before = await filmOf(folder);
  if (before) await discardLeft(dirname(folder), before.pid);
  return new PartStore(folder, { windows, seed, reads: resume || keepParts, keeps: keepParts });
}

interface StoreOptions { readonly windows: number; readonly seed: number; readonly reads: boolean; readonly keeps: boolean }

/** The windows of one film under way. */
export class PartStore {
  /** Whether windows that are there are used. */
  readonly reads: boolean;
  /** What the maker of the film should know, as sentences. */
  readonly notes: string[] = [];
  readonly #folder: string;
  readonly #o: StoreOptions;
  readonly #used = new Set<string>();
  #reused = 0;
  #writes = true;

  constructor(folder: string, o: StoreOptions) { this.#folder = folder; this.#o = o; this.reads = o.reads; }

  /** Windows that were there. */
  get reused(): number { return this.#reused; }

  /** The latents of a window: those that are there under its key, or `make`s and keeps them. A disk that takes no more costs the parts, not the film. */
  async latents(key: string, make: () => Promise<Float32Array>): Promise<Float32Array> {
    const there = this.#o.reads ? await this.#read(key) : undefined;
    if (there) {
      this.#reused++;
      this.#used.add(partName(key));
      return there;
    }
    const latents = await make();
    if (this.#writes) await this.#write(key, latents);
    return latents;
  }

  /** The film is done: its parts are removed, or all but those that it is made of. */
  async finish(): Promise<void> {
    const stays = (name: string): boolean => this.#o.keeps && (name === FILM || this.#used.has(name)), names = await namesIn(this.#folder).catch(() => []);
    const ours = names.filter((name) => PART.test(name) || UNFINISHED.test(name) || name === FILM);
    try {
      for (const name of ours) if (!stays(name)) await rm(join(this.#folder, name), { force: true });
      if (ours.length > 0 && !ours.some(stays) && ours.length === names.length) await rmdir(this.#folder);
    } catch (cause) { this.notes.push(fileError('remove', this.#folder, cause).message); }
  }

  /** The error of a film that was not finished; one that was cancelled says what is kept of it. */
  unfinished(error: unknown): unknown {
    const { size } = this.#used, { windows } = this.#o;
    if (!(error instanceof CancelledError) || size === 0) return error;
    return new CancelledError(error.message, { cause: error, kept: `${this.#folder} keeps ${size} of ${windows} windows, --resume goes on from ${size === 1 ? 'it' : 'them'}` });
  }

  async #read(key: string): Promise<Float32Array | undefined> {
    const file = join(this.#folder, partName(key));
    try {
      const { tensors, metadata } = await readTensors(file), { data } = tensors.get('latents')!;
      if (metadata['key'] === key && metadata['sha256'] === hashOf(data as Float32Array)) return data as Float32Array;
    } catch (cause) {
      if (((cause as Error).cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return undefined;
    }
    this.notes.push(`${file} is damaged or cannot be read: its window was made again`);
    return undefined;
  }

  async #write(key: string, latents: Float32Array): Promise<void> {
    const name = partName(key);
    try {
      await mkdir(this.#folder, { recursive: true });
      if (this.#used.size === this.#reused) await this.#writeFilm();
      await writeTensors(join(this.#folder, name), new Map([['latents', { shape: [latents.length], data: latents }]]), { metadata: { key, sha256: hashOf(latents) } });
      this.#used.add(name);
    } catch (error) {
      this.#writes = false;
      const { message } = fileError('keep the windows of this film in', this.#folder, error instanceof FileError ? error.cause ?? error : error);
      this.notes.push(`${message}; after a crash they would be made again`);
    }
  }

  async #writeFilm(): Promise<void> {
    const file = await createFile(join(this.#folder, FILM));
    await file.write(Buffer.from(`${JSON.stringify({ kinora: 1, seed: this.#o.seed, pid: process.pid })}\n`));
    await file.commit();
  }
}

const hashOf = (data: Float32Array): string => sha256(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
