/**
 * @file Short and paraphrased prompts → the captions that a sprite model was trained on. What a prompt tells is read (reader.ts) and said again in the words of the
 * grammar; if it leaves out hair, garment, deed or direction, all that a detailed caption tells is chosen too (dress.ts). A prompt that tells
 * them in the grammar's own wording comes back as it was, and so does one that is not understood. A pure function of its request: no seed, no clock.
 */
import { InputError } from '../../core/errors.ts';
import { draws, type Draws } from '../../core/random.ts';
import { chineseDeed, chineseNames, composeChinese } from './captions-zh.ts';
import { composeEnglish, englishDeed, englishNames } from './captions-en.ts';
import type { CaptionPlan, CharacterPlan } from './caption-plan.ts';
import { dress } from './dress.ts';
import type { Facts } from './facts.ts';
import { groundOf, readGround } from './reader-ground.ts';
import type { CharacterReading, Range } from './reader-character.ts';
import { readPrompt, type Reading } from './reader.ts';
import { GROUND_COLOURS, type GroundColour, type Language, type Relation } from './vocabulary.ts';
import { HIDES_HAIR } from './wardrobe.ts';

/** A part of a text that counts more or less than the rest. */
export interface Mark extends Range { readonly weight: number }

/** What is expanded. */
export interface ExpandRequest {
  readonly prompt: string;
  /** What the film should not show; "" = nothing. It is worded anew, never filled up, and nothing of it is chosen. */
  readonly negative: string;
  /** False: given pictures show how the characters look, so nothing is chosen. */
  readonly looks: boolean;
  /** True: the film will be cut out of its ground, so one of a single colour is told where the prompt tells none. Default false. */
  readonly plainGround?: boolean;
  readonly marks?: readonly Mark[];
  /** The prompt as somebody else wrote it out; marks still are those of `prompt`. */
  readonly draft?: string;
  /** Whether two characters are told one by one too. Default false. */
  readonly byRegions?: boolean;
  /** With `byRegions`, whether it is said too where somebody alone goes. Default false. */
  readonly placed?: boolean;
  /** What the model reads of the shot before: whoever is not described otherwise looks as there. */
  readonly before?: string;
  /** Whether the model knows all words of a text. */
  readonly knows: (text: string) => boolean;
  /** The known word that a mistyped one must mean. */
  readonly mend: (word: string) => string | undefined;
}

/** What the model gets to read instead. */
export interface ExpandedPrompt {
  readonly prompt: string;
  readonly negative: string;
  /** Of the new prompt. */
  readonly marks: readonly Mark[];
  /** Words that mean nothing here and are left out. */
  readonly ignored: readonly string[];
  readonly mended: Readonly<Record<string, string>>;
  /** Of characters that are told by regions: how they stand, and what each is told by, from left to right; of one alone the same twice, and to which side they walk. */
  readonly regions?: { readonly relation: Relation | 'alone'; readonly goes?: 'left' | 'right'; readonly prompts: readonly Pick<ExpandedPrompt, 'prompt' | 'marks'>[] };
}

/** The commonest wording of each thing: the first in its list. */
const PLAIN: Draws = { uniform: () => 0.5, int: () => 0, pick: (list) => list[0]!, chance: () => false, normal: () => 0 };

const hasLooks = ({ facts: f }: CharacterReading): boolean =>
  (f.hairColour !== undefined || f.bald === true || f.folk === 'skeleton' || (f.headgear !== undefined && HIDES_HAIR.has(f.headgear))) && f.garment !== undefined;
const hasDeed = ({ facts: f }: CharacterReading): boolean => f.action !== undefined && (f.facing !== undefined || f.action === 'fall');
const names = ({ language }: Reading, facts: Facts): string[] => (language === 'zh' ? chineseNames(facts) : englishNames(facts));

/** Throws an InputError if a prompt tells a ground that is not of one colour. */
export function checkPlainGround(prompt: string): void {
  const told = readGround(prompt);
  if (told && told.ground.kind !== 'plain') {
    throw new InputError(`a transparent film needs a ground of one flat colour, and the prompt tells another: "${prompt.slice(told.start, told.end).trim()}"; `
      + 'say "on a plain green background", or nothing of it');
  }
}

