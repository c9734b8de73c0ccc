/**
 * @file Where and on what something was measured. Every bench and every evaluation prints this beside its numbers, so that a
 * number can be traced to a commit, a configuration and a machine. It reads git and the operating system, and measures nothing.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, loadavg, totalmem } from 'node:os';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The circumstances of a measurement, as plain JSON. */
export interface Environment {
  /** Commit of the checkout; null when the package runs outside of one. */
  readonly commit: string | null;
  /** Whether files differed from that commit. */
  readonly dirty: boolean | null;
  /** First 12 hex digits of the SHA-256 of the configuration, see {@link configHash}. */
  readonly configHash: string;
  readonly seed: number;
  readonly cpu: string;
  /** Logical cores of the machine. */
  readonly cores: number;
  /** Threads that the measured code was given. */
  readonly threads: number;
  /** Memory of the machine, 2^20 bytes. */
  readonly memoryMb: number;
  readonly onnxruntime: string;
  readonly node: string;
  /** Load averages over 1, 5 and 15 minutes. */
  readonly load: readonly [number, number, number];
  /** ISO 8601, UTC. */
  readonly date: string;
}

/** Options of {@link environment}. */
export interface EnvironmentOptions {
  /** Everything that decides what is measured: model, sizes, steps. Plain JSON. */
  readonly config: unknown;
  readonly seed: number;
  readonly threads: number;
  readonly now: Date;
  /** Folder inside the checkout whose commit counts; default: where this module lies. */
  readonly folder?: string | URL;
}

/** Describes the circumstances of a measurement that is about to start or has just ended. */
export function environment(o: EnvironmentOptions): Environment {
  const [one = 0, five = 0, fifteen = 0] = loadavg();
  const folder = o.folder ?? new URL('.', import.meta.url);
  const status = git(['status', '--porcelain', '--untracked-files=no'], folder);
  return {
    commit: git(['rev-parse', 'HEAD'], folder),
    dirty: status === null ? null : status !== '',
    configHash: configHash(o.config),
    seed: o.seed,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    threads: o.threads,
    memoryMb: Math.round(totalmem() / 2 ** 20),
    onnxruntime: packageVersion('onnxruntime-node'),
    node: process.version,
    load: [one, five, fifteen],
    date: o.now.toISOString(),
  };
}

/** First 12 hex digits of the SHA-256 of a value as JSON with sorted keys: equal values, equal hash, whatever their order. */
export function configHash(config: unknown): string {
  return createHash('sha256').update(JSON.stringify(sorted(config)) ?? 'undefined').digest('hex').slice(0, 12);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, child]) => [key, sorted(child)]));
}

/** What git prints, or null outside of a checkout or without git. */
function git(args: readonly string[], cwd: string | URL): string | null {
  try {
    return execFileSync('git', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return null;
  }
}

/** The folder of a dependency, found from its entry upwards (not every package exports its package.json), and its version; null when there is no such folder. */
function installedPackage(name: string): { readonly folder: URL; readonly version: string } | null {
  let folder = new URL('.', pathToFileURL(createRequire(import.meta.url).resolve(name)));
  for (;;) {
    try {
      const found = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8')) as { name?: string; version?: string };
      if (found.name === name && found.version !== undefined) return { folder, version: found.version };
    } catch { /* not in this folder: look above */ }
    const above = new URL('..', folder);
    if (above.href === folder.href) return null;
    folder = above;
  }
}

/** The version of a dependency. Throws when it is not installed. */
export const packageVersion = (name: string): string => installedPackage(name)?.version ?? 'unknown';

/** The folder of a dependency. Throws when it is not installed. */
export const packageFolder = (name: string): string => fileURLToPath(installedPackage(name)?.folder ?? new URL('.', import.meta.url));
