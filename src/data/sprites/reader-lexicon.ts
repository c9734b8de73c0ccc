/**
 * @file How the reader of prompts finds the words that it knows: a text becomes units (a word, a hanzi, a pause), and a table of phrases gives the longest phrase
 * at each place its sense. English words match by any of their forms, articles inside of a phrase are passed over. What the senses add up to is reader.ts.
 */
import type { Facts } from './facts.ts';
import type { Action, Colour, Facing, Garment, HairColour, HairStyle, Sex, Weapon } from './vocabulary.ts';

/** A colour by what it can be said of; `said` is its plain word, for what the labels have no member for. `alone`: said of the person itself. */
export interface ColourSense { readonly kind: 'colour'; readonly said: string; readonly hair?: HairColour; readonly cloth?: Colour; readonly alone?: Facts }

/** What wears a colour: a part of a character, or `other`, which the world does not have (eyes, belts) and which keeps its colour from the rest. */
export interface TargetSense {
  readonly kind: 'target';
  readonly of: 'hair' | 'garment' | 'legs' | 'feet' | 'headgear' | 'other';
  readonly facts: Facts;
  /** Of two garments the greater is told, of equals the first. Default 2. */
  readonly weight?: number;
  /** A woman's is sleeveless in this world, unless told. */
  readonly bySex?: true;
}

/** What a phrase means. Weights settle between rivals: the greatest is read. */
export type Sense =
  | ColourSense | TargetSense
  /** A person; `implies` is what goes without saying, and gives way to what is said. */
  | { readonly kind: 'who'; readonly facts: Facts; readonly implies?: Facts; readonly pair?: true }
  | { readonly kind: 'pronoun'; readonly sex: Sex }
  /** Facts that stand by themselves. */
  | { readonly kind: 'facts'; readonly facts: Facts }
  | { readonly kind: 'style'; readonly style: HairStyle }
  | { readonly kind: 'sleeve'; readonly garment: Garment }
  | { readonly kind: 'deed'; readonly action: Action | 'strike'; readonly weight: number }
  | { readonly kind: 'weapon'; readonly weapon: Weapon }
  /** `action`: the phrase also says what is done (走远). */
  | { readonly kind: 'facing'; readonly facing: Facing; readonly weight: number; readonly action?: Action }
  /** Where one of two stands; alone it may be a direction. `refers`: "the one on the left". */
  | { readonly kind: 'side'; readonly side: 'left' | 'right'; readonly refers?: true; readonly direction?: true }
  | { readonly kind: 'relation'; readonly relation: 'crossing' | 'facing' }
  | { readonly kind: 'count'; readonly count: number }
  /** `joint`: and, while; `link`: is, dyed; `worn`: in, wearing; `skip`: articles; `filler`: says nothing here. */
  | { readonly kind: 'joint' | 'link' | 'worn' | 'not' | 'skip' | 'filler' };

/** Rows of a table: a sense, and the phrases that have it, separated by commas. */
export type Rows = readonly (readonly [sense: Sense, phrases: string])[];

/** A phrase that was found, or a unit that was not (`unread`), or a pause. */
export interface Item {
  readonly sense: Sense | { readonly kind: 'unread' } | { readonly kind: 'pause'; readonly strong: boolean };
  /** Characters of the text. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** As which word a mistyped one is read. */
  readonly meant?: string;
}

interface Node { readonly next: Map<string, Node>; sense?: Sense }
interface Unit { readonly key: string; readonly start: number; readonly end: number; readonly pause: boolean; readonly article: boolean }

const UNIT = /[㐀-鿿豈-﫿]|(?:(?![㐀-鿿豈-﫿])[\p{L}\p{M}])+|\p{N}+|[,.;:!?、。;:!?\n—–]/gu;
const ARTICLES = new Set(['a', 'an', 'the', 'his', 'her', 'its', 'their', 'some', 'both']);

/** One character for one, so that places stay: full-width forms made plain, lower case. */
export const plainForm = (text: string): string => text.replaceAll(/[^]/gu, (c) => {
  const plain = c.normalize('NFKC').toLowerCase();
  return plain.length === c.length ? plain : c;
});

