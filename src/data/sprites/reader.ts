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
  const items = words.scan(spoken, mend), language = HANZI.test(text) ? 'zh' : 'en';
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
    rest: rest.reduce<{ at: number; text: string }[]>((runs, { i, item }) => {
      const last = runs.at(-1), beside = last?.at === i - 1 ? last : undefined, hanzi = HANZI.test(item.text) && HANZI.test(beside?.text ?? '');
      const coloured = beside && items[i - 1]!.sense.kind === 'colour';                                // a red dragon is one thing that is not known
      return beside && (hanzi || coloured) ? [...runs.slice(0, -1), { at: i, text: `${beside.text}${hanzi ? '' : ' '}${item.text}` }] : [...runs, { at: i, text: item.text }];
    }, []).map((run) => run.text),
    mended: Object.fromEntries(items.flatMap(({ text: word, meant }) => (meant === undefined ? [] : [[word.toLowerCase(), meant]]))),
    ordered: scene.characters.every((own) => isOrdered(items, own, language)),
  };
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
