/**
 * @file From what a prompt tells of a character to one that could stand in a clip: what was not told is drawn from the wardrobe, so that it fits what was
 * (no robe while shooting, no trousers under a dress, no hair under a helmet). Each choice is a function of the prompt's facts and of nothing else.
 */
import { draws } from '../../core/random.ts';
import type { Told } from './caption-plan.ts';
import type { Facts } from './facts.ts';
import type { CharacterReading } from './reader-character.ts';
import type { CharacterLabels } from './spec.ts';
import { COLOURS, GARMENTS, HAIR_COLOURS, type Action, type Facing, type Garment, type Sex } from './vocabulary.ts';
import { FEET_ROWS, HAIRS, HAIR_UNDER, HEADGEAR_ROWS, HIDES_HAIR, LEGS_ROWS, OUTFITS, type OutfitRow } from './wardrobe.ts';

/** A character with everything, and what of it the caption tells. */
export interface Dressed { readonly who: CharacterLabels; readonly told: Told }

/** Options of {@link dress}. */
export interface DressOptions {
  /** What must not be chosen. */
  readonly lacks: Facts;
  /** Told apart by which the draws differ: the facts of all characters, and the index of this one. */
  readonly key: string;
  /** False: nothing is told that the prompt does not tell. Default true. */
  readonly fill: boolean;
  /** Where it turns if nothing is told. Default: drawn. */
  readonly turned?: Facing;
}

/** Garments that no colour belongs to by nature. */
const SAYS_ANY_COLOUR: ReadonlySet<Garment> = new Set(['shirt', 'sleeveless_shirt', 'dress']);
/** Not for thrusting and shooting, when the sheets lack those rows. */
const drawnFor = (row: OutfitRow, action: Action): boolean => (action !== 'thrust' && action !== 'shoot') || !row.layers.some((layer) => layer.includes('no_th-sh'));

