/**
 * @file Jobs in the database: the queue, leases with a fencing token, results, cancellation. A job is `queued` until a worker has really taken it. Every claim raises
 * the job's fence; renewing, publishing and failing name the fence they were given and change nothing when it is no longer the job's: of two workers that believe
 * in the same job one alone can publish. `rev` counts a job's changes, for those who watch it.
 */
import { basename } from 'node:path';
import type { ListQuery } from '../contract/contract.ts';
import { ago, clock, NOW, type Database, type Param, type Queryable } from './db/database.ts';
import type { ServerConfig } from '../contract/config.ts';
import { filmSpec, type ClaimedJob, type JobFailure, type JobProgress, type Lease, type MadeFilm } from '../contract/spec.ts';
import { NO_POLICY } from './film-policy.ts';
import type { InLine, Line } from './forecast.ts';
import {
  COLUMNS, HELD, LIVE, WAITING, newId, type Changed, type JobRow, type NewJob, type Queued, type QueueLimits, type Refused, type RequestMark,
} from './job-row.ts';
import { KEY_MS, RETRY_MS } from './purge.ts';
import { QUOTA_MS, quotaWait, type Counted, type Quota } from './quota.ts';

/** Seconds of the shortest film that there is. */
const LEAST_SECONDS = '0.001';
/** How often a job that failed for no known reason is tried. */
const TRIES = 2;

/** The jobs of one database. */
export class Jobs {
  readonly #db: Database;
  readonly #config: Pick<ServerConfig, 'lease' | 'limits'>;
  readonly #changed: Changed;

  constructor(db: Database, config: Pick<ServerConfig, 'lease' | 'limits'>, changed: Changed = () => {})
    { this.#db = db; this.#config = config; this.#changed = changed; }

  /** Tells those who watch that a job is not as it was. */
  told(id: string): void { this.#changed(id); }

  /** Queues a job, unless the request was seen before or the queue is full. */
  async queue(job: NewJob, mark: RequestMark, { waiting = this.#config.limits.waitingPerKey, quota = {} }: QueueLimits = {}): Promise<Queued> {
    const result = await this.#db.transaction(async (tx): Promise<Queued> => {
      await tx.query('select pg_advisory_xact_lock(1, hashtext($1::text))', [`${job.owner} ${mark.route} ${mark.key ?? mark.hash}`]);
      const seen = await this.#seen(tx, job.owner, mark);
      if (seen) return seen;
      if (job.retryOf !== undefined) {
        // The lock on the failed job lets one of two requests be first; the other one finds its attempt.
        const [failed] = await tx.query(`select id from kinora_jobs where id = $1::text and status = 'failed' and ${LIVE} for update`, [job.retryOf]);
        if (!failed) return { refused: 'not failed' };
        const [going] = await tx.query<JobRow>(`select ${COLUMNS} from kinora_jobs where retry_of = $1::text and status <> 'failed' and ${LIVE} limit 1`, [job.retryOf]);
        if (going) return { job: going, replayed: true };
      }
      await tx.query('select pg_advisory_xact_lock(2, hashtext($1::text))', [job.owner]);         // counting and queuing are one step for each key
      if (quota.films !== undefined || quota.seconds !== undefined) {
        const wait = await this.#quota(tx, job, quota);
        if (wait !== null) return { refused: 'quota', wait };
      }
      const full = await this.#full(tx, job.owner, waiting);
      if (full) return full;
      const { spec } = job;
      const [row] = await tx.query<JobRow>(`insert into kinora_jobs
        (id, owner, kind, status, asked_model, model, size, seconds, prompt, spec, work, source, remixed, retry_of, attempt, created)
        values ($1::text, $2::text, $3::text, 'queued', $4::text, $5::text, $6::text, $7::text, $8::text,
          $9::text, $10::float8, $11::text, $12::boolean, $13::text, 1 + coalesce((select attempt from kinora_jobs where id = $13::text), 0), ${NOW}) returning ${COLUMNS}`,
      [job.id, job.owner, job.kind, job.askedModel, spec.model, job.size, job.seconds, spec.prompt, JSON.stringify(spec), job.work, job.source, job.kind === 'remix',
        job.retryOf ?? null]);
      await tx.query(`insert into kinora_requests values ($1::text, $2::text, $3::text, $4::text, $5::int, $6::text, ${NOW})`,
        [job.owner, mark.route, mark.key, mark.hash, mark.retry, job.id]);
      return { job: row!, replayed: false };
    });
    if ('job' in result && !result.replayed) this.#changed(result.job.id);
    return result;
  }

  /** Why a job would be refused whatever it is, so that nothing is done for it in vain. Undefined when it may be queued, or when the request was seen before. */
  async refusal(owner: string, mark: RequestMark, { waiting = this.#config.limits.waitingPerKey, quota = {} }: QueueLimits = {}): Promise<Refused | undefined> {
    const unlimited = quota.films === undefined && quota.seconds === undefined, wait = unlimited ? null : await this.#quota(this.#db, { owner, seconds: LEAST_SECONDS }, quota);
    const refused = wait === null ? await this.#full(this.#db, owner, waiting) : { refused: 'quota', wait } as const;
    return refused && await this.#seen(this.#db, owner, mark) ? undefined : refused;
  }

  async #full(tx: Queryable, owner: string, most: number): Promise<Refused | undefined> {
    const [{ all, own }] = await tx.query<{ all: number; own: number }>(`select count(*)::int as all, (count(*) filter (where owner = $1::text))::int as own
      from kinora_jobs where status = 'queued' and ${LIVE}`, [owner]) as [{ all: number; own: number }];
    return all >= this.#config.limits.waiting ? { refused: 'full' } : own >= most ? { refused: 'full for the key' } : undefined;
  }

  /** Milliseconds until the quota has room for a job. What failed before it was begun, or by no will of the client's, does not count; what was deleted does. */
  async #quota(tx: Queryable, { owner, seconds }: Pick<NewJob, 'owner' | 'seconds'>, quota: Quota): Promise<number | null> {
    const made = await tx.query<Counted>(`select created, seconds::float8 as seconds from kinora_jobs where owner = $1::text and created > ${ago('$2')}
      and not (status = 'failed' and (started is null or error_code <> 'cancelled'))`, [owner, QUOTA_MS]);
    return quotaWait(made, { seconds: Number(seconds), now: await clock(tx) }, quota);
  }

