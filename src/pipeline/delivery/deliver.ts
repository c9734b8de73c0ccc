/**
 * @file From native frames to the film as it is delivered: cut out of its ground, one palette, whole-numbered enlargement. Without a palette frames pass through as they
 * come; with one the native frames are held (3 or 4 bytes a pixel), since the palette is that of the whole film. What was given pixel for pixel stays so under a palette too.
 */
import { sliceFrames, upscaleNearest, type Frames } from '../../media/frames.ts';
import type { GroundKeyer } from '../../media/key.ts';
import { ColourCounter, paletteMapper, quantizePalette } from '../../media/palette.ts';
import type { FilmSettings } from '../settings/film-options.ts';

/** Frames at native size. */
export interface NativeFrames {
  readonly frames: Frames;
  /** For each of them whether its pixels were given, and for those that were made anew within a region the region `[H, W]`; null: all of it is new. */
  readonly given: true | Uint8Array | null;
}

/** Given pixels of `from` in place of those of `to`. */
function keepGiven(to: Frames, { frames: from, given }: NativeFrames): Frames {
  if (given === null) return to;
  if (given === true) return from;
  const data = to.data.slice(), { channels } = to;
  for (let i = 0, p = 0; p < data.length; i++, p += channels) if (!given[i % given.length]) data.set(from.data.subarray(p, p + channels), p);
  return { ...to, data };
}

/**
 * Frames as they are delivered, as early as they can be; a frame's bytes are used again for the one after it. RGBA with a `keyer`, which cuts them out. `seed` of the palette is
 * the film's.
 */
export async function* deliveredFrames(native: AsyncIterable<NativeFrames>, s: FilmSettings, keyer: GroundKeyer | null = null): AsyncGenerator<Frames> {
  const counter = new ColourCounter(), held: NativeFrames[] = [];
  let buffer: Uint8Array | undefined;                                   // enlarged frames are large: a new one each would wait for the collector by the hundred
  const enlarged = (frame: Frames): Frames => {
    const large = upscaleNearest(frame, s.scale, buffer);
    if (s.scale > 1) buffer = large.data;
    return large;
  };
  for await (const { frames: whole, given } of native) {
    const frames = keyer ? keyer.key(whole) : whole;
    if (s.palette === 0) for (let t = 0; t < frames.count; t++) yield enlarged(sliceFrames(frames, t, t + 1));
    else { counter.add(frames); held.push({ frames, given }); }
  }
  if (s.palette === 0) return;
  const map = paletteMapper(quantizePalette(counter, { colours: s.palette, seed: s.seed }));
  for (const part of held) for (let t = 0; t < part.frames.count; t++) {
    const frames = sliceFrames(part.frames, t, t + 1);
    yield enlarged(keepGiven(map(frames), { ...part, frames }));
  }
}
