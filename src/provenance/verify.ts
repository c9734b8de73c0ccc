/**
 * @file Whether a film is what its manifest says: that it has one, that its signature is right, that nothing was changed, and what was. Valid is not trusted: trust is
 * asked for by naming roots. Read are manifests of Kinora and, as far as they bind a file in the same ways, of others; ingredients and time-stamps are not looked at.
 */
import type { X509Certificate } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { FileError } from '../core/errors.ts';
import { fileError } from '../media/pending.ts';
import { FOLDER_MANIFEST, sidecarOf } from '../media/signer.ts';
import { sniff, SNIFF_BYTES } from '../media/sniff.ts';
import {
  BMFF, BMFF_V2, bmffHash, COLLECTION, collectionHash, DATA, dataHash, digest, hasBmffHash, hasDataHash, leavesOut, PARTS, partsHash,
} from './bindings.ts';
import { holds, inWords, leadsTo, readPem, unfit } from './certificates.ts';
import { isSelfMade } from './credentials.ts';
import { CONTAINERS } from './containers/index.ts';
import type { Container, Found, Held } from './containers/container.ts';
import type { SignatureAlgorithm } from './cose.ts';
import { readManifest, type Generator, type ReadManifest } from './manifest.ts';
import { partChanges } from './parts.ts';
import type { FilmProblem } from './problems.ts';

/** Who signed a film. */
export interface FilmSignature {
  readonly algorithm: SignatureAlgorithm;
  readonly signer: string;
  readonly issuer: string;
  /** Its issuer is Kinora on the machine that made the film: anyone can make such a certificate. */
  readonly selfMade: boolean;
  /** It leads to one of the roots that were named. */
  readonly trusted: boolean;
}

/** What is found out of a film. */
export interface FilmVerdict {
  readonly file: string;
  /** Nothing is wrong. */
  readonly valid: boolean;
  readonly problems: readonly FilmProblem[];
  /** Null when there is none that can be read. */
  readonly signature: FilmSignature | null;
  /** What made the film, as its manifest says. */
  readonly generator: Generator | null;
  /** How it came to be: IPTC's words, such as `trainedAlgorithmicMedia`. */
  readonly sources: readonly string[];
}

/** Options of {@link verifyFilm}. */
export interface VerifyFilmOptions {
  /** PEM of the roots that are trusted. With it, a film that leads to none of them is not valid. */
  readonly trust?: string;
  /** Default: the clock's. */
  readonly now?: Date;
}

/** Checks a film: a file, or a folder of frames. Throws only when it cannot be read, or `trust` holds no certificate. */
export async function verifyFilm(file: string, { trust, now = new Date() }: VerifyFilmOptions = {}): Promise<FilmVerdict> {
  const roots = trust === undefined ? null : readPem(trust);
  if (roots?.length === 0) throw new FileError('no certificate in what is to be trusted: wanted PEM');
  const isFolder = await stat(file).then((s) => s.isDirectory(), (cause: unknown) => { throw fileError('read', file, cause); });
  const { store, problems, bound } = isFolder ? await folderOf(file) : await fileOf(file);
  if (!store) return verdict(file, problems);
  let manifest: ReadManifest;
  try { manifest = readManifest(store); } catch (cause) { return verdict(file, [...problems, damaged(cause)]); }
  const { algorithm, chain } = manifest.signature, { problems: refused, ...who } = judged(chain, roots, now);
  return verdict(file, [...manifest.problems, ...await bound(manifest.assertions), ...problems, ...refused], { manifest, signature: { algorithm, ...who } });
}

type Assertions = ReadManifest['assertions'];
interface Opened {
  readonly store: Uint8Array | null;
  readonly problems: readonly FilmProblem[];
  /** What is wrong with the film, by what its manifest says of it. */
  readonly bound: (assertions: Assertions) => Promise<readonly FilmProblem[]>;
}

const damaged = (cause: unknown): FilmProblem => ({ code: 'manifest.damaged', message: `its manifest is damaged: ${(cause as Error).message}` });
const MISSING: FilmProblem = { code: 'manifest.missing', message: 'it carries no C2PA manifest' };
const unbound = (why: string): FilmProblem => ({ code: 'binding.unknown', message: `its manifest does not say what it belongs to in a way that is read here: ${why}` });

function verdict(file: string, problems: readonly FilmProblem[], read?: { readonly manifest: ReadManifest; readonly signature: FilmSignature }): FilmVerdict {
  const { manifest, signature = null } = read ?? {};
  return { file, valid: problems.length === 0, problems, signature, generator: manifest?.generator ?? null, sources: manifest ? sourcesOf(manifest.assertions) : [] };
}

const actions = z.object({ actions: z.array(z.looseObject({ digitalSourceType: z.string().nullish() })) });

function sourcesOf(assertions: Assertions): string[] {
  const parsed = actions.safeParse(assertions.get('c2pa.actions.v2') ?? assertions.get('c2pa.actions'));
  return parsed.success ? parsed.data.actions.flatMap(({ digitalSourceType: type }) => type?.split('/').at(-1) ?? []) : [];
}

type Judged = Omit<FilmSignature, 'algorithm'> & { readonly problems: readonly FilmProblem[] };

