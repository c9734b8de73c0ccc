/** @file A storyboard from a YAML file: `seconds`, and `shots` with `at`, `prompt`, and if wanted `join` and `image` (a path beside the file). */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { FileError, InputError } from '../../core/errors.ts';
import { JOINS } from './timeline.ts';
import type { Storyboard } from './ways.ts';

const schema = z.strictObject({
  seconds: z.number().positive(),
  shots: z.array(z.strictObject({ at: z.number().min(0), prompt: z.string().min(1), join: z.enum(JOINS).optional(), image: z.string().min(1).optional() })).min(1),
});

/** Reads the file. Throws a FileError when it cannot be read, an InputError that names the field when it says something else. */
export async function readStoryboard(file: string): Promise<Storyboard> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new FileError(`cannot read ${file}: ${cause.code === 'ENOENT' ? 'no such file' : cause.message}`, { cause });
  });
  let value: unknown;
  try { value = parse(text, { logLevel: 'error' }); } catch (cause) { throw new InputError(`${file} is not YAML: ${(cause as Error).message.split('\n')[0]}`, { cause }); }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new InputError(`${file}: ${issue!.path.join('.') || 'it'}: ${issue!.message}`);
  }
  return {
    seconds: parsed.data.seconds,
    shots: parsed.data.shots.map(({ at, prompt, join, image }) => ({
      at, prompt, ...(join === undefined ? {} : { join }), ...(image === undefined ? {} : { image: { file: resolve(dirname(file), image) } }),
    })),
  };
}
