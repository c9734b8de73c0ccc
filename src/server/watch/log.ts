/** @file The log: one JSON object a line, with a time, what happened, and the ids of the request and the job. */
import { KinoraError } from '../../core/errors.ts';

/** Writes one event. An `error` becomes its message; one that nobody threw on purpose brings its stack. */
export type Log = (event: string, fields?: Readonly<Record<string, unknown>>) => void;

function told(error: unknown): Readonly<Record<string, unknown>> {
  if (!(error instanceof Error)) return { error };
  return { error: error.message, ...(error instanceof KinoraError ? {} : { stack: error.stack }) };
}

/** A log that writes lines. */
export const jsonLog = (write: (line: string) => void, now: () => Date = () => new Date()): Log => (event, { error, ...fields } = {}) => {
  write(JSON.stringify({ time: now().toISOString(), event, ...fields, ...(error === undefined ? {} : told(error)) }));
};