/** Expands a prompt; see the file's comment. */
export function expandPrompt(request: ExpandRequest): ExpandedPrompt {
  const { prompt, draft = prompt, marks = [], looks, knows, mend, plainGround = false } = request;
  const asItIs = (negative = request.negative): ExpandedPrompt => ({ prompt: draft, negative, marks: draft === prompt ? marks : [], ignored: [], mended: {} });
  const told = readPrompt(draft, { mend }), avoided = readPrompt(request.negative, { mend });
  if (told === null) return asItIs();
  const reading = continued(told, looks && request.before !== undefined ? readPrompt(request.before) : null);
  const lacks: Facts = { ...avoided?.characters[0]?.facts, ...reading.lacks }, negative = negated(request, avoided, reading);
  const complete = reading.characters.every((c) => hasLooks(c) && hasDeed(c));
  const toldApart = (whole: ExpandedPrompt): ExpandedPrompt => {
    if (!request.byRegions) return whole;
    if (reading.characters.length === 2) return { ...whole, regions: byRegions(reading, request, { lacks, fill: looks && !complete }) };
    return request.placed && looks ? { ...whole, regions: alone(whole, planned(reading, lacks, { fill: !complete, plainGround })) } : whole;
  };
  const plain = reading === told && knows(draft) && reading.ordered && Object.keys(reading.lacks).length === 0 && reading.rest.length === 0;
  const wanted = plainGround && looks && reading.ground === null;
  if (plain && (complete || !looks) && !wanted) return toldApart(asItIs(negative));

  const text = looks ? composed(reading, lacks, { fill: !complete, plainGround }) : withoutInventing(reading);
  const whole = text === null ? null : reworded(text, reading, { prompt, draft, marks, knows, mend });
  return toldApart(whole === null ? asItIs(negative) : { ...whole, negative });
}

/** What of a prompt, and of how it was written out, decides what is kept beside a new wording. */
type Wording = Required<Pick<ExpandRequest, 'prompt' | 'draft' | 'marks' | 'knows' | 'mend'>>;

/** A new text with the known words that were not read, and the prompt's marks on it; null when a mark is on words that are no facts. */
function reworded(text: string, reading: Reading, { prompt, draft, marks, knows, mend }: Wording): Omit<ExpandedPrompt, 'negative'> | null {
  const kept = reading.rest.filter(knows), ignored = [...reading.rest.filter((word) => !knows(word)), ...reading.dropped];
  const whole = [text.replace(/[.。]$/, (stop) => (kept.length > 0 ? '' : stop)), ...kept].join(reading.language === 'zh' ? ',' : ', ');
  const moved = draft === prompt ? moveMarks(marks, reading, whole) : moveMarks(marks, readPrompt(prompt, { mend }), whole);
  return moved === null ? null : { prompt: whole, marks: moved, ignored, mended: reading.mended };
}

/** A prompt, and how whoever it is about looks in given pictures. */
export interface DescribeRequest extends Pick<ExpandRequest, 'prompt' | 'knows' | 'mend'> {
  readonly marks: readonly Mark[];
  readonly looks: Facts;
}

/** The prompt with the looks told too. Null where it tells hair and garment itself, tells them otherwise, or is not of one character. */
export function describePrompt({ prompt, marks, looks, knows, mend }: DescribeRequest): Omit<ExpandedPrompt, 'negative'> | null {
  const told = readPrompt(prompt, { mend });
  if (told === null || told.characters.every(hasLooks)) return null;
  const wanted = Object.fromEntries(Object.entries(looks).filter(([key, value]) => told.lacks[key as keyof Facts] !== value)) as Facts;
  const reading = continued(told, { ...told, ground: null, characters: [{ facts: wanted, implies: {}, where: new Map() }] });
  if (reading === told) return null;
  return reworded(composed(reading, reading.lacks, { fill: false, plainGround: false }), reading, { prompt, draft: prompt, marks, knows, mend });
}

/** The negative prompt in words that the model knows, and what the prompt itself says is not there. */
function negated({ negative, knows }: ExpandRequest, avoided: Reading | null, reading: Reading): string {
  const worded = avoided === null || knows(negative) ? negative : [...names(avoided, avoided.characters[0]!.facts), ...avoided.rest].join(', ');
  return [...(worded === '' ? [] : [worded]), ...names(reading, reading.lacks)].join(', ');
}

