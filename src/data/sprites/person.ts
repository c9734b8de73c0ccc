/**
 * @file Draws one dressed character: garment first (uniform), then body, hair and the rest that fit it and the action.
 * A world's closet holds the wardrobe rows whose layers exist and are drawn for the action, so a sheet without thrust and
 * shoot ("no_th-sh") can never be worn while thrusting or shooting. Every character has a torso, legs and feet.
 */
import type { Draws } from '../../core/random.ts';
import type { SpriteWorld } from './load.ts';
import type { CharacterLabels } from './spec.ts';
import { ACTIONS, GARMENTS, HAIR_COLOURS, HAIR_STYLES, SEXES, type Action, type Facing, type Garment, type HairColour, type Sex, type Weapon } from './vocabulary.ts';
import {
  BEARDS, BODIES, FEET_ROWS, HAIRS, HAIR_UNDER, HANDS_ROWS, HEADGEAR_ROWS, HIDES_HAIR, LEGS_ROWS, OUTFITS, WEAPON_ROWS,
  type BeardRow, type BodyRow, type FeetRow, type HairRow, type HandsRow, type HeadRow, type LegsRow, type OutfitRow, type WeaponRow,
} from './wardrobe.ts';

/** What there is to wear, for one action and sex. */
interface Closet {
  readonly bodies: readonly BodyRow[];
  readonly outfits: readonly OutfitRow[];
  readonly hairs: ReadonlyMap<HairColour, readonly HairRow[]>;
  readonly beards: readonly BeardRow[];
  readonly legs: readonly LegsRow[];
  readonly feet: readonly FeetRow[];
  readonly headgear: readonly HeadRow[];
  readonly hands: readonly HandsRow[];
  readonly weapons: readonly WeaponRow[];
}
type Closets = ReadonlyMap<Action, Readonly<Record<Sex, Closet>>>;
const closetsOf = new WeakMap<SpriteWorld, Closets>();

/** The weapon that an action needs. */
const NEEDS: Record<Action, Weapon | null> = { walk: null, spellcast: null, thrust: 'spear', slash: 'dagger', shoot: 'bow', fall: null };
const HELM_CHANCE = 0.14, BALD_CHANCE = 0.03, BEARD_CHANCE = 0.15, CARRY_CHANCE = 0.1;

function closets(world: SpriteWorld): Closets {
  const known = closetsOf.get(world);
  if (known) return known;
  const made = new Map(ACTIONS.map((action) => {
    const closet = (sex: Sex): Closet => {
      const fits = <R extends { sex: Sex; layers: readonly string[] }>(rows: readonly R[]): R[] => rows.filter((r) => r.sex === sex && world.covers(r.layers, action));
      const hairs = new Map<HairColour, HairRow[]>();
      for (const row of fits(HAIRS)) hairs.set(row.colour, [...(hairs.get(row.colour) ?? []), row]);
      return {
        bodies: fits(BODIES), outfits: fits(OUTFITS).filter((o) => o.under === null || world.covers(o.under, action)), hairs,
        beards: fits(BEARDS), legs: fits(LEGS_ROWS), feet: fits(FEET_ROWS), headgear: fits(HEADGEAR_ROWS), hands: fits(HANDS_ROWS), weapons: fits(WEAPON_ROWS),
      };
    };
    return [action, { male: closet('male'), female: closet('female') }] as const;
  }));
  closetsOf.set(world, made);
  return made;
}

const dressable = (c: Closet, action: Action): boolean =>
  c.bodies.length > 0 && c.outfits.length > 0 && c.legs.length > 0 && c.feet.length > 0
  && (NEEDS[action] === null || c.weapons.some((w) => w.weapon === NEEDS[action]));

/** The actions for which the world holds all that a character needs. */
export function actionsOf(world: SpriteWorld): Action[] {
  return ACTIONS.filter((action) => SEXES.some((sex) => dressable(closets(world).get(action)![sex], action)));
}

/** A row chosen by its word first, so that three shades of black are no likelier than one of red. */
function pickBy<R>(d: Draws, rows: readonly R[], word: (row: R) => string): R {
  const chosen = d.pick([...new Set(rows.map(word))]);
  return d.pick(rows.filter((row) => word(row) === chosen));
}

/** A dressed character: labels without `travels`, and its layers, the lowest first. */
export interface Person { readonly labels: Omit<CharacterLabels, 'travels'>; readonly layers: readonly string[] }

