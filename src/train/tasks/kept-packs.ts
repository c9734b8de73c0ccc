/** @file Files of packs that are made once and kept in a run's folder: trajectories of a teacher, states of a student. Each is whole or not there. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CancelledError, FileError } from '../../core/errors.ts';
import type { Split } from '../../data/sprites/world.ts';
import { fromHalves } from '../../io/half.ts';
import { readTensors } from '../../io/safetensors.ts';
import { fileError } from '../../media/pending.ts';

/** What a kill in the middle of a write leaves behind. */
const UNFINISHED = /\.safetensors\.\d+\.tmp$/;

/** Options of {@link keepPacks}. */
export interface KeptPacks {
  readonly dir: string;
  /** What they hold, for messages. */
  readonly what: string;
  readonly identity: string;
  readonly files: readonly string[];
  readonly write: (index: number, file: string) => Promise<void>;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Makes those of the files that are not there yet. Throws a FileError when one holds something of another `identity`, and a CancelledError between packs when the
 * signal aborts: what is done stays.
 */
export async function keepPacks({ dir, what, identity, files, write, signal, onProgress }: KeptPacks): Promise<void> {
  await mkdir(dir, { recursive: true }).catch((cause: unknown) => { throw fileError('make', dir, cause); });
  const there = new Set(await readdir(dir));
  for (const name of there) if (UNFINISHED.test(name)) await rm(join(dir, name), { force: true });
  for (const [index, name] of files.entries()) {
    if (there.has(name)) await checkIdentity(join(dir, name), what, identity);
    else {
      if (signal?.aborted) throw new CancelledError(`stopped after ${index} of ${files.length} packs of ${what}; the same command goes on with them`);
      await write(index, join(dir, name));
    }
    onProgress?.(index + 1, files.length);
  }
}

/** The file of a pack. */
export const packName = (split: Split, index: number): string => `${split}-${String(index).padStart(4, '0')}.safetensors`;

async function checkIdentity(file: string, what: string, identity: string): Promise<void> {
  const { metadata } = await readTensors(file, () => false);
  if (metadata['identity'] !== identity) {
    throw new FileError(`${file} holds ${what} of another teacher or configuration (${metadata['identity'] ?? 'unnamed'}, this run's are ${identity}); `
      + 'remove the folder or use another');
  }
}

/** The rows of a tensor in half precision. */
export const rowsOf = ({ shape: [rows, size], data }: { readonly shape: readonly number[]; readonly data: Uint16Array }): Float32Array[] =>
  Array.from({ length: rows! }, (_, row) => fromHalves(data.subarray(row * size!, (row + 1) * size!)));
