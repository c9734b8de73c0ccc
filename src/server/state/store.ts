/**
 * @file The data folder: one folder a job, with what it was given (`inputs`), what is under way (`work`: native frames, and finished windows for whoever goes on), and
 * finished films (`film-<fence>`); one folder a character. All names are made here, none by a client. What is kept may lie in a store of objects instead (assets.ts): then
 * the folder holds what is under way on this machine, and what is kept is handed over when it is whole.
 */
import { mkdir, readdir, rm, stat, statfs } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { fileError } from '../../media/pending.ts';
import { FolderAssets, filesIn, ifMissing, jobFolders, linkOrCopy, type Assets, type Held, type Insist, type OpenAsset } from '../assets/assets.ts';
import { openS3 } from '../assets/assets-s3.ts';
import type { ServerConfig } from '../contract/config.ts';
import type { Variant } from '../contract/contract.ts';
import type { Log } from '../watch/log.ts';

/** File of each variant, and its media type. */
export const VARIANT_FILES = {
  video: ['video.mp4', 'video/mp4'], thumbnail: ['thumbnail.webp', 'image/webp'], spritesheet: ['spritesheet.jpg', 'image/jpeg'],
} as const satisfies Readonly<Record<Variant, readonly [string, string]>>;
/** Frames as the model made them, without loss. */
export const NATIVE_FILE = 'native.png';

const ID = /^(video|char)_[0-9a-f]{32}$/;

/** Milliseconds after which what nobody touched of a film under way is left over: of a machine whose films are kept elsewhere. */
const LEFT_MS = 3 * 86_400_000;

/** Paths of the data folder, and what is kept under them. */
export class Store {
  readonly root: string;
  readonly #assets: Assets;

  /** `assets`: where what is kept lies. Default: in the folder. */
  constructor(root: string, assets?: Assets) {
    this.root = resolve(root);
    this.#assets = assets ?? new FolderAssets(this.root);
  }

  /** Makes the folders. Throws a FileError when it cannot. */
  async open(): Promise<void> {
    await this.openWork();
    await rm(join(this.root, 'incoming'), { recursive: true, force: true });                       // what a killed server left half-read
    await mkdir(join(this.root, 'incoming'), { mode: 0o700 });
  }
  /** Makes the folders, for a machine that only makes films. */
  async openWork(): Promise<void> {
    for (const name of ['jobs', 'characters', 'incoming']) {
      const folder = join(this.root, name);
      await mkdir(folder, { recursive: true, mode: 0o700 }).catch((cause: unknown) => { throw fileError('make the folder', folder, cause); });
    }
    await this.forget();
  }

