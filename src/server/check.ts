/**
 * @file What `kinora serve --check` looks at: all that a start needs of what the configuration names, the same as the start does and nothing of what it makes: no folder, no
 * tables, no credentials.
 */
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { readCredentials } from '../provenance/credentials.ts';
import { credentialsFolder, type ServerConfig } from './contract/config.ts';
import { checkKeys, Keys } from './http/keys.ts';
import { openPolicy } from './policy/policy.ts';
import { openPostgres, type Database } from './state/db/database.ts';
import { openPglite } from './state/db/pglite.ts';
import { schemaVersion } from './state/db/schema.ts';
import { lockData } from './state/lock.ts';
import { openStore } from './state/store.ts';
import { openModels } from './workers/plan.ts';

const exists = (path: string): Promise<boolean> => stat(path).then(() => true, () => false);

/** Runs something on the database as it stands; undefined where none was made yet. */
async function withDatabase({ data, database }: ServerConfig, run: (db: Database | undefined) => Promise<void>): Promise<void> {
  const folder = resolve(data), at = join(folder, 'db');
  if (database === undefined && !await exists(at)) { await run(undefined); return; }
  const unlock = database === undefined ? await lockData(folder) : () => {};
  try {
    const db = database === undefined ? await openPglite(at) : await openPostgres(database);
    try { await run(db); } finally { await db.close(); }
  } finally { unlock(); }
}

/** Throws what a start would, as far as it can be known before. */
export async function checkServer(config: ServerConfig): Promise<void> {
  await openModels(config);
  await openPolicy(config.policy);
  const credentials = credentialsFolder(config);
  if (credentials !== null && await exists(credentials)) await readCredentials(credentials);      // where there are none, a start makes them
  if (config.assets) await (await openStore(config, () => {})).checkAssets();
  await withDatabase(config, async (db) => {
    const made = db !== undefined && await schemaVersion(db) > 0;
    await checkKeys(config.host, made ? new Keys(db) : undefined);
  });
}
