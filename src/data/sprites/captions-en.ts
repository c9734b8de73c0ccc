/**
 * @file English captions: the words for each member of the vocabulary, and the sentences around them.
 */
import type { Draws } from '../../core/random.ts';
import type { CaptionPlan, CharacterPlan } from './caption-plan.ts';
import type { Facts } from './facts.ts';
import type { CharacterLabels, GroundSpec } from './spec.ts';
import type { Action, Colour, Facing, Feet, Garment, GroundColour, HairColour, HairStyle, Headgear, Legs, Skin } from './vocabulary.ts';

type Words = readonly string[];
const HAIR_COLOUR: Record<HairColour, Words> = {
  black: ['black', 'black', 'jet-black'], brown: ['brown', 'brown', 'chestnut'], blonde: ['blonde', 'blond', 'golden', 'yellow'], red: ['red', 'red', 'bright red'],
  pink: ['pink'], purple: ['purple', 'violet'], blue: ['blue', 'blue', 'bright blue'], green: ['green'], white: ['white', 'white', 'snow-white'],
};
/** `*` stands for the colour. */
const HAIR: Record<HairStyle, Words> = {
  short: ['short * hair', 'short * hair', '* hair cut short'], messy: ['messy * hair', 'spiky * hair', 'tousled * hair'],
  shoulder: ['shoulder-length * hair', 'medium-length * hair'], long: ['long * hair', 'long * hair', 'long, flowing * hair'],
  ponytail: ['a * ponytail', '* hair in a ponytail', '* hair tied in a ponytail'], topknot: ['a * topknot', '* hair in a topknot', '* hair tied up high'],
  pigtails: ['* pigtails', '* hair in pigtails'], mohawk: ['a * mohawk', 'a * mohawk haircut'], curly: ['curly * hair', '* curls', 'a * afro'],
};
const SKIN: Record<Skin, Words> = {
  light: ['light-skinned', 'fair-skinned', 'pale'], tan: ['tan', 'tanned'], dark: ['dark-skinned', 'brown-skinned'], green: ['green'], bone: ['bony'],
};
const SKIN_NOUN: Record<Skin, string> = { light: 'light skin', tan: 'tan skin', dark: 'dark skin', green: 'green skin', bone: 'bare bones' };
const COLOUR: Record<Colour, Words> = {
  steel: ['steel'], gold: ['gold', 'golden'], grey: ['gray', 'grey'], brown: ['brown'], maroon: ['maroon', 'dark red'], red: ['red'], teal: ['teal', 'turquoise'],
  blue: ['blue'], green: ['green'], purple: ['purple'], white: ['white'], black: ['black'],
};
/** The robes' blue, green and purple are deep. */
const ROBE_COLOUR: Partial<Record<Colour, Words>> = { blue: ['blue', 'dark blue'], green: ['green', 'dark green'], purple: ['purple', 'dark purple'] };
const garmentColours = ({ garment, garmentColour }: CharacterLabels): Words => (garment === 'robe' ? ROBE_COLOUR[garmentColour] : undefined) ?? COLOUR[garmentColour];
const GARMENT: Record<Garment, Words> = {
  plate_armor: ['plate armor', 'plate armor', 'steel armor', 'plate armour', 'steel plate armor'], gold_armor: ['gold armor', 'golden armor', 'golden plate armor'],
  chain_mail: ['chain mail', 'chainmail', 'a chain mail shirt'], leather_armor: ['leather armor', 'brown leather armor', 'a leather jerkin'],
  tabard: ['a * tabard', 'a * tabard over chain mail', 'a * surcoat'], robe: ['a * robe', '* robes', 'a long * robe'],
  shirt: ['a * shirt', 'a * long-sleeved shirt'], sleeveless_shirt: ['a * sleeveless shirt', 'a sleeveless * top', 'a * tank top'],
  dress: ['a * dress', 'a * gown'], vest: ['a * vest', 'a * vest over a white shirt', 'a * waistcoat'],
};
const LEGS: Record<Legs, Words> = {
  pants: ['* pants', '* trousers'], steel_greaves: ['steel greaves', 'steel leg armor'], gold_greaves: ['golden greaves', 'golden leg armor'],
  skirt: ['a * skirt', 'a long * skirt'],
};
const FEET: Record<Feet, Words> = { shoes: ['* shoes'], steel_boots: ['steel boots', 'metal boots'], gold_boots: ['golden boots', 'gold boots'] };
const HEADGEAR: Record<Headgear, Words> = {
  steel_helmet: ['a steel helmet', 'a closed helmet'], gold_helmet: ['a golden helmet', 'a gold helmet'],
  chain_hood: ['a chain mail hood', 'a mail coif'], cloth_hood: ['a brown hood', 'a hood'],
  iron_hat: ['an iron hat', 'a kettle hat'], leather_hat: ['a leather hat', 'a brown hat with a red feather'], bandana: ['a red bandana', 'a red headscarf'], tiara: ['a tiara'],
};
const GROUND_COLOUR: Record<GroundColour, Words> = {
  grey: ['gray', 'grey'], dark: ['dark gray', 'dark grey'], blue: ['blue'], green: ['green'], sand: ['sand-colored', 'beige'],
  brown: ['brown'], purple: ['purple'], pink: ['pink'], white: ['white'],
};
/** Third person, progressive; `%` stands for the possessive. */
const DEED: Record<Action, readonly (readonly [finite: string, progressive: string])[]> = {
  walk: [['walks', 'walking'], ['walks', 'walking'], ['strolls', 'strolling'], ['strides', 'striding']],
  spellcast: [
    ['casts a spell', 'casting a spell'], ['casts a spell', 'casting a spell'], ['does magic', 'doing magic'],
    ['raises % arms to cast a spell', 'raising % arms to cast a spell'],
  ],
  thrust: [['thrusts a spear', 'thrusting a spear'], ['stabs with a spear', 'stabbing with a spear'], ['jabs with a spear', 'jabbing with a spear'], ['thrusts', 'thrusting']],
  slash: [
    ['slashes with a dagger', 'slashing with a dagger'], ['swings a dagger', 'swinging a dagger'], ['slashes', 'slashing'],
    ['slashes with a knife', 'slashing with a knife'],
  ],
  shoot: [['shoots an arrow', 'shooting an arrow'], ['shoots a bow', 'shooting a bow'], ['fires an arrow', 'firing an arrow'], ['shoots with a bow', 'shooting with a bow']],
  fall: [['falls down', 'falling down'], ['collapses', 'collapsing'], ['falls to the ground', 'falling to the ground'], ['falls over', 'falling over']],
};
const HEADING: Record<Facing, Words> = {
  left: ['to the left', 'to the left', 'left', 'leftwards'], right: ['to the right', 'to the right', 'right', 'rightwards'],
  towards: ['towards the viewer', 'toward the viewer', 'towards the camera', 'towards us'], away: ['away from the viewer', 'away from the camera', 'away from us'],
};
const LOOK: Record<Facing, Words> = {
  left: ['facing left', 'turned to the left', 'looking left'], right: ['facing right', 'turned to the right', 'looking right'],
  towards: ['facing the viewer', 'facing the camera', 'facing us'], away: ['facing away', 'seen from behind', 'with % back to the viewer'],
};

