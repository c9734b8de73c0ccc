/** @file Signed films for tests: one of each kind, small. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { walkFilm } from '../media/fixtures.ts';
import type { FilmMetadata } from '../media/metadata.ts';
import { sidecarOf, type FilmSigner } from '../media/signer.ts';
import { writeFilm } from '../media/sink.ts';

/** Kinds of signed files. */
export const KINDS = ['mp4', 'mov', 'png', 'apng', 'webp', 'gif', 'jpeg', 'webm', 'mkv'] as const;
export type Kind = (typeof KINDS)[number];

/** What such a film says of itself. */
export const metadataOf = (seed: number): FilmMetadata => ({ prompt: `a knight, ${'again '.repeat(seed)}`, seed, model: 'tiny', settings: { frames: 3 } });

/** A film of a kind without manifest: its length and its pictures depend on the seed. */
export async function plainFilm(dir: string, kind: Kind, seed = 1): Promise<Buffer> {
  const { data, ...film } = walkFilm(32, 2 + seed), shown = { ...film, data: data.map((v) => v + 5 * seed) };
  if (kind === 'jpeg') return sharp(shown.data.subarray(0, 32 * 32 * 3), { raw: { width: 32, height: 32, channels: 3 } }).jpeg().toBuffer();
  const file = join(dir, `plain-${seed}.${kind}`);
  await writeFilm(file, shown, { metadata: metadataOf(seed) });
  return readFile(file);
}

/** Signs bytes into a file, and what lies beside it. */
export async function signInto(file: string, bytes: Uint8Array, o: { readonly signer: FilmSigner; readonly kind: Kind; readonly seed?: number }): Promise<Buffer> {
  const signed = await o.signer.sign(bytes, { format: o.kind, metadata: metadataOf(o.seed ?? 1) });
  await writeFile(file, signed.bytes);
  if (signed.sidecar) await writeFile(sidecarOf(file), signed.sidecar);
  return Buffer.from(signed.bytes);
}
