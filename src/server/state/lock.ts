/**
 * @file One process owns a data folder: a file with its number, made when no other is there. A process that was killed leaves the file; who finds one of a process that
 * is no more takes it over.
 */
import { readFileSync, rmSync } from 'node:fs';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ResourceError } from '../../core/errors.ts';
import { fileError } from '../../media/pending.ts';

const isRunning = (pid: number): boolean => {
  try { process.kill(pid, 0); return true; } catch (cause) { return (cause as NodeJS.ErrnoException).code !== 'ESRCH'; }
};

const holder = (text: string): number | undefined => {
  try { const { pid } = JSON.parse(text) as { pid?: unknown }; return typeof pid === 'number' ? pid : undefined; } catch { return undefined; }
};

/** Takes the folder; the result gives it back. Throws a ResourceError that names the process which has it. */
export async function lockFolder(folder: string): Promise<() => void> {
  const file = join(folder, 'lock.json'), own = `${file}.${process.pid}`;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(own, `${JSON.stringify({ pid: process.pid, since: new Date().toISOString() })}\n`);
    for (;;) {
      try { await link(own, file); break; } catch (cause) {                                        // a link appears whole, or there is one already
        if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
      }
      const pid = holder(await readFile(file, 'utf8').catch(() => ''));
      if (pid !== undefined && pid !== process.pid && isRunning(pid))
        throw new ResourceError(`the data folder ${folder} is in use by process ${pid}: stop it, or name another with --data`);
      await rm(file, { force: true });
    }
  } catch (cause) { throw fileError('write', file, cause); } finally { await rm(own, { force: true }); }
  return () => {
    try { if (holder(readFileSync(file, 'utf8')) === process.pid) rmSync(file, { force: true }); } catch { /* it is gone already */ }
  };
}