/** How somebody looks, without what is done. */
function looksOf(facts: Facts): Facts {
  const { action: _, facing: __, onTheSpot: ___, weapon: ____, ...looks } = facts;
  return looks;
}

/** A reading whose one character goes on looking as before, unless something told speaks against it. */
function continued(reading: Reading, before: Reading | null): Reading {
  const [c] = reading.characters, past = before?.characters[0];
  if (!c || !past || reading.characters.length > 1 || before.characters.length > 1) return reading;
  const now: Facts = { ...c.implies, ...c.facts }, then = looksOf(past.facts), keys = Object.keys(then) as (keyof Facts)[];
  const another = keys.some((key) => now[key] !== undefined && now[key] !== then[key]) || (now.bald && then.hairColour !== undefined)
    || (now.folk !== undefined && then.folk === undefined);
  if (another || keys.every((key) => c.facts[key] !== undefined)) return reading;
  return { ...reading, ground: reading.ground ?? before.ground, characters: [{ ...c, facts: { ...then, ...c.facts } }] };
}

/** Somebody alone, and the side that they are told to walk to. */
function alone({ prompt, marks }: ExpandedPrompt, { characters: [c] }: CaptionPlan): NonNullable<ExpandedPrompt['regions']> {
  const { who: { action, facing }, told } = c!, walks = action === 'walk' && told.facing && !told.onTheSpot;
  return { relation: 'alone', ...(walks && (facing === 'left' || facing === 'right') ? { goes: facing } : {}), prompts: [{ prompt, marks }, { prompt, marks }] };
}

/** Each of two characters in a caption of its own, over the same ground, with the marks that are on what it is told by. */
function byRegions(
  reading: Reading, { prompt, draft = prompt, marks = [], knows, mend, plainGround = false }: ExpandRequest, o: { readonly lacks: Facts; readonly fill: boolean },
): NonNullable<ExpandedPrompt['regions']> {
  const { characters, ground } = planned(reading, o.lacks, { fill: o.fill, plainGround }), from = draft === prompt ? reading : readPrompt(prompt, { mend });
  const kept = reading.rest.filter(knows);
  return { relation: reading.relation, prompts: characters.map((c, i) => {
    const told = { ...c.told, onTheSpot: c.told.onTheSpot || (reading.relation === 'apart' && c.who.action === 'walk') };       // who stays in a half stays in place
    const own = compose(reading, { characters: [{ ...c, told, side: null }], style: 'sentence', relation: 'apart', still: false, ground: ground ?? someGround(prompt) });
    const text = [own, ...kept].join(reading.language === 'zh' ? ',' : ', ');
    return { prompt: text, marks: moveMarks(marks, from && { ...from, characters: from.characters.slice(i, i + 1) }, text) ?? [] };
  }) };
}

/** The caption of a reading, with or without what was not told. */
const composed = (reading: Reading, lacks: Facts, o: { readonly fill: boolean; readonly plainGround: boolean }): string => compose(reading, planned(reading, lacks, o));

/** What the caption of a reading tells. What is chosen depends on the looks alone: the same person may do many things. */
function planned(reading: Reading, lacks: Facts, { fill, plainGround }: { readonly fill: boolean; readonly plainGround: boolean }): CaptionPlan {
  const told = JSON.stringify(reading.characters.map(({ facts, implies }) => Object.entries({ ...looksOf(implies), ...looksOf(facts) }).sort(([a], [b]) => (a < b ? -1 : 1))));
  const pair = reading.characters.length === 2;
  const characters = reading.characters.map((c, i): CharacterPlan => ({
    ...dress(c, { lacks, key: `${i}/${told}`, fill, ...(pair ? { turned: i === 0 ? 'right' as const : 'left' as const } : {}) }),
    side: pair && reading.relation === 'apart' ? (i === 0 ? 'left' : 'right') : null,
    ...(c.garmentSaid === undefined ? {} : { garmentSaid: c.garmentSaid }),
  }));
  const detailed = fill && !pair, ground = reading.ground ?? (plainGround ? plainGroundBehind(characters) : detailed ? someGround(told) : null);
  return { characters, style: detailed ? 'detailed' : 'sentence', relation: reading.relation, still: false, ground };
}