  /** The job of an earlier try of the same request. */
  async #seen(tx: Queryable, owner: string, mark: RequestMark): Promise<Queued | undefined> {
    if (mark.key !== null) {
      await tx.query(`delete from kinora_requests where owner = $1::text and route = $2::text and key = $3::text and created < ${NOW} - $4::float8`,
        [owner, mark.route, mark.key, KEY_MS]);
      const [known] = await tx.query<{ hash: string; job: string }>(
        'select hash, job from kinora_requests where owner = $1::text and route = $2::text and key = $3::text', [owner, mark.route, mark.key]);
      if (!known) return undefined;
      if (known.hash !== mark.hash) return { refused: 'other' };
      const job = await this.#row(tx, known.job);
      if (job) return { job, replayed: true };
      await tx.query('delete from kinora_requests where job = $1::text', [known.job]);          // the film is gone: the key is free
      return undefined;
    }
    // A retry knows any earlier try; a first try, when it comes to this point later than its own retry, knows that one.
    const [params, where]: [Param[], string] = mark.retry > 0 ? [[RETRY_MS], ''] : [[mark.since()], 'and retry > 0'];
    const [known] = await tx.query<{ job: string }>(`select job from kinora_requests r where owner = $1::text and route = $2::text and hash = $3::text and key is null ${where}
      and created >= ${NOW} - $4::float8 and exists (select from kinora_jobs where id = r.job and ${LIVE}) order by created desc limit 1`,
      [owner, mark.route, mark.hash, ...params]);
    const job = known && await this.#row(tx, known.job);
    return job && { job, replayed: true };
  }

  async #row(db: Queryable, id: string): Promise<JobRow | undefined> {
    return (await db.query<JobRow>(`select ${COLUMNS} from kinora_jobs where id = $1::text and ${LIVE}`, [id]))[0];
  }

  /** A job; of any owner when none is named. */
  async get(id: string, owner: string | null): Promise<JobRow | undefined> {
    const row = await this.#row(this.#db, id);
    return row && (owner === null || row.owner === owner) ? row : undefined;
  }

  /** A page of jobs, one more than asked for when there are more. Undefined when there is no job `after`. */
  async list({ limit, order, after }: ListQuery, owner: string | null): Promise<JobRow[] | undefined> {
    // A film that was deleted meanwhile still says where the page begins.
    const [from] = after === undefined ? [] : await this.#db.query<{ seq: number }>(
      'select seq from kinora_jobs where id = $1::text and ($2::text is null or owner = $2::text)', [after, owner]);
    if (after !== undefined && !from) return undefined;
    return this.#db.query<JobRow>(`select ${COLUMNS} from kinora_jobs where ${LIVE} and ($1::text is null or owner = $1::text)
      and ($2::int is null or seq ${order === 'asc' ? '>' : '<'} $2::int) order by seq ${order} limit $3::int`, [owner, from?.seq ?? null, limit + 1]);
  }

  /**
   * Takes the next job: of the key with the fewest running ones, then of the one that waited longest since its last; then in order. One that a worker
   * was lost over is made alone until it gets further, so that what kills workers takes no other job with it. `shows`: the worker shows films to the
   * policy before anybody sees them.
   */
  async claim(worker: string, models: readonly string[], shows = false): Promise<ClaimedJob | null> {
    const [row] = await this.#db.query<JobRow>(`update kinora_jobs q set status = 'in_progress', stage = 'starting', fence = fence + 1,
      rev = rev + 1, worker = $1::text, started = coalesce(started, ${NOW}),
      lease_until = ${NOW} + $2::float8 where id = (
        select id from kinora_jobs j where status = 'queued' and not paused and ${LIVE} and model in (select value from json_array_elements_text($3::text::json))
          and ($4::boolean or ${NO_POLICY}) and not exists (select from kinora_refusals f where f.job = j.id and f.worker = $1::text)
        order by (select count(*) from kinora_jobs r where r.owner = j.owner and r.status = 'in_progress'),
          (select coalesce(max(started), 0) from kinora_jobs r where r.owner = j.owner), coalesce(place, seq) limit 1 for update skip locked)
        and not exists (select from kinora_jobs h where h.worker = $1::text and h.status = 'in_progress' and (h.lost > 0 or q.lost > 0))
      returning ${COLUMNS}`, [worker, this.#config.lease.ms, JSON.stringify(models), shows]);
    if (!row) return null;
    this.#changed(row.id);
    return { id: row.id, fence: row.fence, spec: filmSpec.parse(JSON.parse(row.spec)) };
  }

  /** Prolongs a lease and says how far the job is; progress never falls, and a job that gets further forgets the workers that it lost. False when the job is another's. */
  async renew({ id, fence }: Lease, { stage, progress }: JobProgress): Promise<boolean> {
    const [row] = await this.#db.query<{ changed: boolean }>(`update kinora_jobs j set lease_until = ${NOW} + $3::float8,
      stage = $4::text, progress = greatest(j.progress, $5::int), lost = (case when j.progress < $5::int then 0 else j.lost end),
      rev = j.rev + (case when old.stage is distinct from $4::text or old.progress < $5::int then 1 else 0 end)
      from (select stage, progress from kinora_jobs where id = $1::text) old
      where j.id = $1::text and j.fence = $2::int and j.status = 'in_progress' and j.deleted is null
      returning (old.stage is distinct from $4::text or old.progress < $5::int) as changed`, [id, fence, this.#config.lease.ms, stage, Math.min(99, Math.floor(progress))]);
    if (row?.changed) this.#changed(id);
    return row !== undefined;
  }

  /** Makes a film visible, if the job is still this lease's. */
  async publish({ id, fence }: Lease, { assets, facts }: MadeFilm): Promise<boolean> {
    return this.#finish(`status = 'completed', stage = null, progress = 100, assets = $3::text, facts = $4::text where ${HELD}`, [id, fence, assets, JSON.stringify(facts)]);
  }

  /** Ends a job without a film, or queues it again when it may be tried once more. */
  async fail({ id, fence }: Lease, { code, message }: JobFailure, again: boolean): Promise<boolean> {
    if (again) {
      const [row] = await this.#db.query(`update kinora_jobs set ${WAITING}, errors = errors + 1, rev = rev + 1
        where ${HELD} and errors + 1 < $3::int returning id`, [id, fence, TRIES]);
      if (row) { this.#changed(id); return true; }
    }
    return this.#finish(`status = 'failed', stage = null, error_code = $3::text, error_message = $4::text where ${HELD}`, [id, fence, code, message]);
  }

  /** Hands a job back; it keeps its place in the queue. */
  async release({ id, fence }: Lease): Promise<void> {
    await this.#db.query(`update kinora_jobs set ${WAITING}, rev = rev + 1 where ${HELD}`, [id, fence]);
    this.#changed(id);
  }

  /** Hands back a job that this worker's machine cannot make: it does not get it again, others may. */
  async refuse(worker: string, { id, fence }: Lease, { code, message }: JobFailure): Promise<void> {
    await this.#db.transaction(async (tx) => {
      const [row] = await tx.query(`update kinora_jobs set ${WAITING}, rev = rev + 1 where ${HELD} returning id`, [id, fence]);
      if (row) await tx.query(`insert into kinora_refusals values ($1::text, $2::text, $3::text, $4::text, ${NOW})
        on conflict (job, worker) do update set code = excluded.code, message = excluded.message, at = excluded.at`, [id, worker, code, message]);
    });
    this.#changed(id);
  }

  /** Fails jobs that nobody takes for so many milliseconds after a worker refused them: those who are free would have, those who are busy may yet. Tells how many. */
  async giveUp(ms: number): Promise<number> {
    const refused = await this.#db.query<JobFailure & { readonly id: string }>(`select distinct on (j.id) j.id, f.code, f.message
      from kinora_jobs j join kinora_refusals f on f.job = j.id where j.status = 'queued' and not j.paused and j.${LIVE}
        and (select max(at) from kinora_refusals l where l.job = j.id) <= ${NOW} - $1::float8
        and not exists (select from kinora_jobs r where r.status = 'in_progress' and r.worker not in (select worker from kinora_refusals b where b.job = j.id))
      order by j.id, f.at desc`, [ms]);
    for (const { id, ...why } of refused) await this.#failWaiting(id, why);
    return refused.length;
  }

  /** Fails jobs that wait for a model which is none of these. Tells how many. */
  async failUnserved(models: readonly string[]): Promise<number> {
    const rows = await this.#db.query<{ id: string; model: string }>(`select id, model from kinora_jobs where status = 'queued' and ${LIVE}
      and model not in (select value from json_array_elements_text($1::text::json))`, [JSON.stringify(models)]);
    for (const { id, model } of rows)
      await this.#failWaiting(id, { code: 'model_not_served', message: `the server was started without the model ${basename(model)}` });
    return rows.length;
  }

  async #failWaiting(id: string, { code, message }: JobFailure): Promise<void> {
    await this.#finish(`status = 'failed', stage = null, error_code = $2::text, error_message = $3::text
      where id = $1::text and status = 'queued' and ${LIVE}`, [id, code, message]);
  }

  /** Hands back all that a worker had which was told to stop. */
  async releaseAll(worker: string): Promise<void> { await this.#again(`worker = $2::text`, [worker], 'false'); }

  /** Hands back what a worker had that died unasked. Its jobs may be why: those that have cost too many fail. Tells how many there were. */
  lose(worker: string): Promise<number> { return this.#again(`worker = $2::text`, [worker], 'true'); }

  /** Ends a job that is not finished: whoever makes it can publish no more. Undefined when there is nothing to end. */
  async cancel(id: string): Promise<JobRow | undefined> {
    await this.#finish(`status = 'failed', stage = null, fence = fence + 1, error_code = 'cancelled', error_message = 'cancelled by request'
      where id = $1::text and status in ('queued', 'in_progress') and ${LIVE}`, [id]);
    return this.#row(this.#db, id);
  }

  /** Queues all that is under way, at the start of the only server: its workers went with the last one, by no fault of a job. */
  async releaseEverything(): Promise<void> { await this.#again('true', [], 'false'); }

  /**
   * Queues the jobs whose lease has run out; those that have cost too many workers fail. Tells how many. `since`: by the database's clock, when whoever asks began;
   * a lease last renewed before that says nothing of its job, since the server itself, with the workers that are its children, may have been away.
   */
  expire(since = 0): Promise<number> {
    return this.#again(`lease_until < ${NOW}`, [this.#config.lease.ms, since], 'lease_until - $2::float8 >= $3::float8');
  }

  /** Queues jobs that are under way, of `which` those where `counts` holds as lost; what was lost too often without getting further fails. */
  async #again(which: string, params: readonly Param[], counts: string): Promise<number> {
    const { lost } = this.#config.lease, these = `status = 'in_progress' and ${LIVE} and ${which}`, times = `lost + (case when ${counts} then 1 else 0 end)`;
    const queued = await this.#db.query<{ id: string }>(`update kinora_jobs set ${WAITING}, lost = ${times}, rev = rev + 1
      where ${these} and ${times} < $1::int returning id`, [lost, ...params]);
    for (const { id } of queued) this.#changed(id);
    const dead = await this.#db.query<{ id: string; fence: number }>(`select id, fence from kinora_jobs where ${these} and ${times} >= $1::int`, [lost, ...params]);
    const message = `${lost} workers in a row were lost while they made this film, and it got no further`;
    for (const { id, fence } of dead) await this.fail({ id, fence }, { code: 'worker_lost', message }, false);
    return queued.length + dead.length;
  }

  /** How many wait and run, and how long the oldest has waited (ms). */
  async load(): Promise<{ readonly waiting: number; readonly running: number; readonly oldest: number }> {
    const [row] = await this.#db.query<{ waiting: number; running: number; oldest: number }>(`select
      (count(*) filter (where status = 'queued'))::int as waiting, (count(*) filter (where status = 'in_progress'))::int as running,
      coalesce(${NOW} - min(created) filter (where status = 'queued' and not paused), 0)::float8 as oldest
      from kinora_jobs where status in ('queued', 'in_progress') and ${LIVE}`);
    return row!;
  }

  /** What waits to be taken and what is under way, as a forecast needs it. */
  async line(): Promise<Line> {
    const jobs = await this.#db.query<InLine>(`select id, owner, model, status, coalesce(place, seq)::float8 as place, started, work * (100 - progress) / 100 as work,
      (select coalesce(max(started), 0) from kinora_jobs r where r.owner = j.owner)::float8 as latest
      from kinora_jobs j where status = 'in_progress' or (status = 'queued' and not paused and ${LIVE}) order by started, coalesce(place, seq)`);
    const models = [...new Set(jobs.map(({ model }) => model))];
    const paces = await Promise.all(models.map(async (model): Promise<[string, number | undefined]> => [model, await this.pace(model)]));
    return { jobs, pace: new Map(paces.flatMap(([model, pace]) => (pace === undefined ? [] : [[model, pace] as const]))) };
  }

  /** Milliseconds for one unit of work, of the last finished jobs of a model; undefined before the first. */
  async pace(model: string): Promise<number | undefined> {
    const [row] = await this.#db.query<{ pace: number | null }>(`select avg((completed - started) / work)::float8 as pace from (
      select completed, started, work from kinora_jobs where model = $1::text and status = 'completed' and work > 0 order by completed desc limit 20) last`, [model]);
    return row?.pace ?? undefined;
  }

  /** Ends a job, and records the event in the same transaction; whom it is told, servers know (webhooks.ts). */
  async #finish(setWhere: string, params: readonly Param[]): Promise<boolean> {
    const row = await this.#db.transaction(async (tx) => {
      const [ended] = await tx.query<JobRow>(
        `update kinora_jobs set completed = ${NOW}, worker = null, lease_until = null, rev = rev + 1, ${setWhere} returning ${COLUMNS}`, params);
      if (ended) for (const table of ['kinora_previews', 'kinora_refusals']) await tx.query(`delete from ${table} where job = $1::text`, [ended.id]);
      if (!ended || ended.error_code === 'cancelled') return ended;
      await tx.query('insert into kinora_events (id, job, type, created) values ($1::text, $2::text, $3::text, $4::float8)',
        [newId('evt'), ended.id, ended.status === 'completed' ? 'video.completed' : 'video.failed', ended.completed!]);
      return ended;
    });
    if (row) this.#changed(row.id);
    return row !== undefined;
  }
}
