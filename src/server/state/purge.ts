/** @file Rows that nobody asks for again: how requests are known, when their time is over, and webhooks that were delivered or given up. */
import { ago, type Database } from './db/database.ts';

/** Milliseconds for which a retried request is known by its hash, and one with a key by that. */
export const RETRY_MS = 10 * 60_000, KEY_MS = 24 * 3_600_000;
/** Milliseconds for which a delivery that has ended can be looked up. */
const ENDED_MS = 7 * 86_400_000;

/** Removes them; tells how many of each. */
export async function purgeRows(db: Database): Promise<{ readonly requests: number; readonly deliveries: number }> {
  const requests = await db.query(`delete from kinora_requests where created < ${ago('$1')} and (key is null or created < ${ago('$2')}) returning 1`, [RETRY_MS, KEY_MS]);
  const deliveries = await db.query(`delete from kinora_deliveries where coalesce(done, failed) < ${ago('$1')} returning 1`, [ENDED_MS]);
  return { requests: requests.length, deliveries: deliveries.length };
}
