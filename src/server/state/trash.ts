/**
 * @file What becomes of films that nobody is to see any more. A film that was finished goes into the trash: its row is out of sight, its files stay, and it can be brought back
 * until its days are over. Whatever is gone leaves a row without files, which keeps its place in the lineage of others. Trash is told from what is gone by `assets`: a row
 * out of sight that has them can come back, and the statement that takes them is the end of it; folders go only after that.
 */
import type { ServerConfig } from '../contract/config.ts';
import { ago, NOW, type Database } from './db/database.ts';
import { COLUMNS, LIVE, type Changed, type JobRow } from './job-row.ts';
import type { Log } from '../watch/log.ts';
import { purgeRows } from './purge.ts';
import type { Store } from './store.ts';

const IN_TRASH = 'deleted is not null and assets is not null';
/** Milliseconds of a day, and for which a folder without a job may be somebody's who is at it. */
const DAY_MS = 86_400_000, YOUNG_MS = 3_600_000;

/** Films out of sight, of one database. */
export class Trash {
  readonly #db: Database;
  readonly #changed: Changed;

  constructor(db: Database, changed: Changed = () => {}) { this.#db = db; this.#changed = changed; }

  /** Takes a job out of sight. `trash`: it was finished, is kept, and can come back; undefined: it was out of sight already. */
  async remove(id: string, keep: boolean): Promise<'trash' | 'gone' | undefined> {
    const [row] = await this.#db.query<{ assets: string | null }>(`update kinora_jobs set deleted = ${NOW}, fence = fence + 1, rev = rev + 1,
      assets = case when status = 'completed' and $2::boolean then assets end where id = $1::text and ${LIVE} returning assets`, [id, keep]);
    if (row) this.#changed(id);
    return row && (row.assets === null ? 'gone' : 'trash');
  }

  /** Brings a film back; one that is in sight is as it was. Undefined when there is none, or it is gone. */
  async restore(id: string, owner: string | null): Promise<JobRow | undefined> {
    const own = 'id = $1::text and ($2::text is null or owner = $2::text)';
    const [row] = await this.#db.query<JobRow>(`update kinora_jobs set deleted = null, rev = rev + 1 where ${own} and ${IN_TRASH} returning ${COLUMNS}`, [id, owner]);
    if (row) this.#changed(id);
    return row ?? (await this.#db.query<JobRow>(`select ${COLUMNS} from kinora_jobs where ${own} and ${LIVE}`, [id, owner]))[0];
  }

  /** Takes the files of what has been in the trash for so many milliseconds; tells whose. */
  async empty(ms: number): Promise<string[]> {
    return (await this.#db.query<{ id: string }>(
      `update kinora_jobs set assets = null, rev = rev + 1 where ${IN_TRASH} and deleted <= ${ago('$1')} returning id`, [ms])).map(({ id }) => id);
  }

  /** Jobs with files, in the order in which they are to go: trash first, then films, the oldest first. */
  withFiles(): Promise<{ id: string; trashed: boolean }[]> {
    return this.#db.query(`select id, deleted is not null as trashed from kinora_jobs where assets is not null order by deleted is null, coalesce(deleted, completed), seq`);
  }

  /** Ends a film for good, unless it went into the trash or came back since it was seen. */
  async end({ id, trashed }: { readonly id: string; readonly trashed: boolean }): Promise<boolean> {
    const [row] = await this.#db.query(`update kinora_jobs set deleted = coalesce(deleted, ${NOW}), assets = null, fence = fence + 1, rev = rev + 1
      where id = $1::text and assets is not null and (deleted is not null) = $2::boolean returning id`, [id, trashed]);
    if (row) this.#changed(id);
    return row !== undefined;
  }

  /** Ended jobs that are older than so many milliseconds. */
  async older(ms: number): Promise<string[]> {
    return (await this.#db.query<{ id: string }>(`select id from kinora_jobs where ${LIVE} and completed < ${ago('$1')}`, [ms])).map(({ id }) => id);
  }

  /** What became of the jobs of these ids, of which folders are there: `gone`, the folder may go; `failed`, what was under way may. Absent: there is no such job. */
  async became(ids: readonly string[]): Promise<Map<string, 'gone' | 'failed' | 'kept'>> {
    const rows = await this.#db.query<{ id: string; became: 'gone' | 'failed' | 'kept' }>(`select id,
      case when deleted is not null and assets is null then 'gone' when deleted is null and status = 'failed' then 'failed' else 'kept' end as became
      from kinora_jobs where id in (select value from json_array_elements_text($1::text::json))`, [JSON.stringify(ids)]);
    return new Map(rows.map(({ id, became }) => [id, became]));
  }

  /** Removes rows that nobody asks for again. */
  purge(): ReturnType<typeof purgeRows> { return purgeRows(this.#db); }
}

/** Options of {@link sweep}. */
export interface SweepOptions {
  readonly config: Pick<ServerConfig, 'keepDays' | 'keepBytes' | 'trashDays'>;
  readonly trash: Trash;
  readonly store: Store;
  readonly log: Log;
}

/** Lets go what the configuration does not keep: by age, then by bytes; then the folders of what is gone, and rows that nobody asks for again. */
export async function sweep({ config: { keepDays, keepBytes, trashDays }, trash, store, log }: SweepOptions): Promise<void> {
  if (keepDays !== undefined) for (const id of await trash.older(keepDays * DAY_MS)) { await trash.remove(id, false); log('film_expired', { job: id, days: keepDays }); }
  for (const id of await trash.empty(trashDays * DAY_MS)) log('trash_emptied', { job: id, days: trashDays });
  const held = await store.jobs();
  if (keepBytes !== undefined) {
    const films = await Promise.all((await trash.withFiles()).map(async (film) => ({ ...film, bytes: await held.get(film.id)?.bytes() ?? 0 })));
    let total = films.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const { bytes, ...film } of films) {
      if (total <= keepBytes) break;
      if (await trash.end(film)) log('film_removed_for_space', { job: film.id, bytes, total, most: keepBytes });
      total -= bytes;
    }
  }
  const became = await trash.became([...held.keys()]);
  for (const [id, { changed }] of held) switch (became.get(id)) {
    case 'gone': await store.discard(id); break;
    case 'failed': await store.dropWork(id); break;
    case 'kept': break;
    // What a request began and a killed server could not take back: a folder without a job.
    case undefined: if (Date.now() - changed > YOUNG_MS) await store.discard(id); break;
  }
  await store.forget();
  const { requests, deliveries } = await trash.purge();
  if (requests + deliveries > 0) log('rows_purged', { requests, deliveries });
}
