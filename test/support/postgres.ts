/**
 * @file The PostgreSQL server that suites run on: one that answers at KINORA_TEST_DATABASE_URL or on this machine's port 5432; in CI, where no suite may be left out, one that is
 * made for the run when none does.
 */
import postgres from 'postgres';
import { clusterReason, makeCluster } from './cluster.ts';

const URL_NAME = 'KINORA_TEST_DATABASE_URL';
const address = (): string => process.env[URL_NAME] ?? 'postgres://postgres@127.0.0.1:5432/postgres';

async function silence(): Promise<string | undefined> {
  const sql = postgres(address(), { max: 1, connect_timeout: 5, onnotice: () => {} });
  try { await sql`select 1`; return undefined; }
  catch (error) { return `no PostgreSQL at ${new URL(address()).host}: ${String((error as { code?: unknown }).code ?? error)}`; } finally { await sql.end({ timeout: 1 }); }
}

/** Undefined when a server answers; else why a suite is left out. Throws in CI, where none may be. */
export async function postgresReason(): Promise<string | undefined> {
  const reason = await silence();
  if (reason !== undefined && process.env['CI'] !== undefined) throw new Error(`${reason}: in CI no suite is left out`);
  return reason;
}

/** A database of its own on that server. */
export async function freshPostgres(): Promise<{ readonly url: string; readonly drop: () => Promise<void> }> {
  const name = `kinora_test_${process.pid}_${Math.random().toString(36).slice(2, 10)}`, admin = postgres(address(), { max: 1, onnotice: () => {} }), url = new URL(address());
  await admin.unsafe(`create database ${name}`);
  url.pathname = `/${name}`;
  return { url: url.href, drop: async () => { await admin.unsafe(`drop database if exists ${name} with (force)`); await admin.end(); } };
}

/** Called by vitest before all tests; what it gives back, after them. */
export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env['CI'] === undefined || await silence() === undefined) return undefined;
  const missing = await clusterReason();
  if (missing !== undefined) throw new Error(`${await silence()}, and ${missing}: install PostgreSQL, or say where one is in ${URL_NAME}`);
  const cluster = await makeCluster();
  process.env[URL_NAME] = cluster.url;
  return () => cluster.remove();
}
