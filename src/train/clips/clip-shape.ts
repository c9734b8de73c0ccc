/** @file Kinds of clips by size, deeds and part, their names, and which single frames are kept beside them. */
import { InputError } from '../../core/errors.ts';
import { uniforms } from '../../core/random.ts';
import { DEEDS, type Deeds, type Split } from '../../data/sprites/world.ts';
import { latentFrames } from '../../models/vae/config.ts';

/** Size of the clips of one file. */
export interface ClipShape {
  readonly frames: number;
  readonly width: number;
  readonly height: number;
  /** So many frames of the clip's end, 4n + 1, encoded alone. */
  readonly ending?: number | undefined;
  /** Clips of such deeds (data/sprites/draw.ts). Default: any. */
  readonly deeds?: Deeds | undefined;
}

/** Single frames kept beside each clip. */
export const GIVEN_FRAMES = 3;

const clipName = (s: ClipShape): string => `${s.frames}x${s.width}x${s.height}${s.deeds === undefined ? '' : `@${s.deeds}`}`;

/** What a name of clips looks like. */
export const SHAPE_NAME = new RegExp(`^(\\d+)x(\\d+)x(\\d+)(?:@(${DEEDS.join('|')}))?(?:/(\\d+))?$`);

/** `17x64x64`; `17x64x64@fall`: clips of falls; `17x64x64/9`: the last nine frames of such clips. */
export const shapeName = (s: ClipShape): string => (s.ending === undefined ? clipName(s) : `${clipName(s)}/${s.ending}`);

/** The shape of a name; what a configuration's `clips` are called. */
export function shapeOf(name: string): ClipShape {
  const [, frames, width, height, deeds, ending] = SHAPE_NAME.exec(name) ?? [];
  if (frames === undefined) throw new InputError(`"${name}" names no clips: wanted such as 17x64x64, 17x64x64@fall, 17x64x64/9`);
  const size = { frames: Number(frames), width: Number(width), height: Number(height) };
  return { ...size, ...(deeds === undefined ? {} : { deeds: deeds as Deeds }), ...(ending === undefined ? {} : { ending: Number(ending) }) };
}

/** Latent frames kept of each clip: its own, and those of single frames beside it. */
export const keptFrames = (s: ClipShape): number => latentFrames(s.ending ?? s.frames) + (hasGiven(s) ? GIVEN_FRAMES : 0);

/** Of an image the only frame is the clip itself, an ending has none of its own, and beside deeds other than falls none are given. */
export const hasGiven = (s: ClipShape): boolean => s.frames > 1 && s.ending === undefined && (s.deeds === undefined || s.deeds === 'fall');

/** Stream whose step i is clip i of a shape's file; endings are of the same clips. */
export const clipStream = (split: Split, s: ClipShape): string => `dit/${split}/${clipName(s)}`;

/** Frames that are given beside clip `index`: first, last, and one drawn between. */
export function givenFrames(seed: number, split: Split, s: ClipShape, index: number): [number, number, number] {
  const u = uniforms({ seed, stream: `given/${clipStream(split, s)}`, step: index }, 1)[0]!;
  return [0, s.frames - 1, Math.min(s.frames - 1, Math.floor(u * s.frames))];
}
