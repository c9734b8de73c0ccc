/**
 * @file Jobs in the database: the queue, leases with a fencing token, results, cancellation. A job is `queued` until a worker has really taken it. Every claim raises
 * the job's fence; renewing, publishing and failing name the fence they were given and change nothing when it is no longer the job's: of two workers that believe
 * in the same job one alone can publish. `rev` counts a job's changes, for those who watch it.
 */
import type { ListQuery } from '../contract/contract.ts';
import { ago, NOW, type Database, type Param, type Queryable } from './db/database.ts';
import type { ServerConfig } from '../contract/config.ts';
import { filmSpec, type ClaimedJob, type JobProgress, type Lease, type MadeFilm } from '../contract/spec.ts';
import { COLUMNS, HELD, LIVE, newId, type Changed, type JobRow, type NewJob, type Queued, type QueueLimits, type Refused, type RequestMark } from './job-row.ts';
import type { InLine, Line } from './forecast.ts';
import { KEY_MS, RETRY_MS } from './purge.ts';
import { QUOTA_MS, quotaWait, type Counted, type Quota } from './quota.ts';

/** Seconds of the shortest film that there is. */
const LEAST_SECONDS = '0.001';
/** How often a job that failed for no known reason is tried. */
const TRIES = 2;

/** The jobs of one database. */
export class Jobs {
  readonly #db: Database;
  readonly #config: Pick<ServerConfig, 'lease' | 'limits' | 'webhooks'>;
  readonly #changed: Changed;

  constructor(db: Database, config: Pick<ServerConfig, 'lease' | 'limits' | 'webhooks'>, changed: Changed = () => {})
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
    const [{ now }] = await tx.query<{ now: number }>(`select ${NOW} as now`) as [{ now: number }];
    return quotaWait(made, { seconds: Number(seconds), now }, quota);
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

  /** Takes the next job: of the key with the fewest running ones, then of the one that waited longest since its last; then in order. */
  async claim(worker: string, models: readonly string[]): Promise<ClaimedJob | null> {
    const [row] = await this.#db.query<JobRow>(`update kinora_jobs set status = 'in_progress', stage = 'starting', fence = fence + 1,
      rev = rev + 1, worker = $1::text, started = coalesce(started, ${NOW}),
      lease_until = ${NOW} + $2::float8 where id = (
        select id from kinora_jobs j where status = 'queued' and not paused and ${LIVE} and model in (select value from json_array_elements_text($3::text::json))
        order by (select count(*) from kinora_jobs r where r.owner = j.owner and r.status = 'in_progress'),
          (select coalesce(max(started), 0) from kinora_jobs r where r.owner = j.owner), coalesce(place, seq) limit 1 for update skip locked)
      returning ${COLUMNS}`, [worker, this.#config.lease.ms, JSON.stringify(models)]);
    if (!row) return null;
    this.#changed(row.id);
    return { id: row.id, fence: row.fence, spec: filmSpec.parse(JSON.parse(row.spec)) };
  }

  /** Prolongs a lease and says how far the job is; progress never falls. False when the job is another's. */
  async renew({ id, fence }: Lease, { stage, progress }: JobProgress): Promise<boolean> {
    const [row] = await this.#db.query<{ changed: boolean }>(`update kinora_jobs j set lease_until = ${NOW} + $3::float8,
      stage = $4::text, progress = greatest(j.progress, $5::int),
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
  async fail({ id, fence }: Lease, { code, message }: { readonly code: string; readonly message: string }, again: boolean): Promise<boolean> {
    if (again) {
      const [row] = await this.#db.query(`update kinora_jobs set status = 'queued', stage = null, worker = null, lease_until = null, errors = errors + 1, rev = rev + 1
        where ${HELD} and errors + 1 < $3::int returning id`, [id, fence, TRIES]);
      if (row) { this.#changed(id); return true; }
    }
    return this.#finish(`status = 'failed', stage = null, error_code = $3::text, error_message = $4::text where ${HELD}`, [id, fence, code, message]);
  }

  /** Hands a job back; it keeps its place in the queue. */
  async release({ id, fence }: Lease): Promise<void> {
    await this.#db.query(`update kinora_jobs set status = 'queued', stage = null, worker = null, lease_until = null, rev = rev + 1 where ${HELD}`, [id, fence]);
    this.#changed(id);
  }

  /** Hands back all that a worker had. */
  async releaseAll(worker: string): Promise<void> {
    const rows = await this.#db.query<{ id: string }>(
      `update kinora_jobs set status = 'queued', stage = null, worker = null, lease_until = null, rev = rev + 1
        where worker = $1::text and status = 'in_progress' returning id`, [worker]);
    for (const { id } of rows) this.#changed(id);
  }

  /** Ends a job that is not finished: whoever makes it can publish no more. Undefined when there is nothing to end. */
  async cancel(id: string): Promise<JobRow | undefined> {
    await this.#finish(`status = 'failed', stage = null, fence = fence + 1, error_code = 'cancelled', error_message = 'cancelled by request'
      where id = $1::text and status in ('queued', 'in_progress') and ${LIVE}`, [id]);
    return this.#row(this.#db, id);
  }

  /** Queues the jobs whose lease has run out, or at the start of the only server `all` that are under way; those that have cost too many workers fail. Tells how many. */
  async expire(all = false): Promise<number> {
    if (all) await this.#db.query(`update kinora_jobs set lease_until = 0 where status = 'in_progress'`);
    const late = `status = 'in_progress' and ${LIVE} and lease_until < ${NOW}`, { lost } = this.#config.lease;
    const queued = await this.#db.query<{ id: string }>(`update kinora_jobs set status = 'queued', stage = null, worker = null, lease_until = null, lost = lost + 1, rev = rev + 1
      where ${late} and lost + 1 < $1::int returning id`, [lost]);
    for (const { id } of queued) this.#changed(id);
    const dead = await this.#db.query<{ id: string; fence: number }>(`select id, fence from kinora_jobs where ${late}`);
    for (const { id, fence } of dead) await this.fail({ id, fence }, { code: 'worker_lost', message: `${lost} workers were lost while they made this film` }, false);
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

  /** Ends a job, and writes what webhooks are to be told in the same transaction. */
  async #finish(setWhere: string, params: readonly Param[]): Promise<boolean> {
    const row = await this.#db.transaction(async (tx) => {
      const [ended] = await tx.query<JobRow>(
        `update kinora_jobs set completed = ${NOW}, worker = null, lease_until = null, rev = rev + 1, ${setWhere} returning ${COLUMNS}`, params);
      if (ended) await tx.query('delete from kinora_previews where job = $1::text', [ended.id]);
      if (!ended || ended.error_code === 'cancelled') return ended;
      const type = ended.status === 'completed' ? 'video.completed' : 'video.failed' as const, event = newId('evt');
      const body = JSON.stringify({ id: event, object: 'event', type, created_at: Math.floor(ended.completed! / 1000), data: { id: ended.id } });
      for (const { url, events } of this.#config.webhooks) {
        if (events.includes(type)) await tx.query(`insert into kinora_deliveries (id, url, secret_of, body, due, created)
          values ($1::text, $2::text, $2::text, $3::text, ${NOW}, ${NOW})`, [event, url, body]);
      }
      return ended;
    });
    if (row) this.#changed(row.id);
    return row !== undefined;
  }
}
