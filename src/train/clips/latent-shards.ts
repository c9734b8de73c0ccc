/**
 * @file Latents of a dataset, computed once: as in latents.ts, but in shards of at most {@link SHARD_BYTES}, written whole or not at all, so that an interrupted computation
 * goes on with those that are there; clips are read from the disk one by one, because all of them need not fit into memory. A shard is named by what its clips are: where
 * a dataset has grown, shards whose clips are as they were stay valid. Each carries the autoencoder's hash and refuses another's.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CancelledError, FileError } from '../../core/errors.ts';
import { fromHalves } from '../../io/half.ts';
import { locateHalves, sha256, writeTensors } from '../../io/safetensors.ts';
import { fileError } from '../../media/pending.ts';
import { latentFrames } from '../../models/vae/config.ts';
import type { ClipStock } from './clip-source.ts';
import { GIVEN_FRAMES, keptFrames, shapeName } from './clip-shape.ts';
import { encodeRange, encoder, latentSize, refuseOther, type CacheOptions, type LatentClips } from './latents.ts';

/** Most bytes of a shard, and most clips: what an interruption can cost. */
const SHARD_BYTES = 64e6, SHARD_CLIPS = 64;
/** Values of videos that are encoded together: eight clips of 17×64×64. */
const ENCODED_PIXELS = 8 * 17 * 64 * 64;

/** Options of {@link openShards}. */
export interface ShardOptions extends Omit<CacheOptions, 'clips'> {
  readonly stock: ClipStock;
  /** Most clips that are opened, the first ones. Default: all. */
  readonly most?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A part of a file: values at a place. */
function readValues(file: string, begin: number, values: number): Float32Array {
  const bytes = new Uint8Array(2 * values), handle = openSync(file, 'r');
  try {
    if (readSync(handle, bytes, 0, bytes.length, begin) !== bytes.length) throw new FileError(`${file} was cut off while it was read`);
  } catch (cause) { throw fileError('read', file, cause); } finally { closeSync(handle); }
  return fromHalves(new Uint16Array(bytes.buffer));
}

/** Makes the shards of a shape that are missing, and opens all. Throws a CancelledError between two shards when the signal aborts; the same call goes on. */
export async function openShards(o: ShardOptions): Promise<LatentClips> {
  const { vae, seed, split, shape, stock, signal } = o;
  const clips = Math.min(stock.count(split, shape), o.most ?? Infinity), identity = stock.identity(split, shape);
  const perFrame = latentSize(shape, vae.config), frames = latentFrames(shape.frames);
  const each = Math.max(1, Math.min(SHARD_CLIPS, Math.floor(SHARD_BYTES / (2 * perFrame * keptFrames(shape)))));
  const batch = Math.max(1, Math.min(8, Math.floor(ENCODED_PIXELS / (shape.frames * shape.width * shape.height))));
  await mkdir(o.dir, { recursive: true }).catch((cause: unknown) => { throw fileError('make', o.dir, cause); });
  const shards: { file: string; clips: number; given: number }[] = [];
  using encodeFilms = encoder(vae, o.backend);
  for (let first = 0; first < clips; first += each) {
    const count = Math.min(each, clips - first), made = [seed, split, shape, first, GIVEN_FRAMES, identity.slice(first, first + count)];
    const number = String(shards.length).padStart(5, '0'), hash = sha256(JSON.stringify(made)).slice(0, 12);
    const file = join(o.dir, `footage-${split}-${shapeName(shape)}-${number}-${hash}.safetensors`);
    if (!await stat(file).then(() => true, () => false)) {
      if (signal?.aborted) throw new CancelledError(`stopped after ${first} of ${clips} latents of ${shapeName(shape)}; the same command goes on from them`);
      const tensors = await encodeRange({ ...o, encodeFilms, first, count, batch, onProgress: (done) => { o.onProgress?.(first + done, clips); } });
      await writeTensors(file, tensors, { metadata: { vae: vae.hash, seed: String(seed), split, shape: shapeName(shape) } });
    }
    const { begins, metadata } = await locateHalves(file);
    refuseOther(file, metadata['vae'], vae);
    shards.push({ file, clips: begins.get('clips')!, given: begins.get('given')! });
  }
  const read = (index: number, what: 'clips' | 'given', at: number, values: number): Float32Array => {
    const shard = shards[Math.floor(index / each)]!;
    return readValues(shard.file, shard[what] + 2 * at, values);
  };
  return {
    shape, clips, frames, perFrame,
    clip: (index) => read(index, 'clips', index % each * frames * perFrame, frames * perFrame),
    given: (index, which) => read(index, 'given', (index % each * GIVEN_FRAMES + which) * perFrame, perFrame),
  };
}
