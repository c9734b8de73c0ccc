/**
 * @file What handlers have in common: who asks, what they work with, and values out of bodies and queries by the contract's schemas.
 */
import type { z } from 'zod';
import type { ServerConfig } from '../contract/config.ts';
import { lenient } from './body.ts';
import type { Database } from '../state/db/database.ts';
import { ApiError, invalid } from '../contract/errors.ts';
import type { Changes } from './events.ts';
import type { Jobs } from '../state/jobs.ts';
import type { Metrics } from '../watch/metrics.ts';
import type { ServedModels } from '../workers/plan.ts';
import type { Policy } from '../policy/policy.ts';
import type { Previews } from '../workers/previews.ts';
import type { Quota } from '../state/quota.ts';
import type { Store } from '../state/store.ts';
import type { Trash } from '../state/trash.ts';
import type { Decoder } from './decoder.ts';

/** Who asks. */
export interface Caller {
  readonly owner: string;
  /** Whose films are seen; null: all. */
  readonly scope: string | null;
  /** Most films that may wait. */
  readonly waiting: number | null;
  /** Of its own, before the configuration's. */
  readonly quota: Quota;
}

/** What handlers work with. */
export interface HandlerContext {
  readonly config: ServerConfig;
  readonly version: string;
  readonly db: Database;
  readonly jobs: Jobs;
  readonly previews: Previews;
  readonly trash: Trash;
  readonly store: Store;
  readonly served: ServedModels;
  readonly changes: Changes;
  readonly metrics: Metrics;
  readonly decoder: Decoder;
  readonly policy: Pick<Policy, 'prompt'>;
  /** A film is cancelled: whoever makes it may stop. */
  readonly drop: (id: string) => void;
  /** Why no films can be made now. */
  readonly notReady: () => Promise<readonly string[]>;
  /** Brings gauges up to date. */
  readonly gauges: () => Promise<void>;
  /** Aborted when the server stops. */
  readonly stopping: AbortSignal;
  /** Unix seconds of the start: what models say of their creation. */
  readonly started: number;
}

/** One request. */
export interface HandlerRequest {
  readonly request: Request;
  readonly caller: Caller;
  /** Values of the path. */
  readonly param: (name: string) => string;
  /** Milliseconds of the clock when it came in. */
  readonly arrived: number;
}

/** Answers a request. */
export type Handler = (r: HandlerRequest) => Promise<Response>;

/** JSON as an answer. */
export const json = (value: unknown, headers: Readonly<Record<string, string>> = {}, status = 200): Response => Response.json(value, { status, headers });

/** Whether text is Unicode that a database takes: no U+0000, no half of a surrogate pair. */
export const isText = (text: string): boolean => !text.includes('\0') && !/\p{Surrogate}/u.test(text);

/** Throws an ApiError that names the field when a text in it, or a name, is none. */
function checkTexts(value: unknown, path: readonly string[] = []): void {
  if (typeof value === 'string' && !isText(value)) {
    const param = path.filter(isText).join('.').slice(0, 200);
    throw new ApiError(400, `${param || 'the request'} holds a character that is none: U+0000, or half of a surrogate pair`,
      { code: 'invalid_value', ...(param === '' ? {} : { param }) });
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, child] of Object.entries(value)) { checkTexts(key, path); checkTexts(child, [...path, key]); }
}

/** A value that the schema has let through. Throws the ApiError that names what is wrong. */
export function parse<S extends z.ZodType>(schema: S, value: unknown): z.infer<S> {
  checkTexts(value);
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw invalid(parsed.error);
  return parsed.data;
}

/** The query of a request, by its schema. */
export function query<S extends z.ZodType>(schema: S, request: Request): z.infer<S> {
  const all = [...new URL(request.url).searchParams], fields = Object.fromEntries(all);
  return parse(schema, lenient({ ...fields, ...(/^\d+$/.test(fields['limit'] ?? '') ? { limit: Number(fields['limit']) } : {}) }));
}
