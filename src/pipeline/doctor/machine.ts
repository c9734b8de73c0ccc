/** @file What of the machine Kinora needs: Node, processor, memory, folders that it can write to. */
import { mkdtemp, readFile, rm, stat, statfs } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir, totalmem, type } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { checkMemory } from '../memory.ts';
import { findModel } from '../model/model-store.ts';
import { filmSettings } from '../settings/settings.ts';
import { firstLine, type Check } from './check.ts';

/** `20.19` ≤ `v20.20.2`. */
export function atLeast(version: string, least: string): boolean {
  const parts = (text: string): number[] => text.replace(/^\D+/, '').split('.').map(Number), [a, b] = [parts(version), parts(least)];
  for (const [i, wanted] of b.entries()) if ((a[i] ?? 0) !== wanted) return (a[i] ?? 0) > wanted;
  return true;
}

/** The version of Node beside the one that package.json wants (`>=20.19`). */
export function nodeCheck(version: string, engines: string): Check {
  const least = engines.replace(/^>=\s*/, ''), ok = atLeast(version, least);
  const common = { name: 'node', needed: true, found: version } as const;
  return ok ? { ...common, state: 'ok' } : { ...common, state: 'broken', why: `too old, wanted ${least} or later`, needs: `Node.js ${least} or later, from nodejs.org` };
}

/** Features of processors that the engine has kernels for, as Linux calls them. */
const FEATURES = ['avx2', 'avx512f', 'avx_vnni', 'avx512_vnni', 'amx_int8', 'asimd', 'asimddp', 'i8mm', 'sve'];

async function cpuCheck(): Promise<Check> {
  const text = await readFile('/proc/cpuinfo', 'utf8').catch(() => ''), flags = new Set(/^(?:flags|Features)\s*:(.*)$/m.exec(text)?.[1]?.split(' '));
  const known = FEATURES.filter((name) => flags.has(name)), model = cpus()[0]?.model.trim() || process.arch, cores = availableParallelism();
  return { name: 'cpu', needed: true, state: 'ok', found: `${model}, ${cores} ${cores === 1 ? 'core' : 'cores'}${known.length > 0 ? `, ${known.join(' ')}` : ''}` };
}

function systemCheck(): Check {
  const { header } = process.report.getReport() as { header: { osRelease?: string; glibcVersionRuntime?: string } };
  const { glibcVersionRuntime: glibc } = header;
  const found = `${type()} ${header.osRelease ?? ''} ${process.arch}${glibc === undefined ? '' : `, glibc ${glibc}`}`;
  if (process.platform !== 'linux' || glibc !== undefined) return { name: 'system', needed: true, state: 'ok', found };
  return { name: 'system', needed: true, state: 'broken', found, why: 'no glibc, which onnxruntime-node needs', needs: 'a distribution with glibc, as Debian and Fedora are' };
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

/** Memory that is free, beside what the default film of the default model takes. */
async function memoryCheck(): Promise<Check> {
  const available = process.availableMemory(), found = `${gigabytes(available)} free of ${gigabytes(totalmem())}`, common = { name: 'memory', needed: true, found } as const;
  try {
    const { info } = await findModel();
    checkMemory(filmSettings({ prompt: 'a knight' }, info, 0), info, available);
  } catch (error) { return { ...common, state: 'broken', why: firstLine(error) }; }
  return { ...common, state: 'ok' };
}

/** The nearest folder above a path that is there. */
async function nearest(path: string): Promise<string> {
  for (let at = resolve(path); ; at = dirname(at)) if (await stat(at).then(() => true, () => false) || dirname(at) === at) return at;
}

/** A folder that is written to, or could be made. */
export async function folderCheck(name: string, path: string, needed: boolean): Promise<Check> {
  const there = await nearest(path), is = there === resolve(path);
  try {
    await rm(await mkdtemp(join(there, '.kinora-doctor-')), { recursive: true });
    const { bavail, bsize } = await statfs(there);
    return { name, needed, state: 'ok', found: `${path}${is ? '' : ' (to be made)'}, ${gigabytes(bavail * bsize)} free` };
  } catch (error) { return { name, needed, state: 'broken', found: path, why: `cannot be written: ${firstLine(error)}` }; }
}

/** Folders that are looked at. */
export interface Folders {
  /** Of the server. */
  readonly data: string;
  /** Of training. */
  readonly cache: string;
}

/** All of them. */
export async function machineChecks({ engines, data, cache }: Folders & { readonly engines: string }): Promise<Check[]> {
  return [
    nodeCheck(process.version, engines), systemCheck(), await cpuCheck(), await memoryCheck(),
    await folderCheck('this folder', '.', true), await folderCheck('temporary files', tmpdir(), true),
    await folderCheck('cache of training', cache, false), await folderCheck('data of the server', data, false),
  ];
}
