/**
 * @file Configuration of the judge of sprite films, and the closed sets that it reads.
 */
import { oneOf } from '../../core/errors.ts';

/** What the judge reads, in the order of its heads. */
export const ATTRIBUTES = ['action', 'facing', 'hair', 'garment'] as const;
export type Attribute = (typeof ATTRIBUTES)[number];

/** Classes of each attribute, in the order of the logits. */
export type JudgeClasses = { readonly [A in Attribute]: readonly string[] };

/** Shape of a judge. */
export interface JudgeConfig {
  readonly classes: JudgeClasses;
  /** Pixels of a side of its square frames. */
  readonly side: number;
  /** Frames that it looks at, spread evenly over the clip. */
  readonly frames: number;
  /** Channels at a quarter, an eighth and a sixteenth of the side. */
  readonly channels: readonly [number, number, number];
  /** Residual blocks at an eighth, and at a sixteenth. */
  readonly blocks: readonly [number, number];
  /** Features of one frame. */
  readonly features: number;
  /** Hidden width of each attribute's head. */
  readonly hidden: number;
}

/** Index of a class; throws an InputError that lists the members. */
export const classIndex = (c: JudgeConfig, attribute: Attribute, name: string): number => c.classes[attribute].indexOf(oneOf(attribute, name, c.classes[attribute]));

/** Frames of a clip of `count` frames that the judge looks at: the first, the last, and evenly between; repeated when there are fewer. */
export const framesSeen = (count: number, seen: number): number[] => Array.from({ length: seen }, (_, i) => Math.round((i * (count - 1)) / Math.max(1, seen - 1)));
