/** @file Numbers within bounds: the number itself, or an InputError that names it and what is allowed. */
import { InputError } from './errors.ts';

/** A whole number from `min` to `max`; with the greatest safe integer as `max` the message says only where it begins. */
export function integer(what: string, value: number, min: number, max: number): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new InputError(`${what} ${value} is not possible: wanted a whole number ${max === Number.MAX_SAFE_INTEGER ? `≥ ${min}` : `from ${min} to ${max}`}`);
  }
  return value;
}

/** A number from `min` to `max`. */
export function number(what: string, value: number, min: number, max: number): number {
  if (!(value >= min && value <= max)) throw new InputError(`${what} ${value} is not possible: wanted a number from ${min} to ${max}`);
  return value;
}
