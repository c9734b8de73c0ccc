/** @file Signed films of every kind: valid as they are, each tampering named, no bit unnoticed; the same film as before the manifest came in. */
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { draws } from '../core/random.ts';
import { readFilm, readMetadata } from '../media/read.ts';
import { sidecarOf, type FilmSigner } from '../media/signer.ts';
import { withoutManifest, containerOf } from './containers/index.ts';
import { bmffBoxes } from './containers/bmff.ts';
import { openCredentials } from './credentials.ts';
import { KINDS, metadataOf, plainFilm, signInto, type Kind } from './film.fixture.ts';
import { filmSigner } from './sign.ts';
import { verifyFilm, type FilmVerdict } from './verify.ts';

let dir: string, signer: FilmSigner;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kinora-provenance-'));
  signer = filmSigner({ credentials: await openCredentials(join(dir, 'credentials')), version: '1.2.3' });
});
afterAll(async () => { await rm(dir, { recursive: true, force: true }); });

const told = ({ problems }: FilmVerdict): string[] => problems.map(({ code, message }) => `${code}: ${message}`);
const flipped = (bytes: Buffer, at: number, bit = 0): Buffer => { const out = Buffer.from(bytes); out[at]! ^= 1 << bit; return out; };

describe.each(KINDS)('%s', (kind) => {
  let plain: Buffer, signed: Buffer, file: string, other: string;
  beforeAll(async () => {
    file = join(dir, `film.${kind}`);
    other = join(dir, `other.${kind}`);
    plain = await plainFilm(dir, kind);
    signed = await signInto(file, plain, { signer, kind });
    await signInto(other, await plainFilm(dir, kind, 2), { signer, kind, seed: 2 });
  });
  /** What is found out of changed bytes, beside the film's own sidecar. */
  const changed = async (bytes: Uint8Array): Promise<string[]> => {
    const path = join(dir, `changed.${kind}`);
    await writeFile(path, bytes);
    await copyFile(sidecarOf(file), sidecarOf(path)).catch(() => undefined);
    return told(await verifyFilm(path));
  };

  test('is valid, says what made it and who signed it, and is the film that it was', async () => {
    expect(await verifyFilm(file)).toEqual({
      file, valid: true, problems: [], generator: { name: 'Kinora', version: '1.2.3' }, sources: ['trainedAlgorithmicMedia'],
      signature: {
        algorithm: 'Ed25519', selfMade: true, trusted: false,
        signer: expect.stringMatching(/^Kinora self-made, films [0-9a-f]{8}$/) as string, issuer: expect.stringMatching(/^Kinora self-made, root [0-9a-f]{8}$/) as string,
      },
    });
    expect(Buffer.compare(withoutManifest(signed), plain)).toBe(0);
    expect(Buffer.compare((await signer.sign(plain, { format: kind, metadata: metadataOf(1) })).bytes, signed)).toBe(0);         // the same film, the same bytes
    expect(Buffer.compare((await signer.sign(signed, { format: kind, metadata: metadataOf(1) })).bytes, signed)).toBe(0);        // signed again, not twice
    const before = join(dir, `before.${kind}`);
    await writeFile(before, plain);
    const [a, b] = [await readFilm(before), await readFilm(file)];
    expect([b.count, b.width, b.height, b.fps, Buffer.compare(a.data, b.data)]).toEqual([a.count, a.width, a.height, a.fps, 0]);
    expect(await readMetadata(file)).toEqual(await readMetadata(before));
  });

  test('without a manifest', async () => {
    const bare = join(dir, `bare.${kind}`);
    await writeFile(bare, plain);
    expect(told(await verifyFilm(bare))).toEqual(['manifest.missing: it carries no C2PA manifest']);
  });

  test('cut, lengthened, and with the manifest of another film', async () => {
    const cut = await changed(signed.subarray(0, signed.length - 40));
    expect(cut[0]).toMatch(/^content\.cut: its end is cut off: /);
    expect(await changed(Buffer.concat([signed, Buffer.alloc(24)]))).not.toEqual([]);
    const container = containerOf(signed), bytes = await readFile(other), path = join(dir, `swapped.${kind}`);
    if (container) {
      const [theirs, ours] = [container.find(bytes).held!, container.find(signed).held!], wrapped = container.wrap(ours.manifest);
      const swapped = Buffer.concat([bytes.subarray(0, theirs.start), wrapped, bytes.subarray(theirs.end)]);
      await writeFile(path, swapped);
    } else {
      await writeFile(path, bytes);
      await copyFile(sidecarOf(file), sidecarOf(path));
    }
    // A still has nothing but pictures, here of one length.
    expect(told(await verifyFilm(path))).toEqual([kind === 'jpeg' ? 'content.changed: its pictures were changed, or the manifest belongs to another film (scan)'
      : expect.stringMatching(/^content\.another: .* the manifest belongs to another film$/)]);
  });

  test('no bit changes unnoticed', async () => {
    const random = draws({ seed: 23, stream: kind, step: 0 }), path = join(dir, `bit.${kind}`), beside = await readFile(sidecarOf(file)).catch(() => null);
    const held = containerOf(signed)?.find(signed).held, unseen: string[] = [];
    const check = async (bytes: Buffer, sidecar: Buffer | null, what: string): Promise<void> => {
      await writeFile(path, bytes);
      if (sidecar) await writeFile(sidecarOf(path), sidecar);
      if ((await verifyFilm(path)).valid) unseen.push(what);
    };
    for (let i = 0; i < 120; i++) {
      const at = Math.floor(random.uniform() * signed.length), bit = i % 8;
      await check(flipped(signed, at, bit), beside, `bit ${bit} of byte ${at}`);
      const [from, to] = held ? [held.start, held.end] : [0, beside!.length], within = from + Math.floor(random.uniform() * (to - from));
      await (held ? check(flipped(signed, within, bit), null, `bit ${bit} of byte ${within}, in the manifest`)
        : check(signed, flipped(beside!, within, bit), `bit ${bit} of byte ${within} of the sidecar`));
    }
    expect(unseen).toEqual([]);
  });
});

