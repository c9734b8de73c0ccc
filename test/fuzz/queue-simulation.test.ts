/**
 * @file The queue on a virtual clock: seeded schedules of clients, workers that die or come back late, and a server that takes expired leases back, against the real statements
 * in PostgreSQL and in the embedded database, whose clock is ours. A reference queue of a few lines says beforehand what each call must answer; at the end healthy workers come,
 * and nothing that was acknowledged may be lost or made twice. KINORA_SEEDS says how many schedules; 10,000 in CI, the first 500 of them in the embedded database too.
 */
import { expect, test } from 'vitest';
import { draws, type Draws } from '../../src/core/random.ts';
import { serverConfig } from '../../src/server/contract/config.ts';
import { clock, openPostgres, type Database, type Queryable } from '../../src/server/state/db/database.ts';
import { openPglite } from '../../src/server/state/db/pglite.ts';
import { migrate } from '../../src/server/state/db/schema.ts';
import type { NewJob, RequestMark } from '../../src/server/state/job-row.ts';
import { Jobs } from '../../src/server/state/jobs.ts';
import type { ClaimedJob, FilmSpec, Lease, MadeFilm } from '../../src/server/contract/spec.ts';
import { WaitingJobs } from '../../src/server/state/waiting.ts';
import { freshPostgres, postgresReason } from '../support/postgres.ts';

const SEEDS = Number(process.env['KINORA_SEEDS'] ?? 200), FIRST = Number(process.env['KINORA_FIRST_SEED'] ?? 0);
const LEASE_MS = 20_000, LOST = 3, TRIES = 2, WAITING = 5, PER_OWNER = 3, OWNERS = ['ann', 'bob'] as const;
const limits = { waiting: WAITING, waitingPerKey: PER_OWNER }, lease = { ms: LEASE_MS, renew: 5000, lost: LOST };
const config = { ...serverConfig({ limits, lease }) };
const size = { width: 64, height: 64, frames: 5, fps: 8 }, spec: FilmSpec = { kind: 'create', model: 'm', prompt: 'a', seed: 1, native: size, deliver: size };
const facts = (): MadeFilm['facts'] => ({ frames: 5, bytes: 1, ignored: [], notes: [], reused: 0, ms: {} });

/** Schedules in the embedded database, at most: a statement takes it three times as long. */
const EMBEDDED = 500;

/** A clock of ours, before that of PostgreSQL in the path by which functions are found. */
const CLOCK = `create schema simulated; create sequence simulated.now;
create function simulated.clock_timestamp() returns timestamptz language sql volatile as 'select to_timestamp(last_value / 1000.0) from simulated.now'`;
const PATH = 'simulated, pg_catalog';

let now = 0, db: Database, statements = 0;
const counted = (q: Queryable): Queryable => ({ query: (text, params) => { statements++; return q.query(text, params); } });
async function setClock(ms: number): Promise<void> { now = ms; await db.query('select setval(\'simulated.now\', $1::float8::bigint)', [ms]); }

/** Each opens an empty database that has our clock. */
const DATABASES = {
  postgres: async (): Promise<Database> => {
    const { url, drop } = await freshPostgres(), first = await openPostgres(url), name = new URL(url).pathname.slice(1);
    await first.script(`${CLOCK}; alter database ${name} set search_path = ${PATH}; alter database ${name} set synchronous_commit = off`);
    await first.close();
    const real = await openPostgres(url);
    return { ...real, close: async () => { await real.close(); await drop(); } };
  },
  pglite: async (): Promise<Database> => {
    const real = await openPglite('memory://');
    await real.script(`${CLOCK}; set search_path = ${PATH}`);
    return real;
  },
};

/** A job as it must be. */
interface Known {
  readonly id: string; readonly owner: string;
  place: number; status: 'queued' | 'in_progress' | 'completed' | 'failed';
  paused: boolean; fence: number; until: number; worker: string; started: number; progress: number; errors: number; lost: number; published: number;
}

