/**
 * @file Checkpoints of a run: the flat training state and one integer, the step. Written to a temporary file, synced and renamed, so that
 * a kill at any moment leaves the previous one; the newest two are kept.
 */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FileError } from '../../core/errors.ts';
import { readTensors, writeTensors, type StoredTensor } from '../../io/safetensors.ts';
import { ADAMW_STATE } from '../../optim/adamw.ts';
import type { TrainState } from './state.ts';

/** What a checkpoint holds beside tensors. */
export interface CheckpointInfo {
  /** Steps done. */
  readonly step: number;
  /** Hash of the configuration; a run resumes only with the same. */
  readonly configHash: string;
  /** Gradient norms of the last steps, for the skip rule. */
  readonly norms: Float32Array;
  /** Batches of the last steps as far as they were skipped, for the same rule. */
  readonly skipped: readonly string[];
}

const PATTERN = /^step-(\d{8})\.safetensors$/;
/** What a kill in the middle of a write leaves behind. */
const UNFINISHED = /^step-\d{8}\.safetensors\.\d+\.tmp$/;
const nameOf = (step: number): string => `step-${String(step).padStart(8, '0')}.safetensors`;

/** Steps of the checkpoints in a folder, oldest first. */
export async function listCheckpoints(dir: string): Promise<number[]> {
  const names = await readdir(dir).catch(() => [] as string[]);
  return names.flatMap((name) => { const match = PATTERN.exec(name); return match ? [Number(match[1])] : []; }).sort((a, b) => a - b);
}

/** Writes a checkpoint and removes all but the newest two, and what a killed run left half-written. */
export async function saveCheckpoint(dir: string, state: TrainState, info: CheckpointInfo): Promise<void> {
  await mkdir(dir, { recursive: true });
  const tensors = new Map<string, StoredTensor>();
  for (const array of ADAMW_STATE) for (const [name, data] of Object.entries(state.windows(array)))
    tensors.set(`${array}/${name}`, { shape: state.slots.get(name)!.spec.shape, data });
  tensors.set('norms', { shape: [info.norms.length], data: info.norms });
  await writeTensors(join(dir, nameOf(info.step)), tensors, { metadata: { step: String(info.step), config: info.configHash, skipped: JSON.stringify(info.skipped) } });
  for (const step of (await listCheckpoints(dir)).slice(0, -2)) await rm(join(dir, nameOf(step)), { force: true });
  for (const name of await readdir(dir)) if (UNFINISHED.test(name)) await rm(join(dir, name), { force: true });
}

/**
 * Reads the newest checkpoint of a folder into `state`; null when there is none. What the state has no room for (older ones hold a `v` of
 * Muon's matrices) is left. Throws a FileError when it belongs to another configuration.
 */
export async function loadCheckpoint(dir: string, state: TrainState, configHash: string): Promise<CheckpointInfo | null> {
  const step = (await listCheckpoints(dir)).at(-1);
  if (step === undefined) return null;
  const file = join(dir, nameOf(step));
  const { tensors, metadata } = await readTensors(file);
  if (metadata['config'] !== configHash) throw new FileError(`${file} belongs to configuration ${metadata['config']}, this run has ${configHash}`);
  for (const array of ADAMW_STATE) for (const [name, window] of Object.entries(state.windows(array))) {
    const stored = tensors.get(`${array}/${name}`);
    if (!stored || stored.data.length !== window.length) throw new FileError(`${file}: "${array}/${name}" is missing or of another size`);
    window.set(stored.data as Float32Array);
  }
  return { step, configHash, norms: tensors.get('norms')!.data as Float32Array, skipped: JSON.parse(metadata['skipped'] ?? '[]') as string[] };
}
