/** @file Films of the command line are signed: equal settings give equal bytes, `kinora verify` names what was changed, `kinora replay` looks past the signature. */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readFilm, readMetadata } from '../../src/media/read.ts';
import { bmffBoxes } from '../../src/provenance/containers/bmff.ts';
import { containerOf } from '../../src/provenance/containers/index.ts';
import { kinora } from '../support/cli.ts';
import { writeTinyModel } from '../support/tiny-model.ts';

let dir: string;
const at = (name: string): string => join(dir, name);
/** Makes a small film; gives the file. */
async function film(name: string, ...flags: readonly string[]): Promise<string> {
  const argv = ['generate', 'a knight walks to the right', '--seed', '7', '--frames', '5', '--scale', '1', '--model', at('tiny'), '-o', at(name), ...flags];
  expect(await kinora(...argv)).toMatchObject({ exit: 0, errors: '' });
  return at(name);
}
const verify = async (...argv: readonly string[]): Promise<{ exit: number; lines: string[] }> => {
  const { exit, out } = await kinora('verify', ...argv);
  return { exit, lines: out.split('\n').filter((line) => line !== '').map((line) => line.replaceAll(`${dir}/`, '')) };
};

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kinora-signed-'));
  await writeTinyModel(at('tiny'));
  await film('film.mp4');
  await film('plain.mp4', '--no-sign');
});
afterAll(async () => { await rm(dir, { recursive: true, force: true }); });

test('films are signed unless told otherwise; the same settings give the same bytes', async () => {
  const bytes = await readFile(at('film.mp4'));
  expect(Buffer.compare(bytes, await readFile(await film('again.mp4')))).toBe(0);
  expect(containerOf(bytes)?.find(bytes).held).not.toBeNull();
  expect(await verify(at('film.mp4'))).toEqual({ exit: 0, lines: [
    'film.mp4  valid, made by Kinora 0 (trainedAlgorithmicMedia)',
    expect.stringMatching(/^film\.mp4 {2}signed by Kinora self-made, films ([0-9a-f]{8}); issued by Kinora self-made, root \1; Ed25519$/) as string,
    'film.mp4  the key is self-made: valid, but on no trust list; it can show that a film was changed, not who made it',
  ] });
});

test('a signed film shows what the unsigned one shows, frame by frame', async () => {
  const [signed, plain] = await Promise.all([readFilm(at('film.mp4')), readFilm(at('plain.mp4'))]);
  expect([signed.count, signed.width, signed.height, signed.fps]).toEqual([plain.count, plain.width, plain.height, plain.fps]);
  expect([plain.count, Buffer.compare(signed.data, plain.data)]).toEqual([5, 0]);
  expect(await readMetadata(at('film.mp4'))).toEqual(await readMetadata(at('plain.mp4')));
});

const flipped = (bytes: Buffer, place: number): Buffer => { const out = Buffer.from(bytes); out[place]! ^= 1; return out; };
const boxAt = (bytes: Buffer, type: string): number => [...bmffBoxes(bytes)].find((b) => b.type === type)!.start;
test.each<[string, (bytes: Buffer) => Buffer, string]>([
  ['one bit of the pictures', (b) => flipped(b, boxAt(b, 'mdat') + 40), 'its pictures were changed (mdat)'],
  ['one bit of the headers', (b) => flipped(b, b.indexOf('a knight')), 'its settings or headers were changed (moov)'],
  ['one bit of the claim', (b) => flipped(b, b.indexOf('instanceID') + 20), 'the claim, or its signature, was changed after it was signed'],
  ['the end cut off', (b) => b.subarray(0, b.length - 40), 'its end is cut off'],
])('%s: told, with exit 1', async (_, change, message) => {
  await writeFile(at('changed.mp4'), change(await readFile(at('film.mp4'))));
  const { exit, lines } = await verify(at('changed.mp4'));
  expect(exit).toBe(1);
  expect(lines[0]).toMatch(/^changed\.mp4 {2}invalid: /);
  expect(lines.filter((line) => line.includes(message))).toHaveLength(1);
  expect(lines.some((line) => line.endsWith('the key is self-made: on no trust list; it can show that a film was changed, not who made it'))).toBe(true);
});