/** Draws a character for an action and a facing that exist in the world. */
export function drawPerson(d: Draws, world: SpriteWorld, action: Action, facing: Facing): Person {
  const byAction = closets(world).get(action)!;
  const sexes = SEXES.filter((sex) => dressable(byAction[sex], action));
  const garment: Garment = d.pick(GARMENTS.filter((g) => sexes.some((sex) => byAction[sex].outfits.some((o) => o.garment === g))));
  const sex = d.pick(sexes.filter((s) => byAction[s].outfits.some((o) => o.garment === garment)));
  const closet = byAction[sex];
  const outfit = pickBy(d, closet.outfits.filter((o) => o.garment === garment), (o) => o.colour);

  const wish = d.uniform();                                    // 92 % humans, 5 % orcs, 3 % skeletons
  const folk = wish < 0.92 ? 'human' : wish < 0.97 ? 'orc' : 'skeleton';
  const kin = closet.bodies.filter((b) => b.folk === folk);
  const body = pickBy(d, kin.length > 0 ? kin : closet.bodies, (b) => b.skin);

  const hats = closet.headgear.filter((h) => h.with.includes(garment));
  const hat = hats.length > 0 && body.folk !== 'orc' && d.chance(HELM_CHANCE) ? pickBy(d, hats, (h) => h.headgear) : null;
  const hair = drawHair(d, closet, body, hat);
  const shade = hair?.layers[0]!.split('/').at(-1);
  const beards = closet.beards.filter((b) => b.layers[0]!.endsWith(`/${shade}`));
  const beard = sex === 'male' && body.folk === 'human' && facing !== 'away' && hair && beards.length > 0 && d.chance(BEARD_CHANCE) ? beards[0]! : null;

  const legs = outfit.under === null ? drawLegs(d, closet, outfit) : null;
  const feet = drawFeet(d, closet, garment);
  const hands = closet.hands.find((h) => h.with === garment);
  const gloves = hands !== undefined && d.chance(0.6) ? hands : null;
  const weapon = drawWeapon(d, closet, action, facing);

  return {
    labels: {
      action, facing, sex, folk: body.folk, skin: body.skin, hairStyle: hair?.style ?? null, hairColour: hair?.colour ?? null, beard: beard !== null,
      garment, garmentColour: outfit.colour, legs: legs?.legs ?? null, legsColour: legs?.colour ?? null,
      feet: feet.feet, feetColour: feet.colour, headgear: hat?.headgear ?? null, weapon: weapon?.weapon ?? null,
    },
    layers: [
      ...(weapon?.behind.filter((layer) => world.covers([layer], action)) ?? []), ...body.layers, ...(beard?.layers ?? []), ...feet.layers,
      ...(legs?.layers ?? outfit.under ?? []), ...outfit.layers, ...(hair?.layers ?? []), ...(hat?.layers ?? []), ...(gloves?.layers ?? []), ...(weapon?.layers ?? []),
    ],
  };
}

const WEAPON_LAYERS: ReadonlySet<string> = new Set(WEAPON_ROWS.flatMap((row) => [...row.behind, ...row.layers]));

/** The same person in another action, with the weapon that it needs and no other; null when something worn is not drawn for it. */
export function inAction(d: Draws, world: SpriteWorld, { labels, layers }: Person, action: Action, facing: Facing): Person | null {
  const worn = layers.filter((layer) => !WEAPON_LAYERS.has(layer)), closet = closets(world).get(action)![labels.sex];
  if (!world.covers(worn, action) || !dressable(closet, action)) return null;
  const weapon = NEEDS[action] === null ? null : drawWeapon(d, closet, action, facing);
  return {
    labels: { ...labels, action, facing, weapon: weapon?.weapon ?? null, beard: labels.beard && facing !== 'away' },
    layers: [...(weapon?.behind.filter((layer) => world.covers([layer], action)) ?? []), ...worn, ...(weapon?.layers ?? [])],
  };
}

function drawHair(d: Draws, closet: Closet, body: BodyRow, hat: HeadRow | null): HairRow | null {
  if (body.folk === 'skeleton' || (hat !== null && HIDES_HAIR.has(hat.headgear))) return null;
  if (hat === null && body.sex === 'male' && d.chance(BALD_CHANCE)) return null;
  const colours = HAIR_COLOURS.filter((colour) => closet.hairs.has(colour));
  if (colours.length === 0) return null;
  const rows = closet.hairs.get(d.pick(colours))!.filter((row) => hat === null || HAIR_UNDER[hat.headgear]?.includes(row.style));
  if (rows.length === 0) return null;
  const styles = HAIR_STYLES.filter((style) => rows.some((row) => row.style === style));
  const weights = styles.map((style) => (style === 'long' || style === 'short' ? 2 : 1));
  let at = d.uniform() * weights.reduce((a, b) => a + b, 0), i = 0;
  while (i < styles.length - 1 && at >= weights[i]!) at -= weights[i++]!;
  return d.pick(rows.filter((row) => row.style === styles[i]));
}

function drawLegs(d: Draws, closet: Closet, outfit: OutfitRow): LegsRow {
  const armour = closet.legs.find((row) => row.legs === (outfit.garment === 'plate_armor' ? 'steel_greaves' : outfit.garment === 'gold_armor' ? 'gold_greaves' : null));
  if (armour && d.chance(0.6)) return armour;
  // A brown shirt and a skirt are a robe.
  const skirted = !['vest', 'plate_armor', 'gold_armor'].includes(outfit.garment) && !(outfit.garment === 'shirt' && outfit.colour === 'brown');
  const cloth = closet.legs.filter((row) => row.legs === 'pants' || (row.legs === 'skirt' && skirted));
  return d.pick(cloth.length > 0 ? cloth : closet.legs);
}

function drawFeet(d: Draws, closet: Closet, garment: Garment): FeetRow {
  const armour = closet.feet.find((row) => row.feet === (garment === 'plate_armor' ? 'steel_boots' : garment === 'gold_armor' ? 'gold_boots' : null));
  if (armour && d.chance(0.6)) return armour;
  const shoes = closet.feet.filter((row) => row.feet === 'shoes');
  return d.pick(shoes.length > 0 ? shoes : closet.feet);
}

function drawWeapon(d: Draws, closet: Closet, action: Action, facing: Facing): WeaponRow | null {
  const need = NEEDS[action];
  if (need !== null) return pickBy(d, closet.weapons.filter((w) => w.weapon === need), (w) => w.layers[0]!);
  const carried = closet.weapons.filter((w) => w.weapon !== 'dagger' || facing !== 'away');   // a body hides its dagger
  return action === 'walk' && carried.length > 0 && d.chance(CARRY_CHANCE) ? pickBy(d, carried, (w) => w.weapon) : null;
}
