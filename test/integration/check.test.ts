/** @file `kinora serve --check`: it refuses what a start would, and makes nothing. */
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPglite } from '../../src/server/state/db/pglite.ts';
import { writeTinyModel } from '../support/tiny-model.ts';
import { kinora } from '../support/cli.ts';

let dir: string, model: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kinora-check-'));
  model = join(dir, 'tiny');
  await writeTinyModel(model, { window: 33, maxFrames: 200, minSide: 64 });
});
afterAll(async () => { await rm(dir, { recursive: true, force: true }); });

test('no keys for an address that others reach, broken credentials, a later database: refused; else nothing is made, and tables stay as they are', async () => {
  const data = join(dir, 'data'), check = (...argv: string[]) => kinora('serve', '--check', '--data', data, '--model', model, ...argv);
  const ready = { exit: 0, errors: '', out: expect.stringContaining('ready to serve') as string };
  const keyless = { exit: 2, errors: expect.stringContaining('so keys are needed') as string };
  expect(await check()).toMatchObject(ready);
  expect(await check('--host', '0.0.0.0')).toMatchObject(keyless);
  await expect(stat(data)).rejects.toThrow('ENOENT');
  const { exit, out } = await kinora('keys', 'add', 'ada', '--data', data), [, id] = out.split('-');
  expect([exit, await check('--host', '0.0.0.0')]).toMatchObject([0, ready]);
  await kinora('keys', 'revoke', id!, '--data', data);
  expect(await check('--host', '0.0.0.0')).toMatchObject(keyless);
  await expect(stat(join(data, 'provenance'))).rejects.toThrow('ENOENT');

  const version = async (change?: number): Promise<number> => {
    const db = await openPglite(join(data, 'db'));
    try {
      if (change !== undefined) await db.query('update kinora_version set version = $1::int', [change]);
      return (await db.query<{ version: number }>('select version from kinora_version'))[0]!.version;
    } finally { await db.close(); }
  };
  await version(1);
  expect([await check(), await version()]).toMatchObject([ready, 1]);
  await version(99);
  expect(await check()).toMatchObject({ exit: 1, errors: expect.stringContaining('the database is of version 99') as string });
  await version(1);
  await mkdir(join(data, 'provenance'));
  await writeFile(join(data, 'provenance', 'key.pem'), 'no key');
  expect(await check()).toMatchObject({ exit: 1, errors: expect.stringContaining('provenance') as string });
}, 240_000);
