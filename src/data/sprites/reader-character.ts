/**
 * @file One character from what was found of it in a prompt: its facts, and where each stands. The first word for a fact is the one that is read, but of rival
 * garments, deeds and directions that with the greatest weight.
 */
import type { Facts } from './facts.ts';
import type { Bound } from './reader-bind.ts';
import type { ColourSense, Item, TargetSense } from './reader-lexicon.ts';
import type { Action, Colour, Garment, Language, Weapon } from './vocabulary.ts';

/** A part of the text, in characters. */
export interface Range { readonly start: number; readonly end: number }

/** What is told of one character. */
export interface CharacterReading {
  readonly facts: Facts;
  /** What its trade brings with it, where nothing else is told. */
  readonly implies: Facts;
  /** A colour of the garment that the labels have no member for. */
  readonly garmentSaid?: string;
  /** Where each fact stands. */
  readonly where: ReadonlyMap<keyof Facts, Range>;
}

/** Colours of armour that need no word. */
const NATURAL: Partial<Record<Garment, readonly Colour[]>> = {
  plate_armor: ['steel', 'grey', 'white'], gold_armor: ['gold'], chain_mail: ['steel', 'grey'], leather_armor: ['brown'],
};
/** Of two deeds with one weight. */
const DEED_ORDER: readonly Action[] = ['fall', 'spellcast', 'shoot', 'thrust', 'slash', 'walk'];
const STRIKES: Record<Weapon, Action> = { spear: 'thrust', dagger: 'slash', bow: 'shoot' };

/** The facts of one character from its items. */
export function gather(items: readonly Item[], own: readonly number[], { targetOf, wornAlone, negated, alone }: Bound & { readonly alone: boolean }): CharacterReading {
  const facts: { -readonly [K in keyof Facts]: Facts[K] } = {}, where = new Map<keyof Facts, Range>();
  const implied: Facts[] = [];
  let said: string | undefined;
  const tell = <K extends keyof Facts>(key: K, value: Facts[K], ...ranges: readonly Range[]): void => {
    if (value === undefined || facts[key] !== undefined) return;
    facts[key] = value;
    where.set(key, { start: Math.min(...ranges.map((r) => r.start)), end: Math.max(...ranges.map((r) => r.end)) });
  };
  const tellAll = (all: Facts, ...ranges: readonly Range[]): void => { for (const key of Object.keys(all) as (keyof Facts)[]) tell(key, all[key], ...ranges); };
  const mine = own.filter((i) => !negated.has(i) && !negated.has(targetOf.get(i) ?? -1));
  const coloursOf = (target: number): { sense: ColourSense; item: Item }[] =>
    mine.flatMap((i) => (targetOf.get(i) === target && items[i]!.sense.kind === 'colour' ? [{ sense: items[i]!.sense as ColourSense, item: items[i]! }] : []));
  const targets = mine.flatMap((i) => { const { sense } = items[i]!; return sense.kind === 'target' ? [{ i, item: items[i]!, sense }] : []; });

  for (const i of mine) {
    const item = items[i]!, { sense } = item;
    if (sense.kind === 'who') { tellAll(sense.facts, item); if (sense.implies) implied.push(sense.implies); }
    if (sense.kind === 'facts') tellAll(sense.facts, item);
    if (sense.kind === 'colour' && targetOf.get(i) === undefined && sense.alone && !wornAlone.has(i)) {
      if (sense.alone.skin !== 'green' || ['who', 'colour'].includes(items[i + 1]?.sense.kind ?? '')) tellAll(sense.alone, item);
    }
  }
  for (const i of mine) { const item = items[i]!; if (item.sense.kind === 'pronoun') tell('sex', item.sense.sex, item); }

  // A noun that names the style tells more than an adjective: a long ponytail is a ponytail.
  for (const { item, sense } of targets) if (sense.of === 'hair') tell('hairStyle', sense.facts.hairStyle, item);
  for (const i of mine) {
    const item = items[i]!, target = targetOf.get(i), worn = target === undefined ? undefined : items[target]!;
    if (worn?.sense.kind !== 'target' || worn.sense.of !== 'hair') continue;
    if (item.sense.kind === 'style') tell('hairStyle', item.sense.style, item, worn);
    if (item.sense.kind === 'colour') tell('hairColour', item.sense.hair, item, worn);
  }

  const rank = (t: { sense: TargetSense }): number => t.sense.weight ?? 2;
  const garment = targets.filter((t) => t.sense.of === 'garment').reduce<(typeof targets)[number] | undefined>((best, t) => (best && rank(best) >= rank(t) ? best : t), undefined);
  if (garment) {
    const sleeve = mine.map((i) => items[i]!.sense).find((sense) => sense.kind === 'sleeve');
    const colour = coloursOf(garment.i)[0];
    let name = garment.sense.facts.garment!;
    if (name === 'shirt' && sleeve?.kind === 'sleeve') name = sleeve.garment;
    else if (garment.sense.bySex && facts.sex === 'female') name = 'sleeveless_shirt';
    if (name === 'plate_armor' && colour?.sense.cloth === 'gold') name = 'gold_armor';
    tell('garment', name, garment.item);
    const natural = NATURAL[name];
    if (colour && !natural && colour.sense.cloth) tell('garmentColour', colour.sense.cloth, colour.item, garment.item);
    else if (colour && !(colour.sense.cloth && natural?.includes(colour.sense.cloth))) {
      ({ said } = colour.sense);
      where.set('garment', { start: Math.min(colour.item.start, garment.item.start), end: Math.max(colour.item.end, garment.item.end) });
    }
  } else for (const i of mine) {
    const item = items[i]!;
    if (!wornAlone.has(i) || item.sense.kind !== 'colour') continue;
    tell('garmentColour', item.sense.cloth, item);
    said ??= item.sense.cloth ? undefined : item.sense.said;
  }

  for (const { i, item, sense } of targets) {
    const cloth = coloursOf(i)[0]?.sense.cloth;
    if (sense.of === 'legs') {
      const { legs } = sense.facts;
      tell('legs', legs === 'steel_greaves' && cloth === 'gold' ? 'gold_greaves' : legs, item);
      if (legs === 'pants' || legs === 'skirt') tell('legsColour', cloth, item);
    }
    if (sense.of === 'feet') {
      const feet = sense.facts.feet !== 'shoes' ? sense.facts.feet : cloth === 'gold' ? 'gold_boots' : cloth === 'steel' ? 'steel_boots' : 'shoes';
      tell('feet', feet, item);
      if (feet === 'shoes') tell('feetColour', cloth, item);
    }
    if (sense.of === 'headgear') tell('headgear', sense.facts.headgear === 'steel_helmet' && cloth === 'gold' ? 'gold_helmet' : sense.facts.headgear, item);
  }
  if (facts.legs === 'skirt' && facts.sex === 'female' && facts.garment === undefined) {           // women's skirts are dresses in this world
    const at = where.get('legs')!;
    tell('garment', 'dress', at);
    tell('garmentColour', facts.legsColour, at);
    for (const key of ['legs', 'legsColour'] as const) { delete facts[key]; where.delete(key); }
  }
  readDeed(items, mine, { facts, tell, alone, implied: Object.assign({}, ...implied) as Facts });
  return { facts, implies: Object.assign({}, ...implied) as Facts, where, ...(said === undefined ? {} : { garmentSaid: said }) };
}

