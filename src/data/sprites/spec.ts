/**
 * @file What determines a clip, as plain data, and the labels that are read off it.
 * A ClipSpec holds both the layers to draw and the words for them, so captions and labels need no sheet.
 */
import type {
  Action, Colour, Facing, Feet, Folk, Garment, GroundColour, GroundKind, HairColour, HairStyle, Headgear, Legs, Relation, Sex, Skin, Split, Weapon,
} from './vocabulary.ts';

/** When the sheet's frames are shown. Film frame t shows a walk's frame 1 + (start + t) mod 8, another action's start + t until its last. */
export interface Timing { readonly start: number }

/** Where the 64×64 cell stands: its top left corner in film frame 0 and its movement, pixels and pixels a frame. */
export interface Place { readonly x: number; readonly y: number; readonly dx: number; readonly dy: number }

/** What a character is, does and wears: the words. */
export interface CharacterLabels {
  readonly action: Action;
  readonly facing: Facing;
  readonly sex: Sex;
  readonly folk: Folk;
  readonly skin: Skin;
  /** Null when bald or hidden by headgear. */
  readonly hairStyle: HairStyle | null;
  readonly hairColour: HairColour | null;
  readonly beard: boolean;
  readonly garment: Garment;
  readonly garmentColour: Colour;
  /** Null when the garment covers the legs. */
  readonly legs: Legs | null;
  readonly legsColour: Colour | null;
  readonly feet: Feet;
  readonly feetColour: Colour;
  readonly headgear: Headgear | null;
  readonly weapon: Weapon | null;
  /** True when the character moves over the ground. */
  readonly travels: boolean;
}

/** What a character does: its words, its layers, and when they are shown. */
export interface DeedSpec {
  readonly labels: CharacterLabels;
  /** Names of layers, the lowest first. */
  readonly layers: readonly string[];
  readonly timing: Timing;
}

/** One dressed character, where it stands, and what it goes on to do from film frame `from` on. */
export interface CharacterSpec extends DeedSpec {
  readonly place: Place;
  readonly next?: DeedSpec & { readonly from: number };
}

/** The ground behind the characters. */
export interface GroundSpec {
  readonly kind: GroundKind;
  /** One colour (plain, brick, grass, planks) or two (fades: top to bottom, left to right; checker). */
  readonly colours: readonly GroundColour[];
  /** Side of a tile, pixels. */
  readonly tile: number;
  /** Added to every channel: −12 … 12. */
  readonly shade: number;
  /** Shift of the pattern, pixels. */
  readonly shift: readonly [number, number];
}

/** Everything that decides a clip; rendering and captions are functions of it. */
export interface ClipSpec {
  readonly split: Split;
  /** Pixels. */
  readonly canvas: { readonly width: number; readonly height: number };
  readonly frames: number;
  /** Frames a second. */
  readonly fps: 8;
  readonly ground: GroundSpec;
  /** From left to right in film frame 0. */
  readonly characters: readonly CharacterSpec[];
  readonly relation: Relation;
}

/** The clip as its words stand once every character does what it goes on to do. */
export const afterChange = (spec: ClipSpec): ClipSpec => ({ ...spec, characters: spec.characters.map(({ next, ...character }) => ({ ...character, ...next })) });