function judged(chain: readonly X509Certificate[], roots: readonly X509Certificate[] | null, now: Date): Judged {
  const leaf = chain[0]!, why = unfit(leaf), signer = inWords(leaf.subject), issuer = inWords(leaf.issuer);
  const trusted = roots !== null && why === null && leadsTo(chain, roots, now);
  const problems: FilmProblem[] = [];
  if (why !== null) problems.push({ code: 'credential.unfit', message: `the certificate of ${signer} may not sign films: ${why}` });
  if (!holds(leaf, now)) problems.push({ code: 'credential.expired', message: `the certificate of ${signer} holds from ${leaf.validFrom} to ${leaf.validTo}` });
  if (roots !== null && !trusted) problems.push({ code: 'credential.untrusted', message: `the certificate of ${signer} (${issuer}) leads to none of the trusted roots` });
  return { signer, issuer, selfMade: isSelfMade(leaf), trusted, problems };
}

async function fileOf(file: string): Promise<Opened> {
  const read = (path: string): Promise<Buffer> => readFile(path).catch((cause: unknown) => { throw fileError('read', path, cause); });
  const bytes = await read(file), seen = sniff(bytes.subarray(0, SNIFF_BYTES)), container: Container | null = 'kind' in seen ? CONTAINERS[seen.kind] : null;
  let found: Found = { held: null, cut: null };
  try { if (container) found = container.find(bytes); } catch (cause) { return nothing(damaged(cause)); }
  const cut: FilmProblem[] = found.cut === null ? [] : [{ code: 'content.cut', message: `its end is cut off: ${found.cut}` }];
  const beside = found.held ? null : await readFile(sidecarOf(file)).catch(() => null), store = found.held?.manifest ?? beside;
  return store ? { store, problems: [], bound: async (assertions) => fileProblems(bytes, found, { assertions, container }) } : nothing(...cut, MISSING);
}

const nothing = (...problems: readonly FilmProblem[]): Opened => ({ store: null, problems, bound: async () => [] });

interface FileBinding { readonly assertions: Assertions; readonly container: Container | null }

function fileProblems(bytes: Buffer, { held, cut }: Found, { assertions, container }: FileBinding): FilmProblem[] {
  const same = sameFile(bytes, held, assertions), parts = partsHash.safeParse(assertions.get(PARTS));
  const rest = held ? Buffer.concat([bytes.subarray(0, held.start), bytes.subarray(held.end)]) : bytes;
  const named = parts.success ? partChanges(rest, { parts: parts.data.parts, roles: container?.roles ?? {}, cut }) : [];
  if (named.length > 0) return named;
  if (cut !== null) return [{ code: 'content.cut', message: `its end is cut off: ${cut}` }];
  if (same === true) return [];
  return [same === false ? { code: 'content.changed', message: 'the film was changed after it was signed, or the manifest is another film\'s' } : unbound(same)];
}

/** Whether the file is the one that was signed; in words why that cannot be said. */
function sameFile(bytes: Buffer, held: Held | null, assertions: Assertions): boolean | string {
  const data = assertions.get(DATA), boxes = assertions.get(BMFF) ?? assertions.get(BMFF_V2);
  if (data !== undefined) {
    const parsed = dataHash.safeParse(data);
    if (!parsed.success) return `${DATA} is of another form`;
    return leavesOut(parsed.data, held) ? hasDataHash(bytes, parsed.data) : `${DATA} leaves out more than the manifest`;
  }
  if (boxes === undefined) return `neither ${DATA} nor ${BMFF} is there`;
  const parsed = bmffHash.safeParse(boxes);
  if (!parsed.success) return `${BMFF} is of another form: ${parsed.error.issues[0]!.path.join('.')}`;
  try { return hasBmffHash(bytes, parsed.data); } catch { return false; }
}

async function folderOf(folder: string): Promise<Opened> {
  const store = await readFile(join(folder, FOLDER_MANIFEST)).catch(() => null);
  return store ? { store, problems: [], bound: (assertions) => folderProblems(folder, assertions) } : nothing(MISSING);
}

async function folderProblems(folder: string, assertions: Assertions): Promise<FilmProblem[]> {
  const parsed = collectionHash.safeParse(assertions.get(COLLECTION));
  if (!parsed.success) return [unbound(`${COLLECTION} is not there, or of another form`)];
  const { uris, alg } = parsed.data, there = (await readdir(folder)).filter((name) => name !== FOLDER_MANIFEST), known = new Set(uris.map(({ uri }) => uri));
  const changed: string[] = [], gone: string[] = [], added = there.filter((name) => !known.has(name));
  for (const { uri, hash } of uris) {
    if (!there.includes(uri)) gone.push(uri);
    else if (!digest(await readFile(join(folder, uri)), alg ?? 'sha256').equals(hash)) changed.push(uri);
  }
  if (changed.length > 1 && changed.length + gone.length === uris.length)
    return [{ code: 'content.another', message: 'none of its frames is one of those that were signed: the manifest belongs to another film' }];
  return [
    ...changed.map((name): FilmProblem => ({ code: 'content.changed', message: `the frame ${name} was changed` })),
    ...(gone.length > 0 ? [{ code: 'content.cut' as const, message: `frames are gone: ${gone.join(', ')}` }] : []),
    ...(added.length > 0 ? [{ code: 'content.added' as const, message: `files were added: ${added.join(', ')}` }] : []),
  ];
}
