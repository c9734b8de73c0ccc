/**
 * @file Who signs: a folder with `key.pem`, `chain.pem` (the signer's certificate, then those above it) and, of a self-made one, `root.pem`. Made once, whole or not at all,
 * so that processes that start together use the same.
 */
import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FileError } from '../core/errors.ts';
import { fileError } from '../media/pending.ts';
import { holds, inWords, isRoot, makeCertificates, readPem, SELF_MADE, unfit } from './certificates.ts';
import { algorithmOf } from './cose.ts';

const KEY = 'key.pem', CHAIN = 'chain.pem', ROOT = 'root.pem';

/** A key, and the certificates that say whose it is. */
export interface Credentials {
  readonly key: KeyObject;
  /** The signer's own first; roots are left out, since whoever trusts one has it. */
  readonly chain: readonly X509Certificate[];
  /** Who issued the signer's certificate, in words. */
  readonly issuer: string;
  /** Nobody but this machine vouches for it. */
  readonly selfMade: boolean;
}

const exists = (path: string): Promise<boolean> => stat(path).then(() => true, () => false);

/** The credentials of a folder, checked. FileError when files are missing, do not belong together, or may not sign. */
export async function readCredentials(folder: string): Promise<Credentials> {
  const read = (name: string): Promise<string> => readFile(join(folder, name), 'utf8').catch((cause: unknown) => { throw fileError('read', join(folder, name), cause); });
  const wrong = (what: string, cause?: unknown): FileError => new FileError(`credentials in ${folder}: ${what}`, { cause });
  const pem = await read(KEY), certificates = readChain(await read(CHAIN));
  let key: KeyObject;
  try { key = createPrivateKey(pem); algorithmOf(key); } catch (cause) { throw wrong(`${KEY}: ${(cause as Error).message}`, cause); }
  const leaf = certificates[0];
  if (!leaf) throw wrong(`${CHAIN} holds no certificate`);
  const why = leaf.checkPrivateKey(key) ? unfit(leaf) : `it is not that of ${KEY}`;
  if (why !== null) throw wrong(`the first certificate of ${CHAIN} cannot sign films: ${why}`);
  if (!holds(leaf, new Date())) throw wrong(`the first certificate of ${CHAIN} holds from ${leaf.validFrom} to ${leaf.validTo}`);
  return { key, chain: certificates.filter((c) => !isRoot(c)), issuer: inWords(leaf.issuer), selfMade: isSelfMade(leaf) };

  function readChain(text: string): X509Certificate[] {
    try { return readPem(text); } catch (cause) { throw wrong(`${CHAIN}: ${(cause as Error).message}`, cause); }
  }
}

/** Whether Kinora issued a certificate on the machine that made the film; it says so itself. */
export const isSelfMade = (leaf: X509Certificate): boolean => inWords(leaf.issuer).startsWith(`${SELF_MADE},`);

/** The credentials of a folder; where it is not there, a root and a leaf are made for it. */
export async function openCredentials(folder: string): Promise<Credentials> {
  if (!await exists(folder)) await makeFolder(folder);
  return readCredentials(folder);
}

async function makeFolder(folder: string): Promise<void> {
  let temporary: string | undefined;
  try {
    await mkdir(dirname(folder), { recursive: true });
    temporary = await mkdtemp(`${folder}-`);                            // only its owner may look into it
    const { key, leaf, root } = makeCertificates(new Date());
    for (const [name, text, mode] of [[KEY, key, 0o600], [CHAIN, leaf, 0o644], [ROOT, root, 0o644]] as const) await writeFile(join(temporary, name), text, { mode });
    await rename(temporary, folder).catch(async (cause: unknown) => { if (!await exists(join(folder, KEY))) throw cause; });       // another process was first
  } catch (cause) { throw fileError('write', folder, cause); } finally {
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
  }
}
