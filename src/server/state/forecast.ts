/**
 * @file Which waiting job is taken when: the claim's order (jobs.ts) played forward. Whenever a place is free, the next job is that of the key with the fewest running ones,
 * then of the key that has waited longest since its last, then in order; places become free as running jobs end, by the work that is left of them. Exact as long as nobody
 * comes, goes or is faster than thought.
 */

/** A job that waits to be taken, or is under way. */
export interface InLine {
  readonly id: string;
  readonly owner: string;
  readonly model: string;
  readonly status: 'queued' | 'in_progress';
  readonly place: number;
  /** When it was first taken; null: never. */
  readonly started: number | null;
  /** When its owner's latest job was taken; 0: never. */
  readonly latest: number;
  /** What is left of its work. */
  readonly work: number;
}

/** All of them, those under way in the order in which they were taken, and milliseconds for a unit of work by model, where known. */
export interface Line { readonly jobs: readonly InLine[]; readonly pace: ReadonlyMap<string, number> }

/** Who makes them. */
export interface Makers {
  /** Models that they make. */
  readonly models: readonly string[];
  /** Films at a time. */
  readonly places: number;
}

/** What comes before a waiting job, and milliseconds until it is taken. */
export interface Forecast { readonly position: number; readonly ms: number }

/** What is to be expected, at a pace of 1 where none is known. Undefined when the job does not wait. */
export function forecast({ jobs, pace }: Line, { id, model }: Pick<InLine, 'id' | 'model'>, { models, places }: Makers): Forecast | undefined {
  // What these makers do not make waits for others, behind its like alone.
  const taken = models.includes(model) ? models : [model], lasts = (job: InLine): number => job.work * (pace.get(job.model) ?? 1);
  const running = jobs.filter(({ status }) => status === 'in_progress').map((job) => ({ owner: job.owner, end: lasts(job) }));
  const owners = new Map<string, { running: number; latest: number; readonly waiting: InLine[] }>();
  for (const { owner, latest } of jobs) if (!owners.has(owner)) owners.set(owner, { running: running.filter((job) => job.owner === owner).length, latest, waiting: [] });
  for (const job of jobs.toSorted((a, b) => b.place - a.place))
    if (job.status === 'queued' && taken.includes(job.model)) owners.get(job.owner)!.waiting.push(job);                       // the next one is the last
  let clock = Math.max(0, ...jobs.map(({ latest }) => latest));
  for (let position = 0, ms = 0; ;) {
    if (running.length >= Math.max(1, places)) {
      const first = running.reduce((a, b) => (b.end < a.end ? b : a));
      running.splice(running.indexOf(first), 1);
      owners.get(first.owner)!.running--;
      ms = Math.max(ms, first.end);
      continue;
    }
    const next = [...owners.values()].filter(({ waiting }) => waiting.length > 0)
      .toSorted((a, b) => a.running - b.running || a.latest - b.latest || a.waiting.at(-1)!.place - b.waiting.at(-1)!.place)[0];
    const job = next?.waiting.pop();
    if (!next || !job) return undefined;
    if (job.id === id) return { position, ms };
    position++;
    next.running++;
    if (job.started === null) next.latest = ++clock;
    running.push({ owner: job.owner, end: ms + lasts(job) });
  }
}
