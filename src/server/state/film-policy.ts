/**
 * @file Whether films must be shown to a policy before anybody sees them, as the servers of a database say. It stands in the database, since workers on other machines know
 * their own flags alone: one that asks no policy is given no job (jobs.ts), whatever it believes.
 */
import type { Database } from './db/database.ts';
import { WAITING } from './job-row.ts';

/** There is no such demand, as a condition of a statement. */
export const NO_POLICY = "not exists (select from kinora_settings where name = 'film_policy')";

/** Says what a server demands that starts. When the demand is new, films under way are begun again by those who meet it. */
export async function requireFilmPolicy(db: Database, required: boolean): Promise<void> {
  await db.transaction(async (tx) => {
    if (!required) { await tx.query("delete from kinora_settings where name = 'film_policy'"); return; }
    const fresh = await tx.query("insert into kinora_settings (name, value) values ('film_policy', 'required') on conflict do nothing returning name");
    if (fresh.length > 0) await tx.query(`update kinora_jobs set ${WAITING}, rev = rev + 1 where status = 'in_progress'`);
  });
}

/** Whether it is demanded. */
export async function filmPolicyRequired(db: Database): Promise<boolean> {
  return (await db.query("select name from kinora_settings where name = 'film_policy'")).length > 0;
}