/** The caption that tells these facts and nothing else; where the grammar needs a word more (a colour for a robe), the one that expansion would choose. */
export function captionOfFacts(facts: Facts, language: Language): string {
  const dressed = dress({ facts, implies: {}, where: new Map() }, { lacks: {}, key: JSON.stringify(facts), fill: false });
  const plan: CaptionPlan = { characters: [{ ...dressed, side: null }], style: 'sentence', relation: 'apart', ground: null, still: false };
  return language === 'zh' ? composeChinese(plan, PLAIN) : composeEnglish(plan, PLAIN);
}

const compose = ({ language }: Reading, plan: CaptionPlan): string => (language === 'zh' ? composeChinese(plan, PLAIN) : composeEnglish(plan, PLAIN));

/** Grounds to cut out of, the best first, and the colours that would be taken for each. */
const CUT_OUT_OF: readonly (readonly [GroundColour, readonly string[]])[] = [
  ['green', ['green', 'teal']], ['blue', ['blue', 'teal']], ['grey', ['grey', 'steel', 'white']], ['dark', ['black']],
];

/** A plain ground in a colour that nobody wears. */
function plainGroundBehind(characters: readonly CharacterPlan[]): CaptionPlan['ground'] {
  const worn = new Set(characters.flatMap(({ who }) => Object.values(who) as unknown[]));
  const [colour] = CUT_OUT_OF.find(([, alike]) => !alike.some((name) => worn.has(name))) ?? CUT_OUT_OF[0]!;
  return groundOf('plain', [colour]);
}

function someGround(told: string): CaptionPlan['ground'] {
  const d = draws({ seed: 0, stream: `expand/ground/${told}`, step: 0 }), kind = d.pick(['plain', 'grass', 'brick', 'planks'] as const);
  return kind === 'grass' ? groundOf(kind) : groundOf(kind, [d.pick(GROUND_COLOURS)]);
}

/** For films with given pictures: what is told in other words, or the deed alone. Null where the grammar could not say it without choosing something. */
function withoutInventing(reading: Reading): string | null {
  const [c, second] = reading.characters as readonly [CharacterReading, CharacterReading | undefined], { facts } = c;
  if (second || facts.action === undefined) return null;
  const dressed = { ...dress(c, { lacks: {}, key: '', fill: false }), side: null };
  const { sex, folk, ...worn } = looksOf(facts);
  if (sex === undefined && folk === undefined) {
    if (Object.keys(worn).length > 0) return null;
    return reading.language === 'zh' ? chineseDeed(dressed, PLAIN) : englishDeed(dressed, PLAIN);
  }
  const chosen = (worn.hairStyle !== undefined && worn.hairColour === undefined) || (worn.garment === undefined) !== (worn.garmentColour === undefined)
    || (worn.legs === 'pants' && worn.legsColour === undefined) || (worn.feet === 'shoes' && worn.feetColour === undefined);
  return chosen ? null : compose(reading, { characters: [dressed], style: 'sentence', relation: 'apart', ground: reading.ground, still: false });
}

/** Marks of a text put on the same facts in another; null when a mark is on words that are no facts. */
function moveMarks(marks: readonly Mark[], from: Reading | null, text: string): Mark[] | null {
  if (marks.length === 0) return [];
  const to = readPrompt(text), moved: Mark[] = [];
  for (const mark of marks) {
    const places = (from?.characters ?? []).flatMap((c, i) => [...c.where].flatMap(([fact, at]) => {
      const there = at.start < mark.end && at.end > mark.start ? to?.characters[i]?.where.get(fact) : undefined;
      return there ? [there] : [];
    }));
    if (places.length === 0) return null;
    const whole = { start: Math.min(...places.map((p) => p.start)), end: Math.max(...places.map((p) => p.end)), weight: mark.weight };
    if (!moved.some((m) => m.start < whole.end && whole.start < m.end)) moved.push(whole);
  }
  return moved.sort((a, b) => a.start - b.start);
}
