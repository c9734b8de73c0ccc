/**
 * @file Uploads to frames of our own: the server looks at the first bytes, no more; a process of its own decodes (decoder.ts), with limits on time, memory and pixels,
 * and writes a lossless PNG. What a client sent is read nowhere else.
 */
import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { IMAGE_KINDS } from '../../media/read.ts';
import { MEDIA_KINDS, sniff, SNIFF_BYTES, type MediaKind } from '../../media/sniff.ts';
import type { SizedModel } from '../../pipeline/settings/size-rule.ts';
import type { ServerConfig } from '../contract/config.ts';
import type { DecodedFilm } from '../workers/decode.ts';
import { ApiError, diskFull } from '../contract/errors.ts';
import type { Store } from '../state/store.ts';
import type { Decoder } from './decoder.ts';

/** Options of {@link receive}. */
export interface ReceiveOptions {
  readonly store: Store;
  readonly limits: ServerConfig['limits'];
  readonly decoder: Decoder;
  /** Field of the request, for errors. */
  readonly param: string;
  readonly as: 'image' | 'film';
  /** The PNG that is written; of a film, a sheet. */
  readonly to: string;
  /** The model in whose size of its shape it is kept. */
  readonly fit?: SizedModel;
  /** Most seconds of a film that are kept. */
  readonly seconds?: number;
  readonly fps?: number;
  /** Also writes the first frame by itself. */
  readonly first?: string;
}

/** Kinds that an upload may be of. */
const wanted = (as: 'image' | 'film'): readonly MediaKind[] => (as === 'image' ? IMAGE_KINDS : MEDIA_KINDS.filter((kind) => kind !== 'png' && kind !== 'jpeg'));

/** Decodes an upload into a file of the data folder. Throws an ApiError that says what is wrong with it. */
export async function receive(bytes: Uint8Array, { store, limits, decoder, param, as, to, fit, seconds, fps, first }: ReceiveOptions): Promise<DecodedFilm> {
  const seen = sniff(bytes.subarray(0, SNIFF_BYTES)), kinds = wanted(as), what = 'kind' in seen ? seen.kind : seen.looksLike;
  if (!('kind' in seen) || !kinds.includes(seen.kind)) throw new ApiError(400, `${param} is ${what}: wanted ${kinds.join(', ')}`, { code: 'invalid_file', param });
  const file = store.incoming(randomBytes(12).toString('hex'));
  try {
    await writeFile(file, bytes, { mode: 0o600 });
    const result = await decoder({
      file, kind: seen.kind, as, to, pixels: limits.uploadPixels, seconds: seconds ?? limits.seconds,
      ...(fit ? { fit: { dit: { config: { patch: fit.dit.config.patch } }, limits: fit.limits, native: fit.native } } : {}),
      ...(fps === undefined ? {} : { fps }), ...(first === undefined ? {} : { first }),
    }, limits);
    if ('full' in result) throw diskFull();
    if ('wrong' in result) throw new ApiError(400, `${param} cannot be read: ${result.wrong}`, { code: 'invalid_file', param });
    return result;
  } finally { await rm(file, { force: true }); }
}
