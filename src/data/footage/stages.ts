/** @file The stages of an ingest that can be left out, and the reasons for which something is refused: two closed sets. */

/** Stages that can be left out, in the order in which they run, each with what it does. */
export const STAGES = {
  cuts: 'ends a shot at a hard cut',
  bars: 'cuts black bars off',
  dark: 'refuses what is dark',
  still: 'refuses what stands still',
  flicker: 'refuses brightness that jumps',
  text: 'refuses pictures that text covers',
  duplicates: 'refuses what resembles a clip that was kept',
  motion: 'measures how the camera and what it sees move',
  name: 'takes words from the file’s name where no caption is given',
  tags: 'writes what was measured into captions that are not given',
} as const;
export type Stage = keyof typeof STAGES;

/** Why something was refused: by a stage, or because it is `short`, `small`, has no `caption`, or its file cannot be read (`file`). */
export const REFUSALS = ['dark', 'still', 'flicker', 'text', 'short', 'small', 'duplicates', 'caption', 'file'] as const;
/** See {@link REFUSALS}. */
export type Refusal = (typeof REFUSALS)[number];
