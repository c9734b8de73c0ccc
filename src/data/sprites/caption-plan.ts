/** @file What a caption tells, before it is put in words: made by captions.ts, read by the grammars. */
import type { CharacterLabels, GroundSpec } from './spec.ts';
import type { CaptionStyle, Relation } from './vocabulary.ts';

/** Which facts of one character are told. */
export interface Told {
  readonly hairColour: boolean;
  readonly hairStyle: boolean;
  /** A bald head. */
  readonly bald: boolean;
  readonly beard: boolean;
  readonly skin: boolean;
  readonly garment: boolean;
  readonly headgear: boolean;
  readonly legs: boolean;
  readonly feet: boolean;
  /** A weapon carried on a walk; the other actions name theirs as they please. */
  readonly weapon: boolean;
  readonly facing: boolean;
  /** That a walk does not travel. */
  readonly onTheSpot: boolean;
}

/** One character of a caption: who it is, and what of it is told. */
export interface CharacterPlan {
  readonly who: CharacterLabels;
  readonly told: Told;
  /** Told for two characters that stand apart. */
  readonly side: 'left' | 'right' | null;
  /** A word for the garment's colour that the labels have no member for; only prompts hold one. */
  readonly garmentSaid?: string;
}

/** What a caption tells, before it is put in words. */
export interface CaptionPlan {
  readonly style: CaptionStyle;
  readonly characters: readonly CharacterPlan[];
  readonly relation: Relation;
  /** Null: the ground is left out. */
  readonly ground: GroundSpec | null;
  /** One frame: a pose instead of a deed. */
  readonly still: boolean;
}
