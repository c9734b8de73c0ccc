/**
 * @file Signatures against C2PA's own library (tools/reference/c2pa_signatures.py): it found our films valid, and we sign to the same bytes still; we find valid what it
 * signed; and of what was changed in either we miss nothing that it told.
 */
import { createPrivateKey } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sidecarOf } from '../../src/media/signer.ts';
import { readPem } from '../../src/provenance/certificates.ts';
import { withoutManifest } from '../../src/provenance/containers/index.ts';
import { KINDS, metadataOf, type Kind } from '../../src/provenance/film.fixture.ts';
import { filmSigner } from '../../src/provenance/sign.ts';
import { verifyFilm, type FilmVerdict } from '../../src/provenance/verify.ts';

/** The library's word for a film: one that leads to no root it knows is valid, but not trusted. */
type State = 'Valid' | 'Trusted' | 'Invalid' | 'unreadable';
interface Judged {
  readonly kind: Kind;
  readonly state: State;
  /** When the film's own root is trusted. */
  readonly trusting: State;
  readonly success: readonly string[];
  readonly failure: readonly string[];
  readonly generator: { readonly name: string; readonly version: string };
  readonly source: string;
  /** What it said of the film with one bit changed: byte, bit, word. */
  readonly flips: readonly (readonly [at: number, bit: number, state: State])[];
  readonly film: string;
  readonly sidecar: string | null;
}
interface Golden {
  readonly credentials: { readonly key: string; readonly chain: string; readonly root: string };
  readonly ours: readonly Judged[];
  readonly theirs: readonly (Judged & { readonly algorithm: string; readonly root: string })[];
}

const golden = JSON.parse(await readFile(new URL('../fixtures/goldens/c2pa.json', import.meta.url), 'utf8')) as Golden;
const bytesOf = (base64: string): Buffer => Buffer.from(base64, 'base64');
/** Within the years of all certificates. */
const NOW = new Date('2030-01-01');
const FLIPS = 32;

let dir: string;
beforeAll(async () => { dir = await mkdtemp(join(tmpdir(), 'kinora-c2pa-')); });
afterAll(async () => { await rm(dir, { recursive: true, force: true }); });

/** What we find of a film's bytes, with its sidecar. */
async function verdict(bytes: Uint8Array, { kind, sidecar }: Judged, trust?: string): Promise<FilmVerdict> {
  const file = join(dir, `film.${kind}`);
  await writeFile(file, bytes);
  if (sidecar !== null) await writeFile(sidecarOf(file), bytesOf(sidecar));
  return verifyFilm(file, { now: NOW, ...(trust === undefined ? {} : { trust }) });
}

/** Bits that are changed, and whether we tell each; those the library told that we do not. */
async function flipped(film: Judged): Promise<{ readonly unseen: string[]; readonly missed: string[] }> {
  const unseen: string[] = [], missed: string[] = [];
  for (const [at, bit, state] of film.flips) {
    const bytes = bytesOf(film.film);
    bytes[at]! ^= 1 << bit;
    if (!(await verdict(bytes, film)).valid) continue;
    const what = `bit ${bit} of byte ${at}: ${state}`;
    unseen.push(what);
    if (state !== 'Valid') missed.push(what);
  }
  return { unseen, missed };
}

test('every kind of film was judged; what the library signs, with three kinds of key', () => {
  expect(golden.ours.map(({ kind }) => kind)).toEqual([...KINDS]);
  expect(golden.theirs.map(({ kind }) => kind)).toEqual(KINDS.filter((kind) => kind !== 'webm' && kind !== 'mkv'));
  expect(new Set(golden.theirs.map(({ algorithm }) => algorithm))).toEqual(new Set(['ES256', 'Ed25519', 'PS256']));
  for (const { flips, film } of [...golden.ours, ...golden.theirs]) {
    expect(flips.map(([at]) => at)).toEqual(Array.from({ length: FLIPS }, (_, i) => Math.floor(i * bytesOf(film).length / FLIPS)));
  }
});

describe.each(golden.ours)('$kind of ours', (film) => {
  test('the library found it valid, and trusted where our root is; it reads who made it, and how', () => {
    const { state, trusting, success, failure, generator, source } = film;
    expect({ state, trusting, failure, generator }).toEqual({
      state: 'Valid', trusting: 'Trusted', failure: ['signingCredential.untrusted'], generator: { name: 'Kinora', version: '1.2.3' },
    });
    expect(success).toEqual([
      ...(['mp4', 'mov'].includes(film.kind) ? ['assertion.bmffHash.match'] : ['assertion.dataHash.match']), 'assertion.hashedURI.match',
      'claimSignature.insideValidity', 'claimSignature.validated',
    ]);
    expect(source).toBe('http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia');
  });

  test('we sign to the bytes that it judged', async () => {
    const { key, chain } = golden.credentials, leaf = readPem(chain);
    const credentials = { key: createPrivateKey({ key: bytesOf(key), format: 'der', type: 'pkcs8' }), chain: leaf, issuer: 'unread', selfMade: true };
    const signed = await filmSigner({ credentials, version: '1.2.3' }).sign(withoutManifest(bytesOf(film.film)), { format: film.kind, metadata: metadataOf(1) });
    expect(Buffer.from(signed.bytes).toString('base64')).toBe(film.film);
    expect(signed.sidecar && Buffer.from(signed.sidecar).toString('base64')).toBe(film.sidecar);
  });

  test('no bit changes unnoticed, be it one that the library passes over', async () => {
    expect(await verdict(bytesOf(film.film), film, golden.credentials.root)).toMatchObject({ valid: true, signature: { selfMade: true, trusted: true } });
    expect((await flipped(film)).unseen).toEqual([]);
  });
});

describe.each(golden.theirs)('$kind of theirs, $algorithm', (film) => {
  test('we find it valid, and trusted where its root is', async () => {
    expect([film.state, film.trusting]).toEqual(['Valid', 'Trusted']);
    expect(await verdict(bytesOf(film.film), film)).toMatchObject({
      valid: true, problems: [], generator: film.generator, sources: [film.source.split('/').at(-1)],
      signature: { algorithm: film.algorithm, signer: 'Reference, signer', issuer: 'Reference, root', selfMade: false, trusted: false },
    });
    expect(await verdict(bytesOf(film.film), film, film.root)).toMatchObject({ valid: true, signature: { trusted: true } });
    const stranger = await verdict(bytesOf(film.film), film, golden.credentials.root);
    expect([stranger.valid, stranger.problems.map(({ code }) => code)]).toEqual([false, ['credential.untrusted']]);
  });

  test('of changed bits we tell all that the library tells', async () => {
    const told = film.flips.filter(([, , state]) => state !== 'Valid');
    expect(told.length).toBeGreaterThan(FLIPS / 2);
    expect((await flipped(film)).missed).toEqual([]);
  });
});