interface Telling {
  readonly facts: Facts;
  readonly implied: Facts;
  /** The only character: then a side is a direction. */
  readonly alone: boolean;
  tell<K extends keyof Facts>(key: K, value: Facts[K], ...ranges: readonly Range[]): void;
}

/** What is done, with what, and which way. */
function readDeed(items: readonly Item[], mine: readonly number[], { facts, tell, alone, implied }: Telling): void {
  const weapons = mine.flatMap((i) => { const item = items[i]!; return item.sense.kind === 'weapon' ? [{ weapon: item.sense.weapon, item }] : []; });
  const holds = (weapon: Weapon): boolean => weapons.some((w) => w.weapon === weapon);
  const resolve = (action: Action | 'strike'): Action => {
    if (action === 'strike') return weapons[0] ? STRIKES[weapons[0].weapon] : (['slash', 'thrust', 'shoot'] as const).find((a) => a === implied.action) ?? 'slash';
    if (action === 'thrust' && holds('dagger') && !holds('spear')) return 'slash';
    if (action === 'slash' && holds('spear') && !holds('dagger')) return 'thrust';
    return action;
  };
  const deeds = mine.flatMap((i) => {
    const item = items[i]!, { sense } = item;
    if (sense.kind === 'deed') return [{ action: resolve(sense.action), weight: sense.weight, item }];
    return sense.kind === 'facing' && sense.action ? [{ action: sense.action, weight: 1, item }] : [];
  });
  const deed = [...deeds].sort((a, b) => b.weight - a.weight || DEED_ORDER.indexOf(a.action) - DEED_ORDER.indexOf(b.action))[0];
  if (deed) tell('action', deed.action, deed.item);
  const way = mine.flatMap((i) => { const item = items[i]!; return item.sense.kind === 'facing' ? [{ facing: item.sense.facing, weight: item.sense.weight, item }]
    : alone && item.sense.kind === 'side' && item.sense.direction ? [{ facing: item.sense.side, weight: 0.5, item }] : []; }).sort((a, b) => b.weight - a.weight)[0];
  if (way) tell('facing', way.facing, way.item);
  if (weapons[0] && !(['thrust', 'slash', 'shoot'] as readonly unknown[]).includes(facts.action)) tell('weapon', weapons[0].weapon, weapons[0].item);
}

/** Whether a character's words stand as the grammar puts them. */
export function isOrdered(items: readonly Item[], own: readonly number[], language: Language): boolean {
  const first = (test: (item: Item) => boolean): number => own.find((i) => test(items[i]!)) ?? -1;
  const who = first(({ sense }) => sense.kind === 'who'), deed = first(({ sense }) => sense.kind === 'deed' || (sense.kind === 'facing' && sense.action !== undefined));
  const looks = own.filter((i) => { const { sense } = items[i]!; return sense.kind === 'target' && (sense.of === 'garment' || sense.of === 'hair'); });
  if (who < 0 || deed < who) return false;
  if (language === 'zh') return looks.every((i) => i < who);
  return looks.every((i) => i < deed && (i > who || /haired|blonde?/i.test(items[i]!.text)));
}
