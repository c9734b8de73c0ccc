/**
 * @file `kinora serve`, `kinora worker`, `kinora keys`: the Videos API on this machine, workers of it on others, and keys of its clients.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { InputError } from '../../core/errors.ts';
import { DEVICE_CHOICES, openEngine, PRECISIONS, type EngineOptions } from '../../pipeline/engine.ts';
import { choice, decimal, file, integer, nonEmpty, repeated } from '../options.ts';
import type { CliCommand, CliContext } from '../program.ts';

/** Flags that say where jobs and films are. */
export interface DatabaseFlags { readonly config?: string; readonly data?: string; readonly database?: string; readonly assets?: string }
interface ServeFlags extends DatabaseFlags, EngineOptions { readonly host?: string; readonly port?: number; readonly model?: readonly string[];
  readonly workers?: number; readonly batch?: number; readonly threads?: number; readonly provenance?: string; readonly check?: boolean }

const environment = (name: string): string | undefined => { const value = process.env[name]; return value === undefined || value === '' ? undefined : value; };

/** A flag as the place of assets. */
async function placeOf(assets: string | undefined): Promise<import('../../server/contract/config.ts').ServerConfig['assets']> {
  return assets === undefined ? undefined : { s3: (await import('../../server/assets/assets-place.ts')).parsePlace(assets) };
}

/** The configuration of file, environment and flags; flags go first. */
export async function configOf({ config, database, assets, ...flags }: Omit<ServeFlags, 'model' | 'check'> & { readonly models?: string[] | undefined })
  : Promise<import('../../server/contract/config.ts').ServerConfig> {
  const { readServerConfig } = await import('../../server/contract/config.ts'), server = database ?? environment('DATABASE_URL'), place = await placeOf(assets);
  return readServerConfig(config, { ...flags, ...(server === undefined ? {} : { database: server }), ...(place ? { assets: place } : {}) });
}

/** What of a configuration, or of flags, says how films are computed. */
const engineOf = ({ device, precision }: { readonly [K in keyof EngineOptions]: EngineOptions[K] | undefined }): EngineOptions =>
  ({ ...(device && { device }), ...(precision && { precision }) });

const jsonLines = async () => (await import('../../server/watch/log.ts')).jsonLog((line) => { process.stderr.write(`${line}\n`); });

async function version(): Promise<string> {
  const { modelsFolder } = await import('../../pipeline/model/model-store.ts');
  return (JSON.parse(readFileSync(join(modelsFolder(), '..', 'package.json'), 'utf8')) as { version: string }).version;
}

/** A signer with the credentials of a folder, made where there are none; undefined for none. */
async function signerIn(folder: string | null | undefined): Promise<import('../../media/signer.ts').FilmSigner | undefined> {
  if (folder === null || folder === undefined) return undefined;
  const [{ openCredentials }, { filmSigner }] = await Promise.all([import('../../provenance/credentials.ts'), import('../../provenance/sign.ts')]);
  return filmSigner({ credentials: await openCredentials(folder), version: await version() });
}

async function serve({ model, check, ...flags }: ServeFlags, { signal, print }: CliContext): Promise<void> {
  const config = await configOf({ ...flags, ...(model ? { models: [...model] } : {}) });
  await openEngine(engineOf(config));                            // workers would find out with their first film
  if (check) {
    await (await import('../../server/check.ts')).checkServer(config);
    print(`ready to serve ${config.models.join(', ')} on ${config.host}:${config.port}, data in ${config.data}`);
    return;
  }
  const { startServer } = await import('../../server/server.ts');
  const server = await startServer(config, { version: await version(), log: await jsonLines() });
  print(`serving ${config.models.join(', ')}: ${server.url}/v1`);
  if (!signal.aborted) await new Promise<void>((done) => { signal.addEventListener('abort', () => { done(); }, { once: true }); });
  await server.close();
}

interface WorkerFlags extends DatabaseFlags, EngineOptions {
  readonly model?: readonly string[];
  readonly batch?: number;
  readonly threads?: number;
  readonly renew?: number;
  readonly provenance?: string;
  readonly policyHook?: string;
}