/** The queue as it must be: what each call answers, without a database. */
class Reference {
  readonly jobs = new Map<string, Known>();
  readonly requests = new Map<string, { readonly hash: string; readonly id: string }>();
  all(...states: readonly Known['status'][]): Known[] { return [...this.jobs.values()].filter(({ status }) => states.includes(status)); }
  queue({ id, owner }: { readonly id: string; readonly owner: string }, key: string | null, hash: string): string {
    const seen = key === null ? undefined : this.requests.get(`${owner} ${key}`);
    if (seen) return seen.hash === hash ? `again ${seen.id}` : 'other';
    const waiting = this.all('queued');
    if (waiting.length >= WAITING) return 'full';
    if (waiting.filter((job) => job.owner === owner).length >= PER_OWNER) return 'full for the key';
    if (key !== null) this.requests.set(`${owner} ${key}`, { hash, id });
    const fresh = { paused: false, fence: 0, until: 0, worker: '', started: 0, progress: 0, errors: 0, lost: 0, published: 0 };
    this.jobs.set(id, { id, owner, place: this.jobs.size, status: 'queued', ...fresh });
    return `new ${id}`;
  }
  claim(worker: string): Lease | null {
    const running = (owner: string): number => this.all('in_progress').filter((job) => job.owner === owner).length;
    const latest = (owner: string): number => Math.max(...[...this.jobs.values()].filter((job) => job.owner === owner).map(({ started }) => started));
    const [job] = this.all('queued').filter(({ paused }) => !paused)
      .sort((a, b) => running(a.owner) - running(b.owner) || latest(a.owner) - latest(b.owner) || a.place - b.place);
    const held = this.all('in_progress').filter((other) => other.worker === worker);
    if (!job || held.some(({ lost }) => lost > 0 || job.lost > 0)) return null;                    // alone, over whom a worker was lost
    Object.assign(job, { status: 'in_progress', fence: job.fence + 1, until: now + LEASE_MS, worker, started: job.started || now });
    return { id: job.id, fence: job.fence };
  }
  held({ id, fence }: Lease): Known | undefined { const job = this.jobs.get(id)!; return job.status === 'in_progress' && job.fence === fence ? job : undefined; }
  back(job: Known): void { Object.assign(job, { status: 'queued', worker: '', until: 0 }); }
  expire(): number {
    const late = this.all('in_progress').filter(({ until }) => until < now);
    for (const job of late) this.lose(job);
    return late.length;
  }
  lose(job: Known): void { if (++job.lost < LOST) this.back(job); else job.status = 'failed'; }
  fail(lease: Lease, again: boolean): boolean {
    const job = this.held(lease);
    if (!job) return false;
    if (again && job.errors + 1 < TRIES) { job.errors++; this.back(job); } else job.status = 'failed';
    return true;
  }
  move({ id, owner }: Known, position: number): void {
    const mine = this.all('queued').filter((job) => job.owner === owner).sort((a, b) => a.place - b.place), places = mine.map(({ place }) => place);
    const order = mine.filter((job) => job.id !== id);
    order.splice(Math.min(position, order.length), 0, this.jobs.get(id)!);
    order.forEach((job, i) => { job.place = places[i]!; });
  }
}

