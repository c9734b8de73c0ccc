/**
 * @file The data folder: one folder a job, with what it was given (`inputs`), what is under way (`work`: native frames, and finished windows for whoever goes on), and
 * finished films (`film-<fence>`); one folder a character. All names are made here, none by a client. A film's folder appears whole, by renaming, and is seen when the
 * database says so.
 */
import { link, copyFile, mkdir, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileError } from '../media/pending.ts';
import type { Variant } from './contract.ts';

/** File of each variant, and its media type. */
export const VARIANT_FILES = {
  video: ['video.mp4', 'video/mp4'], thumbnail: ['thumbnail.webp', 'image/webp'], spritesheet: ['spritesheet.jpg', 'image/jpeg'],
} as const satisfies Readonly<Record<Variant, readonly [string, string]>>;
/** Frames as the model made them, without loss. */
export const NATIVE_FILE = 'native.png';

const ID = /^(video|char)_[0-9a-f]{32}$/;

/** Paths of the data folder. */
export class Store {
  readonly root: string;

  constructor(root: string) { this.root = resolve(root); }

  /** Makes the folders. Throws a FileError when it cannot. */
  async open(): Promise<void> {
    for (const name of ['jobs', 'characters', 'incoming']) {
      const folder = join(this.root, name);
      await mkdir(folder, { recursive: true, mode: 0o700 }).catch((cause: unknown) => { throw fileError('make the folder', folder, cause); });
    }
    await rm(join(this.root, 'incoming'), { recursive: true, force: true });                       // what a killed server left half-read
    await mkdir(join(this.root, 'incoming'), { mode: 0o700 });
  }

  #folder(kind: 'jobs' | 'characters', id: string): string {
    if (!ID.test(id)) throw new RangeError(`"${id}" is no id`);
    return join(this.root, kind, id);
  }
  /** A job's folder. */
  job(id: string): string { return this.#folder('jobs', id); }
  /** What a job was given. */
  input(id: string, name: 'image.png' | 'source.png'): string { return join(this.job(id), 'inputs', name); }
  /** Where a job's film is under way. */
  work(id: string): string { return join(this.job(id), 'work'); }
  /** A file of a finished film. */
  film(id: string, assets: string, name: string): string { return join(this.job(id), assets, name); }
  /** A character's folder. */
  character(id: string): string { return this.#folder('characters', id); }
  /** A free name for what is being received. */
  incoming(name: string): string { return join(this.root, 'incoming', name); }

  /** Makes the folder of a new job's inputs. */
  async prepare(id: string): Promise<void> { await mkdir(join(this.job(id), 'inputs'), { recursive: true }); }

  /** Puts a file of ours in place for a job, at no cost where links are possible: it stays when the first one goes. */
  async give(from: string, to: string): Promise<void> {
    await link(from, to).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT') throw fileError('read', from, cause);
      return copyFile(from, to);
    });
  }

  /** Puts a finished film's folder in its place. */
  async publish(id: string, made: string, assets: string): Promise<void> {
    const place = join(this.job(id), assets);
    await rm(place, { recursive: true, force: true });
    await rename(made, place);
  }

  /** Removes a job's folder. */
  async discard(id: string): Promise<void> { await rm(this.job(id), { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }); }
  /** Removes what only the making needed, and films that lost a race. */
  async tidy(id: string, assets: string): Promise<void> {
    for (const name of await readdir(this.job(id)).catch(() => [])) {
      if (name !== assets && name !== 'inputs') await rm(join(this.job(id), name), { recursive: true, force: true });
    }
  }

  /** Bytes of the files in a job's folder. */
  async bytes(id: string): Promise<number> {
    const entries = await readdir(this.job(id), { withFileTypes: true, recursive: true }).catch(() => []);
    const sizes = await Promise.all(entries.filter((entry) => entry.isFile()).map((entry) => stat(join(entry.parentPath, entry.name)).then(({ size }) => size, () => 0)));
    return sizes.reduce((sum, size) => sum + size, 0);
  }
  /** Ids of the jobs that have a folder. */
  async jobs(): Promise<string[]> { return (await readdir(join(this.root, 'jobs')).catch(() => [])).filter((name) => ID.test(name)); }

  /** Bytes that the disk still takes. */
  async free(): Promise<number> {
    const { bavail, bsize } = await statfs(this.root);
    return bavail * bsize;
  }
  /** Throws unless the folder can be seen. */
  async check(): Promise<void> { await stat(join(this.root, 'jobs')); }
}
