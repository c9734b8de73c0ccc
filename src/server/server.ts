/**
 * @file A server: the database, the data folder, the HTTP application and its workers, from start to stop. What has to be done now and then is done here: leases that ran
 * out, films that are too old, folders of films that are gone; and, in rounds of their own, since others may be slow to answer, webhooks that are due.
 */
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ResourceError } from '../core/errors.ts';
import { serverApp } from './http/app.ts';
import { placeText } from './assets/assets-place.ts';
import { openCredentials } from '../provenance/credentials.ts';
import { filmSigner } from '../provenance/sign.ts';
import { credentialsFolder, type ServerConfig } from './contract/config.ts';
import { clock, openPostgres, type Database } from './state/db/database.ts';
import { openPglite } from './state/db/pglite.ts';
import { migrate } from './state/db/schema.ts';
import { Changes } from './http/events.ts';
import type { FilmMaker } from './workers/film-maker.ts';
import { requireFilmPolicy } from './state/film-policy.ts';
import { Jobs } from './state/jobs.ts';
import { checkKeys, Keys } from './http/keys.ts';
import { lockData } from './state/lock.ts';
import type { Log } from './watch/log.ts';
import { countJobs, serverMetrics } from './server-metrics.ts';
import { openModels } from './workers/plan.ts';
import { openPolicy } from './policy/policy.ts';
import { Previews } from './workers/previews.ts';
import type { JobSource } from './contract/spec.ts';
import { openStore, type Store } from './state/store.ts';
import { sweep, Trash } from './state/trash.ts';
import { processDecoder, type Decoder } from './http/decoder.ts';
import { deliverWebhooks } from './webhooks.ts';
import { Worker } from './workers/worker.ts';
import { WorkerPool } from './workers/worker-pool.ts';

/** Options of {@link startServer}. */
export interface StartServerOptions {
  readonly version: string;
  readonly log: Log;
  /** Makes films in this process instead of child processes. */
  readonly make?: FilmMaker;
  /** Default: a process for each upload. */
  readonly decoder?: Decoder;
  /** Opens the database; the tests' one fails at times. */
  readonly open?: typeof openDatabase;
}

/** A server that runs. */
export interface RunningServer {
  /** With the port that it got. */
  readonly url: string;
  readonly jobs: Jobs;
  readonly keys: Keys;
  readonly db: Database;
  /** Processes that make films. */
  readonly workers: () => readonly number[];
  /** Takes no more jobs, has those under way handed back, answers what was asked, ends. */
  readonly close: () => Promise<void>;
}

/** A database with its tables; `close` also gives the data folder back. */
export async function openDatabase({ data, database }: Pick<ServerConfig, 'data' | 'database'>, log?: Log): Promise<Database> {
  if (database !== undefined) return opened(await openPostgres(database), () => {});
  const unlock = await lockData(resolve(data));
  try { return await opened(await openPglite(join(resolve(data), 'db'), log), unlock); } catch (error) { unlock(); throw error; }
}

async function opened(db: Database, unlock: () => void): Promise<Database> {
  try { await migrate(db); } catch (error) { await db.close(); throw error; }
  return { ...db, close: async () => { try { await db.close(); } finally { unlock(); } } };
}

/** Options of {@link sourceFor}. */
export interface SourceOptions {
  readonly jobs: Jobs;
  readonly previews: Previews;
  readonly models: readonly string[];
  /** Whether the worker shows films to the policy. */
  readonly shows: boolean;
}

/** The jobs as a worker of this name sees them. */
export const sourceFor = ({ jobs, previews, models, shows }: SourceOptions, name: string): JobSource => ({
  claim: () => jobs.claim(name, models, shows), renew: (lease, progress) => jobs.renew(lease, progress),
  preview: (lease, image) => previews.show(lease, image), publish: (lease, made) => jobs.publish(lease, made),
  fail: (lease, error, again) => jobs.fail(lease, error, again), refuse: (lease, error) => jobs.refuse(name, lease, error), release: (lease) => jobs.release(lease),
});

/** Milliseconds between rounds of housekeeping, and between those that look at the disk. */
const ROUND_MS = 1000, SWEEP_MS = 60_000;
/** Milliseconds after which a film that a worker's machine cannot make fails, when no other worker has taken it. */
const REFUSED_MS = 60_000;
/** Milliseconds in which open requests may end. */
const CLOSE_MS = 1000;

/** What a configuration says of its workers, as flags of theirs. */
const workerFlags = ({ batch, threads, device, precision, assets, policy: { hook }, ...config }: ServerConfig): string[] =>
  Object.entries({ '--assets': assets && placeText(assets.s3), '--batch': batch,
    '--threads': threads, '--device': device, '--precision': precision, '--policy-hook': hook, '--provenance': credentialsFolder(config) })
    .flatMap(([flag, value]) => (value === undefined || value === null ? [] : [flag, String(value)]));

