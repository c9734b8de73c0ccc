/** @file How much a key may have made in a day: the last 24 hours, whenever they began, so that nobody waits for midnight. */

/** What is possible in 24 hours; what is absent has no limit. */
export interface Quota {
  readonly films?: number | undefined;
  /** Of delivered film. */
  readonly seconds?: number | undefined;
}

/** Milliseconds of the time that counts. */
export const QUOTA_MS = 86_400_000;

/** A film that counts. Times in milliseconds. */
export interface Counted { readonly created: number; readonly seconds: number }

/** When a film of `seconds` would fit: null for now, else the milliseconds until so many old ones count no more; Infinity when it is longer than the quota. */
export function quotaWait(made: readonly Counted[], { seconds, now }: { readonly seconds: number; readonly now: number }, quota: Quota): number | null {
  const old = made.toSorted((a, b) => a.created - b.created), { films: most = Infinity, seconds: mostSeconds = Infinity } = quota;
  if (seconds > mostSeconds) return Infinity;
  let count = old.length, sum = old.reduce((total, film) => total + film.seconds, 0), wait: number | null = null;
  for (const film of old) {
    if (count + 1 <= most && sum + seconds <= mostSeconds) break;
    count--;
    sum -= film.seconds;
    wait = Math.max(1, film.created + QUOTA_MS - now);
  }
  return wait;
}
