/**
 * @file Jobs that wait: held, let go, moved, changed. What each step needs of the job stands in the statement that takes it, so that of two clients, or of a client and a
 * worker, one is first and the other one finds the job as that one left it. Places are handed round among the jobs of one owner: between owners the claim is fair (jobs.ts).
 */
import type { Database } from './db/database.ts';
import { COLUMNS, LIVE, type Changed, type JobRow } from './job-row.ts';
import type { PlannedFilm } from '../contract/spec.ts';

/** The job still waits. */
const WAITS = `id = $1::text and status = 'queued' and ${LIVE}`;

/** Where a job is to go: one of the three. */
export type Place = { readonly position: number } | { readonly before: string } | { readonly after: string };

/** The list with one of its members elsewhere. Undefined when the member that it is to stand beside is not there. */
export function moved(ids: readonly string[], id: string, to: Place): string[] | undefined {
  const rest = ids.filter((other) => other !== id);
  if ('position' in to) return rest.toSpliced(Math.min(to.position, rest.length), 0, id);
  const at = rest.indexOf('before' in to ? to.before : to.after);
  return at < 0 ? undefined : rest.toSpliced('before' in to ? at : at + 1, 0, id);
}

/** The waiting jobs of one database. */
export class WaitingJobs {
  readonly #db: Database;
  readonly #changed: Changed;

  constructor(db: Database, changed: Changed) { this.#db = db; this.#changed = changed; }

  /** Holds a job, or lets it go on; again is as good as once. Undefined when it does not wait. */
  async pause(id: string, paused: boolean): Promise<JobRow | undefined> {
    return this.#told(await this.#db.query<JobRow>(`update kinora_jobs set paused = $2::boolean, rev = rev + (case when paused = $2::boolean then 0 else 1 end)
      where ${WAITS} returning ${COLUMNS}`, [id, paused]));
  }

  /** Gives a job what another plan says, if it waits and is still made as `was` says; who refused it may try again. Undefined otherwise. */
  async replan(id: string, was: string, { askedModel, size, seconds, spec, work }: PlannedFilm): Promise<JobRow | undefined> {
    return this.#told(await this.#db.query<JobRow>(`with refused as (delete from kinora_refusals where job = $1::text)
      update kinora_jobs set asked_model = $3::text, model = $4::text, size = $5::text, seconds = $6::text, prompt = $7::text,
      spec = $8::text, work = $9::float8, progress = 0, rev = rev + 1 where ${WAITS} and spec = $2::text returning ${COLUMNS}`,
    [id, was, askedModel, spec.model, size, seconds, spec.prompt, JSON.stringify(spec), work]));
  }

  /** Puts a job elsewhere among those of its owner. `not waiting`: it does not wait; `no place`: what it is to stand beside does not. */
  async move(id: string, to: Place): Promise<JobRow | 'not waiting' | 'no place'> {
    const result = await this.#db.transaction(async (tx) => {
      // One order at a time; the rows' locks keep workers from taking one of them meanwhile.
      await tx.query('select pg_advisory_xact_lock(3, hashtext((select owner from kinora_jobs where id = $1::text)))', [id]);
      const others = `owner = (select owner from kinora_jobs where id = $1::text) and status = 'queued' and ${LIVE}`;
      await tx.query(`select id from kinora_jobs where ${others} order by seq for update`, [id]);
      const waiting = await tx.query<{ id: string; place: number }>(
        `select id, coalesce(place, seq)::float8 as place from kinora_jobs where ${others} order by coalesce(place, seq)`, [id]);
      const ids = waiting.map((row) => row.id);
      if (!ids.includes(id)) return 'not waiting';
      const order = moved(ids, id, to);
      if (!order) return 'no place';
      const places = order.map((one, i) => ({ id: one, place: waiting[i]!.place })).filter((one, i) => one.id !== ids[i]);
      await tx.query(`update kinora_jobs j set place = v.place, rev = j.rev + 1 from json_to_recordset($1::text::json) as v(id text, place float8)
        where j.id = v.id and j.status = 'queued'`, [JSON.stringify(places)]);
      const [row] = await tx.query<JobRow>(`select ${COLUMNS} from kinora_jobs where id = $1::text`, [id]);
      return { row: row!, places };
    });
    if (typeof result === 'string') return result;
    for (const place of result.places) this.#changed(place.id);
    return result.row;
  }

  #told([row]: readonly JobRow[]): JobRow | undefined {
    if (row) this.#changed(row.id);
    return row;
  }
}
