/** @file A storyboard from a YAML file: `seconds`, and `shots` with `at`, `prompt`, and if wanted `join` and `image` (a path beside the file). */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { InputError } from '../../core/errors.ts';
import { fileError } from '../../media/pending.ts';
import { JOINS } from './timeline.ts';
import type { Storyboard } from './ways.ts';

const shot = z.strictObject({ at: z.number().min(0), prompt: z.string().trim().min(1), join: z.enum(JOINS).optional(), image: z.string().min(1).optional() });
const schema = z.strictObject({ seconds: z.number().positive(), shots: z.array(shot).min(1) });

/** A field as people count: `shots.0.at` is `shot 1: at`. */
function placeOf([first, index, ...rest]: readonly PropertyKey[]): string {
  if (first === 'shots' && typeof index === 'number') return [`shot ${index + 1}`, ...rest.map(String)].join(': ');
  return first === undefined ? 'it' : String(first);
}

/** What is wrong, with the value and what is allowed. */
function inWords({ issues: [issue] }: z.ZodError, value: unknown): string {
  const { path, message } = issue!, where = placeOf(path), got = path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown>)[key], value);
  if (issue!.code === 'unrecognized_keys')
    return `${path.length === 0 ? '' : `${where}: `}${issue!.keys.join(', ')} is not known; allowed: ${Object.keys((path.length === 0 ? schema : shot).shape).join(', ')}`;
  if (path.at(-1) === 'join') return `${where}: "${String(got)}" is not known; allowed: ${JOINS.join(', ')}`;
  return `${where}${typeof got === 'number' ? ` is ${got}` : typeof got === 'string' ? ` is "${got}"` : ''}: ${message}`;
}

/** Reads the file. Throws a FileError when it cannot be read, an InputError that names the field when it says something else. */
export async function readStoryboard(file: string): Promise<Storyboard> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => { throw fileError('read', file, cause); });
  let value: unknown;
  try { value = parse(text, { logLevel: 'error' }); } catch (cause) {
    throw new InputError(`${file} is not YAML: ${(cause as Error).message.split('\n')[0]!.replace(/:$/, '')}`, { cause });
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new InputError(`${file}: ${inWords(parsed.error, value)}`);
  return {
    seconds: parsed.data.seconds,
    shots: parsed.data.shots.map(({ at, prompt, join, image }) => ({
      at, prompt, ...(join === undefined ? {} : { join }), ...(image === undefined ? {} : { image: { file: resolve(dirname(file), image) } }),
    })),
  };
}