function unitsOf(text: string): Unit[] {
  return [...text.matchAll(UNIT)].map(({ 0: key, index }) =>
    ({ key, start: index, end: index + key.length, pause: /^[^\p{L}\p{N}]$/u.test(key), article: ARTICLES.has(key) }));
}

const IRREGULAR: Readonly<Record<string, string>> = {
  fell: 'fall', fallen: 'fall', shot: 'shoot', threw: 'throw', thrown: 'throw', strode: 'stride', swung: 'swing', drew: 'draw', drawn: 'draw', struck: 'strike',
  wore: 'wear', worn: 'wear', went: 'go', came: 'come', ran: 'run',
  men: 'man', women: 'woman', knives: 'knife', thieves: 'thief', wives: 'wife', ladies: 'lady', dying: 'die', sent: 'send', flung: 'fling', wove: 'weave',
};

/** A word and what it may be a form of: "strolling" → stroll, strolle; "hugged" → hugg, hug, hugge. */
function forms(word: string): string[] {
  const found = [word];
  if (IRREGULAR[word] !== undefined) found.push(IRREGULAR[word]);
  for (const [ending, ...instead] of [['ies', 'y'], ['ied', 'y'], ['ing', '', 'e'], ['ed', '', 'e'], ['es', ''], ['s', '']] as const) {
    if (!word.endsWith(ending) || word.length - ending.length < 2) continue;
    const stem = word.slice(0, -ending.length);
    found.push(...instead.map((end) => stem + end));
    if (/([b-df-hj-np-tv-z])\1$/.test(stem)) found.push(stem.slice(0, -1));
  }
  return found;
}

/** A table that finds its phrases. */
export interface Lexicon { scan(text: string, mend?: (word: string) => string | undefined): Item[] }

/** A lexicon of rows. A phrase that stands in two of them is an error. */
export function lexicon(rows: Rows): Lexicon {
  const root: Node = { next: new Map() };
  for (const [sense, phrases] of rows) for (const phrase of phrases.split(',')) {
    const units = unitsOf(plainForm(phrase.trim()));
    let node = root;
    for (const { key } of units) {
      const next = node.next.get(key) ?? { next: new Map() };
      node.next.set(key, next);
      node = next;
    }
    if (node === root || node.sense !== undefined) throw new RangeError(`the phrase "${phrase.trim()}" is empty or stands twice in the lexicon`);
    node.sense = sense;
  }
  return { scan: (text, mend) => scan(root, text, mend) };
}

function scan(root: Node, text: string, mend?: (word: string) => string | undefined): Item[] {
  const units = unitsOf(plainForm(text)), items: Item[] = [];
  const longest = (node: Node, at: number, from: number): { sense: Sense; end: number } | null => {
    let best = node.sense ? { sense: node.sense, end: at } : null;
    const unit = units[at];
    if (!unit || unit.pause) return best;
    const better = (found: { sense: Sense; end: number } | null): void => { if (found && (!best || found.end > best.end)) best = found; };
    for (const key of forms(unit.key)) { const next = node.next.get(key); if (next) better(longest(next, at + 1, from)); }
    if (unit.article && at > from) { const found = longest(node, at + 1, from); if (found && found.end > at + 1) better(found); }
    return best;
  };
  for (let at = 0; at < units.length;) {
    const unit = units[at]!;
    let found = longest(root, at, at), meant: string | undefined;
    if (!found && !unit.pause) {                                // a slip of the keyboard, only where nothing else is read
      meant = mend?.(unit.key);
      const node = meant === undefined ? undefined : forms(meant).map((key) => root.next.get(key)).find((next) => next?.sense);
      if (node?.sense) found = { sense: node.sense, end: at + 1 };
    }
    const end = found?.end ?? at + 1, last = units[end - 1]!;
    const sense = found?.sense ?? (unit.pause ? { kind: 'pause' as const, strong: !/[,、:—–]/.test(unit.key) } : { kind: 'unread' as const });
    items.push({ sense, start: unit.start, end: last.end, text: text.slice(unit.start, last.end), ...(meant === undefined ? {} : { meant }) });
    at = end;
  }
  return items;
}
