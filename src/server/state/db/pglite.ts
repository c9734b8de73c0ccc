/**
 * @file The embedded PostgreSQL (PGlite) as a {@link Database}. It has one connection and no process of its own: a panic, as when its log finds no room on a full disk, leaves
 * an instance that answers nothing and, asked again, holds up the whole process. So statements go through a queue of ours, and none to an instance that has panicked; the next
 * one opens the folder anew, which recovers what was committed, as after a crash.
 */
import type { PGlite } from '@electric-sql/pglite';
import { ResourceError } from '../../../core/errors.ts';
import type { Log } from '../../watch/log.ts';
import type { Database, Param, Queryable } from './database.ts';

/** Milliseconds between tries to open a folder that could not be opened. */
const REOPEN_MS = 1000;
/** What PostgreSQL says while it starts (`cannot_connect_now`): it is worth trying again. */
const STARTING = '57P03';

/** What an instance does not outlive: what PostgreSQL calls so, and what stops the program that it is. */
const isFatal = (error: unknown): boolean =>
  ['PANIC', 'FATAL'].includes((error as { severity?: unknown } | null)?.severity as string) || (error instanceof Error && ['RuntimeError', 'ExitStatus'].includes(error.name));

class Embedded implements Database {
  readonly kind = 'pglite';
  readonly #create: () => Promise<PGlite>;
  readonly #log: Log;
  #db: PGlite | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #failed = -Infinity;
  #closed = false;

  constructor(db: PGlite, create: () => Promise<PGlite>, log: Log) { this.#db = db; this.#create = create; this.#log = log; }

  // Fields, not methods: a database is spread by those who add to it.
  readonly query = <Row>(text: string, params: readonly Param[] = []): Promise<Row[]> => this.#turn((db) => this.#ask<Row>(db, text, params));

  readonly transaction = <T>(run: (tx: Queryable) => Promise<T>): Promise<T> =>
    this.#turn(async (db) => {
      await this.#ask(db, 'begin');
      try {
        const result = await run({ query: (text, params) => this.#ask(db, text, params) });
        await this.#ask(db, 'commit');
        return result;
      } catch (error) {
        if (this.#db === db) await this.#ask(db, 'rollback');
        throw error;
      }
    });

  readonly script = (text: string): Promise<void> => this.#turn((db) => this.#watched(db, async () => { await db.exec(text); }));

  readonly close = (): Promise<void> =>
    this.#queued(async () => {
      const db = this.#db;
      this.#closed = true;
      this.#db = undefined;
      await db?.close();
    });

  async #ask<Row>(db: PGlite, text: string, params: readonly Param[] = []): Promise<Row[]> {
    if (this.#db !== db) throw gone();                          // a transaction that goes on after the panic
    return this.#watched(db, async () => (await db.query<Row>(text, [...params])).rows);
  }

  /** Lets go of an instance that has panicked. */
  async #watched<T>(db: PGlite, call: () => Promise<T>): Promise<T> {
    try { return await call(); } catch (error) {
      if (isFatal(error) && this.#db === db) {
        this.#db = undefined;
        this.#log('database_lost', { error });
      }
      throw error;
    }
  }

  #turn<T>(run: (db: PGlite) => Promise<T>): Promise<T> { return this.#queued(async () => run(this.#db ?? await this.#reopen())); }

  #queued<T>(run: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(run);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #reopen(): Promise<PGlite> {
    if (this.#closed || performance.now() - this.#failed < REOPEN_MS) throw gone();
    try { this.#db = await this.#create(); } catch (cause) {
      this.#failed = performance.now();
      this.#log('database_not_opened', { error: cause });
      throw gone(cause);
    }
    this.#log('database_opened_anew');
    return this.#db;
  }
}

const gone = (cause?: unknown): Error => Object.assign(new Error('the embedded database is not open', { cause }), { code: STARTING });

/** An open instance, and how another one is opened in its place. */
export const embedded = (db: PGlite, create: () => Promise<PGlite>, log: Log): Database => new Embedded(db, create, log);

/** Opens the embedded database in a folder. Its process must be the only one there (lock.ts). */
export async function openPglite(folder: string, log: Log = () => {}): Promise<Database> {
  const { PGlite } = await import('@electric-sql/pglite').catch((cause: unknown) => {
    throw new ResourceError('the embedded database is not installed: npm install @electric-sql/pglite, or give a PostgreSQL server with DATABASE_URL', { cause });
  });
  const create = (): Promise<PGlite> => PGlite.create(folder);
  return embedded(await create(), create, log);
}
