/**
 * @file Who wears a colour: binds each colour, style and sleeve of a prompt to the hair, garment or shoes that it is said of, ahead of it ("long red hair") or behind
 * it ("her hair is red"), and finds what a prompt says is not there.
 */
import type { Item } from './reader-lexicon.ts';

/** Which target each colour or style belongs to, which are said not to be there, and which colours found a place. */
export interface Bound {
  readonly targetOf: ReadonlyMap<number, number>;
  /** Colours that are worn without a word for the garment. */
  readonly wornAlone: ReadonlySet<number>;
  readonly negated: ReadonlySet<number>;
  readonly used: ReadonlySet<number>;
}

/** Binds the items of a text. */
export function bindColours(items: readonly Item[]): Bound {
  const targetOf = new Map<number, number>(), wornAlone = new Set<number>(), negated = new Set<number>(), used = new Set<number>();
  const kind = (i: number): string => items[i]?.sense.kind ?? 'pause';
  const describes = (i: number): boolean => ['colour', 'style', 'sleeve'].includes(kind(i));
  const isTarget = (i: number): boolean => kind(i) === 'target';
  const ahead = (from: number): number | undefined => {
    let strange = 0;
    for (let i = from + 1; i < items.length; i++) {
      if (isTarget(i)) return i;
      if (describes(i) || kind(i) === 'skip' || kind(i) === 'facts') continue;
      if (kind(i) === 'unread' && ++strange <= 2) continue;
      const next = kind(i + 1) === 'skip' ? i + 2 : i + 1;
      const goesOn = kind(i) === 'joint' || (kind(i) === 'pause' && items[i]!.text === ',') || items[i]!.text === '、';
      if (goesOn && describes(next) && kind(from) !== 'sleeve') continue;
      return undefined;
    }
    return undefined;
  };
  const behind = (from: number): number | undefined => {
    for (let i = from - 1, steps = 0; i >= 0 && steps < 6; i--, steps++) {
      if (isTarget(i)) return i;
      if (!['link', 'skip', 'worn', 'style', 'unread', 'filler'].includes(kind(i)) && items[i]!.text !== 'as') return undefined;
    }
    return undefined;
  };
  items.forEach((item, i) => {
    if (!describes(i)) return;
    const linked = kind(i - 1) === 'link' || (kind(i - 1) === 'skip' && kind(i - 2) === 'link');
    const beside = kind(i - 1) === 'joint' && describes(i - 2) ? targetOf.get(i - 2) : undefined;    // "is brown and curly"
    const at = (linked ? behind(i) : undefined) ?? (beside !== undefined && beside < i ? beside : undefined) ?? ahead(i) ?? behind(i);
    const next = kind(i + 1), ofPerson = item.sense.kind === 'colour' && item.sense.alone?.skin !== undefined && next === 'colour';    // a tan black-haired man
    if (at !== undefined && !ofPerson) { targetOf.set(i, at); used.add(i); return; }
    if (item.sense.kind !== 'colour') return;
    if (ofPerson) { used.add(i); return; }
    if (kind(i - 1) === 'worn' && next !== 'unread') { wornAlone.add(i); used.add(i); }
    else if (item.sense.alone && (item.sense.alone.skin !== 'green' || next === 'who')) used.add(i);
  });
  items.forEach((item, i) => {
    if (item.sense.kind !== 'not') return;
    for (let j = i + 1; j < items.length && j <= i + 5; j++) {
      if (['target', 'facts', 'weapon'].includes(kind(j))) { negated.add(j); break; }
      if (!describes(j) && !['skip', 'worn', 'link', 'filler', 'unread'].includes(kind(j))) break;
    }
  });
  return { targetOf, wornAlone, negated, used };
}
