/**
 * @file Keys of clients. A key is shown once, when it is made; what is kept is its hash. The secret has 256 bits, so a plain SHA-256 of it is not worth guessing at.
 */
import { createHash, randomBytes } from 'node:crypto';
import { InputError } from '../../core/errors.ts';
import { isLoopback } from '../contract/config.ts';
import { NOW, type Database } from '../state/db/database.ts';

/** A key without its secret. */
export interface KeyInfo {
  readonly id: string;
  readonly name: string;
  /** Milliseconds. */
  readonly created: number;
  readonly revoked: number | null;
  /** Most films that may wait at once; null: the server's own limit. */
  readonly waiting: number | null;
  /** Films, and seconds of film, in 24 hours; null: the server's own limit. */
  readonly films_per_day: number | null;
  readonly seconds_per_day: number | null;
}

/** Limits of a key, in place of the server's own. */
export type KeyLimits = Partial<Pick<KeyInfo, 'waiting' | 'films_per_day' | 'seconds_per_day'>>;

const COLUMNS = 'id, name, created, revoked, waiting, films_per_day, seconds_per_day';
const hashOf = (key: string): string => createHash('sha256').update(key).digest('hex');

/** The keys of one database. */
export class Keys {
  readonly #db: Database;

  constructor(db: Database) { this.#db = db; }

  /** Makes a key; the secret is not kept. */
  async add(name: string, { waiting = null, films_per_day = null, seconds_per_day = null }: KeyLimits = {}): Promise<KeyInfo & { readonly key: string }> {
    if (name.trim() === '' || name.length > 80) throw new InputError('a key needs a name of 1 to 80 letters');
    const id = randomBytes(6).toString('hex'), key = `kinora-${id}-${randomBytes(32).toString('base64url')}`;
    const [row] = await this.#db.query<KeyInfo>(`insert into kinora_keys (id, name, hash, created, waiting, films_per_day, seconds_per_day)
      values ($1::text, $2::text, $3::text, ${NOW}, $4::int, $5::int, $6::float8) returning ${COLUMNS}`,
      [id, name.trim(), hashOf(key), waiting, films_per_day, seconds_per_day]);
    return { ...row!, key };
  }

  /** All of them, with those that are revoked. */
  list(): Promise<KeyInfo[]> { return this.#db.query<KeyInfo>(`select ${COLUMNS} from kinora_keys order by created`); }

  /** The key is of no more use. Throws an InputError when there is none of that id. */
  async revoke(id: string): Promise<void> {
    const [row] = await this.#db.query(`update kinora_keys set revoked = coalesce(revoked, ${NOW}) where id = $1::text returning id`, [id]);
    if (!row) throw new InputError(`there is no key ${id}; kinora keys list names them`);
  }

  /** Whose key this is; undefined when nobody's. */
  async find(key: string): Promise<KeyInfo | undefined> {
    return (await this.#db.query<KeyInfo>(`select ${COLUMNS} from kinora_keys where hash = $1::text and revoked is null`, [hashOf(key)]))[0];
  }

  /** Whether there is one, revoked or not. */
  async made(): Promise<boolean> { return (await this.#db.query('select 1 from kinora_keys limit 1')).length > 0; }

  /** Whether there is one that is not revoked. */
  async any(): Promise<boolean> { return (await this.#db.query('select 1 from kinora_keys where revoked is null limit 1')).length > 0; }
}

/** Throws an InputError when others could reach an address and there are no keys. `keys`: undefined where there is no database yet. */
export async function checkKeys(host: string, keys: Pick<Keys, 'any'> | undefined): Promise<void> {
  if (!isLoopback(host) && !await keys?.any())
    throw new InputError(`${host} can be reached by others, so keys are needed: make one with kinora keys add NAME, or listen on 127.0.0.1`);
}
