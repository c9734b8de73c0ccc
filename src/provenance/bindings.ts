/**
 * @file What ties a manifest to its film: assertions with hashes of the film's bytes (C2PA 2.2, section 9): of a file but for the manifest's place (`c2pa.hash.data`), of an MP4's
 * boxes with their places (`c2pa.hash.bmff.v3`), of the files of a folder (`c2pa.hash.collection.data`); and of its parts, by name, so that it can be told what was changed.
 */
import { createHash, type Hash } from 'node:crypto';
import { z } from 'zod';
import { BMFF_UUID, bmffBoxes, type BmffBox } from './containers/bmff.ts';
import type { Held, Part } from './containers/container.ts';

/** Hashes that C2PA allows. */
export const HASHES = ['sha256', 'sha384', 'sha512'] as const;
/** Labels of assertions. */
export const DATA = 'c2pa.hash.data', BMFF = 'c2pa.hash.bmff.v3', BMFF_V2 = 'c2pa.hash.bmff.v2', COLLECTION = 'c2pa.hash.collection.data', PARTS = 'kinora.parts';

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'wanted bytes'), alg = z.enum(HASHES);
/** `c2pa.hash.data`. */
export const dataHash = z.object({
  exclusions: z.array(z.object({ start: z.int().min(0), length: z.int().min(0) })).nullish(), alg: alg.nullish(), hash: bytes, pad: bytes.nullish(),
});
const exclusion = z.object({
  xpath: z.string(), data: z.array(z.object({ offset: z.int(), value: bytes })).nullish(), length: z.null().optional(), subset: z.null().optional(), version: z.null().optional(),
  flags: z.null().optional(), exact: z.boolean().nullish(),
});
/** `c2pa.hash.bmff`, of boxes that are left out whole; other forms are not read. */
export const bmffHash = z.object({ exclusions: z.array(exclusion), alg: alg.nullish(), hash: bytes, merkle: z.null().optional() });
/** `c2pa.hash.collection.data`. */
export const collectionHash = z.object({ uris: z.array(z.object({ uri: z.string(), hash: bytes, size: z.int().nullish() })).min(1), alg: alg.nullish() });
/** `kinora.parts`: a file's parts but for the manifest, from its beginning to its end. */
export const partsHash = z.object({ alg, parts: z.array(z.object({ name: z.string(), length: z.int().min(0), hash: bytes })) });

/** SHA-256 of bytes. */
export const digest = (data: Uint8Array, algorithm: (typeof HASHES)[number] = 'sha256'): Buffer => createHash(algorithm).update(data).digest();

/** The assertion on all of a file but a place of `length` bytes at `start`; `rest` is what is not in that place. `pad` bytes of no meaning make it longer. */
export const hashData = (rest: Uint8Array, place: { readonly start: number; readonly length: number } | null, pad = 0): z.infer<typeof dataHash> =>
  ({ ...(place ? { exclusions: [place] } : {}), alg: 'sha256', hash: digest(rest), pad: new Uint8Array(pad) });

/** Whether a file has this hash. */
export function hasDataHash(file: Buffer, { exclusions, alg: algorithm, hash }: z.infer<typeof dataHash>): boolean {
  const sum = createHash(algorithm ?? 'sha256');
  let at = 0;
  for (const { start, length } of [...exclusions ?? []].sort((a, b) => a.start - b.start)) {
    if (start < at) return false;
    sum.update(file.subarray(at, start));
    at = start + length;
  }
  return sum.update(file.subarray(at)).digest().equals(hash);
}

/** Whether nothing but the manifest is left out. */
export const leavesOut = ({ exclusions }: z.infer<typeof dataHash>, held: Held | null): boolean =>
  (exclusions ?? []).every(({ start, length }) => held !== null && start >= held.start && start + length <= held.end);

const LEFT_OUT: z.infer<typeof bmffHash>['exclusions'] = [{ xpath: '/uuid', data: [{ offset: 8, value: BMFF_UUID }] }, { xpath: '/ftyp' }, { xpath: '/mfra' }];

function bmffSum(file: Buffer, isLeftOut: (b: BmffBox) => boolean, o: { readonly sum: Hash; readonly placeOf: (offset: number) => number }): Buffer {
  for (const b of bmffBoxes(file)) {
    if (isLeftOut(b)) continue;
    const place = Buffer.alloc(8);                                      // from version 2 on each box is hashed with its place
    place.writeBigUInt64BE(BigInt(o.placeOf(b.start)));
    o.sum.update(place).update(file.subarray(b.start, b.end));
  }
  return o.sum.digest();
}

const matcher = (file: Buffer, exclusions: z.infer<typeof bmffHash>['exclusions']) => (b: BmffBox): boolean => exclusions.some(({ xpath, data }) =>
  xpath === `/${b.type}` && (data ?? []).every(({ offset, value }) => file.subarray(b.start + offset, b.start + offset + value.length).equals(value)));

/** The assertion on the boxes of a file that has its manifest, of `length` bytes, not yet in its place at `start`. */
export function hashBmff(rest: Buffer, { start, length }: { readonly start: number; readonly length: number }): z.infer<typeof bmffHash> {
  const placeOf = (offset: number): number => (offset >= start ? offset + length : offset);
  return { exclusions: LEFT_OUT, alg: 'sha256', hash: bmffSum(rest, matcher(rest, LEFT_OUT), { sum: createHash('sha256'), placeOf }) };
}

/** Whether a file's boxes have this hash. */
export const hasBmffHash = (file: Buffer, { exclusions, alg: algorithm, hash }: z.infer<typeof bmffHash>): boolean =>
  bmffSum(file, matcher(file, exclusions), { sum: createHash(algorithm ?? 'sha256'), placeOf: (offset) => offset }).equals(hash);

/** The assertion on the parts of a file without its manifest. */
export function hashParts(rest: Uint8Array, parts: readonly Part[]): z.infer<typeof partsHash> {
  let at = 0;
  return { alg: 'sha256', parts: parts.map(({ name, length }) => ({ name, length, hash: digest(rest.subarray(at, at += length)) })) };
}
