/**
 * @file A small set of own footage, drawn: a slime that hops, in four colours, both ways, on three grounds, 24 films in the kinds of files that people have
 * (MP4, GIF, animated WebP, folders of PNGs), each with its caption in a .txt beside it.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFilm, type Frames } from 'kinora';

type Colour = readonly [number, number, number];

const COLOURS: Readonly<Record<string, Colour>> = { green: [72, 190, 84], blue: [70, 130, 225], red: [214, 68, 66], purple: [150, 82, 200] };
/** Colours of a ground: most of it, and its specks. */
const GROUNDS: Readonly<Record<string, readonly [Colour, Colour]>> = {
  'on grass': [[96, 150, 62], [78, 128, 52]], 'on sand': [[214, 190, 130], [196, 170, 112]], 'on a gray background': [[150, 150, 152], [150, 150, 152]],
};
const WAYS = { right: 1, left: -1 } as const;
/** Pixels of a side; films of ours are squares. */
const SIDE = 64;
const SECONDS = 17 / 8;
/** Hops a second, their height and the way of a second, pixels. */
const HOPS = 1, HEIGHT = 15, SPEED = 13;

const mix = (a: Colour, b: Colour, k: number): Colour => [0, 1, 2].map((i) => Math.round(a[i]! * (1 - k) + b[i]! * k)) as unknown as Colour;

/** What a slime's film shows. */
interface Scene {
  readonly colour: Colour;
  readonly ground: readonly [Colour, Colour];
  readonly way: 1 | -1;
  readonly phase: number;
  readonly fps: number;
  readonly enlarge: number;
}

/** A slime that squats, leaps and lands; its shadow stays on the ground. */
function slime({ colour, ground: [ground, speck], way, phase, fps, enlarge }: Scene): Frames {
  const count = Math.round(SECONDS * fps), side = SIDE * enlarge, data = new Uint8Array(count * side * side * 3);
  const light = mix(colour, [255, 255, 255], 0.45), dark = mix(colour, [0, 0, 0], 0.35), outline = mix(colour, [0, 0, 0], 0.7), shadow = mix(ground, [0, 0, 0], 0.35);
  for (let t = 0; t < count; t++) {
    const turn = (HOPS * t / fps + phase) % 1, air = turn < 0.3 ? 0 : Math.sin((turn - 0.3) / 0.7 * Math.PI);                         // on the ground, then in the air
    const squat = turn < 0.3 ? Math.sin(turn / 0.3 * Math.PI) : 0, wide = 13 + 3 * squat - 2 * air, high = 18 - 6 * squat + 4 * air;
    const x0 = SIDE / 2 + way * SPEED * (t / fps - SECONDS / 2), foot = 48 - HEIGHT * air;
    const paint = (x: number, y: number): Colour => {
      const u = (x + 0.5 - x0) / wide, v = (foot - y - 0.5) / high;                                                                    // v: 0 at the foot, 1 at the top
      const inside = u * u + (v < 0 ? 9 : v * v) < 1;
      if (!inside) {
        const s = (x + 0.5 - x0) / (wide * (1 - 0.3 * air)), below = (y + 0.5 - 48) / 3;
        return s * s + below * below < 1 ? shadow : (x * 7 + y * 13 + (x * y) % 11) % 17 === 0 ? speck : ground;
      }
      const eye = [0.1, 0.62].some((e) => Math.hypot((u - way * e) * wide, (v - 0.45) * high) < 2.2);
      if (eye) return [20, 20, 28];
      if (u * u + v * v > 0.8 || v < 0.08) return outline;
      return u + way * 0.3 < -0.1 && v > 0.55 && u * u + v * v < 0.62 ? light : v < 0.3 ? dark : colour;
    };
    for (let y = 0; y < side; y++) for (let x = 0; x < side; x++) data.set(paint(Math.floor(x / enlarge), Math.floor(y / enlarge)), ((t * side + y) * side + x) * 3);
  }
  return { data, count, width: side, height: side, channels: 3, fps };
}

/** Kinds of files in turn: their ending (none: a folder of PNGs), frames a second, how many pixels a pixel is wide. */
const KINDS = [['.mp4', 24, 4], ['.gif', 8, 1], ['.webp', 8, 1], ['', 8, 1]] as const;

/** Draws `most` films of the set, all unless said, into a folder; returns how many. */
export async function drawSlimes(folder: string, most = Infinity): Promise<number> {
  await mkdir(folder, { recursive: true });
  const scenes = Object.entries(COLOURS).flatMap(([name, colour]) => Object.entries(WAYS).flatMap(([to, way]) => Object.entries(GROUNDS).map(([where, ground]) =>
    ({ name: `${name} ${to} ${where.split(' ').at(-1)!}`, caption: `a ${name} slime hops to the ${to} ${where}`, colour, ground, way }))));
  const chosen = scenes.slice(0, most);
  for (const [i, { name, caption, ...scene }] of chosen.entries()) {
    const [ending, fps, enlarge] = KINDS[i % KINDS.length]!;
    await writeFilm(join(folder, `${name}${ending}`), slime({ ...scene, phase: (i * 0.37) % 1, fps, enlarge }));
    await writeFile(join(folder, `${name}.txt`), `${caption}\n`);
  }
  return chosen.length;
}
