/** @file A queue for tests: its tables in an embedded database in memory, and films that are asked for without a server. */
import { openPglite } from '../../src/server/state/db/pglite.ts';
import type { Database } from '../../src/server/state/db/database.ts';
import { migrate } from '../../src/server/state/db/schema.ts';
import type { FilmSpec, MadeFilm } from '../../src/server/contract/spec.ts';
import { newId } from '../../src/server/state/job-row.ts';
import type { Jobs } from '../../src/server/state/jobs.ts';

/** An empty database with the tables. */
export async function memoryDatabase(): Promise<Database> {
  const db = await openPglite('memory://');
  await migrate(db);
  return db;
}

const size = { width: 64, height: 64, frames: 5, fps: 8 };
/** A film as a worker would bring it. */
export const made: MadeFilm = { assets: 'film-1', facts: { frames: 5, bytes: 1, ignored: [], notes: [], reused: 0, ms: {} } };

/** Queues a film of a model; its id. */
export async function ask(jobs: Jobs, model = 'm'): Promise<string> {
  const id = newId('video'), spec: FilmSpec = { kind: 'create', model, prompt: 'a', seed: 1, native: size, deliver: size };
  await jobs.queue({ id, owner: 'ann', kind: 'create', askedModel: model, size: '64x64', seconds: '1', spec, work: 1, source: null },
    { route: 'create', key: null, hash: id, retry: 0, since: () => 0 });
  return id;
}
