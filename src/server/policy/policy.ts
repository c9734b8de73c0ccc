/**
 * @file What a server refuses to make: before anything is spent, by the words of a request; after the film is made and before anybody sees it, by its frames. Words are
 * looked up in a list; beyond that, a module of whoever runs the server decides. On when serving, and nowhere else.
 */
import { isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { FileError, KinoraError } from '../../core/errors.ts';
import type { Frames } from '../../media/frames.ts';
import { readWordList, WordList } from './words.ts';

/** Words that were asked for. What must not be seen (`negative`) is told, and refuses nothing by itself. */
export interface AskedWords { readonly prompt: string; readonly negative?: string | undefined; readonly shots: readonly string[]; readonly model: string }

/** A film that was made, in the model's own pixels, and the words that it was made of. */
export interface SeenFilm { readonly frames: Frames; readonly asked: AskedWords }

/** Why not, as a sentence for who asked; nothing when it may be. */
export type Verdict = string | null | undefined;

/** What a hook's module exports: one of them, or both. A hook that throws refuses nothing and fails the request or the film. */
export interface PolicyHook {
  readonly prompt?: (asked: AskedWords) => Verdict | Promise<Verdict>;
  readonly film?: (film: SeenFilm) => Verdict | Promise<Verdict>;
}

/** What the configuration says. */
export interface PolicyConfig {
  /** File of words; false: none are looked for. Absent: Kinora's own list. */
  readonly words?: string | false | undefined;
  /** Module of a {@link PolicyHook}: a file, or an installed package. */
  readonly hook?: string | undefined;
}

/** A film that was made and may not be seen. */
export class RefusedError extends KinoraError {
  override readonly name = 'RefusedError';
  readonly code = 'moderation_blocked';
  readonly exitCode = 1;
}

/** The rules of a server. */
export interface Policy {
  /** Whether films are looked at; without a hook that does, none is refused. */
  readonly seesFilms: boolean;
  /** Why these words are refused, or null. */
  readonly prompt: (asked: AskedWords) => Promise<string | null>;
  /** Throws a {@link RefusedError} for a film that may not be seen. */
  readonly film: (film: SeenFilm) => Promise<void>;
}

/** Reads list and hook, so that what is wrong with them is known at start. Throws a FileError. */
export async function openPolicy({ words, hook }: PolicyConfig): Promise<Policy> {
  const list = words === false ? undefined : words === undefined ? new WordList() : await readWordList(words), own = hook === undefined ? {} : await readHook(hook);
  return {
    seesFilms: own.film !== undefined,
    prompt: async (asked) => {
      const word = [asked.prompt, ...asked.shots].flatMap((text) => list?.find(text) ?? [])[0];
      if (word !== undefined) return `the word list holds "${word}"`;
      return await own.prompt?.(asked) ?? null;
    },
    film: async (film) => {
      const why = await own.film?.(film);
      if (why != null) throw new RefusedError(`the film was made and is refused by this server's policy: ${why}`);
    },
  };
}

async function readHook(name: string): Promise<PolicyHook> {
  const file = name.startsWith('.') || isAbsolute(name), from = file ? pathToFileURL(resolve(name)).href : name;
  const read = await import(from).catch((cause: unknown) => {
    throw new FileError(`cannot load the policy's hook ${name}: ${cause instanceof Error ? cause.message.split('\n')[0] : String(cause)}`, { cause });
  }) as Record<string, unknown>;
  const hook = (read['default'] ?? read) as Record<string, unknown>, names = ['prompt', 'film'].filter((key) => hook[key] !== undefined);
  const wrong = names.find((key) => typeof hook[key] !== 'function');
  if (names.length === 0 || wrong !== undefined)
    throw new FileError(`the policy's hook ${name} exports ${wrong === undefined ? 'neither prompt nor film' : `${wrong} that is no function`}: wanted one function or both`);
  return hook as PolicyHook;
}
