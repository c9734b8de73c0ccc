/**
 * @file Files and folders that appear whole or not at all: written under a temporary name beside the target, renamed at the
 * end. The temporary name is taken at once, so that a folder that cannot be written is known before the work starts.
 * Errors of the file system come out as one-line FileErrors.
 */
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FileError, KinoraError, ResourceError } from '../core/errors.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full', EDQUOT: 'the disk quota is used up', EFBIG: 'the file is too large for this disk',
  EACCES: 'permission denied', EPERM: 'permission denied', EROFS: 'the disk is read-only', EISDIR: 'it is a folder',
  ENOENT: 'no such file or folder', ENOTDIR: 'part of its path is a file', ENAMETOOLONG: 'its name is too long', EIO: 'the disk reports an error',
};

/** Whether an error, or what caused it, is a disk that takes no more. */
export function isDiskFull(error: unknown): boolean {
  for (let at = error; typeof at === 'object' && at !== null; at = (at as { cause?: unknown }).cause)
    if (['ENOSPC', 'EDQUOT'].includes((at as { code?: unknown }).code as string)) return true;
  return false;
}

/** The FileError of a failed file operation; errors of Kinora pass unchanged. */
export function fileError(doing: string, file: string, cause: unknown): KinoraError {
  if (cause instanceof KinoraError) return cause;
  const code = (cause as { code?: unknown } | null)?.code;
  const reason = (typeof code === 'string' && REASONS[code]) || (cause instanceof Error ? cause.message.split('\n')[0]!.replace(/[\s:]+$/, '') : String(cause));
  return new FileError(`cannot ${doing} ${file}: ${reason}`, { cause });
}

/** Throws a ResourceError for a film whose frames take more bytes than there may be; `most` is told. */
export function checkBytes(file: string, bytes: number, most: number): void {
  if (bytes <= most) return;
  throw new ResourceError(`cannot read ${file}: its pixels take more than the ${Math.round(most / 1e6)} MB of memory that are free for them: make it shorter or smaller`);
}

let taken = 0;
/** A free name in the same folder, so that the rename stays on one disk. */
const temporaryName = (target: string): string => join(dirname(target), `.kinora-${process.pid}-${taken++}.part`);

/**
 * Removes what a process that was killed left half-written in a folder; nothing as long as it runs. `pid` must be known to have written there, as its own
 * records say: process numbers are used again.
 */
export async function discardLeft(folder: string, pid: number): Promise<void> {
  if (pid === process.pid || isRunning(pid)) return;
  const names = await readdir(folder).catch(() => []);
  for (const name of names) if (name.startsWith(`.kinora-${pid}-`) && name.endsWith('.part')) await rm(join(folder, name), { recursive: true, force: true });
}

/** Removes what processes that run no longer left half-written in a folder of ours alone. */
export async function discardAllLeft(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []), pids = names.flatMap((name) => {
    const left = /^\.kinora-(\d+)-\d+\.part$/.exec(name);
    return left ? [Number(left[1])] : [];
  });
  for (const pid of new Set(pids)) await discardLeft(folder, pid);
}

/** Whether a process of this number runs. */
export function isRunning(pid: number): boolean {
  try { process.kill(pid, 0); return true; } catch (cause) { return (cause as NodeJS.ErrnoException).code !== 'ESRCH'; }
}

const isFolder = async (path: string): Promise<boolean | undefined> => stat(path).then((s) => s.isDirectory(), () => undefined);

async function checkParent(target: string): Promise<void> {
  const parent = dirname(target);
  if (await isFolder(parent) === undefined) throw new FileError(`cannot write ${target}: folder ${parent} does not exist`);
}

/** A file under way. */
export interface PendingFile {
  write(bytes: Uint8Array): Promise<void>;
  /** Puts it in place of the target. */
  commit(): Promise<void>;
  /** Leaves nothing behind; harmless after `commit`. */
  discard(): Promise<void>;
}

/** Starts a file that will replace `target`. */
export async function createFile(target: string): Promise<PendingFile> {
  const temporary = temporaryName(target);
  let handle: FileHandle | undefined;
  try {
    await checkParent(target);
    if (await isFolder(target)) throw new FileError(`cannot write ${target}: it is a folder`);
    handle = await open(temporary, 'wx');
  } catch (cause) { throw fileError('write', target, cause); }
  const close = async (): Promise<void> => { const h = handle; handle = undefined; await h?.close(); };
  let done = false;
  const discard = async (): Promise<void> => {
    if (done) return;
    done = true;
    await close().catch(() => undefined);
    await rm(temporary, { force: true });
  };
  return {
    async write(bytes) {
      if (!handle) throw new FileError(`cannot write ${target}: it is closed`);
      try {
        for (let at = 0; at < bytes.length;) at += (await handle.write(bytes, at)).bytesWritten;
      } catch (cause) { await discard(); throw fileError('write', target, cause); }
    },
    async commit() {
      try {
        await handle?.sync();
        await close();
        await rename(temporary, target);
        done = true;
      } catch (cause) { await discard(); throw fileError('write', target, cause); }
    },
    discard,
  };
}

/** A folder under way. */
export interface PendingFolder {
  /** One whole file in it. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  commit(): Promise<void>;
  discard(): Promise<void>;
}

/** Starts a folder that will replace `target`, which may exist if it is empty or holds only files named by `ours`. */
export async function createFolder(target: string, ours: RegExp): Promise<PendingFolder> {
  const path = join(dirname(target), basename(target));                 // without a trailing slash
  const temporary = temporaryName(path);
  try {
    await checkParent(path);
    const kind = await isFolder(path);
    if (kind === false) throw new FileError(`cannot write folder ${path}: a file of that name exists`);
    const foreign = kind ? (await readdir(path)).find((name) => !ours.test(name)) : undefined;
    if (foreign !== undefined) throw new FileError(`cannot write folder ${path}: it holds other files (${foreign})`);
    await mkdir(temporary);
  } catch (cause) { throw fileError('write', path, cause); }
  let done = false;
  const discard = async (): Promise<void> => {
    if (done) return;
    done = true;
    await rm(temporary, { recursive: true, force: true });
  };
  return {
    async write(name, bytes) {
      let handle: FileHandle | undefined;
      try {
        handle = await open(join(temporary, name), 'wx');
        for (let at = 0; at < bytes.length;) at += (await handle.write(bytes, at)).bytesWritten;
        await handle.close();
      } catch (cause) {
        await handle?.close().catch(() => undefined);
        await discard();
        throw fileError('write', path, cause);
      }
    },
    async commit() {
      const old = temporaryName(path);
      try {
        const replaces = await isFolder(path);
        if (replaces) await rename(path, old);
        await rename(temporary, path);
        done = true;
        if (replaces) await rm(old, { recursive: true, force: true });
      } catch (cause) { await discard(); throw fileError('write', path, cause); }
    },
    discard,
  };
}
