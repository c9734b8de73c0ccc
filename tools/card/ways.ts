/**
 * @file The films of the guide to ways: `npx tsx tools/card/ways.ts [folder [way …]]` writes docs/guide/films/<way>.webp, of all ways or of those named, with the model that
 * ships. Frames that were given have a bright edge; where a film is made from another, that one stands at its left.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { oneOf } from '../../src/core/errors.ts';
import { concatFrames, sliceFrames, upscaleNearest, type Frames } from '../../src/media/frames.ts';
import { writeFilm } from '../../src/media/sink.ts';
import { openPipeline } from '../../src/pipeline/pipeline.ts';
import type { FilmWays } from '../../src/pipeline/settings/ways.ts';

const SCALE = 2, EDGE = 4, GIVEN = [240, 200, 40], MADE = [40, 40, 44];
const HEAD_ROWS = [8, 36] as const;

/** The film, larger, with an edge that tells in which frames it was given. */
function framed(film: Frames, given: (t: number) => boolean = () => false): Frames {
  const inner = upscaleNearest(film, SCALE), width = inner.width + 2 * EDGE, height = inner.height + 2 * EDGE, data = new Uint8Array(film.count * width * height * 3);
  for (let t = 0; t < film.count; t++) {
    const colour = given(t) ? GIVEN : MADE, frame = data.subarray(t * width * height * 3, (t + 1) * width * height * 3);
    for (let i = 0; i < frame.length; i += 3) frame.set(colour, i);
    for (let y = 0; y < inner.height; y++) {
      const row = (t * inner.height + y) * inner.width * 3;
      frame.set(inner.data.subarray(row, row + inner.width * 3), ((y + EDGE) * width + EDGE) * 3);
    }
  }
  return { ...inner, data, width, height };
}

/** Films beside each other; shorter ones wait at their end. */
function beside(films: readonly Frames[]): Frames {
  const count = Math.max(...films.map((f) => f.count)), width = films.reduce((sum, f) => sum + f.width, 0), { height, fps } = films[0]!;
  const data = new Uint8Array(count * height * width * 3);
  for (let t = 0; t < count; t++) for (let y = 0; y < height; y++) {
    let at = (t * height + y) * width * 3;
    for (const f of films) {
      const row = (Math.min(t, f.count - 1) * height + y) * f.width * 3;
      data.set(f.data.subarray(row, row + f.width * 3), at);
      at += f.width * 3;
    }
  }
  return { data, count, width, height, channels: 3, fps };
}

const [out = 'docs/guide/films', ...named] = process.argv.slice(2);
await mkdir(out, { recursive: true });
using pipeline = await openPipeline({});
async function make(o: FilmWays, count = 1): Promise<Frames[]> {
  const films: Frames[] = [];
  for await (const { film } of pipeline.films({ scale: 1, ...o }, count)) films.push(film!);
  return films;
}
const one = async (o: FilmWays): Promise<Frames> => (await make(o))[0]!;
const all = (): boolean => true, still = (image: Frames, count: number): Frames => concatFrames(Array.from({ length: count }, () => image));

const walk = await one({ prompt: 'a woman with long red hair in a blue dress walks to the left', seed: 10 }), orc = await one({ prompt: 'an orc casts a spell', seed: 10 });
const first = sliceFrames(walk, 0, 1), last = sliceFrames(walk, walk.count - 1), half = sliceFrames(walk, 0, 9);
const rowOf = (i: number): number => Math.floor(i / (first.width * 3));
/** Bright over a head's rows. */
const mask: Frames = { ...first, data: Uint8Array.from(first.data, (_, i) => (rowOf(i) >= HEAD_ROWS[0] && rowOf(i) < HEAD_ROWS[1] ? 255 : 0)) };

const FILMS: Readonly<Record<string, () => Promise<Frames>>> = {
  image: async () => beside([framed(still(first, 17), all), framed(await one({ prompt: 'a woman casts a spell', seed: 2, images: [{ image: first }] }), (t) => t === 0)]),
  keyframes: async () => {
    const film = await one({ prompt: 'a woman walks to the left', seed: 5, images: [{ image: first }, { image: last, frame: 'last' }] });
    return framed(film, (t) => t === 0 || t === film.count - 1);
  },
  extend: async () => framed(await one({ video: { film: half }, prompt: 'a woman walks to the left', extend: 2, seed: 7 }), (t) => t < half.count),
  'extend-before': async () => framed(await one({ video: { film: half }, prompt: 'a woman walks to the left', extendBefore: 1, seed: 7 }), (t) => t >= 8),
  loop: async () => { const film = await one({ prompt: 'a knight walks to the right', frames: 24, loop: true, seed: 1 }); return framed(concatFrames([film, film])); },
  connect: async () => framed(await one({
    connect: [{ film: walk }, { film: orc }], seconds: 2, seed: 1, prompt: 'a woman walks to the left', shots: [{ frame: 33, prompt: 'an orc casts a spell' }],
  }), (t) => t < 17 || t >= 33),
  edit: async () => beside([framed(walk, all), framed(await one({
    video: { film: walk }, prompt: 'a woman with long red hair in plate armor walks to the left', strength: 0.8, seed: 7,
  }))]),
  mask: async () => beside([
    framed(walk, all), framed(still(mask, 17), all),
    framed(await one({ video: { film: walk }, prompt: 'a woman with long green hair in a blue dress walks to the left', mask: { image: mask }, seed: 7 })),
  ]),
  vary: async () => beside((await make({ prompt: 'a knight walks to the right', seed: 7, vary: { amount: 0.3, seed: 1 } }, 3)).map((f) => framed(f))),
  remix: async () => beside([framed(walk), framed(await one({ prompt: 'a woman with long red hair in a blue dress falls down', seed: 10 }))]),
  storyboard: async () => framed(await one({
    seed: 1,
    storyboard: {
      seconds: 8, shots: [
        { at: 0, prompt: 'a knight walks to the right' },
        { at: 3, prompt: 'a knight casts a spell, facing right', join: 'free' },
        { at: 6, prompt: 'a skeleton falls down', join: 'blend' },
      ],
    },
  })),
};
for (const name of named) oneOf('way', name, Object.keys(FILMS));
for (const [name, film] of Object.entries(FILMS)) {
  if (named.length > 0 && !named.includes(name)) continue;
  const frames = await film();
  await writeFilm(join(out, `${name}.webp`), frames);
  console.log(`${name}: ${frames.count} frames`);
}
