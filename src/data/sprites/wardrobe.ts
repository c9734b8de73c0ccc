/**
 * @file What each layer file means: tables from file names to the words of vocabulary.ts, for a male and a female body.
 * Every shade or shape that a person could not name with certainty at 64×64 is left out on purpose. The tables ask for
 * layers; person.ts keeps the rows whose layers exist, have a listed author, and are drawn for the action.
 */
import type { Colour, Feet, Folk, Garment, HairColour, HairStyle, Headgear, Legs, Sex, Skin, Weapon } from './vocabulary.ts';

interface Row { readonly sex: Sex; readonly layers: readonly string[] }
/** A naked body of one folk and skin. */
export interface BodyRow extends Row { readonly folk: Folk; readonly skin: Skin }
/** Hair of one style and colour. */
export interface HairRow extends Row { readonly style: HairStyle; readonly colour: HairColour }
/** A beard of one colour. */
export interface BeardRow extends Row { readonly colour: HairColour }
/** What covers the legs. */
export interface LegsRow extends Row { readonly legs: Legs; readonly colour: Colour }
/** What covers the feet. */
export interface FeetRow extends Row { readonly feet: Feet; readonly colour: Colour }
/** Headgear, and the garments that it is worn with. */
export interface HeadRow extends Row { readonly headgear: Headgear; readonly with: readonly Garment[] }
/** Gloves or bracers that belong to a garment. */
export interface HandsRow extends Row { readonly with: Garment }
/** A weapon: its layers in front of the body, and those behind it. */
export interface WeaponRow extends Row { readonly weapon: Weapon; readonly behind: readonly string[] }
/** A garment of one colour. */
export interface OutfitRow extends Row {
  readonly garment: Garment;
  readonly colour: Colour;
  /** Layers under a garment that covers the legs; then the character has no legs label. Null: trousers are drawn. */
  readonly under: readonly string[] | null;
}

const SEX: readonly Sex[] = ['male', 'female'];
const both = <T>(make: (sex: Sex) => T): T[] => SEX.map(make);

const SKIN_FILES: readonly (readonly [string, Folk, Skin])[] = [
  ['light', 'human', 'light'], ['tanned', 'human', 'tan'], ['tanned2', 'human', 'tan'], ['dark', 'human', 'dark'], ['dark2', 'human', 'dark'],
  ['orc', 'orc', 'green'], ['red_orc', 'orc', 'green'],        // "red_orc" is olive green with red eyes
];
/** Bodies; women have no skeleton. */
export const BODIES: readonly BodyRow[] = [
  ...SKIN_FILES.flatMap(([file, folk, skin]) => both((sex) => ({ sex, folk, skin, layers: [`body/${sex}/${file}`] }))),
  { sex: 'male', folk: 'skeleton', skin: 'bone', layers: ['body/male/skeleton'] },
];

/** Left out: green (nearly black), blonde2, brown2, brunette2, dark-blonde, light-blonde(2), ruby-red, redhead2, blue2, gray(2), white-blonde(2), white-cyan. */
export const HAIR_COLOUR_FILES: Record<HairColour, readonly string[]> = {
  black: ['black', 'raven', 'raven2'], brown: ['brown', 'brunette'], blonde: ['blonde', 'gold'], red: ['redhead'],
  pink: ['pink', 'pink2'], purple: ['purple'], blue: ['blue'], green: ['green2'], white: ['white'],
};
/** Left out: longhawk (half shaved), parted (no listed author). Pigtails are drawn on women only. */
export const HAIR_STYLE_FILES: Record<HairStyle, readonly string[]> = {
  short: ['plain', 'bangsshort', 'pixie'], messy: ['messy1', 'messy2', 'bedhead'], shoulder: ['bangs', 'bangslong', 'swoop', 'page', 'page2'],
  long: ['long', 'loose', 'bangslong2', 'unkempt', 'xlong', 'princess', 'shoulderl', 'shoulderr'],
  ponytail: ['ponytail', 'ponytail2'], topknot: ['shortknot', 'longknot', 'xlongknot'], pigtails: ['bunches'],
  mohawk: ['mohawk', 'shorthawk'], curly: ['jewfro'],
};
const entries = <K extends string, V>(record: Record<K, V>): [K, V][] => Object.entries(record) as [K, V][];
/** Hair of every style in every colour. */
export const HAIRS: readonly HairRow[] = entries(HAIR_STYLE_FILES).flatMap(([style, shapes]) =>
  entries(HAIR_COLOUR_FILES).flatMap(([colour, shades]) => shapes.flatMap((shape) => shades.flatMap((shade) =>
    (style === 'pigtails' ? ['female' as const] : SEX).map((sex) => ({ sex, style, colour, layers: [`hair/${sex}/${shape}/${shade}`] }))))));