const fill = (d: Draws, words: Words, colour: string): string => d.pick(words).replace('*', colour);
const inColour = (template: string, said: string): string => (template.includes('*') ? template.replace('*', said) : `${said} ${template}`);
const article = (phrase: string): string => `${/^[aeiou]/i.test(phrase) ? 'an' : 'a'} ${phrase}`;
/** "a orange hat" → "an orange hat", for templates whose colour decides. */
const mendArticle = (text: string): string => text.replace(/\b([Aa]) (?=[aeiou])/g, '$1n ');
const list = (items: readonly string[]): string =>
  items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
const sentence = (text: string): string => text[0]!.toUpperCase() + text.slice(1) + '.';

const pronouns = ({ who }: CharacterPlan): { subject: string; possessive: string } =>
  who.folk === 'skeleton' ? { subject: 'it', possessive: 'its' } : who.sex === 'male' ? { subject: 'he', possessive: 'his' } : { subject: 'she', possessive: 'her' };

/** "dark-skinned woman with long red hair in plate armor", without an article. `brief` leaves skin, legs and feet for later. */
function nounPhrase(d: Draws, c: CharacterPlan, brief: boolean): string {
  const { who, told, garmentSaid } = c;
  const knight = (who.garment === 'plate_armor' || who.garment === 'gold_armor') && who.folk === 'human' && d.chance(0.25);
  const noun = who.folk === 'skeleton' ? 'skeleton' : who.folk === 'orc' ? (d.chance(0.5) ? 'orc' : who.sex === 'male' ? 'male orc' : 'female orc')
    : knight ? (who.sex === 'female' ? 'female knight' : 'knight') : who.sex === 'male' ? 'man' : d.pick(['woman', 'woman', 'lady']);
  const front: string[] = [], having: string[] = [];
  if (told.skin && !brief) front.push(d.pick(SKIN[who.skin]));
  if (told.bald) front.push('bald');
  if (told.hairColour) {
    const colour = d.pick(HAIR_COLOUR[who.hairColour!]);
    if (told.hairStyle) having.push(fill(d, HAIR[who.hairStyle!], colour));
    else if (d.chance(0.5)) front.push(who.hairColour === 'blonde' ? 'blonde' : `${colour}-haired`);
    else having.push(`${colour} hair`);
  }
  if (told.beard) { if (d.chance(0.5)) front.push('bearded'); else having.push('a beard'); }
  const dressed = (): string => (garmentSaid === undefined ? fill(d, GARMENT[who.garment], d.pick(garmentColours(who))) : inColour(d.pick(GARMENT[who.garment]), garmentSaid));
  const clothes = told.garment ? [dressed()] : [];
  if (told.headgear) clothes.push(d.pick(HEADGEAR[who.headgear!]));
  if (told.legs && !brief) clothes.push(fill(d, LEGS[who.legs!], d.pick(COLOUR[who.legsColour!])));
  if (told.feet && !brief) clothes.push(fill(d, FEET[who.feet], d.pick(COLOUR[who.feetColour])));
  const wears = clothes.length === 0 ? '' : ` ${d.pick(['in', 'in', 'wearing'])} ${list(clothes)}`;
  return `${[...front, noun].join(' ')}${having.length > 0 ? ` with ${list(having)}` : ''}${wears}`;
}