/** Starts a server; resolves when it listens. */
export async function startServer(config: ServerConfig, { version, log, make, decoder = processDecoder, open = openDatabase }: StartServerOptions): Promise<RunningServer> {
  const store = await openStore(config, log), served = await openModels(config), policy = await openPolicy(config.policy), stop = new AbortController();
  await store.open();
  const db = await open(config, log), changes = new Changes(), keys = new Keys(db), metrics = serverMetrics(version, served);
  let pool: WorkerPool | undefined;
  const inline: Worker[] = [];
  const wake = (): void => { pool?.wake(); for (const worker of inline) worker.wake(); };
  const jobs = new Jobs(db, config, (id) => { changes.tell(id); wake(); }), trash = new Trash(db, (id) => { changes.tell(id); });
  const previews = new Previews(db, (id) => { changes.tell(id); });
  const drop = (id: string): void => { pool?.drop(id); for (const worker of inline) worker.drop(id); };
  try {
    await checkKeys(config.host, keys);
    if (db.kind === 'pglite') await jobs.releaseEverything();                                      // its workers were children of a server that is no more
    const folder = credentialsFolder(config), credentials = folder === null ? null : await openCredentials(folder);
    const signer = credentials ? filmSigner({ credentials, version }) : undefined;
    if (credentials) log('signing', { folder, issuer: credentials.issuer, self_made: credentials.selfMade });
    const { createAdaptorServer } = await import('@hono/node-server');
    const notReady = async (): Promise<string[]> => [
      ...(stop.signal.aborted ? ['stopping'] : []),
      ...await db.query('select 1').then(() => [], () => ['the database does not answer']),
      ...await store.check().then(() => [], () => ['the data folder cannot be read']),
      ...await store.checkAssets().then(() => [], () => ['the store of films does not answer']),
      ...(pool && config.workers > 0 && pool.pids.length === 0 ? ['no worker runs'] : []),
    ];
    const app = serverApp({
      config, version, db, jobs, previews, trash, store, served, changes, metrics, decoder, policy, drop, keys, log, notReady,
      stopping: stop.signal, started: Math.floor(Date.now() / 1000),
      gauges: () => countJobs(metrics, { db, jobs, store, notReady, draining: stop.signal.aborted }),
    });
    const server = createAdaptorServer({ fetch: app.fetch });
    await new Promise<void>((done, failed) => {
      server.once('error', (cause: NodeJS.ErrnoException) => {
        failed(new ResourceError(`cannot listen on ${config.host}:${config.port}: ${cause.code === 'EADDRINUSE' ? 'the port is in use' : cause.message}`, { cause }));
      });
      server.listen(config.port, config.host, done);
    });
    await requireFilmPolicy(db, policy.seesFilms);                // now that it is known to run, and before anybody of it makes films
    const unserved = await jobs.failUnserved(config.models);
    if (unserved > 0) log('models_not_served', { count: unserved, models: config.models });
    const source = (name: string): JobSource => sourceFor({ jobs, previews, models: config.models, shows: policy.seesFilms }, name);
    const { batch, lease: { renew: renewMs } } = config;
    if (make) for (let i = 0; i < config.workers; i++) inline.push(new Worker({ source: source(`inline-${i}`), make, store, signer, renewMs, batch, log }));
    else pool = new WorkerPool({
      count: config.workers, source, log, gone: async (name, asked) => {
        if (asked) await jobs.releaseAll(name); else metrics.add('kinora_job_retries_total', {}, await jobs.lose(name));
      },
      argv: ['--data', store.root, '--renew', String(config.lease.renew), ...workerFlags(config)],
    });
    const working = Promise.all(inline.map((worker) => worker.run(stop.signal))), duties = { config, db, jobs, trash, store, metrics, log, signal: stop.signal };
    const keeping = Promise.all([housekeeping(duties), telling(duties)]);
    const { port, address } = server.address() as AddressInfo, url = `http://${address.includes(':') ? `[${address}]` : address}:${port}`;
    log('listening', { url, database: db.kind, data: store.root, ...(config.assets ? { assets: placeText(config.assets.s3) } : {}),
      models: config.models, workers: config.workers });
    let closing: Promise<void> | undefined;
    const close = async (): Promise<void> => {
      stop.abort('stopping');
      log('stopping');
      const closed = new Promise<void>((done) => { server.close(() => { done(); }); });
      const late = setTimeout(() => { if ('closeAllConnections' in server) server.closeAllConnections(); }, CLOSE_MS);
      if ('closeIdleConnections' in server) server.closeIdleConnections();
      await Promise.all([pool?.stop(), working, keeping]);
      await closed;
      clearTimeout(late);
      await db.close();
      log('stopped');
    };
    return { url, jobs, keys, db, workers: () => pool?.pids ?? [], close: () => (closing ??= close()) };
  } catch (error) {
    stop.abort('failed');
    await pool?.stop();
    await db.close();
    throw error;
  }
}

interface Housekeeping {
  readonly config: ServerConfig;
  readonly db: Database;
  readonly jobs: Jobs;
  readonly trash: Trash;
  readonly store: Store;
  readonly metrics: ReturnType<typeof serverMetrics>;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Does something again and again; what goes wrong is logged, and the next round tries again. */
async function rounds({ log, signal }: Pick<Housekeeping, 'log' | 'signal'>, failed: string, round: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await round().catch((error: unknown) => { log(failed, { error }); });
    await sleep(ROUND_MS, undefined, { signal }).catch(() => undefined);
  }
}

function housekeeping({ config, db, jobs, trash, store, metrics, log, signal }: Housekeeping): Promise<void> {
  let swept = 0, since: number | undefined;
  return rounds({ log, signal }, 'housekeeping_failed', async () => {
    const lost = await jobs.expire(since ??= await clock(db));
    if (lost > 0) { log('leases_expired', { count: lost }); metrics.add('kinora_job_retries_total', {}, lost); }
    await jobs.giveUp(db.kind === 'pglite' && config.workers === 1 ? 0 : REFUSED_MS);              // of an embedded database there are no other workers
    if (Date.now() - swept > SWEEP_MS) { swept = Date.now(); await sweep({ config, trash, store, log }); }
  });
}

/** Tells webhooks what ended. */
const telling = ({ config: { webhooks }, db, metrics, log, signal }: Housekeeping): Promise<void> =>
  rounds({ log, signal }, 'webhooks_failed', async () => {
    await deliverWebhooks({ db, webhooks, log, signal, count: (outcome) => { metrics.add('kinora_webhook_deliveries_total', { outcome }); } });
  });