async function work({ model, renew, policyHook, ...flags }: WorkerFlags, { signal, print }: CliContext): Promise<void> {
  const { parentLink } = await import('../../server/workers/worker-link.ts'), stop = new AbortController(), both = AbortSignal.any([signal, stop.signal]);
  const link = parentLink(() => { stop.abort('the server is gone'); });
  const [{ Worker }, { openStore }, { pipelineMaker }, log] = await Promise.all([import('../../server/workers/worker.ts'), import('../../server/state/store.ts'),
    import('../../server/workers/film-maker.ts'), jsonLines()]);
  const config = link ? null : await configOf({ ...flags, ...(model ? { models: [...model] } : {}) }), { threads, batch = 1 } = config ?? flags, engine = engineOf(config ?? flags);
  const hook = policyHook ?? config?.policy.hook, { openPolicy } = await import('../../server/policy/policy.ts');
  const policy = hook === undefined ? undefined : await openPolicy({ words: false, hook });
  const make = pipelineMaker({ ...engine, ...(threads === undefined ? {} : { threads }), places: batch, policy });
  try {
    if (!config) {
      const store = await openStore({ data: flags.data ?? '.', assets: await placeOf(flags.assets) }, log);
      const worker = new Worker({ source: link!.source, make, store, signer: await signerIn(flags.provenance), renewMs: renew ?? 3000, batch, log });
      link!.onPush((push) => { if (push.push === 'wake') worker.wake(); else worker.drop(push.id); });
      await worker.run(both);
      return;
    }
    if (config.database === undefined)
      throw new InputError('a worker of its own needs the database that the server uses: --database, or DATABASE_URL; beside an embedded one, kinora serve starts its workers');
    const [{ openDatabase, sourceFor }, { newId }, { Jobs }, { Previews }, { credentialsFolder }, { filmPolicyRequired }] = await Promise.all([
      import('../../server/server.ts'), import('../../server/state/job-row.ts'), import('../../server/state/jobs.ts'), import('../../server/workers/previews.ts'),
      import('../../server/contract/config.ts'), import('../../server/state/film-policy.ts'),
    ]);
    const db = await openDatabase(config), name = newId('worker'), jobs = new Jobs(db, config), previews = new Previews(db, () => {}), store = await openStore(config, log);
    const shows = policy?.seesFilms ?? false;
    try {
      if (!shows && await filmPolicyRequired(db))
        throw new InputError('the server shows films to its policy before anybody sees them, and this worker has no hook that looks at films: --policy-hook');
      if (config.assets) await store.openWork();                 // a folder of its own; else one that the server has made
      await store.check();
      await store.checkAssets();
      await openEngine(engine);                                 // before a job is claimed
      const signer = await signerIn(credentialsFolder(config));
      print(`making films of ${config.models.join(', ')}`);
      await new Worker({ source: sourceFor({ jobs, previews, models: config.models, shows }, name), make, store, signer, renewMs: config.lease.renew, batch, log }).run(both);
    } finally { await db.close(); }
  } finally {
    make[Symbol.dispose]();
    if (process.connected) process.disconnect();
  }
}

/** Adds them to a command. */
export const databaseFlags = (command: Command): Command => command
  .option('--config <file>', 'YAML or JSON with everything that flags say, and more', file('--config'))
  .option('--data <dir>', 'folder of films, and of the database unless a server has it (kinora-data)', nonEmpty('--data', 'wanted a folder'))
  .option('--database <url>', 'PostgreSQL server; also DATABASE_URL. Without it one is embedded', nonEmpty('--database', 'wanted an address'))
  .option('--assets <s3://bucket/prefix>', 'S3-compatible store of films (?endpoint=https://…&region=…); without it they lie in the data folder',
    nonEmpty('--assets', 'wanted s3://bucket/prefix'));

const modelFlag = (command: Command): Command =>
  command.option('--model <id|dir>', 'an installed model, or a folder; repeatable', repeated(nonEmpty('--model', 'wanted a model id or a folder')));
const provenanceFlag = (command: Command): Command =>
  command.option('--provenance <dir>', 'folder of key.pem and chain.pem that sign films (in the data folder)', nonEmpty('--provenance', 'wanted a folder'));
const engineFlags = (command: Command): Command => command
  .option('--batch <n>', 'films that a worker makes at a time, sharing denoising steps (4)', integer('--batch', { min: 1, max: 64 }))
  .option('--threads <n>', 'CPU threads of a worker', integer('--threads', { min: 1, max: 256 }))
  .option('--device <name>', `what a worker computes on: ${DEVICE_CHOICES.join(', ')}`, choice('--device', DEVICE_CHOICES))
  .option('--precision <name>', `in which numbers: ${PRECISIONS.join(', ')}`, choice('--precision', PRECISIONS));

