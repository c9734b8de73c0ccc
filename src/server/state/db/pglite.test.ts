import { expect, test } from 'vitest';
import type { PGlite } from '@electric-sql/pglite';
import { embedded } from './pglite.ts';

/** An instance that panics at a statement, and is never to be asked again. */
function instance(name: string, asked: string[]): PGlite {
  let dead = false;
  return {
    query: (text: string) => {
      if (dead) throw new Error(`${name} was asked "${text}" after its panic`);
      asked.push(`${name}: ${text}`);
      if (text === 'wrong') return Promise.reject(Object.assign(new Error('syntax error'), { code: '42601', severity: 'ERROR' }));
      if (text !== 'panic') return Promise.resolve({ rows: [{ text }] });
      dead = true;
      return Promise.reject(Object.assign(new Error('No space left on device'), { code: '53100', severity: 'PANIC' }));
    },
    close: () => Promise.resolve(),
  } as unknown as PGlite;
}

test('one that has panicked is asked nothing more, not by what waits nor to roll back; the next statement opens the folder anew', async () => {
  const asked: string[] = [], told: string[] = [];
  let full = true;
  const create = (): Promise<PGlite> => (full ? Promise.reject(new Error('no space')) : Promise.resolve(instance('second', asked)));
  const db = embedded(instance('first', asked), create, (event) => { told.push(event); });
  await expect(db.query('wrong')).rejects.toThrow('syntax error');
  await expect(db.transaction((tx) => tx.query('wrong'))).rejects.toThrow('syntax error');
  const all = await Promise.allSettled([
    db.transaction(async (tx) => { await tx.query('a'); await tx.query('panic'); }), db.query('waits'), db.transaction((tx) => tx.query('waits too'))]);
  expect(all.map((one) => (one as PromiseRejectedResult).reason as { code: string }).map(({ code }) => code)).toEqual(['53100', '57P03', '57P03']);
  expect(told).toEqual(['database_lost', 'database_not_opened']);          // the third did not try again at once
  full = false;
  await expect.poll(() => db.query('b').catch(() => 'not yet'), { timeout: 5000 }).toEqual([{ text: 'b' }]);
  expect(told.at(-1)).toBe('database_opened_anew');
  expect(asked).toEqual(['first: wrong', 'first: begin', 'first: wrong', 'first: rollback', 'first: begin', 'first: a', 'first: panic', 'second: b']);
  await db.close();
  await expect(db.query('c')).rejects.toMatchObject({ code: '57P03' });
});
