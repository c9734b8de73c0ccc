/** @file How statements reach a PostgreSQL server. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPostgres, type Database } from '../../src/server/state/db/database.ts';
import { freshPostgres, postgresReason } from '../support/postgres.ts';

const reason = await postgresReason();
const PREPARED = 'select count(*)::int as count from pg_prepared_statements';

describe.skipIf(reason !== undefined)(`statements${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  let fresh: Awaited<ReturnType<typeof freshPostgres>>;
  beforeAll(async () => { fresh = await freshPostgres(); });
  afterAll(async () => { await fresh.drop(); });
  const opened = async <T>(url: string, run: (db: Database) => Promise<T>): Promise<T> => {
    const db = await openPostgres(url);
    try { return await run(db); } finally { await db.close(); }
  };

  test('are prepared once a connection; ?prepare=false in the URL leaves that out', async () => {
    const twice = (url: string): Promise<number> => opened(url, (db) => db.transaction(async (tx) => {
      for (let i = 0; i < 2; i++) expect(await tx.query('select $1::int + 1 as next', [i])).toEqual([{ next: i + 1 }]);
      return (await tx.query<{ count: number }>(PREPARED))[0]!.count;
    }));
    expect(await twice(fresh.url)).toBeGreaterThan(0);
    expect(await twice(`${fresh.url}?prepare=false`)).toBe(0);
  });

  test('go on when a later server has given the table another column, within a transaction too', async () => {
    await opened(fresh.url, async (db) => {
      await db.script('create table later (a int); insert into later values (1)');
      const all = (tx: Pick<Database, 'query'>) => tx.query('select * from later where a = $1::int', [1]);
      const everywhere = Array.from({ length: 16 }, () => db.transaction(async (tx) => { await tx.query('select pg_sleep(0.05)'); return all(tx); }));
      for (const rows of await Promise.all(everywhere)) expect(rows).toEqual([{ a: 1 }]);           // by now each connection has prepared it
      await opened(fresh.url, (other) => other.script('alter table later add column b int'));
      let runs = 0;
      expect(await db.transaction(async (tx) => { runs++; return all(tx); })).toEqual([{ a: 1, b: null }]);
      expect(runs).toBeGreaterThan(1);
      await opened(fresh.url, (other) => other.script('alter table later add column c int'));
      expect(await all(db)).toEqual([{ a: 1, b: null, c: null }]);
      await expect(db.transaction(() => Promise.reject(new Error('ours')))).rejects.toThrow('ours');
    });
  });
});
