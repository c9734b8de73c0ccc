/** @file A job's row as the object that clients get, with its place in the queue and the time that it is likely to take; and how often they should ask. */
import type { Video } from '../contract/contract.ts';
import type { JobRow } from '../state/job-row.ts';
import { forecast, type Line, type Makers } from '../state/forecast.ts';
import { filmSpec, madeFacts } from '../contract/spec.ts';

/** Bounds of `openai-poll-after-ms`: Python's helper keeps the first answer's for the whole wait, so it is never long. */
const POLL_MS = [200, 2000] as const;

/** What a job's object needs beside its row. */
export interface ObjectOptions {
  /** What waits and runs; asked for films that are not finished. */
  readonly line: () => Promise<Line>;
  readonly makers: Makers;
  /** Days for which films are kept. */
  readonly keepDays: number | undefined;
}

const seconds = (ms: number): number => Math.floor(ms / 1000);

/** The object. */
export async function videoObject(row: JobRow, o: ObjectOptions): Promise<Video> {
  const spec = filmSpec.parse(JSON.parse(row.spec)), facts = row.facts === null ? null : madeFacts.parse(JSON.parse(row.facts));
  const unfinished = row.status === 'queued' || row.status === 'in_progress';
  const line = unfinished && !row.paused ? await o.line() : null, pace = line?.pace.get(row.model), own = row.work * (100 - row.progress) / 100;
  const waits = line && row.status === 'queued' ? forecast(line, row, o.makers) ?? { position: 0, ms: 0 } : null;            // none: it was taken meanwhile
  return {
    id: row.id, object: 'video', model: row.asked_model, status: row.status, progress: row.progress,
    created_at: seconds(row.created), completed_at: row.status === 'completed' ? seconds(row.completed!) : null,
    expires_at: row.status === 'completed' && o.keepDays !== undefined ? seconds(row.completed! + o.keepDays * 86_400_000) : null,
    prompt: row.prompt, size: row.size, seconds: row.seconds, remixed_from_video_id: row.remixed ? row.source : null,
    error: row.error_code === null ? null : { code: row.error_code, message: row.error_message ?? '' },
    served_model: row.model, native_size: `${spec.native.width}x${spec.native.height}`, fps: spec.deliver.fps, num_frames: spec.deliver.frames, seed: spec.seed,
    source_video_id: row.source, paused: row.paused, attempt: row.attempt, retry_of_video_id: row.retry_of, stage: row.stage,
    queue_position: waits?.position ?? null,
    eta_seconds: pace === undefined ? null : Math.ceil(((waits?.ms ?? 0) + pace * own) / 100) / 10,
    ignored: facts?.ignored ?? [], notes: facts?.notes ?? [],
    metrics: facts ? { queue_ms: Math.round(row.started! - row.created), ...Object.fromEntries(Object.entries(facts.ms).map(([phase, ms]) => [`${phase}_ms`, ms])) } : null,
  };
}

/** Milliseconds after which it is worth asking again. */
export const pollAfter = ({ eta_seconds: eta }: Pick<Video, 'eta_seconds'>): number => Math.round(Math.min(POLL_MS[1], Math.max(POLL_MS[0], (eta ?? 8) * 1000 / 8)));
