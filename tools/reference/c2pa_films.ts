/** @file What c2pa_signatures.py judges and signs: films of every kind, signed and plain, in the folder that is named, and the credentials that signed them. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withoutManifest } from '../../src/provenance/containers/index.ts';
import { openCredentials } from '../../src/provenance/credentials.ts';
import { KINDS, plainFilm, signInto } from '../../src/provenance/film.fixture.ts';
import { filmSigner } from '../../src/provenance/sign.ts';

const dir = process.argv[2];
if (dir === undefined) throw new Error('usage: c2pa_films.ts <folder>');
const signer = filmSigner({ credentials: await openCredentials(join(dir, 'credentials')), version: '1.2.3' });
for (const kind of KINDS) {
  const file = join(dir, `signed.${kind}`);
  await signInto(file, await plainFilm(dir, kind), { signer, kind });
  await writeFile(join(dir, `plain.${kind}`), withoutManifest(await readFile(file)));
}
await writeFile(join(dir, 'kinds.json'), JSON.stringify(KINDS));
