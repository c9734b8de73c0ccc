/**
 * @file Certificates (RFC 5280) in the profile of C2PA (specification 2.2, section 14.5): a self-made root and the leaf that signs, and whether a chain that came with a
 * film is fit and leads to a root that somebody trusts. Keys are Ed25519: see cose.ts. Revocation and time-stamps are not asked for.
 */
import { createHash, generateKeyPairSync, sign, X509Certificate, type KeyObject } from 'node:crypto';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier, AttributeTypeAndValue, AttributeValue, AuthorityKeyIdentifier, BasicConstraints, Certificate, ExtendedKeyUsage, Extension, Extensions,
  id_ce_authorityKeyIdentifier, id_ce_basicConstraints, id_ce_extKeyUsage, id_ce_keyUsage, id_ce_subjectKeyIdentifier, KeyIdentifier, KeyUsage, KeyUsageFlags, Name,
  RelativeDistinguishedName, SubjectKeyIdentifier, SubjectPublicKeyInfo, TBSCertificate, Validity, Version,
} from '@peculiar/asn1-x509';

/** Who issues self-made certificates; by it they are told from those of an authority. */
export const SELF_MADE = 'Kinora self-made';

/** Uses of a certificate that may sign: claims of C2PA, documents (RFC 9336), mail; of these C2PA's own library, left unconfigured, knows the last alone. */
const CLAIM_SIGNING = '1.3.6.1.4.1.62558.2.1', DOCUMENT_SIGNING = '1.3.6.1.5.5.7.3.36', MAIL = '1.3.6.1.5.5.7.3.4', USES = [CLAIM_SIGNING, DOCUMENT_SIGNING, MAIL];
const COMMON_NAME = '2.5.4.3', ORGANIZATION = '2.5.4.10', ED25519 = '1.3.101.112';

/** Years for which self-made certificates hold. A film is checked by the clock of whoever checks it, since nobody stamps the time when it was signed. */
const YEARS = 20;
const DAY_MS = 86_400_000;

const named = (commonName: string): Name => new Name([[ORGANIZATION, SELF_MADE], [COMMON_NAME, commonName]].map(([type, utf8String]) =>
  new RelativeDistinguishedName([new AttributeTypeAndValue({ type: type!, value: new AttributeValue({ utf8String: utf8String! }) })])));
const derOf = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });
const keyId = (key: Buffer): ArrayBuffer => Uint8Array.from(createHash('sha1').update(key.subarray(-32)).digest()).buffer;
const extension = (extnID: string, critical: boolean, value: unknown): Extension => new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });

interface Making {
  readonly subject: Name;
  readonly issuer: Name;
  readonly publicKey: KeyObject;
  readonly issuerPublicKey: KeyObject;
  readonly issuerKey: KeyObject;
  readonly now: Date;
  readonly extensions: readonly Extension[];
}

function certificate({ subject, issuer, publicKey, issuerPublicKey, issuerKey, now, extensions }: Making): X509Certificate {
  const spki = derOf(publicKey), algorithm = new AlgorithmIdentifier({ algorithm: ED25519 });
  const serial = createHash('sha256').update(spki).update(String(now.getTime())).digest().subarray(0, 16);
  serial[0] = serial[0]! & 0x3f | 0x40;                                 // positive, without a leading zero
  const tbs = new TBSCertificate({
    version: Version.v3, serialNumber: Uint8Array.from(serial).buffer, signature: algorithm, issuer, subject,
    validity: new Validity({ notBefore: new Date(now.getTime() - DAY_MS), notAfter: new Date(now.getTime() + YEARS * 365.25 * DAY_MS) }),
    subjectPublicKeyInfo: AsnConvert.parse(spki, SubjectPublicKeyInfo),
    extensions: new Extensions([
      ...extensions, extension(id_ce_subjectKeyIdentifier, false, new SubjectKeyIdentifier(keyId(spki))),
      extension(id_ce_authorityKeyIdentifier, false, new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(keyId(derOf(issuerPublicKey))) })),
    ]),
  });
  const signatureValue = Uint8Array.from(sign(null, Buffer.from(AsnConvert.serialize(tbs)), issuerKey)).buffer;
  return new X509Certificate(Buffer.from(AsnConvert.serialize(new Certificate({ tbsCertificate: tbs, signatureAlgorithm: algorithm, signatureValue }))));
}

