/** @file Suites on PostgreSQL: in CI they run or fail, and a server is made where none answers; elsewhere they say why they are left out. */
import postgres from 'postgres';
import { afterEach, expect, test, vi } from 'vitest';
import { clusterReason } from './cluster.ts';
import setup, { postgresReason } from './postgres.ts';

afterEach(() => { vi.unstubAllEnvs(); });
const NOWHERE = 'postgres://postgres@127.0.0.1:9/postgres', none = await clusterReason();

test('nothing answers: a reason; in CI an error', async () => {
  vi.stubEnv('KINORA_TEST_DATABASE_URL', NOWHERE);
  vi.stubEnv('CI', undefined);
  expect(await postgresReason()).toBe('no PostgreSQL at 127.0.0.1:9: ECONNREFUSED');
  expect(await setup()).toBeUndefined();
  vi.stubEnv('CI', 'true');
  await expect(postgresReason()).rejects.toThrow('ECONNREFUSED: in CI no suite is left out');
});

test('in CI a server is made where none answers, or it is said what is missing', { timeout: 120_000 }, async () => {
  vi.stubEnv('KINORA_TEST_DATABASE_URL', NOWHERE);
  vi.stubEnv('CI', 'true');
  if (none !== undefined) { await expect(setup()).rejects.toThrow('install PostgreSQL'); return; }
  const remove = await setup();
  try {
    expect(await postgresReason()).toBeUndefined();
    const sql = postgres(process.env['KINORA_TEST_DATABASE_URL']!, { max: 1 });
    try { expect(await sql`select 1 as one`).toMatchObject([{ one: 1 }]); } finally { await sql.end(); }
  } finally { await remove?.(); }
  await expect(postgresReason()).rejects.toThrow('ECONNREFUSED');
});