/** Beards, in the colours of hair. */
export const BEARDS: readonly BeardRow[] = entries(HAIR_COLOUR_FILES).flatMap(([colour, shades]) =>
  shades.map((shade) => ({ sex: 'male' as const, colour, layers: [`facial/male/beard/${shade}`] })));

const pants = (sex: Sex): string => `legs/pants/${sex}/white_pants_${sex}`;
const CLOTH: readonly (readonly [string, Colour])[] = [['white', 'white'], ['brown', 'brown'], ['maroon', 'maroon'], ['teal', 'teal']];
const ROBES: readonly (readonly [string, Colour])[] = [
  ['black', 'black'], ['dark gray', 'black'], ['brown', 'brown'], ['dark brown', 'brown'], ['blue', 'blue'], ['forest green', 'green'],
  ['purple', 'purple'], ['red', 'maroon'], ['white', 'white'],  // "light gray" is nearly black; left out
];
/** Garments with all that is drawn of them; a robe or a dress comes with what is under it. */
export const OUTFITS: readonly OutfitRow[] = [
  ...both((sex): OutfitRow => ({ sex, garment: 'plate_armor', colour: 'steel', layers: [`torso/plate/chest_${sex}`, `torso/plate/arms_${sex}`], under: null })),
  ...both((sex): OutfitRow => ({ sex, garment: 'gold_armor', colour: 'gold', layers: [`torso/gold/chest_${sex}`, `torso/gold/arms_${sex}`], under: null })),
  ...both((sex): OutfitRow => ({ sex, garment: 'chain_mail', colour: 'grey', layers: [`torso/chain/mail_${sex}`], under: null })),
  ...both((sex): OutfitRow => ({ sex, garment: 'leather_armor', colour: 'brown', layers: [`torso/leather/chest_${sex}`, `torso/leather/shoulders_${sex}`], under: null })),
  ...both((sex): OutfitRow => ({ sex, garment: 'tabard', colour: 'purple', layers: [`torso/chain/mail_${sex}`, `torso/chain/tabard/jacket_${sex}`], under: null })),
  ...CLOTH.map(([file, colour]): OutfitRow => ({ sex: 'male', garment: 'shirt', colour, layers: [`torso/shirts/longsleeve/male/${file}_longsleeve`], under: null })),
  ...CLOTH.flatMap(([file, colour]) => [`shirts/sleeveless/female/${file}_sleeveless`, `shirts/sleeveless/female/${file}_pirate`, `tunics/female/${file}_tunic`]
    .map((path): OutfitRow => ({ sex: 'female', garment: 'sleeveless_shirt', colour, layers: [`torso/${path}`], under: null }))),
  { sex: 'male', garment: 'robe', colour: 'brown', layers: ['legs/skirt/male/robe_skirt_male', 'torso/shirts/longsleeve/male/brown_longsleeve'], under: [pants('male')] },
  ...ROBES.map(([file, colour]): OutfitRow => ({ sex: 'female', garment: 'robe', colour, layers: [`torso/robes_female_no_th-sh/${file}`], under: [pants('female')] })),
  { sex: 'female', garment: 'dress', colour: 'white', layers: ['torso/dress_female/underdress'], under: [pants('female')] },
  { sex: 'female', garment: 'dress', colour: 'blue',
    layers: ['torso/dress_female/underdress', 'torso/dress_female/overskirt', 'torso/dress_female/blue_vest'], under: [pants('female')] },
  { sex: 'female', garment: 'dress', colour: 'green', layers: ['torso/dress_female/dress_w_sash_female'], under: null },
  ...['tie', 'bowtie'].map((tie): OutfitRow => ({ sex: 'male', garment: 'vest', colour: 'green',
    layers: ['formal_male_no_th-sh/shirt', `formal_male_no_th-sh/${tie}`, 'formal_male_no_th-sh/vest'], under: null })),
];

const PANTS: readonly (readonly [string, Colour])[] = [['white', 'white'], ['red', 'red'], ['teal', 'teal'], ['magenta', 'purple']];
/** What is worn under garments that leave the legs free. */
export const LEGS_ROWS: readonly LegsRow[] = [
  ...PANTS.flatMap(([file, colour]) => both((sex): LegsRow => ({ sex, legs: 'pants', colour, layers: [`legs/pants/${sex}/${file}_pants_${sex}`] }))),
  ...both((sex): LegsRow => ({ sex, legs: 'steel_greaves', colour: 'steel', layers: [`legs/armor/${sex}/metal_pants_${sex}`] })),
  ...both((sex): LegsRow => ({ sex, legs: 'gold_greaves', colour: 'gold', layers: [`legs/armor/${sex}/golden_greaves_${sex}`] })),
  { sex: 'male', legs: 'skirt', colour: 'brown', layers: ['legs/skirt/male/robe_skirt_male'] },
];

