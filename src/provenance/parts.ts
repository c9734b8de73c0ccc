/**
 * @file What was changed in a film, by the hashes of its parts: those that are as they were are found from the beginning and from the end, so that bytes that came in or
 * went out do not make all that follows another.
 */
import type { z } from 'zod';
import { digest, type partsHash } from './bindings.ts';
import type { Role } from './containers/container.ts';
import type { FilmProblem } from './problems.ts';

type HashedPart = z.infer<typeof partsHash>['parts'][number];

const WORDS: Readonly<Record<Role, string>> = { pictures: 'its pictures were changed', settings: 'its settings or headers were changed' };

/** A film as it is now. */
export interface PartsOptions {
  readonly parts: readonly HashedPart[];
  readonly roles: Readonly<Record<string, Role>>;
  /** Where its own structure ends too early, in words. */
  readonly cut: string | null;
}

/** Parts of a file that nothing is known of tell as much as pictures and settings. */
const isBlock = (name: string): boolean => name.startsWith('block ');

/** What is wrong with a file (its manifest taken out) whose parts were these; empty when nothing is. */
export function partChanges(rest: Uint8Array, { parts, roles, cut }: PartsOptions): FilmProblem[] {
  const total = parts.reduce((sum, { length }) => sum + length, 0), more = rest.length - total;
  const matches = (at: number, { length, hash }: HashedPart): boolean => at >= 0 && at + length <= rest.length && digest(rest.subarray(at, at + length)).equals(hash);
  let at = 0;
  const places = parts.map(({ length }) => (at += length) - length), inPlace = parts.map((part, i) => matches(places[i]!, part));
  const same = parts.map((part, i) => inPlace[i]! || (more !== 0 && matches(places[i]! + more, part)));
  if (inPlace.every(Boolean)) return more === 0 ? [] : [{ code: 'content.added', message: `${more} bytes were added at its end` }];
  const telling = parts.flatMap(({ name }, i) => (roles[name] !== undefined || isBlock(name) ? [i] : []));
  const first = inPlace.indexOf(false), lost = places[first]! + parts[first]!.length > rest.length;
  if (more < 0 && (cut !== null || (lost && telling.some((i) => i < first))))
    return [{ code: 'content.cut', message: `its end is cut off: of what was signed it has ${rest.length} of ${total} bytes` }];
  if (!telling.some((i) => same[i]) && (telling.length > 1 || more !== 0))
    return [{ code: 'content.another', message: 'neither its pictures nor its settings are those that were signed: the manifest belongs to another film' }];
  const changed = parts.filter((_, i) => !same[i]).map(({ name }): FilmProblem => {
    const role = roles[name], alone = telling.length === 1 && role ? ', or the manifest belongs to another film' : '';
    return { code: 'content.changed', message: role ? `${WORDS[role]}${alone} (${name})` : `its ${name} was changed` };
  });
  return changed.length > 0 ? changed : [{ code: 'content.changed', message: `${Math.abs(more)} bytes were ${more > 0 ? 'put in' : 'taken out'}` }];
}
