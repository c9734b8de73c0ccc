/**
 * @file Reads a prompt: which characters, and what is told of each (facts.ts). Colours go to what wears them, styles to hair, each phrase to its
 * character; of rival deeds and directions the one with the greatest weight is read (reader-lexicon.ts). It is a reader of short descriptions, not of stories:
 * what it does not know stays in `rest`. A pure function of the text.
 */
import type { Facts } from './facts.ts';
import { bindColours } from './reader-bind.ts';
import { gather, isOrdered, type CharacterReading } from './reader-character.ts';
import { readGround } from './reader-ground.ts';
import { lexicon, type Item, type Lexicon } from './reader-lexicon.ts';
import { ENGLISH_WORDS } from './reader-words-en.ts';
import { CHINESE_WORDS } from './reader-words-zh.ts';
import { charactersOf } from './reader-scenes.ts';
import type { GroundSpec } from './spec.ts';
import type { Language, Relation } from './vocabulary.ts';

/** What is told of a scene. */
export interface Reading {
  readonly language: Language;
  /** One or two, from left to right. */
  readonly characters: readonly CharacterReading[];
  readonly relation: Relation;
  readonly ground: GroundSpec | null;
  /** What a prompt says is not there. */
  readonly lacks: Facts;
  /** Words that were not read, and say something. */
  readonly rest: readonly string[];
  /** Others than the one or two, to whom something is done: no film shows them. */
  readonly dropped: readonly string[];
  /** Mistyped words and what they are read as. */
  readonly mended: Readonly<Record<string, string>>;
  /** Whether the words stand in the order of the caption grammar: person and looks, deed, direction; in Chinese looks before the person. */
  readonly ordered: boolean;
}

/** Options of {@link readPrompt}. */
export interface ReadOptions {
  /** The known word that a mistyped one must mean. */
  readonly mend?: (word: string) => string | undefined;
}

const HANZI = /[㐀-鿿豈-﫿]/;
let words: Lexicon | undefined;

/** Reads a text; null when it tells nothing of a character, or of more than two. */
export function readPrompt(text: string, { mend }: ReadOptions = {}): Reading | null {
  words ??= lexicon([...ENGLISH_WORDS, ...CHINESE_WORDS]);
  const ground = readGround(text);
  const spoken = ground ? `${text.slice(0, ground.start)},${' '.repeat(ground.end - ground.start - 1)}${text.slice(ground.end)}` : text;
  const found = words.scan(spoken, mend), objects = objectsOf(found), language = HANZI.test(text) ? 'zh' : 'en';
  const items = found.map((item, i): Item => (objects.has(i) ? { ...item, sense: { kind: 'filler' } } : item));
  const bound = bindColours(items), scene = charactersOf(items, language);
  if (scene === null) return null;
  const read = scene.characters.map((own) => gather(items, own, { ...bound, alone: scene.characters.length === 1 }));
  const known = scene.characters.some((own) => own.some((i) => items[i]!.sense.kind === 'who'));
  if (!known && read.every(({ facts }) => Object.keys(facts).length === 0)) return null;
  const lacks = Object.assign({}, ...[...bound.negated].map((i) => standing(items[i]!))) as Facts;
  const rest = items.flatMap((item, i) => (item.sense.kind === 'unread' || (item.sense.kind === 'colour' && !bound.used.has(i)) || isOther(item) ? [{ i, item }] : []));
  return {
    language, relation: scene.relation, ground: ground?.ground ?? null, lacks,
    characters: scene.settle(read),
    rest: runsOf(rest),
    dropped: [...objects].map((i) => items[i]!.text),
    mended: Object.fromEntries(items.flatMap(({ text: word, meant }) => (meant === undefined ? [] : [[word.toLowerCase(), meant]]))),
    ordered: scene.characters.every((own) => isOrdered(items, own, language)),
  };
}

/** "at a skeleton", 对骷髅: people after a person and a word of direction. */
function objectsOf(items: readonly Item[]): Set<number> {
  const isWho = (i: number): boolean => items[i]!.sense.kind === 'who', objects = new Set<number>();
  items.forEach((_, i) => {
    let before = i - 1;
    while (before > 0 && ['skip', 'colour', 'style'].includes(items[before]!.sense.kind)) before--;
    if (isWho(i) && items.some((__, k) => k < before && isWho(k)) && /^(at|against|toward|towards|for|upon|onto|对|朝|向|对着|朝着|向着|给|被)$/i.test(items[before]!.text)) objects.add(i);
  });
  return objects;
}

/** Neighbours are one thing that is not known: a red dragon, 一只饕餮. */
function runsOf(rest: readonly { readonly i: number; readonly item: Item }[]): string[] {
  const runs: { last: number; text: string }[] = [];
  for (const { i, item: { text } } of rest) {
    const run = runs.at(-1);
    if (run?.last !== i - 1) runs.push({ last: i, text });
    else { run.last = i; run.text += HANZI.test(text) ? text : ` ${text}`; }
  }
  return runs.map(({ text }) => text);
}

const isOther = ({ sense }: Item): boolean => sense.kind === 'target' && sense.of === 'other';

/** The facts of one item by itself. */
function standing({ sense }: Item): Facts {
  switch (sense.kind) {
    case 'target': case 'facts': return sense.facts;
    case 'weapon': return { weapon: sense.weapon };
    default: return {};
  }
}
