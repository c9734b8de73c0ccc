/**
 * @file COSE_Sign1 (RFC 9052, section 4.2) as C2PA uses it: the payload is elsewhere, the certificates are in the protected header (RFC 9360). Ed25519 keys give the same
 * bytes for the same payload, so that a film made twice is the same to the byte; ECDSA and RSA-PSS draw random numbers.
 */
import { constants, sign, verify, X509Certificate, type KeyObject, type SignKeyObjectInput } from 'node:crypto';
import { decode, encode } from 'cborg';
import { InputError } from '../core/errors.ts';

/** Signatures that C2PA allows (specification 2.2, section 13.2.1). */
export const SIGNATURE_ALGORITHMS = ['Ed25519', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512'] as const;
export type SignatureAlgorithm = (typeof SIGNATURE_ALGORITHMS)[number];

/** Their numbers (IANA, COSE Algorithms), hashes, and curves of their keys. */
const TABLE: Readonly<Record<SignatureAlgorithm, { readonly id: number; readonly hash: string | null; readonly curve?: string }>> = {
  Ed25519: { id: -8, hash: null },
  ES256: { id: -7, hash: 'sha256', curve: 'prime256v1' }, ES384: { id: -35, hash: 'sha384', curve: 'secp384r1' }, ES512: { id: -36, hash: 'sha512', curve: 'secp521r1' },
  PS256: { id: -37, hash: 'sha256' }, PS384: { id: -38, hash: 'sha384' }, PS512: { id: -39, hash: 'sha512' },
};

/** Labels of headers. */
const ALG = 1, X5CHAIN = 33;
/** A COSE_Sign1's tag, 18, in one byte. */
const TAG = 0xd2;

/** How a key signs; InputError for one that C2PA does not know. */
export function algorithmOf(key: KeyObject): SignatureAlgorithm {
  const type = key.asymmetricKeyType, curve = key.asymmetricKeyDetails?.namedCurve;
  if (type === 'ed25519') return 'Ed25519';
  if (type === 'rsa' || type === 'rsa-pss') return 'PS256';
  const found = type === 'ec' ? SIGNATURE_ALGORITHMS.find((name) => curve !== undefined && TABLE[name].curve === curve) : undefined;
  if (!found) throw new InputError(`a key of type ${type ?? 'unknown'}${curve === undefined ? '' : ` on ${curve}`} cannot sign; allowed: Ed25519, P-256, P-384, P-521, RSA`);
  return found;
}

function keyFor(algorithm: SignatureAlgorithm, key: KeyObject): SignKeyObjectInput {
  if (algorithm === 'Ed25519') return { key };
  if (algorithm.startsWith('ES')) return { key, dsaEncoding: 'ieee-p1363' };
  return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
}

/** What is signed: RFC 9052, section 4.4. */
const structure = (protectedHeader: Uint8Array, payload: Uint8Array): Uint8Array => encode(['Signature1', protectedHeader, new Uint8Array(0), payload]);

/** Who signs: a private key, and its certificate with those above it, DER. */
export interface SigningKey { readonly key: KeyObject; readonly chain: readonly Uint8Array[] }

/** Signs; its length depends on the key and the certificates alone. */
export function signCose(payload: Uint8Array, { key, chain }: SigningKey): Uint8Array {
  const algorithm = algorithmOf(key), { id, hash } = TABLE[algorithm];
  const header = encode(new Map<number, unknown>([[ALG, id], [X5CHAIN, chain.length === 1 ? chain[0]! : chain]]));
  const signature = sign(hash, structure(header, payload), keyFor(algorithm, key));
  return Buffer.concat([Uint8Array.of(TAG), encode([header, new Map(), null, signature])]);
}

/** A signature read. */
export interface CoseSignature {
  readonly algorithm: SignatureAlgorithm;
  /** The signer's certificate, then those above it. */
  readonly chain: readonly X509Certificate[];
  /** Whether it is that of this payload. */
  readonly signs: (payload: Uint8Array) => boolean;
}

const bytes = (value: unknown): Uint8Array => {
  if (!(value instanceof Uint8Array)) throw new RangeError('COSE: wanted bytes');
  return value;
};

/** Reads a signature. RangeError when it is none, or of an algorithm that is not allowed. */
export function readCose(cose: Uint8Array): CoseSignature {
  const parts = decode(cose[0] === TAG ? cose.subarray(1) : cose, { useMaps: true }) as unknown;
  if (!Array.isArray(parts) || parts.length !== 4 || parts[2] !== null || !(parts[1] instanceof Map)) throw new RangeError('COSE: no signature with its payload elsewhere');
  const [rawHeader, unprotected, , rawSignature] = parts as unknown[], header = bytes(rawHeader), signature = bytes(rawSignature);
  const fields = decode(header, { useMaps: true }) as Map<number, unknown>, id = fields.get(ALG);
  const algorithm = SIGNATURE_ALGORITHMS.find((name) => TABLE[name].id === id);
  if (!algorithm) throw new RangeError(`COSE: algorithm ${String(id)} is not allowed; allowed: ${SIGNATURE_ALGORITHMS.join(', ')}`);
  const held = fields.get(X5CHAIN) ?? (unprotected as Map<unknown, unknown>).get(X5CHAIN) ?? (unprotected as Map<unknown, unknown>).get('x5chain');
  const chain = (Array.isArray(held) ? held as unknown[] : [held]).map((der) => new X509Certificate(bytes(der)));
  const key = chain[0]!.publicKey;
  return {
    algorithm, chain,
    signs(payload) {
      const { hash, curve } = TABLE[algorithm], type = key.asymmetricKeyType;
      const fits = algorithm === 'Ed25519' ? type === 'ed25519' : curve === undefined ? type === 'rsa' || type === 'rsa-pss' : key.asymmetricKeyDetails?.namedCurve === curve;
      return fits && verify(hash, structure(header, payload), keyFor(algorithm, key), signature);
    },
  };
}
