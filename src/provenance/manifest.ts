/**
 * @file A C2PA manifest (specification 2.2): assertions, a claim of version 2 that names them by their hashes, the claim's signature; in a store of JUMBF boxes. Ours is the
 * only one of its store and says when nothing: the same film, signed by the same Ed25519 key, has the same manifest.
 */
import { decode, encode } from 'cborg';
import { z } from 'zod';
import { digest, HASHES } from './bindings.ts';
import { readCose, signCose, type CoseSignature, type SigningKey } from './cose.ts';
import type { FilmProblem } from './problems.ts';
import { child, cborOf, contentBox, readSuperbox, superbox, type Superbox } from './jumbf.ts';

/** What made a film, as manifests tell it. */
export interface Generator { readonly name: string; readonly version?: string }

/** What {@link writeManifest} is given. */
export interface ManifestOptions {
  /** Label and value of each assertion. */
  readonly assertions: readonly (readonly [label: string, value: unknown])[];
  /** What decides the manifest's name and the film's: their bytes, hashed. */
  readonly identity: Uint8Array;
  readonly generator: Generator;
  readonly signing: SigningKey;
}

const CLAIM = 'c2pa.claim.v2', SIGNATURE = 'c2pa.signature', ASSERTIONS = 'c2pa.assertions';

/** 16 bytes as a UUID of version 4 (RFC 9562): C2PA wants that form. */
function uuid(bytes: Uint8Array): string {
  const b = Buffer.from(bytes.subarray(0, 16));
  b[6] = b[6]! & 0x0f | 0x40;
  b[8] = b[8]! & 0x3f | 0x80;
  return b.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** A store with one manifest. Its length depends on the lengths of what is in it alone. */
export function writeManifest({ assertions, identity, generator, signing }: ManifestOptions): Buffer {
  const name = digest(identity), label = `urn:c2pa:${uuid(name)}`;
  const boxes = assertions.map(([as, value]) => ({ as, box: superbox('cbor', as, contentBox('cbor', encode(value))) }));
  const claim = encode({
    instanceID: `xmp:iid:${uuid(name.subarray(16))}`, claim_generator_info: generator, alg: 'sha256',
    // In full, so that the manifest's label, which nothing else hashes, cannot be changed.
    signature: `self#jumbf=/c2pa/${label}/${SIGNATURE}`,
    created_assertions: boxes.map(({ as, box }) => ({ url: `self#jumbf=${ASSERTIONS}/${as}`, hash: digest(box.subarray(8)) })),
  });
  return superbox('c2pa', 'c2pa', superbox('c2ma', label,
    superbox('c2as', ASSERTIONS, ...boxes.map(({ box }) => box)),
    superbox('c2cl', CLAIM, contentBox('cbor', claim)),
    superbox('c2cs', SIGNATURE, contentBox('cbor', signCose(claim, signing)))));
}

const hashedUri = z.object({ url: z.string(), hash: z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'wanted bytes'), alg: z.enum(HASHES).nullish() });
const generatorSchema = z.looseObject({ name: z.string(), version: z.string().nullish() });
const claimSchema = z.looseObject({
  alg: z.enum(HASHES).nullish(), signature: z.string(), claim_generator_info: z.union([generatorSchema, z.array(generatorSchema)]).nullish(), claim_generator: z.string().nullish(),
  created_assertions: z.array(hashedUri).nullish(), gathered_assertions: z.array(hashedUri).nullish(), assertions: z.array(hashedUri).nullish(),
});

/** A store's active manifest, read and checked in itself. */
export interface ReadManifest {
  readonly signature: CoseSignature;
  readonly generator: Generator | null;
  /** Assertions whose hashes are right, by label, decoded. */
  readonly assertions: ReadonlyMap<string, unknown>;
  readonly problems: readonly FilmProblem[];
}

/** Reads the active manifest of a store: the last one. RangeError when nothing can be made of it. */
export function readManifest(store: Uint8Array): ReadManifest {
  const root = readSuperbox(store);
  if (root.type !== 'c2pa' || root.label !== 'c2pa' || root.contents.length > 0) throw new RangeError('it is no C2PA store');
  const active = root.children.at(-1);
  if (!active || !['c2ma', 'c2um'].includes(active.type) || active.contents.length > 0) throw new RangeError('the store holds no manifest');
  const problems: FilmProblem[] = [], claimBox = claimOf(active), raw = cborOf(claimBox), signature = readCose(cborOf(child(active, 'c2cs', SIGNATURE)));
  const signed = signature.signs(raw), parsed = claimSchema.safeParse(decoded(raw));
  if (!signed) problems.push({ code: 'claim.changed', message: 'the claim, or its signature, was changed after it was signed' });
  if (!parsed.success) {
    if (signed) throw new RangeError(`its claim is of another form: ${parsed.error.issues[0]!.path.join('.')}: ${parsed.error.issues[0]!.message}`);
    return { signature, generator: null, assertions: new Map(), problems };
  }
  const claim = parsed.data, held = child(active, 'c2as', ASSERTIONS), assertions = new Map<string, unknown>();
  if (signed && claim.signature !== `self#jumbf=${SIGNATURE}` && claim.signature !== `self#jumbf=/c2pa/${active.label}/${SIGNATURE}`)
    problems.push({ code: 'claim.changed', message: 'the manifest bears another name than its claim says' });
  const named = [...claim.created_assertions ?? [], ...claim.gathered_assertions ?? [], ...claim.assertions ?? []];
  for (const { url, hash, alg } of named) {
    const prefix = [`self#jumbf=${ASSERTIONS}/`, `self#jumbf=/c2pa/${active.label}/${ASSERTIONS}/`].find((p) => url.startsWith(p)), label = prefix && url.slice(prefix.length);
    const box = held.children.find((c) => c.label === label);
    if (label === undefined || !box) problems.push({ code: 'assertion.missing', message: `the assertion ${url} is not there` });
    else if (!digest(box.payload, alg ?? claim.alg ?? 'sha256').equals(hash)) problems.push({ code: 'assertion.changed', message: `the assertion ${label} was changed` });
    else assertions.set(label, box.type === 'cbor' ? decoded(cborOf(box)) : undefined);
  }
  const stray = held.children.find(({ label }) => !named.some(({ url }) => url.endsWith(`/${label}`)));
  if (stray || held.contents.length > 0) problems.push({
    code: 'assertion.changed', message: `what the claim does not name was put in: ${stray?.label ?? 'a box without a label'}`,
  });
  const info = [claim.claim_generator_info ?? []].flat()[0], told = claim.claim_generator;
  const generator = info ? { name: info.name, ...(typeof info.version === 'string' ? { version: info.version } : {}) } : told ? { name: told } : null;
  return { signature, generator, assertions, problems };
}

function claimOf(manifest: Superbox): Superbox {
  const claims = manifest.children.filter(({ type }) => type === 'c2cl');
  if (claims.length !== 1) throw new RangeError(`the manifest holds ${claims.length} claims`);
  if (![CLAIM, 'c2pa.claim'].includes(claims[0]!.label)) throw new RangeError(`the manifest holds a claim "${claims[0]!.label}"`);
  return claims[0]!;
}

/** CBOR as plain values; undefined where it is none. */
function decoded(cbor: Uint8Array): unknown {
  try { return decode(cbor, { tags: { 0: (inner) => inner() as unknown } }); } catch { return undefined; }
}
