/**
 * @file Given images, clips, sources and shots, checked and brought to their places in the film.
 */
import { InputError, oneOf } from '../../core/errors.ts';
import { integer, number } from '../../core/range.ts';
import { checkFrames } from '../../media/frames.ts';
import type { FilmOptions, GivenClip, GivenImage, GivenVariation, ImageSource, PlacedClip, PlacedImage, PlacedShot, PlacedSource } from './film-options.ts';
import { JOINS } from './timeline.ts';

/** Frames of a shot, at least. */
export const SHORTEST_SHOT = 9;
const DEFAULT_STRENGTH = 0.6;

/** A given image in an error's words. */
export const imageName = (source: ImageSource): string => ('file' in source ? source.file : 'in memory');

/** Images at their frames, in order; no frame twice. */
export function givenImages(images: readonly GivenImage[], frames: number): PlacedImage[] {
  const placed = images.map(({ frame = 0, ...source }) => {
    const at = frame === 'last' ? frames - 1 : frame;
    if (!Number.isInteger(at) || at < 0 || at >= frames) throw new InputError(`image ${imageName(source)} cannot be frame ${frame}: the film has frames 0 to ${frames - 1}`);
    return { ...source, frame: at };
  }).sort((a, b) => a.frame - b.frame);
  const twice = placed.find((a, i) => placed.findIndex((b) => b.frame === a.frame) !== i);
  if (twice) throw new InputError(`image ${imageName(twice)}: frame ${twice.frame} is given already`);
  return placed;
}

/** Clips at their first frames, in order, without overlap; something is left to be made. */
export function givenClips(clips: readonly GivenClip[], frames: number): PlacedClip[] {
  const placed = clips.map(({ clip, frame = 0 }) => {
    checkFrames(clip);
    const at = frame === 'end' ? frames - clip.count : frame;
    if (!Number.isInteger(at) || at < 0 || at + clip.count > frames)
      throw new InputError(`a given clip of ${clip.count} frames cannot begin at frame ${frame}: the film has frames 0 to ${frames - 1}`);
    return { clip, frame: at };
  }).sort((a, b) => a.frame - b.frame);
  for (const [i, { clip, frame }] of placed.slice(1).entries()) {
    const before = placed[i]!, end = before.frame + before.clip.count;
    if (frame < end) throw new InputError(`given clips overlap: frames ${before.frame} to ${end - 1} and ${frame} to ${frame + clip.count - 1}`);
  }
  if (placed.reduce((sum, { clip }) => sum + clip.count, 0) === frames) throw new InputError(`given clips are the whole film of ${frames} frames: nothing is left to be made`);
  return placed;
}

/** Throws an InputError for an image at a frame that a given clip holds already: it would be seen nowhere. */
export function checkSeen(images: readonly PlacedImage[], clips: readonly PlacedClip[]): void {
  for (const { frame, ...source } of images) {
    const under = clips.find((c) => frame >= c.frame && frame < c.frame + c.clip.count);
    if (under) throw new InputError(`image ${imageName(source)} cannot be frame ${frame}: a given film has frames ${under.frame} to ${under.frame + under.clip.count - 1}`);
  }
}

/** The source with its defaults; its length is the film's, and nothing else is given beside it. */
export function givenSource({ source, clips, loop }: FilmOptions, frames: number): PlacedSource | null {
  if (!source) return null;
  const { film, mask } = source;
  checkFrames(film);
  if (clips?.length) throw new InputError('a source and given clips exclude each other: what the source shows is all of the film');
  if (loop) throw new InputError('a source and a loop exclude each other: make the loop of the film that comes out');
  if (film.count !== frames) throw new InputError(`a source of ${film.count} frames cannot become a film of ${frames}: its length decides the film's`);
  if (mask) {
    checkFrames(mask);
    if (mask.count !== 1) throw new InputError(`a mask of ${mask.count} frames is not possible: wanted one`);
  }
  return { film, strength: number('strength', source.strength ?? (mask ? 1 : DEFAULT_STRENGTH), 0, 1), mask: mask ?? null };
}

/** Shots in order, the first with the film's own prompt; each has frames enough to be made. */
export function givenShots({ shots = [], reads }: FilmOptions, prompt: string, frames: number): PlacedShot[] {
  const placed: PlacedShot[] = [{ start: 0, join: 'cut', prompt, ...(reads ? { reads } : {}) }];
  for (const shot of shots) {
    const { start: before } = placed.at(-1)!, text = shot.prompt.trim();
    const first = before + SHORTEST_SHOT, last = frames - SHORTEST_SHOT;
    if (last < first)
      throw new InputError(`a shot cannot begin at frame ${shot.frame}: after the one at ${before} there is no room in ${frames} frames, each has ${SHORTEST_SHOT}`);
    if (!Number.isInteger(shot.frame) || shot.frame < first || shot.frame > last) {
      throw new InputError(`a shot cannot begin at frame ${shot.frame}: wanted ${first} to ${last}, `
        + `since the shot before begins at ${before} and each has ${SHORTEST_SHOT} frames`);
    }
    if (text === '') throw new InputError(`the shot at frame ${shot.frame} has an empty prompt`);
    placed.push({ start: shot.frame, join: oneOf('join', shot.join ?? 'free', JOINS), prompt: text, ...(shot.reads ? { reads: shot.reads } : {}) });
  }
  return placed;
}

/** The variation, its amount and seed checked. */
export function givenVariation(vary: GivenVariation | undefined): GivenVariation | null {
  if (!vary) return null;
  return { amount: number('vary', vary.amount, 0, 1), seed: integer('seed of the variation', vary.seed, 0, Number.MAX_SAFE_INTEGER) };
}
