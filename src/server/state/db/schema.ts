/**
 * @file The tables, as steps that are taken once each, in order, by whoever comes first. A step that has been released is never changed: a new one follows it.
 */
import { FileError } from '../../../core/errors.ts';
import type { Database, Queryable } from './database.ts';

/** One for each version. */
const STEPS: readonly string[] = [`
create table kinora_jobs (
  id text primary key, seq int generated always as identity unique, owner text not null, kind text not null,
  status text not null, stage text, progress int not null default 0, rev int not null default 1,
  fence int not null default 0, worker text, lease_until float8, errors int not null default 0, lost int not null default 0,
  asked_model text not null, model text not null, size text not null, seconds text not null, prompt text not null, spec text not null, work float8 not null,
  source text, remixed boolean not null default false,
  created float8 not null, started float8, completed float8, deleted float8,
  error_code text, error_message text, assets text, facts text);
create index kinora_jobs_waiting on kinora_jobs (seq) where status = 'queued' and deleted is null;
create index kinora_jobs_owner on kinora_jobs (owner, status);
create index kinora_jobs_leased on kinora_jobs (lease_until) where status = 'in_progress';
create table kinora_characters (
  id text primary key, owner text not null, name text not null, created float8 not null, deleted float8);
create table kinora_requests (
  owner text not null, route text not null, key text, hash text not null, retry int not null, job text not null, created float8 not null);
create unique index kinora_requests_key on kinora_requests (owner, route, key) where key is not null;
create index kinora_requests_hash on kinora_requests (owner, route, hash, created);
create table kinora_keys (
  id text primary key, name text not null, hash text not null unique, created float8 not null, revoked float8, waiting int);
create table kinora_deliveries (
  id text not null, url text not null, secret_of text not null, body text not null, attempts int not null default 0,
  due float8 not null, created float8 not null, done float8, failed float8, last text, primary key (id, url));
create index kinora_deliveries_due on kinora_deliveries (due) where done is null and failed is null;
`, `
alter table kinora_jobs add column place float8;
alter table kinora_jobs add column paused boolean not null default false;
alter table kinora_jobs add column attempt int not null default 1;
alter table kinora_jobs add column retry_of text;
create index kinora_jobs_retries on kinora_jobs (retry_of) where retry_of is not null;
create index kinora_jobs_recent on kinora_jobs (owner, created);
alter table kinora_keys add column films_per_day int;
alter table kinora_keys add column seconds_per_day float8;
`, `
create table kinora_previews (job text primary key, number int not null, image text not null);
`, `
create table kinora_events (id text primary key, job text not null unique, type text not null, created float8 not null);
create table kinora_settings (name text primary key, value text not null);
create table kinora_refusals (job text not null, worker text not null, code text not null, message text not null, at float8 not null, primary key (job, worker));
`, `
create index kinora_jobs_pace on kinora_jobs (model, completed) where status = 'completed';
create index kinora_jobs_started on kinora_jobs (owner, started);
create index kinora_jobs_ended on kinora_jobs (completed);
alter table kinora_jobs add column previewed float8;
create index kinora_jobs_trash on kinora_jobs (deleted) where deleted is not null and assets is not null;
create index kinora_requests_old on kinora_requests (created);
create index kinora_deliveries_old on kinora_deliveries ((coalesce(done, failed)));
`];

/** Any number: what it locks is the making of tables. */
const LOCK = 5_040_137;

const known = (version: number): number => {
  if (version > STEPS.length) throw new FileError(`the database is of version ${version}, this program knows ${STEPS.length}: it was used by a later Kinora`);
  return version;
};

/** Of which version the tables are, 0 where there are none; makes nothing. Throws a FileError when they are of a later one. */
export async function schemaVersion(db: Queryable): Promise<number> {
  const [table] = await db.query<{ name: string | null }>("select to_regclass('kinora_version')::text as name");
  if (table?.name == null) return 0;
  return known((await db.query<{ version: number }>('select version from kinora_version'))[0]?.version ?? 0);
}

/** Brings the tables to this version. Throws a FileError when they are of a later one. */
export async function migrate(db: Database): Promise<void> {
  await db.script('create table if not exists kinora_version (version int not null)').catch(async (cause: unknown) => {
    await db.query('select version from kinora_version').catch(() => { throw cause; });          // somebody else made it at the same moment
  });
  await db.transaction(async (tx) => {
    await tx.query('select pg_advisory_xact_lock($1::int)', [LOCK]);
    const [row] = await tx.query<{ version: number }>('select version from kinora_version'), version = known(row?.version ?? 0);
    for (const step of STEPS.slice(version)) for (const statement of step.split(';')) if (statement.trim() !== '') await tx.query(statement);
    await tx.query(row ? 'update kinora_version set version = $1::int' : 'insert into kinora_version values ($1::int)', [STEPS.length]);
  });
}