type Form = 'finite' | 'progressive';

/** "walks to the left", "casting a spell, facing us". */
function verbPhrase(d: Draws, c: CharacterPlan, form: Form, brief = false): string {
  const { who, told } = c;
  const [finite, progressive] = d.pick(DEED[who.action].filter(([words]) => !brief || words.length < 20));
  const parts = [form === 'finite' ? finite : progressive];
  if (told.facing) {
    const heads = who.action === 'walk' || ((who.action === 'thrust' || who.action === 'shoot' || who.action === 'slash') && d.chance(0.5));
    if (heads) parts.push(d.pick(HEADING[who.facing]));
    else parts[0] += `${d.chance(0.5) ? ',' : ''} ${d.pick(LOOK[who.facing])}`;
  }
  if (told.onTheSpot) parts.push(d.pick(['on the spot', 'in place']));
  if (told.weapon) parts.push(`${d.pick(['carrying', 'holding', 'with'])} ${article(who.weapon!)}`);
  return parts.join(' ').replaceAll('%', pronouns(c).possessive);
}

function groundPhrase(d: Draws, ground: GroundSpec): string {
  const [first, second] = ground.colours.map((colour) => d.pick(GROUND_COLOUR[colour]));
  switch (ground.kind) {
    case 'plain': return d.pick([`on a plain ${first} background`, `against a ${first} background`, `on a ${first} background`]);
    case 'fade_down': return d.pick([`on a background that fades from ${first} at the top to ${second} at the bottom`, `against a vertical gradient from ${first} to ${second}`]);
    case 'fade_across': return d.pick([
      `on a background that fades from ${first} on the left to ${second} on the right`, `against a horizontal gradient from ${first} to ${second}`]);
    case 'checker': return d.pick([`on a checkered ${first} and ${second} floor`, `on ${first} and ${second} tiles`]);
    case 'brick': return d.pick([`in front of a ${first} brick wall`, `against ${first} bricks`]);
    case 'grass': return d.pick(['on green grass', 'on the grass', 'in a meadow']);
    case 'planks': return d.pick([`on ${first} planks`, `on ${first} floorboards`]);
    default: return ground.kind satisfies never;
  }
}

/** The English caption of a plan. */
export function composeEnglish(plan: CaptionPlan, d: Draws): string {
  const detailed = plan.style === 'detailed';
  const form: Form = plan.still || d.chance(plan.style === 'detailed' ? 0 : 0.3) ? 'progressive' : 'finite';
  const subjects = plan.characters.map((c) => nounPhrase(d, c, detailed));
  const bare = plan.style === 'minimal' && d.chance(0.4);      // "woman walking left"
  const named = subjects.map((s) => (bare ? s : article(s)));
  let main = plan.relation === 'crossing' ? crossing(d, plan, named, form) : plan.characters.length === 2 ? pair(d, plan, named, form)
    : `${named[0]} ${verbPhrase(d, plan.characters[0]!, form, plan.style === 'minimal')}`;
  if (plan.still && d.chance(0.4)) main = plan.characters.length === 2
    ? `${d.pick(['a picture:', 'pixel art:'])} ${main}`
    : `${d.pick(['a picture of', 'an image of', 'pixel art of'])} ${main}`;
  if (!detailed) {
    if (plan.ground) main += `${d.chance(0.3) ? ',' : ''} ${groundPhrase(d, plan.ground)}`;
    main = mendArticle(main);
    return d.chance(0.5) ? sentence(main) : main;
  }
  const sentences = [main];
  const more = plan.characters.map((c, i) => details(d, c, plan.characters.length === 2 ? ['the one on the left', 'the one on the right'][i]! : null))
    .filter((text) => text !== '');
  if (more.length > 0 && plan.relation === 'apart') sentences.push(more.join('; '));
  if (plan.ground) sentences.push(`${d.pick(['the scene is set', 'this happens', 'we see this'])} ${groundPhrase(d, plan.ground)}`);
  return sentences.map((text) => sentence(mendArticle(text))).join(' ');
}

