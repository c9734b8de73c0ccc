/**
 * @file What a text tells of one character: labels of the sprite world, each only if it is told. Made by the reader of prompts (reader.ts), and by hand
 * for the sets that test it.
 */
import type { CharacterLabels } from './spec.ts';

/** Told labels. What is absent is not told; `true` stands for what is there (a beard) or lacking (hair: `bald`). */
export type Facts = {
  readonly [K in 'action' | 'facing' | 'sex' | 'folk' | 'skin' | 'garment' | 'garmentColour' | 'feet']?: CharacterLabels[K];
} & {
  readonly [K in 'hairStyle' | 'hairColour' | 'legs' | 'legsColour' | 'feetColour' | 'headgear' | 'weapon']?: NonNullable<CharacterLabels[K]>;
} & { readonly beard?: true; readonly bald?: true; readonly onTheSpot?: true };