const serveCommand: CliCommand = {
  path: 'serve',
  summary: 'Serves the Videos API that the openai packages speak',
  example: 'kinora serve --port 8080',
  define: (command, context) => {
    provenanceFlag(engineFlags(modelFlag(databaseFlags(command
      .option('--host <address>', 'address to listen on; any but loopback needs keys (127.0.0.1)', nonEmpty('--host', 'wanted an address'))
      .option('--port <n>', 'port to listen on; 0 takes a free one (8080)', integer('--port', { min: 0, max: 65_535 }))))))
      .option('--workers <n>', 'processes that make films (1)', integer('--workers', { min: 0, max: 64 }))
      .option('--check', 'see that a start would succeed, make nothing, and end')
      .action((flags: ServeFlags & { debug?: boolean }) => { const { debug: _, ...rest } = flags; return serve(rest, context); });
  },
};

const workerCommand: CliCommand = {
  path: 'worker',
  summary: 'Makes films for a server on another machine that shares database and data folder',
  example: 'kinora worker --database postgres://kinora@db/kinora --data /mnt/films',
  define: (command, context) => {
    provenanceFlag(engineFlags(modelFlag(databaseFlags(command))))
      .option('--renew <ms>', 'milliseconds between renewals of a lease (3000)', integer('--renew', { min: 1, max: 600_000 }))
      .option('--policy-hook <module>', 'module whose film function may refuse what was made', nonEmpty('--policy-hook', 'wanted a file or a package'))
      .action((flags: WorkerFlags & { debug?: boolean }) => { const { debug: _, ...rest } = flags; return work(rest, context); });
  },
};

/** Runs something on the keys of a database. */
async function withKeys<T>(flags: DatabaseFlags, run: (keys: import('../../server/http/keys.ts').Keys) => Promise<T>): Promise<T> {
  const [{ openDatabase }, { Keys }] = await Promise.all([import('../../server/server.ts'), import('../../server/http/keys.ts')]), db = await openDatabase(await configOf(flags));
  try { return await run(new Keys(db)); } finally { await db.close(); }
}
/** These flags alone. */
export const databaseOf = ({ config, data, database, assets }: DatabaseFlags): DatabaseFlags =>
  Object.fromEntries(Object.entries({ config, data, database, assets }).filter(([, value]) => value !== undefined));

const keyCommands: readonly CliCommand[] = [{
  path: 'keys add',
  summary: 'Makes a key and shows it, once',
  example: 'kinora keys add ada',
  define: (command, { print }) => {
    databaseFlags(command.argument('<name>', 'whose it is', nonEmpty('name', 'say whose key it is')))
      .option('--waiting <n>', 'most films of it that may wait at once', integer('--waiting', { min: 1 }))
      .option('--films-per-day <n>', 'most films of it in 24 hours', integer('--films-per-day', { min: 1 }))
      .option('--seconds-per-day <s>', 'most seconds of film in 24 hours', decimal('--seconds-per-day', { min: 0.1 }))
      .action(async (name: string, flags: DatabaseFlags & { waiting?: number; filmsPerDay?: number; secondsPerDay?: number }) => {
        print((await withKeys(databaseOf(flags), (keys) => keys.add(name, {
          waiting: flags.waiting ?? null, films_per_day: flags.filmsPerDay ?? null, seconds_per_day: flags.secondsPerDay ?? null,
        }))).key);
      });
  },
}, {
  path: 'keys list',
  summary: 'Lists the keys, without what is secret of them',
  example: 'kinora keys list',
  define: (command, { print }) => {
    databaseFlags(command).action(async (flags: DatabaseFlags) => {
      for (const { id, name, created, revoked } of await withKeys(databaseOf(flags), (keys) => keys.list()))
        print(`${id}  ${new Date(created).toISOString().slice(0, 10)}  ${revoked === null ? '' : 'revoked  '}${name}`);
    });
  },
}, {
  path: 'keys revoke',
  summary: 'Makes a key useless',
  example: 'kinora keys revoke 1f6c2a9b04d7',
  define: (command, { print }) => {
    databaseFlags(command.argument('<id>', 'as keys list shows it', nonEmpty('id', 'wanted the id of a key'))).action(async (id: string, flags: DatabaseFlags) => {
      await withKeys(databaseOf(flags), (keys) => keys.revoke(id));
      print(`revoked ${id}`);
    });
  },
}];

/** The rows. */
export const serverCommands: readonly CliCommand[] = [serveCommand, workerCommand, ...keyCommands];
