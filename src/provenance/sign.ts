/**
 * @file Signs films: one manifest that says what made them, inside the file where its kind has a place for it, else beside it. What is signed is the finished file with its
 * settings. The manifest's place is part of what is hashed, so it is built until its length does not change.
 */
import { COLLECTION, BMFF, DATA, digest, hashBmff, hashData, hashParts, PARTS } from './bindings.ts';
import { blocksOf, CONTAINERS, withoutManifest } from './containers/index.ts';
import { bmff } from './containers/bmff.ts';
import type { Credentials } from './credentials.ts';
import { writeManifest, type Generator } from './manifest.ts';
import type { FilmMetadata } from '../media/metadata.ts';
import type { FilmSigner, SignedFile } from '../media/signer.ts';

/** What {@link filmSigner} is given. */
export interface FilmSignerOptions {
  readonly credentials: Credentials;
  /** The version of Kinora that manifests name. Default: none. */
  readonly version?: string;
}

const SOURCE_TYPES = 'http://cv.iptc.org/newscodes/digitalsourcetype/';

/** IPTC's word for a film: made by a trained model; with pictures in it that were given, a composite with such. */
function sourceType(metadata: FilmMetadata | undefined): string {
  const given = ['images', 'clips', 'source'].some((name) => metadata?.settings[name] !== undefined);
  return `${SOURCE_TYPES}${given ? 'compositeWithTrainedAlgorithmicMedia' : 'trainedAlgorithmicMedia'}`;
}

/** A signer with these credentials. With an Ed25519 key, as self-made ones are, the same film gives the same bytes. */
export function filmSigner({ credentials: { key, chain }, version }: FilmSignerOptions): FilmSigner {
  const generator: Generator = { name: 'Kinora', ...(version === undefined ? {} : { version }) }, signing = { key, chain: chain.map(({ raw }) => raw) };
  const manifest = (metadata: FilmMetadata | undefined, identity: Uint8Array, bindings: readonly (readonly [string, unknown])[]): Buffer => writeManifest({
    generator, signing, identity, assertions: [
      ['c2pa.actions.v2', { actions: [{ action: 'c2pa.created', digitalSourceType: sourceType(metadata), softwareAgent: generator }], allActionsIncluded: true }], ...bindings,
    ],
  });
  return {
    sign: async (bytes, { format, metadata }): Promise<SignedFile> => {
      const container = CONTAINERS[format === 'apng' ? 'png' : format], file = Buffer.from(withoutManifest(bytes));
      if (!container) return { bytes, sidecar: manifest(metadata, digest(file), [[DATA, hashData(file, null)], [PARTS, hashParts(file, blocksOf(file))]]) };
      const start = container.place(file), identity = digest(file);
      for (let length = 0, pad = 0; ;) {
        const rest = Buffer.from(file), place = { start, length };
        container.shift(rest, start, length);
        const store = manifest(metadata, identity, [
          container === bmff ? [BMFF, hashBmff(rest, place)] : [DATA, hashData(rest, place, pad)], [PARTS, hashParts(rest, container.parts(rest))],
        ]);
        if (container.even && store.length % 2 > 0) { pad++; continue; }
        const wrapped = container.wrap(store);
        if (wrapped.length === length) return { bytes: Buffer.concat([rest.subarray(0, start), wrapped, rest.subarray(start)]), sidecar: null };
        length = wrapped.length;
      }
    },
    signFolder: async (files, { metadata }) => manifest(metadata, digest(Buffer.concat(files.map(({ sha256 }) => sha256))), [
      [COLLECTION, { uris: files.map(({ name, size, sha256 }) => ({ uri: name, size, hash: sha256 })), alg: 'sha256' }],
    ]),
  };
}