/** Completes a character. What is told is never changed. */
export function dress({ facts, implies }: CharacterReading, { lacks, key, fill, turned }: DressOptions): Dressed {
  const pick = <T>(what: string, from: readonly T[]): T => draws({ seed: 0, stream: `expand/${what}/${key}`, step: 0 }).pick(from);
  const allowed = <T>(list: readonly T[], not: T | undefined): readonly T[] => { const left = list.filter((x) => x !== not); return left.length > 0 ? left : list; };
  const folk = facts.folk ?? 'human', action = facts.action ?? implies.action ?? 'walk';
  const facing = facts.facing ?? (action === 'fall' ? 'towards' : turned ?? pick('facing', allowed(['left', 'right', 'towards'] as const, lacks.facing as 'left')));

  const sex = facts.sex ?? sexOf(facts) ?? (folk === 'skeleton' ? 'male' : undefined)
    ?? (lacks.sex ? (lacks.sex === 'male' ? 'female' : 'male') : pick<Sex>('sex', ['male', 'female']));
  const outfit = chooseOutfit();
  const garment = facts.garment ?? outfit.garment, garmentColour = facts.garmentColour ?? outfit.colour;

  const usual = HEADGEAR_ROWS.find((row) => row.headgear === implies.headgear && row.with.includes(garment) && row.headgear !== lacks.headgear)?.headgear;
  const headgear = facts.headgear ?? usual ?? null;
  const showsHair = folk !== 'skeleton' && !facts.bald && !(headgear && HIDES_HAIR.has(headgear));
  const styles = HAIRS.filter((row) => row.sex === sex && (!headgear || HAIR_UNDER[headgear]?.includes(row.style))).map((row) => row.style);
  const hairColour = facts.hairColour ?? (showsHair ? pick('hair', allowed(HAIR_COLOURS, lacks.hairColour)) : null);
  const hairStyle = facts.hairStyle ?? (hairColour && styles.length > 0 ? pick('style', allowed([...new Set(styles)], lacks.hairStyle)) : null);

  const bare = outfit.under !== null || garment === 'dress' || garment === 'robe';
  const legs = facts.legs ?? (bare ? null : garment === 'plate_armor' ? 'steel_greaves' : garment === 'gold_armor' ? 'gold_greaves' : 'pants');
  const legsColour = facts.legsColour ?? (legs ? pick('legs', LEGS_ROWS.filter((row) => row.legs === legs).map((row) => row.colour)) : null);
  const feet = facts.feet ?? (garment === 'plate_armor' ? 'steel_boots' : garment === 'gold_armor' ? 'gold_boots' : 'shoes');
  const feetColour = facts.feetColour ?? pick('feet', FEET_ROWS.filter((row) => row.feet === feet).map((row) => row.colour));

  const has = (key: keyof Facts): boolean => facts[key] !== undefined;
  return {
    who: {
      action, facing, sex, folk, skin: facts.skin ?? (folk === 'orc' ? 'green' : folk === 'skeleton' ? 'bone' : 'light'), hairStyle, hairColour, beard: has('beard'),
      garment, garmentColour, legs, legsColour, feet, feetColour, headgear, weapon: facts.weapon ?? null, travels: false,
    },
    told: {
      hairColour: hairColour !== null && (fill || has('hairColour') || has('hairStyle')),
      hairStyle: hairStyle !== null && (fill || has('hairStyle')), bald: has('bald'), beard: has('beard'),
      skin: has('skin') && folk !== 'skeleton', garment: fill || has('garment') || has('garmentColour'), headgear: headgear !== null && (fill || has('headgear')),
      legs: legs !== null && (fill || has('legs')), feet: fill || has('feet'), weapon: has('weapon'),
      facing: has('facing') || (fill && action !== 'fall'), onTheSpot: has('onTheSpot'),
    },
  };

  function chooseOutfit(): OutfitRow {
    const fits = (row: OutfitRow): boolean => drawnFor(row, action) && (facts.garment === undefined || row.garment === facts.garment);
    const hats = HEADGEAR_ROWS.filter((hat) => hat.headgear === facts.headgear && hat.sex === sex);
    const headed = (row: OutfitRow): boolean => facts.headgear === undefined || hats.some((hat) => hat.with.includes(row.garment));
    const coloured = (row: OutfitRow): boolean => facts.garmentColour === undefined || row.colour === facts.garmentColour;
    const wished = (row: OutfitRow): boolean => row.sex === sex && fits(row) && coloured(row) && (facts.garment !== undefined || row.garment !== lacks.garment);
    const attempts: readonly ((row: OutfitRow) => boolean)[] = [
      (row) => wished(row) && (implies.garment === undefined || facts.garment !== undefined ? headed(row) : row.garment === implies.garment),
      (row) => wished(row) && headed(row), wished,
      (row) => row.sex === sex && fits(row) && facts.garmentColour !== undefined && SAYS_ANY_COLOUR.has(row.garment),
      (row) => row.sex === sex && fits(row), fits, (row) => row.garment === facts.garment,
    ];
    const rows = attempts.map((attempt) => OUTFITS.filter(attempt)).find((found) => found.length > 0)!, garments = [...new Set(rows.map((row) => row.garment))];
    const worn = OUTFITS.filter((row) => row.sex === sex && facts.garment === undefined).map((row) => row.garment);
    const usual: Garment = pick('garment', GARMENTS.filter((name) => garments.includes(name) || worn.includes(name)));
    const chosen = garments.includes(usual) ? usual : pick('garment', garments);                   // the same for all deeds that it is drawn for
    const own = rows.filter((row) => row.garment === chosen);
    const colours = COLOURS.filter((colour) => own.some((row) => row.colour === colour) && (own.length === 1 || colour !== lacks.garmentColour));
    const colour = pick('colour', colours);
    return own.find((row) => row.colour === colour)!;
  }
}

/** The sex that a garment, a beard or pigtails leave open, if only one. */
function sexOf(facts: Facts): Sex | undefined {
  if (facts.beard || facts.legs === 'skirt') return 'male';
  if (facts.hairStyle === 'pigtails' || facts.headgear === 'tiara') return 'female';
  const sexes = new Set(OUTFITS.filter((row) => row.garment === facts.garment && (facts.garmentColour === undefined || row.colour === facts.garmentColour)).map((row) => row.sex));
  return sexes.size === 1 ? [...sexes][0] : undefined;
}
