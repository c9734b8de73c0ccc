/** @file What a server demands of those who make films holds for workers that know nothing of it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, made, memoryDatabase } from '../../../test/support/queue.ts';
import { serverConfig } from '../contract/config.ts';
import type { Database } from './db/database.ts';
import { filmPolicyRequired, requireFilmPolicy } from './film-policy.ts';
import { Jobs } from './jobs.ts';

let db: Database;
beforeAll(async () => { db = await memoryDatabase(); });
afterAll(async () => { await db.close(); });

test('who shows films to no policy gets none while a server demands it, and cannot publish what it had', async () => {
  const jobs = new Jobs(db, serverConfig({})), one = await ask(jobs), two = await ask(jobs), early = (await jobs.claim('apart', ['m']))!;
  expect([early.id, await filmPolicyRequired(db)]).toEqual([one, false]);
  await requireFilmPolicy(db, true);
  expect([await filmPolicyRequired(db), await jobs.publish(early, made), await jobs.claim('apart', ['m'])]).toEqual([true, false, null]);
  const shown = (await jobs.claim('with the hook', ['m'], true))!;
  await requireFilmPolicy(db, true);                                                              // a second server, or the same one again
  expect([shown.id, await jobs.publish(shown, made)]).toEqual([one, true]);
  await requireFilmPolicy(db, false);
  expect([await filmPolicyRequired(db), (await jobs.claim('apart', ['m']))?.id]).toEqual([false, two]);
});
