/**
 * @file One process owns a folder: a file with its number, made when no other is there. A process that was killed leaves the file; who finds one of a process that is no more
 * takes it over.
 */
import { readFileSync, rmSync } from 'node:fs';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ResourceError } from '../core/errors.ts';
import { fileError, isRunning } from './pending.ts';

const holder = (text: string): number | undefined => {
  try { const { pid } = JSON.parse(text) as { pid?: unknown }; return typeof pid === 'number' ? pid : undefined; } catch { return undefined; }
};

/** What is owned, as messages say it. */
export interface FolderLock {
  /** Name of the lock's file. */
  readonly name: string;
  /** `the data folder`. */
  readonly what: string;
  /** What who finds it taken can do: `stop it, or …`. */
  readonly remedy: string;
  /** Permissions of a folder that is made. Default: the process's. */
  readonly mode?: number;
}

/** Takes the folder, which is made if it is not there; the result gives it back. Throws a ResourceError that names the process which has it. */
export async function lockFolder(folder: string, { name, what, remedy, mode }: FolderLock): Promise<() => void> {
  const file = join(folder, name), own = `${file}.${process.pid}`;
  try {
    await mkdir(folder, { recursive: true, mode });
    await writeFile(own, `${JSON.stringify({ pid: process.pid, since: new Date().toISOString() })}\n`);
    for (;;) {
      try { await link(own, file); break; } catch (cause) {                                        // a link appears whole, or there is one already
        if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
      }
      const pid = holder(await readFile(file, 'utf8').catch(() => ''));
      if (pid !== undefined && pid !== process.pid && isRunning(pid))
        throw new ResourceError(`${what} ${folder} is in use by process ${pid}: ${remedy}`);
      await rm(file, { force: true });
    }
  } catch (cause) { throw fileError('write', file, cause); } finally { await rm(own, { force: true }); }
  return () => {
    try { if (holder(readFileSync(file, 'utf8')) === process.pid) rmSync(file, { force: true }); } catch { /* it is gone already */ }
  };
}
