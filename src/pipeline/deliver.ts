/**
 * @file From decoded chunks to the film as it is delivered: bytes, cut to length, one palette, whole-numbered enlargement. Without a palette frames
 * pass through as they come; with one the native frames are held (3 bytes a pixel), since the palette is that of the whole film.
 */
import { fromModel, sliceFrames, upscaleNearest, type Frames } from '../media/frames.ts';
import { ColourCounter, mapPalette, quantizePalette } from '../media/palette.ts';
import type { FilmSettings } from './settings.ts';

/** Video `[3, t, H, W]` in [−1, 1], chunk by chunk → exactly `frames` frames as bytes, native size. */
async function* nativeFrames(chunks: AsyncIterable<Float32Array>, s: FilmSettings): AsyncGenerator<Frames> {
  let left = s.frames;
  for await (const chunk of chunks) {
    const count = chunk.length / (3 * s.width * s.height);
    const frames = fromModel(chunk, { count, width: s.width, height: s.height, channels: 3, fps: s.fps });
    yield count > left ? sliceFrames(frames, 0, left) : frames;
    left -= count;
  }
}

/** Frames as they are delivered, as early as they can be. `seed` of the palette is the film's. */
export async function* deliveredFrames(chunks: AsyncIterable<Float32Array>, s: FilmSettings, onDecoded: (frames: number) => void): AsyncGenerator<Frames> {
  const counter = new ColourCounter(), held: Frames[] = [];
  let decoded = 0;
  for await (const frames of nativeFrames(chunks, s)) {
    onDecoded(decoded += frames.count);
    if (s.palette === 0) yield upscaleNearest(frames, s.scale);
    else { counter.add(frames); held.push(frames); }
  }
  if (s.palette === 0) return;
  const palette = quantizePalette(counter, { colours: s.palette, seed: s.seed });
  for (const frames of held) yield upscaleNearest(mapPalette(frames, palette), s.scale);
}
