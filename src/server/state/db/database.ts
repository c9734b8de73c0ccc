/**
 * @file The seam to the database: statements of PostgreSQL's dialect with `$1`, one transaction at a time or many, by an embedded PostgreSQL in the data folder
 * (pglite.ts) or a server. Both get the same text. Parameters are cast in the statement (`$1::text`), since drivers guess their types in different ways; values are
 * text, int, float8 and boolean alone, which both return as JavaScript's own; times are milliseconds of the database's clock, as float8.
 */
import { ResourceError } from '../../../core/errors.ts';

/** What a statement can be given. */
export type Param = string | number | boolean | null;

/** Takes statements. */
export interface Queryable {
  query<Row>(text: string, params?: readonly Param[]): Promise<Row[]>;
}

/** A database that is open. */
export interface Database extends Queryable {
  readonly kind: 'pglite' | 'postgres';
  /** All or nothing. */
  transaction<T>(run: (tx: Queryable) => Promise<T>): Promise<T>;
  /** Several statements without parameters. */
  script(text: string): Promise<void>;
  close(): Promise<void>;
}

/** The database's clock, milliseconds since 1970. Leases are counted by it, whatever the clocks of workers say. */
export const NOW = '(extract(epoch from clock_timestamp()) * 1000)::float8';
/** The moment so many milliseconds ago, read once a statement: by a clock that is read anew for each row no index is of use. */
export const ago = (param: string): string => `(select ${NOW} - ${param}::float8)`;

/** What time it is by that clock. */
export const clock = async (db: Queryable): Promise<number> => (await db.query<{ now: number }>(`select ${NOW} as now`))[0]!.now;

/** Connections to a PostgreSQL server. They are made when they are needed, and made again after the server was away. */
const CONNECTIONS = 8;
/** Seconds between tries to connect: a server that is back is found at once, and while it is away requests hear of it instead of waiting. */
const retrySeconds = (tries: number): number => Math.min(0.5, 0.05 * 2 ** tries);

/**
 * How statements are sent: prepared, once a connection, since their texts are few and planning is half of what they cost. `?prepare=false` in the URL leaves that out, for poolers
 * that hand each transaction another connection.
 */
const PREPARED = { prepare: true } as const;
/** A server that came later has given a table another column: what was prepared before is refused once. Outside of a transaction the driver prepares anew by itself. */
const isStale = (cause: unknown): boolean => (cause as { routine?: unknown }).routine === 'RevalidateCachedQuery';

/** Connects to a PostgreSQL server. */
export async function openPostgres(url: string): Promise<Database> {
  const { default: postgres } = await import('postgres');
  const sql = postgres(url, { max: CONNECTIONS, onnotice: () => {}, connect_timeout: 10, backoff: retrySeconds, connection: { application_name: 'kinora' } });
  const begun = async <T>(run: (tx: Queryable) => Promise<T>): Promise<T> => {
    let result: T | undefined;
    await sql.begin(async (tx) => {
      result = await run({ query: async <Row>(text: string, params: readonly Param[] = []) => [...await tx.unsafe(text, [...params], PREPARED)] as Row[] });
    });
    return result as T;
  };
  const database: Database = {
    kind: 'postgres',
    query: async <Row>(text: string, params: readonly Param[] = []) => [...await sql.unsafe(text, [...params], PREPARED)] as Row[],
    transaction: async (run) => {
      for (let stale = 0; ; stale++) {
        try { return await begun(run); } catch (cause) { if (!isStale(cause) || stale === CONNECTIONS) throw cause; }      // each connection has its own
      }
    },
    script: async (text) => { await sql.unsafe(text); },
    close: () => sql.end({ timeout: 2 }),
  };
  await database.query('select 1').catch(async (cause: unknown) => {
    await sql.end({ timeout: 0 });
    throw new ResourceError(`the database at ${new URL(url).host} does not answer: ${(cause as Error).message || String((cause as { code?: unknown }).code)}`, { cause });
  });
  return database;
}
