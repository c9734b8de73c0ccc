/**
 * @file A job as the database has it, what is told to queue one, and the pieces of SQL that every statement about jobs shares.
 */
import { randomBytes } from 'node:crypto';
import type { JobKind, VideoStatus } from '../contract/contract.ts';
import type { FilmSpec } from '../contract/spec.ts';
import type { Quota } from './quota.ts';

/** A job as the database has it. Times in milliseconds. */
export interface JobRow {
  readonly id: string;
  readonly seq: number;
  readonly owner: string;
  readonly kind: JobKind;
  readonly status: VideoStatus;
  readonly stage: string | null;
  readonly progress: number;
  readonly rev: number;
  readonly fence: number;
  /** Where it stands in its owner's queue; moving changes it. */
  readonly place: number;
  /** It waits until it is told to go on. */
  readonly paused: boolean;
  /** Counts from 1. */
  readonly attempt: number;
  /** The failed job that this one tries again. */
  readonly retry_of: string | null;
  readonly worker: string | null;
  readonly asked_model: string;
  readonly model: string;
  readonly size: string;
  readonly seconds: string;
  readonly prompt: string;
  /** JSON of a FilmSpec. */
  readonly spec: string;
  readonly work: number;
  readonly source: string | null;
  readonly remixed: boolean;
  readonly created: number;
  readonly started: number | null;
  readonly completed: number | null;
  readonly error_code: string | null;
  readonly error_message: string | null;
  readonly assets: string | null;
  /** JSON of MadeFacts. */
  readonly facts: string | null;
}

/** A job to be queued. */
export interface NewJob {
  readonly id: string;
  readonly owner: string;
  readonly kind: JobKind;
  readonly askedModel: string;
  readonly size: string;
  readonly seconds: string;
  readonly spec: FilmSpec;
  /** Pixels × frames × steps: what time it takes is about proportional to it. */
  readonly work: number;
  readonly source: string | null;
  /** The failed job that it tries again. */
  readonly retryOf?: string;
}

/** How a request is known again. */
export interface RequestMark {
  readonly route: string;
  /** Idempotency-Key. */
  readonly key: string | null;
  /** Of its parts. */
  readonly hash: string;
  /** X-Stainless-Retry-Count. */
  readonly retry: number;
  /** Milliseconds of this process's clock since the request came in. */
  readonly since: () => number;
}

/** There is no room for a job. `wait`: milliseconds until the quota has some; Infinity when it never has. */
export type Refused = { readonly refused: 'full' | 'full for the key' } | { readonly refused: 'quota'; readonly wait: number };
/** What became of a request for a job. `other`: the key was used with another body; `not failed`: what was to be tried again. */
export type Queued = { readonly job: JobRow; readonly replayed: boolean } | { readonly refused: 'other' } | { readonly refused: 'not failed' } | Refused;

/** How much an owner may have. */
export interface QueueLimits {
  /** Most jobs that wait. Default: the configuration's. */
  readonly waiting?: number | undefined;
  /** Default: none. */
  readonly quota?: Quota;
}

/** An id that nobody guesses. */
export const newId = (prefix: 'video' | 'char' | 'evt' | 'worker'): string => `${prefix}_${randomBytes(16).toString('hex')}`;

/** The columns of a {@link JobRow}. */
export const COLUMNS = `id, seq, owner, kind, status, stage, progress, rev, fence, coalesce(place, seq)::float8 as place, paused, attempt, retry_of,
  worker, asked_model, model, size, seconds, prompt, spec, work,
  source, remixed, created, started, completed,
  error_code, error_message, assets, facts`;
/** The job is to be seen. */
export const LIVE = 'deleted is null';
/** The job is this lease's. */
export const HELD = `id = $1::text and fence = $2::int and status = 'in_progress' and ${LIVE}`;
/** Makes a job one that waits, and nobody's. */
export const WAITING = "status = 'queued', stage = null, worker = null, lease_until = null";

/** Told of each change, by id. */
export type Changed = (id: string) => void;