/** "she has dark skin and wears red pants and brown shoes", or nothing. */
function details(d: Draws, c: CharacterPlan, name: string | null): string {
  const { who, told } = c;
  const worn = [
    ...(told.legs ? [fill(d, LEGS[who.legs!], d.pick(COLOUR[who.legsColour!]))] : []),
    ...(told.feet ? [fill(d, FEET[who.feet], d.pick(COLOUR[who.feetColour]))] : []),
  ];
  const says = [...(told.skin ? [`has ${SKIN_NOUN[who.skin]}`] : []), ...(worn.length > 0 ? [`wears ${list(worn)}`] : [])];
  return says.length === 0 ? '' : `${name ?? pronouns(c).subject} ${says.join(' and ')}`;
}

function pair(d: Draws, plan: CaptionPlan, named: readonly string[], form: Form): string {
  const [left, right] = plan.characters as readonly [CharacterPlan, CharacterPlan];
  const brief = plan.style === 'minimal';
  const deeds = [verbPhrase(d, left, form, brief), verbPhrase(d, right, form, brief)];
  if (plan.style === 'minimal') return `${named[0]} ${deeds[0]}, ${named[1]} ${deeds[1]}`;
  const places = d.pick([['on the left,', 'on the right,'], ['on the left', 'on the right'], ['at left,', 'at right,']]);
  const joint = d.pick(['; ', ', and ', ', while ']);
  return `${places[0]} ${named[0]} ${deeds[0]}${joint}${places[1]} ${named[1]} ${deeds[1]}`;
}

function crossing(d: Draws, plan: CaptionPlan, named: readonly string[], form: Form): string {
  const walk = form === 'finite' ? 'walk' : 'walking', pass = form === 'finite' ? 'pass' : 'passing';
  const [a, b] = named;
  if (plan.style === 'minimal') return `${a} and ${b} ${d.pick([`${pass} each other`, `${walk} past each other`])}`;
  if (plan.style === 'short') return d.pick([`${a} and ${b} ${walk} past each other`, `${a} and ${b} ${walk} past each other and change places`]);
  const [walks, passes] = form === 'finite' ? ['walks', 'they pass each other'] : ['walking', 'passing each other'];
  return d.pick([
    `${a} ${walks} to the right and ${b} ${walks} to the left, ${form === 'finite' ? 'and ' : ''}${passes}`,
    `from the left, ${a} ${walks} to the right; from the right, ${b} ${walks} to the left; ${form === 'finite' ? 'they change places' : 'changing places'}`,
  ]);
}

/** What a character does, without who: "walks to the left". */
export const englishDeed = (character: CharacterPlan, d: Draws): string => verbPhrase(d, character, 'finite');

/** Each fact in the words of the captions, by itself: "red hair", "a helmet". */
export function englishNames(f: Facts): string[] {
  const colour = f.hairColour ? HAIR_COLOUR[f.hairColour][0]! : '', first = (words: Words, said = ''): string => words[0]!.replace('*', said).replace(/ {2,}/, ' ').trim();
  return [
    ...(f.hairStyle ? [first(HAIR[f.hairStyle], colour)] : f.hairColour ? [`${colour} hair`] : []), ...(f.bald ? ['bald'] : []), ...(f.beard ? ['a beard'] : []),
    ...(f.skin ? [SKIN_NOUN[f.skin]] : []), ...(f.garment ? [first(GARMENT[f.garment], f.garmentColour && COLOUR[f.garmentColour][0])] : []),
    ...(f.headgear ? [HEADGEAR[f.headgear][0]!] : []), ...(f.legs ? [first(LEGS[f.legs], f.legsColour && COLOUR[f.legsColour][0])] : []),
    ...(f.feet ? [first(FEET[f.feet], f.feetColour && COLOUR[f.feetColour][0])] : []), ...(f.weapon ? [article(f.weapon)] : []),
    ...(f.folk && f.folk !== 'human' ? [f.folk] : f.sex ? [f.sex === 'male' ? 'man' : 'woman'] : []),
    ...(f.action ? [DEED[f.action][0]![1]] : []), ...(f.facing ? [LOOK[f.facing][0]!] : []),
  ];
}
