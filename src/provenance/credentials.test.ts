import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeCertificates } from './certificates.ts';
import { openCredentials } from './credentials.ts';

let dir: string;
beforeAll(async () => { dir = await mkdtemp(join(tmpdir(), 'kinora-credentials-test-')); });
afterAll(async () => { await rm(dir, { recursive: true, force: true }); });

test('who comes at once gets the same credentials, whole; only their owner may read the key', async () => {
  const folder = join(dir, 'deep', 'provenance'), opened = await Promise.all(Array.from({ length: 8 }, () => openCredentials(folder)));
  expect(new Set(opened.map(({ chain }) => chain[0]!.fingerprint256)).size).toBe(1);
  expect(opened[0]).toMatchObject({ selfMade: true, issuer: expect.stringMatching(/^Kinora self-made, root [0-9a-f]{8}$/) as string });
  expect(await readdir(join(dir, 'deep'))).toEqual(['provenance']);                                  // what came second is gone
  expect((await readdir(folder)).sort()).toEqual(['chain.pem', 'key.pem', 'root.pem']);
  const modes = await Promise.all([folder, join(folder, 'key.pem')].map(async (path) => (await stat(path)).mode & 0o777));
  if (process.platform !== 'win32') expect(modes).toEqual([0o700, 0o600]);
});

test('a key that is another certificate\'s is refused', async () => {
  const folder = join(dir, 'mixed');
  await openCredentials(folder);
  await writeFile(join(folder, 'key.pem'), makeCertificates(new Date()).key);
  await expect(openCredentials(folder)).rejects.toThrow('the first certificate of chain.pem cannot sign films: it is not that of key.pem');
});
