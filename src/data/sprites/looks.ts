/**
 * @file How a character looks, as closed sets that a network can tell apart in one picture, and the way back from what was told apart to facts that a caption can tell.
 */
import type { Facts } from './facts.ts';
import type { ClipSpec } from './spec.ts';
import { COLOURS, FOLK, GARMENTS, HAIR_COLOURS, HAIR_STYLES, HEADGEAR, LEGS, SEXES, SKINS } from './vocabulary.ts';

/** What is lacking, hidden or covered. */
const NONE = 'none';

/** What there is to see, and the classes of each. */
export const LOOKS = {
  people: ['one', 'two'], sex: SEXES, folk: FOLK, skin: SKINS, hairStyle: [...HAIR_STYLES, NONE], hairColour: [...HAIR_COLOURS, NONE], beard: ['beard', NONE],
  garment: GARMENTS, garmentColour: COLOURS, legs: [...LEGS, NONE], legsColour: [...COLOURS, NONE], headgear: [...HEADGEAR, NONE],
} as const;
export type Look = keyof typeof LOOKS;
/** The names, in order. */
export const LOOK_NAMES = Object.keys(LOOKS) as readonly Look[];

/** What is to be read off a picture of the clip; of two characters only that they are two. */
export function looksIn({ characters }: ClipSpec): Partial<Record<Look, string>> {
  if (characters.length > 1) return { people: 'two' };
  const { labels: l } = characters[0]!;
  return {
    people: 'one', sex: l.sex, folk: l.folk, skin: l.skin, hairStyle: l.hairStyle ?? NONE, hairColour: l.hairColour ?? NONE, beard: l.beard ? 'beard' : NONE,
    garment: l.garment, garmentColour: l.garmentColour, legs: l.legs ?? NONE, legsColour: l.legsColour ?? NONE, headgear: l.headgear ?? NONE,
  };
}

/** Facts of what was read with certainty; null when several characters are seen, or nothing certain. What is absent was not certain. */
export function factsOfLooks(seen: Readonly<Partial<Record<string, string>>>): Facts | null {
  const is = (name: Look): string | undefined => (seen[name] === NONE ? undefined : seen[name]);
  if (seen['people'] !== 'one') return null;
  const facts = {
    ...(is('folk') === 'human' ? {} : { folk: is('folk') }), sex: is('folk') === 'skeleton' ? undefined : is('sex'), skin: is('skin') === 'dark' ? is('skin') : undefined,
    hairColour: is('hairColour'), hairStyle: is('hairColour') === undefined ? undefined : is('hairStyle'),
    garment: is('garment'), garmentColour: is('garment') === undefined ? undefined : is('garmentColour'), headgear: is('headgear'),
    legs: is('legs'), legsColour: is('legs') === undefined ? undefined : is('legsColour'),
    ...(is('beard') ? { beard: true } : {}), ...(seen['hairColour'] === NONE && seen['headgear'] === NONE && is('folk') === 'human' ? { bald: true } : {}),
  };
  const told = Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as Facts;
  return Object.keys(told).length > 0 ? told : null;
}
