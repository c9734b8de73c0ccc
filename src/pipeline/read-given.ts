/**
 * @file What a film is given, read and brought to its size before any weights are loaded, so that a wrong file is known at once. From here on files do not matter:
 * context.ts makes of it what the model sees.
 */
import { basename } from 'node:path';
import { InputError } from '../core/errors.ts';
import { checkFrames, toRgb, type Frames } from '../media/frames.ts';
import type { FittedImage, GivenParts } from './sampling/context.ts';
import type { FilmSettings, PlacedClip } from './settings/film-options.ts';
import { imageName } from './settings/given.ts';

/** What shows through where given pictures are transparent, sRGB bytes. */
const PAPER = [255, 255, 255] as const;

/** At the film's size: a whole-numbered enlargement is undone exactly, anything else is cut to shape and resampled. */
async function fitted(film: Frames, { width, height }: FilmSettings): Promise<Frames> {
  const { fitFrames } = await import('../media/resize.ts'), enlarged = film.width % width === 0 && film.width / width === film.height / height;
  return fitFrames(film, { width, height, kernel: enlarged ? 'nearest' : 'lanczos3' });
}

/** A given picture or film as the model gets to see it; what is lost on the way is added to `notes`. */
async function pictured(what: string, film: Frames, s: FilmSettings, notes: string[]): Promise<Frames> {
  const scale = Math.max(s.width / film.width, s.height / film.height), width = Math.round(s.width / scale), height = Math.round(s.height / scale);
  if (film.channels === 4) notes.push(`${what} is transparent in places: white stands there`);
  if (width < film.width || height < film.height)
    notes.push(`${what} is ${film.width}x${film.height}, another shape than the film's ${s.width}x${s.height}: its middle is used, ${width}x${height}`);
  return fitted(toRgb(film, PAPER), s);
}

/** Reads the images and brings them to the film's size. */
async function readImages(s: FilmSettings, notes: string[]): Promise<FittedImage[]> {
  if (s.images.length === 0) return [];
  const { readImage, roomToRead } = await import('../media/read.ts');
  const out: FittedImage[] = [];
  for (const { frame, ...source } of s.images) {
    const image = 'file' in source ? await readImage(source.file, { mostBytes: roomToRead() }) : checkedImage(source.image);
    out.push({ image: await pictured(`image ${imageName(source)}`, image, s, notes), frame, name: 'file' in source ? basename(source.file) : source.name ?? null });
  }
  return out;
}

function checkedImage(image: Frames): Frames {
  checkFrames(image);
  if (image.count !== 1) throw new InputError(`an image in memory has ${image.count} frames: wanted one, as sliceFrames gives`);
  return image;
}

/** Reads and fits all of it. */
export async function readGiven(s: FilmSettings): Promise<GivenParts> {
  const clips: PlacedClip[] = [], notes: string[] = [];
  for (const { clip, frame } of s.clips) clips.push({ clip: await pictured('the given film', clip, s, notes), frame });
  const source = s.source && { film: await pictured('the given film', s.source.film, s, notes), region: s.source.mask && await regionOf(s.source.mask, s) };
  return { images: await readImages(s, notes), clips, source, notes: [...new Set(notes)] };
}

/** Where a mask is bright: half of white and more; what is transparent is dark. Throws an InputError when that is nowhere. */
async function regionOf(mask: Frames, s: FilmSettings): Promise<Uint8Array> {
  const { data } = await fitted(toRgb(mask), s), region = new Uint8Array(s.width * s.height);
  for (let i = 0; i < region.length; i++) region[i] = data[3 * i]! + data[3 * i + 1]! + data[3 * i + 2]! >= 3 * 128 ? 1 : 0;
  if (!region.includes(1)) throw new InputError('the mask is dark everywhere: it is bright where the film is to be made again');
  return region;
}
