/**
 * @file Errors as clients get them: a status that the SDKs map to the right class, a sentence, and a code. Kinora's own errors become them here and nowhere else.
 */
import type { z } from 'zod';
import { FileError, InputError, KinoraError, ResourceError } from '../../core/errors.ts';
import { isDiskFull } from '../../media/pending.ts';
import { AssetsError } from '../assets/assets.ts';
import type { ErrorBody } from './contract.ts';
import type { JobFailure } from './spec.ts';

/** Statuses that this server answers errors with. */
export type ErrorStatus = 400 | 401 | 403 | 404 | 405 | 409 | 410 | 413 | 415 | 422 | 429 | 500 | 503;

/** Facts of an {@link ApiError}. */
export interface ApiErrorOptions {
  readonly code: string;
  /** The field that is wrong. */
  readonly param?: string;
  /** Seconds after which it is worth trying again. */
  readonly retryAfter?: number;
  /** False tells the SDKs, which retry 409 by themselves, not to. */
  readonly retry?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** An answer that is an error. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: ErrorStatus;
  readonly o: ApiErrorOptions;

  constructor(status: ErrorStatus, message: string, o: ApiErrorOptions) { super(message, { cause: o.cause }); this.status = status; this.o = o; }

  get headers(): Record<string, string> {
    const { retryAfter, retry, headers } = this.o;
    return {
      ...headers,
      ...(retryAfter === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfter)), 'retry-after-ms': String(Math.round(retryAfter * 1000)) }),
      ...(retry === undefined ? {} : { 'x-should-retry': String(retry) }),
    };
  }
  get body(): ErrorBody {
    return { error: { message: this.message, type: TYPES[this.status], param: this.o.param ?? null, code: this.o.code } };
  }
}

const TYPES: Readonly<Record<ErrorStatus, string>> = {
  400: 'invalid_request_error', 401: 'authentication_error', 403: 'permission_error', 404: 'invalid_request_error', 405: 'invalid_request_error', 409: 'invalid_request_error',
  410: 'invalid_request_error', 413: 'invalid_request_error', 415: 'invalid_request_error',
  422: 'idempotency_error', 429: 'rate_limit_error', 500: 'server_error', 503: 'server_error',
};

/** There is no such thing, or it is somebody else's. */
export const notFound = (what: string, id: string): ApiError => new ApiError(404, `there is no ${what} ${id.slice(0, 128)}`, { code: `${what}_not_found` });

/** What is wrong with a body: the first thing, by its field. */
export function invalid(error: z.ZodError, what = 'the request'): ApiError {
  const issue = error.issues[0]!;
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const param = [...issue.path.map(String), ...(unknown === undefined ? [] : [unknown])].join('.');
  const missing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  const message = unknown !== undefined ? `unknown field ${param}` : missing ? `${param} is missing` : `${param || what}: ${issue.message}`;
  const code = unknown !== undefined ? 'unknown_parameter' : missing ? 'missing_required_parameter' : 'invalid_value';
  return new ApiError(400, message, { code, ...(param === '' ? {} : { param }) });
}

/** Connections that broke, or could not be made. */
const CONNECTION = /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|CONNECTION_\w+|CONNECT_TIMEOUT|57P0[1-3]|08\d\d\d|53300)$/;

/** What a database says when its disk takes no more. */
const DATABASE_FULL = '53100';
/** The server's disk takes no more: nothing that the request can mend, and it will not be different in a moment. */
export const diskFull = (cause?: unknown): ApiError =>
  new ApiError(503, "the server's disk is full: what you sent could not be kept", { code: 'disk_full', retryAfter: 60, retry: false, cause });

/** Any error as an answer. What is nobody's fault but ours says nothing of its inside. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof InputError) return new ApiError(400, error.message, { code: error.code, cause: error });
  if (error instanceof AssetsError) return new ApiError(503, 'the store of films does not answer; try again', { code: error.code, retryAfter: 2, cause: error });
  const code = (error as { code?: unknown } | null)?.code;
  if (code === DATABASE_FULL || isDiskFull(error)) return diskFull(error);
  if (typeof code === 'string' && CONNECTION.test(code))
    return new ApiError(503, 'the database does not answer; try again', { code: 'database_unavailable', retryAfter: 1, cause: error });
  return new ApiError(500, 'something went wrong in the server; its log says what, under the request id', { code: 'internal_error', cause: error });
}

/** Why a film could not be made, as its object says it. */
export function jobError(error: unknown): JobFailure {
  if (isDiskFull(error)) return { code: 'disk_full', message: error instanceof KinoraError ? withoutFolders(error.message) : "the server's disk is full" };
  if (error instanceof FileError || error instanceof ResourceError || error instanceof InputError) return { code: error.code, message: withoutFolders(error.message) };
  if (error instanceof KinoraError) return { code: error.code, message: withoutFolders(error.message) };
  return { code: 'internal_error', message: 'the film could not be made; the log of the server says why' };
}

/** A sentence with files by their names alone: where they lie is not the client's business. */
const withoutFolders = (message: string): string => message.replaceAll(/(?:[A-Za-z]:)?(?:[/\\][^\s/\\:,;()]+)+[/\\]([^\s/\\:,;()]+)/g, '$1');