test('the manifest of another film, and none: told, with exit 1; and as JSON', async () => {
  const other = await readFile(await film('other.mp4', '--seed', '8', '--frames', '9')), bytes = await readFile(at('film.mp4')), container = containerOf(bytes)!;
  const ours = container.find(bytes).held!, theirs = container.find(other).held!;
  await writeFile(at('swapped.mp4'), Buffer.concat([other.subarray(0, theirs.start), container.wrap(ours.manifest), other.subarray(theirs.end)]));
  expect((await verify(at('swapped.mp4'))).lines[0]).toMatch(/^swapped\.mp4 {2}invalid: .*the manifest belongs to another film$/);
  const { exit, lines } = await verify('--json', at('film.mp4'), at('swapped.mp4'), at('plain.mp4'), at('gone.mp4'));
  const told = lines.map((line) => JSON.parse(line) as { valid: boolean; problems?: { code: string }[]; error?: string });
  expect([exit, told.map(({ valid }) => valid)]).toEqual([1, [true, false, false, false]]);
  expect(told.map(({ problems }) => problems?.map(({ code }) => code))).toEqual([[], ['content.another'], ['manifest.missing'], undefined]);
  expect(told[3]!.error).toContain('gone.mp4: no such file');
});

test('trust: the root that was made is trusted where it is named; another is not', async () => {
  const root = join(process.env['KINORA_PROVENANCE']!, 'root.pem');
  expect((await verify('--trust', root, at('film.mp4'))).exit).toBe(0);
  expect(await verify('--trust', at('tiny/README.md'), at('film.mp4'))).toEqual({ exit: 1, lines: [] });
});

test('wrong usage ends with 2', async () => {
  expect((await kinora('verify')).exit).toBe(2);
  expect((await kinora('verify', at('film.mp4'), '--nonsense')).exit).toBe(2);
});

test('folders and sprite sheets are signed too; a signed folder is written over by one that is not', async () => {
  await film('sheet.png');
  await film('frames');
  expect((await verify(at('sheet.png'), at('frames'))).exit).toBe(0);
  expect((await readdir(at('frames'))).sort()).toEqual(['0001.png', '0002.png', '0003.png', '0004.png', '0005.png', 'film.c2pa']);
  expect((await readFilm(at('frames'))).count).toBe(5);
  await writeFile(at('frames/0002.png'), flipped(await readFile(at('frames/0002.png')), 60));
  expect((await verify(at('frames'))).lines[0]).toBe('frames  invalid: the frame 0002.png was changed');
  await film('frames', '--no-sign');
  expect(await readdir(at('frames'))).not.toContain('film.c2pa');
});

test('a film that was signed elsewhere, or not at all, replays as the same', async () => {
  await cp(at('film.mp4'), at('elsewhere.mp4'));
  await film('folder');
  const before = process.env['KINORA_PROVENANCE'];
  process.env['KINORA_PROVENANCE'] = at('another/provenance');
  try {
    for (const name of ['elsewhere.mp4', 'plain.mp4', 'folder']) {
      const output = at(`replay-${name}`), { exit, out } = await kinora('replay', at(name), '--model', at('tiny'), '-o', output);
      expect([name, exit, out]).toEqual([name, 0, expect.stringContaining('the same film, SHA-256')]);
      expect((await verify(output)).exit).toBe(0);
    }
  } finally { process.env['KINORA_PROVENANCE'] = before; }
  const [here, there] = await Promise.all([readFile(at('elsewhere.mp4')), readFile(at('replay-elsewhere.mp4'))]);
  expect(Buffer.compare(here, there)).not.toBe(0);
});
