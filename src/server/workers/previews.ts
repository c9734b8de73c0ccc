/**
 * @file What films under way look like so far: the newest preview of each, in the database, so that every server can show what any worker makes. Under a worker's lease as a film
 * itself: who lost the job shows nothing any more. Jobs take them away
 * when they end.
 */
import type { VideoPreview } from '../contract/contract.ts';
import { NOW, type Database } from '../state/db/database.ts';
import { HELD, type Changed } from '../state/job-row.ts';
import type { Lease } from '../contract/spec.ts';

/** Media type of previews. */
const TYPE = 'image/webp';

/** The previews of one database. */
export class Previews {
  readonly #db: Database;
  readonly #changed: Changed;

  constructor(db: Database, changed: Changed) { this.#db = db; this.#changed = changed; }

  /** Shows a picture, base64 of a WebP file, if the job is still this lease's. */
  async show({ id, fence }: Lease, image: string): Promise<boolean> {
    const shown = await this.#db.query<{ number: number }>(`insert into kinora_previews (job, number, image) select id, 1, $3::text from kinora_jobs where ${HELD}
      on conflict (job) do update set number = kinora_previews.number + 1, image = excluded.image returning number`, [id, fence, image]);
    if (shown[0]?.number === 1) await this.#db.query(`update kinora_jobs set previewed = coalesce(previewed, ${NOW}) where ${HELD}`, [id, fence]);
    if (shown.length > 0) this.#changed(id);
    return shown.length > 0;
  }

  /** The newest one of a job, where it is a later one than `number`. */
  async after(id: string, number: number): Promise<VideoPreview | undefined> {
    const [row] = await this.#db.query<{ number: number; image: string }>('select number, image from kinora_previews where job = $1::text and number > $2::int', [id, number]);
    return row && { id, object: 'video.preview', number: row.number, image: `data:${TYPE};base64,${row.image}` };
  }
}