/** Where a text stands in a film. */
const at = (bytes: Buffer, text: string): number => bytes.indexOf(text);
const boxAt = (bytes: Buffer, type: string): number => [...bmffBoxes(bytes)].find((b) => b.type === type)!.start;

test.each([
  ['mp4', (b) => boxAt(b, 'mdat') + 40, 'content.changed: its pictures were changed (mdat)'],
  ['mp4', (b) => at(b, 'a knight'), 'content.changed: its settings or headers were changed (moov)'],
  ['mp4', (b) => at(b, 'trainedAlgorithmicMedia'), 'assertion.changed: the assertion c2pa.actions.v2 was changed'],
  ['mp4', (b) => at(b, 'instanceID') + 20, 'claim.changed: the claim, or its signature, was changed after it was signed'],
  ['mp4', (b) => at(b, 'urn:c2pa:') + 20, 'claim.changed: the manifest bears another name than its claim says'],
  ['mp4', (b) => at(b, 'isom'), 'content.changed: its ftyp was changed'],
  ['png', (b) => at(b, 'IDAT') + 30, 'content.changed: its pictures were changed (pixels)'],
  ['png', (b) => at(b, 'a knight'), 'content.changed: its settings or headers were changed (text)'],
  ['apng', (b) => b.lastIndexOf('fdAT') + 20, 'content.changed: its pictures were changed (pixels)'],
  ['webp', (b) => at(b, 'VP8L') + 20, 'content.changed: its pictures were changed (frames)'],
  ['webp', (b) => at(b, 'a knight'), 'content.changed: its settings or headers were changed (XMP)'],
  ['gif', (b) => b.length - 10, 'content.changed: its pictures were changed (frames)'],
  ['gif', (b) => at(b, 'a knight'), 'content.changed: its settings or headers were changed (comment)'],
  ['mov', (b) => boxAt(b, 'mdat') + 40, 'content.changed: its pictures were changed (mdat)'],
  ['jpeg', (b) => b.length - 20, 'content.changed: its pictures were changed, or the manifest belongs to another film (scan)'],
  ['webm', (b) => b.length - 20, 'content.changed: its block 16 was changed'],
] as const satisfies readonly (readonly [Kind, (bytes: Buffer) => number, string])[])('one bit of %s: %s %s', async (kind, where, message) => {
  const bytes = await readFile(join(dir, `film.${kind}`)), path = join(dir, `one.${kind}`), place = where(bytes);
  expect(place).toBeGreaterThan(3);
  await writeFile(path, flipped(bytes, place));
  await copyFile(sidecarOf(join(dir, `film.${kind}`)), sidecarOf(path)).catch(() => undefined);
  expect(told(await verifyFilm(path))).toContain(message);
});

test('bytes put into the headers of an MP4 are told as such, though its pictures moved', async () => {
  const bytes = await readFile(join(dir, 'film.mp4')), moov = [...bmffBoxes(bytes)].find(({ type }) => type === 'moov')!, path = join(dir, 'grown.mp4');
  const grown = Buffer.concat([bytes.subarray(0, moov.end), Buffer.from('\0\0\0\x08free', 'latin1'), bytes.subarray(moov.end)]);
  grown.writeUInt32BE(moov.end - moov.start + 8, moov.start);
  await writeFile(path, grown);
  expect(told(await verifyFilm(path))).toEqual(['content.changed: its settings or headers were changed (moov)']);
});

test('a film with given pictures in it is a composite', async () => {
  const path = join(dir, 'given.png'), plain = await plainFilm(dir, 'png');
  const { bytes } = await signer.sign(plain, { format: 'png', metadata: { ...metadataOf(1), settings: { images: [{ frame: 0 }] } } });
  await writeFile(path, bytes);
  expect((await verifyFilm(path)).sources).toEqual(['compositeWithTrainedAlgorithmicMedia']);
});