/** What {@link makeCertificates} makes, as PEM. */
export interface MadeCertificates {
  readonly key: string;
  /** The certificate that signs. */
  readonly leaf: string;
  /** The one that issued it; its key is thrown away. */
  readonly root: string;
}

/** A root and a leaf of their own, which nobody trusts unless told to. Their names hold nothing of the machine. */
export function makeCertificates(now: Date): MadeCertificates {
  const root = generateKeyPairSync('ed25519'), leaf = generateKeyPairSync('ed25519');
  const mark = createHash('sha256').update(derOf(root.publicKey)).digest('hex').slice(0, 8);
  const issuer = named(`root ${mark}`), common = { issuer, issuerPublicKey: root.publicKey, issuerKey: root.privateKey, now };
  const made = {
    root: certificate({ ...common, subject: issuer, publicKey: root.publicKey, extensions: [
      extension(id_ce_basicConstraints, true, new BasicConstraints({ cA: true, pathLenConstraint: 0 })),
      extension(id_ce_keyUsage, true, new KeyUsage(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign)),
    ] }),
    leaf: certificate({ ...common, subject: named(`films ${mark}`), publicKey: leaf.publicKey, extensions: [
      extension(id_ce_basicConstraints, true, new BasicConstraints({ cA: false })),
      extension(id_ce_keyUsage, true, new KeyUsage(KeyUsageFlags.digitalSignature)),
      extension(id_ce_extKeyUsage, false, new ExtendedKeyUsage([...USES])),
    ] }),
  };
  return { key: leaf.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, leaf: made.leaf.toString(), root: made.root.toString() };
}

/** The certificates of a PEM text, in order. */
export function readPem(text: string): X509Certificate[] {
  return (text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? []).map((pem) => new X509Certificate(pem));
}

/** Whether a certificate issued itself. */
export const isRoot = (c: X509Certificate): boolean => c.checkIssued(c);

const field = (name: string, of: string): string | undefined => of.split('\n').find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1);
/** A subject or an issuer in words: organization and name. */
export function inWords(name: string): string {
  const parts = [field('O', name), field('CN', name)].filter((part) => part !== undefined);
  return parts.length > 0 ? parts.join(', ') : name.replaceAll('\n', ', ');
}

/** Why a certificate may not sign claims; null if it may. */
export function unfit(leaf: X509Certificate): string | null {
  const uses = leaf.keyUsage as readonly string[] | undefined;
  if (leaf.ca || isRoot(leaf)) return 'it is an authority\'s, not a signer\'s';
  if (!uses?.some((use) => USES.includes(use))) return 'it is not made for signing claims, documents or mail';
  return null;
}

/** Whether a certificate holds at a time. */
export const holds = (c: X509Certificate, now: Date): boolean => now >= new Date(c.validFrom) && now <= new Date(c.validTo);

/** Whether a chain, the signer's first, leads to one of the roots at a time. */
export function leadsTo(chain: readonly X509Certificate[], roots: readonly X509Certificate[], now: Date): boolean {
  if (!chain.every((c) => holds(c, now))) return false;
  for (const [i, c] of chain.entries()) {
    if (roots.some((root) => root.raw.equals(c.raw) || (root.ca && holds(root, now) && issued(c, root)))) return true;
    const above = chain[i + 1];
    if (!above || !above.ca || !issued(c, above)) return false;
  }
  return false;
}

const issued = (c: X509Certificate, issuer: X509Certificate): boolean => c.checkIssued(issuer) && c.verify(issuer.publicKey);
