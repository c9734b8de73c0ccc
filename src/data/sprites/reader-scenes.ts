/**
 * @file Whose words are whose: cuts what was found in a prompt into one or two characters, and settles what they share (two knights, a man and a woman who walk).
 * A second person begins after "and", "while", a side, or a finished deed; a second noun beside the first, or after "the", is the same person.
 */
import type { Facts } from './facts.ts';
import type { CharacterReading } from './reader-character.ts';
import type { Item } from './reader-lexicon.ts';
import type { Language, Relation } from './vocabulary.ts';

/** Characters as lists of indices into the items. */
export interface Scene {
  readonly characters: readonly (readonly number[])[];
  readonly relation: Relation;
  /** What they share, told of both; in the order from left to right. */
  settle(read: readonly CharacterReading[]): CharacterReading[];
}

type Kind = Item['sense']['kind'];
/** What may stand between "and" and the person whom it brings. */
const BEFORE_NOUN: Record<Language, readonly Kind[]> = {
  en: ['skip', 'colour', 'style', 'facts', 'unread', 'filler', 'count', 'side', 'target'],
  zh: ['skip', 'colour', 'style', 'facts', 'unread', 'filler', 'count', 'side', 'target', 'worn', 'weapon', 'sleeve'],
};
const SAME: readonly Kind[] = ['skip', 'colour', 'link', 'style', 'filler'];

/** Cuts items into characters; null for more than two. */
export function charactersOf(items: readonly Item[], language: Language): Scene | null {
  const kind = (i: number): Kind => items[i]!.sense.kind;
  const people = items.flatMap((item, i) => (item.sense.kind === 'who' ? [i] : []));
  if (items.some(({ sense }) => sense.kind === 'count' && sense.count > 2)) return null;
  const cuts: number[] = [];
  people.forEach((who, n) => {
    if (n === 0) return;
    const before = people[n - 1]!, between = Array.from({ length: who - before - 1 }, (_, i) => before + 1 + i);
    if (between.every((i) => SAME.includes(kind(i)) && kind(i) !== 'joint')) return;               // lady knight; the lady is an archer
    const cut = cutBetween(items, between, who, language);
    if (cut !== undefined) cuts.push(cut);
  });
  if (cuts.length > 1) return null;
  const refers = items.flatMap((item, i) => (item.sense.kind === 'side' && item.sense.refers ? [{ i, character: item.sense.side === 'left' ? 0 : 1 }] : []));
  const two = cuts.length === 1, own: number[][] = two ? [[], []] : [[]];
  items.forEach((_, i) => {
    const named = refers.filter((r) => r.i <= i).at(-1);
    own[!two ? 0 : named && i > cuts[0]! ? named.character : i >= cuts[0]! ? 1 : 0]!.push(i);
  });
  const relations = items.flatMap(({ sense }) => (sense.kind === 'relation' ? [sense.relation] : []));
  const doubled = !two && (items.some(({ sense }, i) => sense.kind === 'count' && people.some((who) => who > i)) || items.some(({ sense }) => sense.kind === 'who' && sense.pair));
  const sides = own.map((list) => list.flatMap((i) => { const { sense } = items[i]!; return sense.kind === 'side' && !sense.refers ? [sense.side] : []; })[0]);
  const swapped = two && (sides[0] === 'right' || (sides[1] === 'left' && sides[0] === undefined));
  return {
    characters: own, relation: relations.includes('crossing') && (two || doubled) ? 'crossing' : 'apart',
    settle: (read) => settled(read, { doubled, swapped, relations, pair: items.some(({ sense }) => sense.kind === 'who' && sense.pair) }),
  };
}

/** Where the second of two people begins. */
function cutBetween(items: readonly Item[], between: readonly number[], who: number, language: Language): number | undefined {
  const kind = (i: number): Kind => items[i]!.sense.kind;
  const side = between.find((i) => { const { sense } = items[i]!; return sense.kind === 'side' && !sense.refers && !(language === 'zh' && directed(items, i)); });
  if (side !== undefined) return side;
  const deed = between.find((i) => kind(i) === 'deed' || kind(i) === 'relation');
  const brings = (i: number): boolean => Array.from({ length: who - i - 1 }, (_, k) => i + 1 + k).every((j) => BEFORE_NOUN[language].includes(kind(j)) || items[j]!.text === ',');
  const joints = between.filter((i) => kind(i) === 'joint' && brings(i));
  const joint = language === 'zh' ? joints[0] : joints.at(-1);
  if (joint !== undefined) return joint;
  const definite = /^(the|this|that|这|那)/i.test(items[who - 1]!.text);
  if (deed === undefined || definite) return undefined;
  const pauses = between.filter((i) => i > deed && kind(i) === 'pause');
  return language === 'zh' ? pauses[0] : pauses.at(-1);
}

/** 左边 after a verb of motion at the end of a phrase is a direction. */
const directed = (items: readonly Item[], i: number): boolean => {
  const next = items[i + 1]?.sense.kind, last = items[i - 1]?.sense.kind;
  return (next === undefined || next === 'pause') && last !== 'pause' && last !== undefined;
};

interface Shared { readonly doubled: boolean; readonly swapped: boolean; readonly pair: boolean; readonly relations: readonly string[] }

function settled(read: readonly CharacterReading[], { doubled, swapped, pair, relations }: Shared): CharacterReading[] {
  const [first, second] = read as readonly [CharacterReading, CharacterReading | undefined];
  let both = doubled ? [first, first] : second ? (swapped ? [second, first] : [first, second]) : [first];
  if (both.length === 1) return both;
  const tell = (c: CharacterReading, facts: Facts): CharacterReading => ({ ...c, facts: { ...facts, ...c.facts } });
  if (pair) both = [tell(both[0]!, { sex: 'male' }), tell(both[1]!, { sex: 'female' })];
  // "A man and a woman walk to the left": what is told after the second is of both.
  const shared = (of: CharacterReading | undefined): Facts => ({
    ...(of?.facts.action ? { action: of.facts.action } : {}), ...(of?.facts.action && of.facts.facing && relations.length === 0 ? { facing: of.facts.facing } : {}),
  });
  if (!doubled && first.facts.action === undefined) both = both.map((c) => (c === first ? tell(c, shared(second)) : c));
  if (relations.length === 0) return both;
  const walks: Facts = relations.includes('crossing') ? { action: 'walk' } : {};
  const turned = (c: CharacterReading, facing: 'left' | 'right'): CharacterReading => ({ ...c, facts: { ...c.facts, facing, ...walks } });
  return [turned(both[0]!, 'right'), turned(both[1]!, 'left')];
}
