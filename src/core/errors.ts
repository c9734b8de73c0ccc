/**
 * @file The errors of Kinora: one class for each thing that a caller can do something about, built from facts.
 * Messages name the value and the allowed set. The command line maps them to exit codes (InputError 2, others 1).
 */

/** Base of every error that Kinora throws on purpose; anything else that escapes is a bug. */
export abstract class KinoraError extends Error {
  abstract readonly code: string;
  /** What the command line exits with. */
  abstract readonly exitCode: 1 | 2;
}

/** The caller asked for something that is not possible: mend the argument. */
export class InputError extends KinoraError {
  override readonly name = 'InputError';
  readonly code = 'invalid_input';
  readonly exitCode = 2;
}

/** A file or folder is missing, unreadable, damaged, of another kind, or cannot be written. */
export class FileError extends KinoraError {
  override readonly name = 'FileError';
  readonly code = 'file';
  readonly exitCode = 1;
}

/** The machine cannot do it: memory, disk or an engine component is missing. */
export class ResourceError extends KinoraError {
  override readonly name = 'ResourceError';
  readonly code = 'resource';
  readonly exitCode = 1;
}

/** The caller aborted the work (an AbortSignal, Ctrl-C). */
export class CancelledError extends KinoraError {
  override readonly name = 'CancelledError';
  readonly code = 'cancelled';
  readonly exitCode = 1;
  /** What remains of the work, and how it goes on; absent when nothing does. */
  readonly kept: string | undefined;

  constructor(message: string, o: ErrorOptions & { readonly kept?: string } = {}) { super(message, o); this.kept = o.kept; }
}

/** Throws an InputError whose message lists the allowed members, unless `value` is one of them. */
export function oneOf<const T extends readonly string[]>(what: string, value: string, allowed: T): T[number] {
  if ((allowed as readonly string[]).includes(value)) return value as T[number];
  throw new InputError(`${what} "${value}" is not known; allowed: ${allowed.join(', ')}`);
}
