/**
 * @file Where kept files lie: films, what they were given, characters. The seam between the data folder itself (here) and a store of objects (assets-s3.ts). Names are paths
 * below the data folder (`jobs/<id>/film-1/video.mp4`), the same in both. A file appears whole or not at all, and is seen when the database says so.
 */
import { constants, createReadStream } from 'node:fs';
import { copyFile, link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { KinoraError } from '../../core/errors.ts';
import { fileError } from '../../media/pending.ts';

/** The store of assets does not answer, or refuses: it is worth trying again. */
export class AssetsError extends KinoraError {
  override readonly name = 'AssetsError';
  readonly code = 'store_unavailable';
  readonly exitCode = 1;
}

/** A file that is there. */
export interface OpenAsset {
  readonly bytes: number;
  /** The bytes from `start` to `end`, inclusive; closes it when it is read or cancelled. */
  stream(start: number, end: number): Promise<ReadableStream<Uint8Array>>;
  /** Instead of `stream`. */
  close(): Promise<void>;
}

/** What is kept of a job. */
export interface Held {
  /** Milliseconds of the clock when something of it changed. */
  readonly changed: number;
  bytes(): Promise<number>;
}

/** With a signal it is tried until it is done or the signal says stop, which throws a CancelledError; without, an AssetsError says that it is not to be had now. */
export interface Insist { readonly signal?: AbortSignal | undefined }

/** Kept files. What is not there throws a FileError, unless said otherwise. */
export interface Assets {
  /** Whether they lie in the data folder itself, beside what is under way. */
  readonly local: boolean;
  /** Throws unless they can be reached. */
  check(): Promise<void>;
  /** Takes the files of a folder of this machine in, all of them, instead of what was there; the folder is gone then. */
  take(folder: string, path: string, o?: Insist): Promise<void>;
  /** Takes a copy of a file of this machine in. */
  put(file: string, path: string): Promise<void>;
  /** Puts a file in its place on this machine, unless it is there. */
  fetch(path: string, file: string, o?: Insist): Promise<void>;
  /** Gives a file a second name, which stays when the first one goes. */
  copy(from: string, to: string): Promise<void>;
  /** Undefined when there is none. */
  open(path: string): Promise<OpenAsset | undefined>;
  /** Files below a path, by their names from there on, in order. */
  list(path: string): Promise<string[]>;
  /** Removes all below a path; nothing when there is none. */
  remove(path: string): Promise<void>;
  /** Ids of jobs that have files. */
  jobs(): Promise<Map<string, Held>>;
}

/** Names of the jobs' folders. */
export const JOB_ID = /^video_[0-9a-f]{32}$/;

/** What a reader says instead when there is no such file or folder; any other error is thrown: what cannot be read may well be there. */
export const ifMissing = <T>(instead: T) => (cause: NodeJS.ErrnoException): T => {
  if (cause.code === 'ENOENT') return instead;
  throw cause;
};

/** Files below a folder, by their paths in it, in order; none when it is not there. */
export async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(ifMissing([]));
  const nested = await Promise.all(entries.map(async (entry) =>
    (entry.isDirectory() ? (await filesIn(join(folder, entry.name))).map((path) => `${entry.name}/${path}`) : entry.isFile() ? [entry.name] : [])));
  return nested.flat().sort();
}

/** Bytes of the files below a folder. */
async function bytesIn(folder: string): Promise<number> {
  const sizes = await Promise.all((await filesIn(folder)).map((path) => stat(join(folder, path)).then(({ size }) => size).catch(ifMissing(0))));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Folders of a data folder's jobs. */
export async function jobFolders(root: string): Promise<Map<string, Held>> {
  const ids = (await readdir(join(root, 'jobs')).catch(ifMissing<string[]>([]))).filter((name) => JOB_ID.test(name));
  return new Map(await Promise.all(ids.map(async (id): Promise<[string, Held]> => {
    const folder = join(root, 'jobs', id), changed = await stat(folder).then(({ mtimeMs }) => mtimeMs).catch(ifMissing(Infinity));
    return [id, { changed, bytes: () => bytesIn(folder) }];
  })));
}

/** Assets in the data folder. */
export class FolderAssets implements Assets {
  readonly local = true;
  readonly #root: string;

  constructor(root: string) { this.#root = resolve(root); }

  #file(path: string): string { return join(this.#root, ...path.split('/')); }

  async check(): Promise<void> { await stat(this.#file('jobs')); }
  async take(folder: string, path: string): Promise<void> {
    const place = this.#file(path);
    if (place === resolve(folder)) return;
    await rm(place, { recursive: true, force: true });
    await rename(folder, place);
  }
  async put(file: string, path: string): Promise<void> {
    await mkdir(dirname(this.#file(path)), { recursive: true });
    await copyFile(file, this.#file(path), constants.COPYFILE_FICLONE).catch((cause: unknown) => { throw fileError('write', path, cause); });
  }
  async fetch(path: string, file: string): Promise<void> {
    if (this.#file(path) === resolve(file)) return;
    await copyFile(this.#file(path), file, constants.COPYFILE_FICLONE).catch((cause: unknown) => { throw fileError('read', path, cause); });
  }
  async copy(from: string, to: string): Promise<void> { await linkOrCopy(this.#file(from), this.#file(to)); }
  async open(path: string): Promise<OpenAsset | undefined> {
    const handle = await open(this.#file(path)).catch(ifMissing(undefined)).catch((cause: NodeJS.ErrnoException) => {
      throw new AssetsError(`the data folder does not give ${path}: ${cause.code}`, { cause });
    });
    if (!handle) return undefined;
    try {
      const { size: bytes } = await handle.stat();
      return {
        bytes, close: () => handle.close(),
        stream: async (start, end) => Readable.toWeb(createReadStream('', { fd: handle, start, end, autoClose: true })) as ReadableStream<Uint8Array>,
      };
    } catch (error) { await handle.close(); throw error; }
  }
  async list(path: string): Promise<string[]> { return filesIn(this.#file(path)); }
  async remove(path: string): Promise<void> { await rm(this.#file(path), { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }); }
  jobs(): Promise<Map<string, Held>> { return jobFolders(this.#root); }
}

/** A second name for a file on the same disk; elsewhere a copy. Throws a FileError when it is not there. */
export async function linkOrCopy(from: string, to: string): Promise<void> {
  await link(from, to).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') throw fileError('read', from, cause);
    return copyFile(from, to);
  });
}
