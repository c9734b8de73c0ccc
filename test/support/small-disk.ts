/**
 * @file A small disk of its own for a test: a tmpfs in a mount namespace that one process keeps open, so that servers on it can come and go. Files on it are reached through
 * that process from here.
 */
import { execFile, spawn } from 'node:child_process';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

/** Namespaces that one may be allowed to make: with a user's own root, or as root. */
const WAYS = [['--user', '--map-root-user', '--mount'], ['--mount']] as const;
const UNSHARE = 'unshare', MOUNT = 'mount -t tmpfs -o "size=$2" tmpfs "$1"';

/** How one is made here; undefined where neither way is open. */
async function way(): Promise<typeof WAYS[number] | undefined> {
  for (const flags of WAYS)
    if (await promisify(execFile)(UNSHARE, [...flags, 'sh', '-c', MOUNT, 'sh', '/tmp', '1m']).then(() => true, () => false)) return flags;
  return undefined;
}

/** Why there can be none; undefined when there can. */
export const smallDiskReason = async (): Promise<string | undefined> => (await way() ? undefined : 'no tmpfs can be mounted: unshare --mount is refused');

/** A disk. */
export interface SmallDisk {
  /** A command that runs a program which sees it. */
  readonly through: readonly string[];
  /** What lies at a path of it, as this process sees it. */
  readonly seen: (path: string) => string;
  /** Fills it, but for so many bytes. */
  fill(leave: number): Promise<void>;
  /** Takes away what `fill` wrote. */
  clear(): Promise<void>;
  remove(): Promise<void>;
}

/** Mounts one of so many bytes on a folder that is there. */
export async function makeSmallDisk(folder: string, bytes: number): Promise<SmallDisk> {
  const flags = (await way())!, holder = spawn(UNSHARE, [...flags, 'sh', '-c', `${MOUNT} && exec sleep 100000`, 'sh', folder, String(bytes)], { stdio: 'ignore' });
  const seen = (path: string): string => `/proc/${holder.pid}/root${path}`, filler = seen(`${folder}/filler`);
  const size = async (): Promise<number> => { const { blocks, bsize } = await statfs(seen(folder)).catch(() => ({ blocks: 0, bsize: 0 })); return blocks * bsize; };
  for (const end = Date.now() + 60_000; await size() !== bytes; await sleep(20)) if (Date.now() > end || holder.exitCode !== null) throw new Error('the disk was not mounted');
  return {
    through: ['nsenter', ...(flags[0] === '--user' ? ['--preserve-credentials', '--user'] : []), '--mount', '--target', String(holder.pid)], seen,
    fill: async (leave) => { const { bavail, bsize } = await statfs(seen(folder)); await writeFile(filler, new Uint8Array(Math.max(0, bavail * bsize - leave))); },
    clear: () => rm(filler, { force: true }),
    remove: async () => { await new Promise((resolve) => { holder.once('close', resolve); holder.kill('SIGKILL'); }); },
  };
}