/** One schedule. Returns what it did, for the counts. */
async function schedule(seed: number): Promise<Record<string, number>> {
  await db.script('delete from kinora_jobs; delete from kinora_requests; delete from kinora_events');
  if (seed % 200 === 0) for (const table of ['kinora_jobs', 'kinora_requests', 'kinora_events']) await db.script(`vacuum ${table}`);
  await setClock(1e12 + seed);
  const d: Draws = draws({ seed, stream: 'queue simulation', step: 0 }), must = new Reference(), done: Record<string, number> = {};
  const jobs = new Jobs(db, config), waiting = new WaitingJobs(db, () => {});
  const leases: ClaimedJob[] = [], count = (what: string): void => { done[what] = (done[what] ?? 0) + 1; };
  const any = <T>(of: readonly T[]): T | undefined => (of.length === 0 ? undefined : d.pick(of));
  let requests = 0;
  const publish = async (lease: Lease): Promise<void> => {
    const job = must.held(lease), published = await jobs.publish(lease, { assets: `film-${lease.fence}`, facts: facts() });
    expect(published).toBe(job !== undefined);
    if (job) { job.status = 'completed'; job.published++; }
    count(published ? 'published' : 'publish refused');
  };
  const steps: Readonly<Record<string, () => Promise<void>>> = {
    queue: async () => {
      const owner = d.pick(OWNERS), repeat = d.chance(0.25) ? any([...must.requests.keys()]) : undefined, id = `job-${requests++}`;
      const [who, key] = repeat === undefined ? [owner, d.chance(0.6) ? id : null] : repeat.split(' ') as [string, string];
      const hash = repeat !== undefined && d.chance(0.7) ? must.requests.get(repeat)!.hash : `hash ${id}`;
      const job: NewJob = { id, owner: who, kind: 'create', askedModel: 'm', size: '64x64', seconds: '1', spec, work: 1, source: null };
      const mark: RequestMark = { route: 'create', key, hash, retry: 0, since: () => 0 };
      const wanted = must.queue(job, key, hash), got = await jobs.queue(job, mark);
      expect('refused' in got ? got.refused : `${got.replayed ? 'again' : 'new'} ${got.job.id}`).toBe(wanted);
      count(`queue: ${wanted.split(' job')[0]}`);
    },
    claim: async () => {
      const worker = `worker-${d.int(3)}`, wanted = must.claim(worker), got = await jobs.claim(worker, ['m']);
      expect(got && { id: got.id, fence: got.fence }).toEqual(wanted);
      if (got) leases.push(got);
      count(got ? 'claimed' : 'nothing to claim');
    },
    renew: async () => {
      const lease = any(leases);
      if (!lease) return;
      const job = must.held(lease), progress = d.int(100);
      expect(await jobs.renew(lease, { stage: 'sample', progress })).toBe(job !== undefined);
      if (job && job.progress < progress) Object.assign(job, { progress, lost: 0 });
      if (job) job.until = now + LEASE_MS;
      count(job ? 'renewed' : 'renewal refused');
    },
    publish: async () => { const lease = any(leases); if (lease) await publish(lease); },
    fail: async () => {
      const lease = any(leases), again = d.chance(0.6);
      if (lease) expect(await jobs.fail(lease, { code: 'broken', message: 'it broke' }, again)).toBe(must.fail(lease, again));
    },
    release: async () => {
      const lease = any(leases), job = lease && must.held(lease);
      if (lease) await jobs.release(lease);
      if (job) must.back(job);
    },
    'worker dies': async () => {
      const worker = `worker-${d.int(3)}`;
      const had = must.all('in_progress').filter((job) => job.worker === worker), asked = d.chance(0.3);
      if (asked) await jobs.releaseAll(worker); else expect(await jobs.lose(worker)).toBe(had.length);   // by the server that started it; of the others only their leases tell
      for (const job of had) if (asked) must.back(job); else must.lose(job);
      count('workers gone');
    },
    cancel: async () => {
      const job = any([...must.jobs.values()]);
      if (!job) return;
      const ends = job.status === 'queued' || job.status === 'in_progress';
      if (ends) { job.status = 'failed'; job.fence++; }
      expect(await jobs.cancel(job.id)).toMatchObject({ status: job.status, fence: job.fence });
      count(ends ? 'cancelled' : 'too late to cancel');
    },
    pause: async () => {
      const job = any([...must.jobs.values()]), paused = d.chance(0.5);
      if (!job) return;
      expect((await waiting.pause(job.id, paused))?.paused).toBe(job.status === 'queued' ? paused : undefined);
      if (job.status === 'queued') job.paused = paused;
    },
    move: async () => {
      const job = any(must.all('queued')), position = d.int(4);
      if (!job) return;
      must.move(job, position);
      expect(await waiting.move(job.id, { position })).toMatchObject({ id: job.id });
    },
    time: () => setClock(now + d.int(LEASE_MS)),
    expire: async () => { const n = must.expire(); expect(await jobs.expire()).toBe(n); if (n > 0) count('leases expired'); },
  };
  const likely = [...new Array<string>(5).fill('queue'), ...new Array<string>(3).fill('claim'), 'time', ...Object.keys(steps).slice(2)];
  for (let i = 8 + d.int(16); i > 0; i--) await steps[d.pick(likely)]!();

  // Healthy workers come: what was acknowledged ends, once. Those of the storm still try to publish.
  for (const job of must.all('queued')) { job.paused = false; await waiting.pause(job.id, false); }
  for (let round = 0; must.all('queued', 'in_progress').length > 0; round++) {
    expect(round).toBeLessThan(50);
    await setClock(now + LEASE_MS + 1);
    await steps['expire']!();
    await steps['claim']!();
    const late = any(leases.slice(0, -1)), newest = leases.at(-1);
    if (late) await publish(late);
    if (newest) await publish(newest);
  }
  const rows = await db.query<{ id: string; status: string; assets: string | null; progress: number }>('select id, status, assets, progress from kinora_jobs order by seq');
  expect(rows.map(({ id, status, assets }) => [id, status, assets])).toEqual([...must.jobs.values()].map((job) =>
    [job.id, job.status, job.status === 'completed' ? `film-${job.fence}` : null]));
  for (const { published, status } of must.jobs.values()) expect(published).toBe(status === 'completed' ? 1 : 0);
  return done;
}

const missing = await postgresReason();

for (const [kind, seeds] of [['postgres', SEEDS], ['pglite', Math.min(SEEDS, EMBEDDED)]] as const) {
  const skipped = kind === 'postgres' ? missing : undefined, name = `${seeds} schedules of a queue, its clients and its workers`;
  test.skipIf(skipped !== undefined)(`${name}: ${kind}${skipped === undefined ? '' : ` (skipped: ${skipped})`}`, async () => {
    const counts: Record<string, number> = {}, started = performance.now(), real = await DATABASES[kind]();
    statements = 0;
    db = { ...real, ...counted(real), transaction: (run) => real.transaction((tx) => run(counted(tx))) };
    try {
      await migrate(real);
      await setClock(12_345);
      expect(await clock(db)).toBe(12_345);
      for (let seed = FIRST; seed < FIRST + seeds; seed++) {
        const done = await schedule(seed).catch((cause: unknown) => {
          throw new Error(`seed ${seed} (KINORA_FIRST_SEED=${seed} KINORA_SEEDS=1): ${String(cause)}`, { cause });
        });
        for (const [what, n] of Object.entries(done)) counts[what] = (counts[what] ?? 0) + n;
      }
    } finally { await real.close(); }
    console.log(`${kind}: ${seeds} schedules, ${statements} statements, ${Math.round((performance.now() - started) / 1000)} s:`, counts);
    const queued = ['again', 'other', 'full', 'full for the key'].map((how) => `queue: ${how}`);
    const seen = ['published', 'publish refused', 'renewal refused', 'leases expired', 'cancelled', ...queued];
    expect(seeds < 100 ? [] : seen.filter((what) => !counts[what])).toEqual([]);                 // all of it happened
  }, 60_000 + 100 * seeds);
}