/** Shoes, and boots that belong to armour. */
export const FEET_ROWS: readonly FeetRow[] = [
  ...(['black', 'brown', 'maroon'] as const).flatMap((colour) => both((sex): FeetRow => ({ sex, feet: 'shoes', colour, layers: [`feet/shoes/${sex}/${colour}_shoes_${sex}`] }))),
  ...both((sex): FeetRow => ({ sex, feet: 'steel_boots', colour: 'steel', layers: [`feet/armor/${sex}/metal_boots_${sex}`] })),
  ...both((sex): FeetRow => ({ sex, feet: 'gold_boots', colour: 'gold', layers: [`feet/armor/${sex}/golden_boots_${sex}`] })),
];

/** Headgear goes with the garments that it was drawn for; hair that it hides is not drawn at all. */
export const HEADGEAR_ROWS: readonly HeadRow[] = [
  ...both((sex): HeadRow => ({ sex, headgear: 'steel_helmet', with: ['plate_armor'], layers: [`head/helms/${sex}/metal_helm_${sex}`] })),
  ...both((sex): HeadRow => ({ sex, headgear: 'gold_helmet', with: ['gold_armor'], layers: [`head/helms/${sex}/golden_helm_${sex}`] })),
  ...both((sex): HeadRow => ({ sex, headgear: 'chain_hood', with: ['chain_mail', 'tabard'], layers: [`head/hoods/${sex}/chain_hood_${sex}`] })),
  ...both((sex): HeadRow => ({ sex, headgear: 'cloth_hood', with: ['robe'], layers: [`head/hoods/${sex}/cloth_hood_${sex}`] })),
  ...both((sex): HeadRow => ({ sex, headgear: 'iron_hat', with: ['chain_mail', 'tabard'], layers: [`head/helms/${sex}/chainhat_${sex}`] })),
  ...both((sex): HeadRow => ({ sex, headgear: 'leather_hat', with: ['leather_armor'], layers: [`head/caps/${sex}/leather_cap_${sex}`] })),
  ...both((sex): HeadRow => ({ sex, headgear: 'bandana', with: ['shirt', 'sleeveless_shirt', 'vest'], layers: [`head/bandanas/${sex}/red`] })),
  ...['gold', 'silver', 'purple'].map((metal): HeadRow => ({ sex: 'female', headgear: 'tiara', with: ['dress'], layers: [`head/tiaras_female/${metal}`] })),
];
/** Under these the hair is hidden (nearly so under the wide brim of the iron hat). */
export const HIDES_HAIR: ReadonlySet<Headgear> = new Set(['steel_helmet', 'gold_helmet', 'chain_hood', 'cloth_hood', 'iron_hat']);
const UNDER_CLOTH: readonly HairStyle[] = ['short', 'shoulder', 'long', 'ponytail', 'pigtails'];
/** Hair of which at least 66 pixels still show under the headgear, from every side; without headgear the least is a mohawk's 46. */
export const HAIR_UNDER: Partial<Record<Headgear, readonly HairStyle[]>> = { leather_hat: ['long'], bandana: UNDER_CLOTH, tiara: UNDER_CLOTH };

/** Gloves, which are worn with armour only. */
export const HANDS_ROWS: readonly HandsRow[] = [
  ...both((sex): HandsRow => ({ sex, with: 'plate_armor', layers: [`hands/gloves/${sex}/metal_gloves_${sex}`] })),
  ...both((sex): HandsRow => ({ sex, with: 'gold_armor', layers: [`hands/gloves/${sex}/golden_gloves_${sex}`] })),
];

/** Oversize weapons do not fit a 64×64 cell; the wands have no listed author. */
export const WEAPON_ROWS: readonly WeaponRow[] = [
  ...both((sex): WeaponRow => ({ sex, weapon: 'spear', behind: [], layers: [`weapons/right hand/${sex}/spear_${sex}`] })),
  ...both((sex): WeaponRow => ({ sex, weapon: 'dagger', behind: [], layers: [`weapons/right hand/${sex}/dagger_${sex}`] })),
  ...['bow', 'greatbow', 'recurvebow'].flatMap((bow) => both((sex): WeaponRow => ({ sex, weapon: 'bow', behind: ['behind_body/equipment/quiver'],
    layers: [`weapons/right hand/either/${bow}`, 'weapons/left hand/either/arrow'] }))),
];

/** Every layer that some row asks for. */
export function layersWanted(): Set<string> {
  const rows: readonly Row[] = [...BODIES, ...HAIRS, ...BEARDS, ...OUTFITS, ...LEGS_ROWS, ...FEET_ROWS, ...HEADGEAR_ROWS, ...HANDS_ROWS, ...WEAPON_ROWS];
  const wanted = new Set(rows.flatMap((row) => row.layers));
  for (const outfit of OUTFITS) for (const layer of outfit.under ?? []) wanted.add(layer);
  for (const weapon of WEAPON_ROWS) for (const layer of weapon.behind) wanted.add(layer);
  return wanted;
}