  #folder(kind: 'jobs' | 'characters', id: string): string {
    if (!ID.test(id)) throw new RangeError(`"${id}" is no id`);
    return join(this.root, kind, id);
  }
  /** The name of what is kept, of a path of the folder. */
  #path(file: string): string { return relative(this.root, file).split(sep).join('/'); }
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

  /** A second name for a file that is under way. */
  link(from: string, to: string): Promise<void> { return linkOrCopy(from, to); }
  /** Puts a kept file in place for a job, at no cost where links are possible: it stays when the first one goes. */
  give(from: string, to: string): Promise<void> { return this.#assets.copy(this.#path(from), this.#path(to)); }
  /** Hands over a folder that is whole: a character's, or what a job was given. */
  keep(folder: string): Promise<void> { return this.#assets.take(folder, this.#path(folder)); }
  /** Hands over what a job was given. */
  keepInputs(id: string): Promise<void> { return this.keep(join(this.job(id), 'inputs')); }
  /** Puts what a job was given where its film is made. */
  async fetchInputs(id: string, { image, source }: { readonly image?: boolean | undefined; readonly source?: boolean | undefined }, o: Insist): Promise<void> {
    for (const file of [...(image ? [this.input(id, 'image.png')] : []), ...(source ? [this.input(id, 'source.png')] : [])])
      await this.#assets.fetch(this.#path(file), file, o);
  }

  /** Puts a finished film's folder in its place. */
  publish(id: string, made: string, assets: string, signal?: AbortSignal): Promise<void> { return this.#assets.take(made, this.#path(join(this.job(id), assets)), { signal }); }
  /** A kept file, to be read; undefined when it is not there. */
  read(file: string): Promise<OpenAsset | undefined> { return this.#assets.open(this.#path(file)); }

  /** Kept files below a path of the folder. */
  files(folder: string): Promise<string[]> { return this.#assets.list(this.#path(folder)); }
  /** Copies a kept file out. */
  copyOut(file: string, to: string): Promise<void> { return this.#assets.fetch(this.#path(file), to); }
  /** Copies a file in. */
  copyIn(from: string, file: string): Promise<void> { return this.#assets.put(from, this.#path(file)); }

  /** Removes a job's folder. */
  async discard(id: string): Promise<void> {
    await rm(this.job(id), { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    if (!this.#assets.local) await this.#assets.remove(this.#path(this.job(id)));
  }
  /** Removes a character's folder. */
  async discardCharacter(id: string): Promise<void> {
    await rm(this.character(id), { recursive: true, force: true });
    if (!this.#assets.local) await this.#assets.remove(this.#path(this.character(id)));
  }
  /** Removes what is under way of a job that came to nothing: what it was given stays, for another attempt. */
  async dropWork(id: string): Promise<void> { await rm(this.work(id), { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }); }
  /** Removes what only the making needed, and films that lost a race. */
  async tidy(id: string, assets: string): Promise<void> {
    const over = (name: string): boolean => name !== assets && name !== 'inputs';
    if (this.#assets.local) {
      for (const name of await readdir(this.job(id)).catch(() => [])) if (over(name)) await rm(join(this.job(id), name), { recursive: true, force: true });
      return;
    }
    await this.leave(id);
    const names = new Set((await this.files(this.job(id))).map((path) => path.split('/')[0]!));
    for (const name of names) if (over(name)) await this.#assets.remove(this.#path(join(this.job(id), name)));
  }
  /** Removes what this machine has of a job that is another's now, unless what is kept lies there too. */
  async leave(id: string): Promise<void> { if (!this.#assets.local) await rm(this.job(id), { recursive: true, force: true }); }
  /** Removes what was under way here long ago, unless what is kept lies there too. */
  async forget(): Promise<void> {
    if (this.#assets.local) return;
    for (const id of (await jobFolders(this.root)).keys()) {
      const folder = this.job(id), files = await filesIn(folder);
      const times = await Promise.all([folder, ...files.map((path) => join(folder, path))].map((file) => stat(file).then(({ mtimeMs }) => mtimeMs).catch(ifMissing(0))));
      if (Date.now() - Math.max(...times) > LEFT_MS) await this.leave(id);
    }
  }

  /** Jobs that have files, here or where they are kept. */
  async jobs(): Promise<Map<string, Held>> {
    return this.#assets.local ? this.#assets.jobs() : new Map([...await jobFolders(this.root), ...await this.#assets.jobs()]);
  }

  /** Bytes of the disk, and those that it still takes. */
  async disk(): Promise<{ readonly free: number; readonly size: number }> {
    const { bavail, blocks, bsize } = await statfs(this.root);
    return { free: bavail * bsize, size: blocks * bsize };
  }
  /** Throws unless the folder can be seen. */
  async check(): Promise<void> { await stat(join(this.root, 'jobs')); }
  /** Throws unless what is kept can be reached. */
  checkAssets(): Promise<void> { return this.#assets.check(); }
}

/** The store that a configuration names. */
export async function openStore({ data, assets }: Pick<ServerConfig, 'data' | 'assets'>, log: Log): Promise<Store> {
  return new Store(data, assets && await openS3(assets.s3, log));
}
