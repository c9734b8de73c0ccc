import { expect, test } from 'vitest';
import { concatFrames, frameBytes, type Frames, sliceFrames, toRgb } from './frames.ts';
import { groundOf } from './ground.ts';
import { GroundKeyer, keyFrame } from './key.ts';
import { psnr } from './metrics.ts';

type Rgb = readonly [number, number, number];
const SIDE = 48, SUB = 8;
const GROUNDS: Readonly<Record<string, Rgb>> = { green: [104, 138, 92], grey: [138, 140, 143], white: [220, 220, 214], dark: [58, 60, 68], screen: [0, 177, 64] };
const PAPERS: Readonly<Record<string, Rgb>> = { black: [0, 0, 0], white: [255, 255, 255], green: [0, 200, 0] };

/** A figure whose colour is known everywhere: a shaded ball with a dark rim, a ring with a hole through it, a thin blade. Null where there is none. */
function figure(x: number, y: number): Rgb | null {
  const ball = Math.hypot(x - 20, y - 19), ring = Math.hypot(x - 33, y - 36);
  if (ball < 11) return ball > 9.4 ? [30, 22, 28] : [215, 120 + 2 * (y - 19), 70];
  if (ring < 8 && ring > 4) return [190, 40, 60];
  return Math.abs(x - y * 0.35 - 31) < 0.8 && y > 4 && y < 24 ? [250, 225, 110] : null;
}

/** The figure drawn with smooth edges: RGBA with the mean colour of what is there. `hard`: one sample a pixel. */
function drawn(hard = false): Frames {
  const data = new Uint8Array(SIDE * SIDE * 4), n = hard ? 1 : SUB;
  for (let i = 0; i < SIDE * SIDE; i++) {
    const sum = [0, 0, 0, 0];
    for (let s = 0; s < n * n; s++) {
      const colour = figure((i % SIDE) + ((s % n) + 0.5) / n, Math.floor(i / SIDE) + (Math.floor(s / n) + 0.5) / n);
      if (colour) { colour.forEach((v, c) => { sum[c]! += v; }); sum[3]!++; }
    }
    if (sum[3]) data.set([...sum.slice(0, 3).map((v) => Math.round(v / sum[3]!)), Math.round((255 * sum[3]) / (n * n))], 4 * i);
  }
  return { data, count: 1, width: SIDE, height: SIDE, channels: 4, fps: 8 };
}

/** Over a ground, with noise of some bytes. */
const over = (f: Frames, ground: Rgb, noise = 0): Frames => {
  const flat = toRgb(f, ground);
  return { ...flat, data: flat.data.map((v, i) => Math.max(0, Math.min(255, v + (noise && ((i * 7919 + (i >> 4) * 104729) % (2 * noise + 1)) - noise)))) };
};

/** Mean error of what is seen over a paper along the silhouette, in bytes. */
function fringe(truth: Frames, keyed: Frames, paper: Rgb): number {
  const a = toRgb(truth, paper).data, b = toRgb(keyed, paper).data, { width } = truth;
  let sum = 0, n = 0;
  for (let i = 0; i < truth.data.length / 4; i++) {
    const here = truth.data[4 * i + 3]!, edge = [1, -1, width, -width].some((d) => (truth.data[4 * (i + d) + 3] ?? 0) !== here);
    if (edge) for (let c = 3 * i; c < 3 * i + 3; c++, n++) sum += Math.abs(a[c]! - b[c]!);
  }
  return sum / n;
}

/** What everyone tries first: alpha is all or nothing, by distance from the ground. */
const naive = (f: Frames, g: Rgb): Frames => ({
  ...f, channels: 4, data: Uint8Array.from({ length: (f.data.length / 3) * 4 }, (_, k) => {
    const p = Math.floor(k / 4) * 3, far = Math.hypot(...g.map((v, c) => f.data[p + c]! - v));
    return k % 4 < 3 ? f.data[p + (k % 4)]! : far > 30 ? 255 : 0;
  }),
});

test.each(Object.entries(GROUNDS))('cut out of %s: no fringe over black, white and green', (_, rgb) => {
  const truth = drawn();
  for (const noise of [0, 2]) {
    const frame = over(truth, rgb, noise), ground = groundOf(frame)!, keyed = keyFrame(frame, ground);
    expect(Math.max(...ground.rgb.map((v, c) => Math.abs(v - rgb[c]!)))).toBeLessThanOrEqual(1);
    const own = Object.values(PAPERS).map((paper) => fringe(truth, keyed, paper)), other = Object.values(PAPERS).map((paper) => fringe(truth, naive(frame, rgb), paper));
    expect(Math.max(...own)).toBeLessThan(7.5);
    expect(Math.max(...own) / Math.max(...other)).toBeLessThan(0.45);              // all or nothing leaves a fringe
    expect(psnr(toRgb(keyed, rgb), over(truth, rgb))).toBeGreaterThan(36);         // over its own ground it looks as before
    expect(keyed.data[4 * (36 * SIDE + 33) + 3]).toBe(0);                          // through the ring
    expect(keyed.data[3]).toBe(0);
  }
});

test('hard edges stay hard: pixel art comes out as it was drawn', () => {
  for (const rgb of Object.values(GROUNDS)) {
    const truth = drawn(true), frame = over(truth, rgb), keyed = keyFrame(frame, groundOf(frame)!);
    for (let i = 0; i < SIDE * SIDE; i++) {
      expect(keyed.data[4 * i + 3]).toBe(truth.data[4 * i + 3]);
      if (truth.data[4 * i + 3]) expect(keyed.data.subarray(4 * i, 4 * i + 3)).toEqual(truth.data.subarray(4 * i, 4 * i + 3));
    }
  }
});

/** One flat frame with rectangles [x, y, width, height, colour]. */
function blocks(ground: Rgb, ...parts: readonly (readonly [number, number, number, number, Rgb])[]): Frames {
  const data = new Uint8Array(32 * 32 * 3).map((_, i) => ground[i % 3]!);
  for (const [x, y, w, h, rgb] of parts) for (let v = y; v < y + h; v++) for (let u = x; u < x + w; u++) data.set(rgb, 3 * (v * 32 + u));
  return { data, count: 1, width: 32, height: 32, channels: 3, fps: 8 };
}
const alphaAt = ({ data, width }: Frames, x: number, y: number): number => data[4 * (y * width + x) + 3]!;

test('holes of the very colour open, small ones and what is only like it stay; specks of noise go, sparks stay', () => {
  const green: Rgb = [104, 138, 92], coat: Rgb = [60, 30, 40];
  const frame = blocks(green, [8, 8, 16, 16, coat], [10, 10, 4, 4, green], [18, 10, 1, 3, green], [10, 18, 4, 4, [120, 160, 104]],
    [27, 3, 2, 2, [128, 164, 116]], [3, 27, 2, 1, [255, 250, 200]], [26, 12, 5, 8, [124, 154, 112]]);
  const keyed = keyFrame(frame, groundOf(frame)!);
  expect([[0, 0], [11, 11], [18, 11], [11, 19], [27, 3], [3, 27], [16, 16], [29, 16]].map(([x, y]) => alphaAt(keyed, x!, y!))).toEqual([0, 0, 255, 255, 0, 255, 255, 0]);
});

test('invisible pixels beside visible ones have their colour, the others the ground\'s', () => {
  const frame = blocks([104, 138, 92], [8, 8, 16, 16, [200, 20, 40]]), { data } = keyFrame(frame, groundOf(frame)!);
  expect([6, 7].map((x) => [...data.subarray(4 * (16 * 32 + x), 4 * (16 * 32 + x) + 4)])).toEqual([[200, 20, 40, 0], [200, 20, 40, 0]]);
  expect([...data.subarray(4 * (16 * 32 + 2), 4 * (16 * 32 + 2) + 4)]).toEqual([104, 138, 92, 0]);
});

/** Squares of two colours. */
const checker = (): Frames => {
  const data = new Uint8Array(32 * 32 * 3).map((_, i) => { const p = Math.floor(i / 3); return ((p % 32 >> 3) + (p >> 8)) % 2 ? [104, 138, 92][i % 3]! : 200; });
  return { data, count: 1, width: 32, height: 32, channels: 3, fps: 8 };
};

test('a ground that is not of one colour is told of, and its frames stay opaque', () => {
  const plain = blocks([104, 138, 92], [8, 8, 16, 16, [60, 30, 40]]), keyer = new GroundKeyer();
  expect(groundOf(checker())).toBeNull();
  const out = keyer.key(concatFrames([plain, checker(), plain]));
  expect([0, 1, 2].map((t) => alphaAt(sliceFrames(out, t, t + 1), 0, 0))).toEqual([0, 255, 0]);
  expect(keyer.note()).toBe('1 of 3 frames have no ground of one flat colour, so they stay opaque: ask for a plain background, or for another seed');
  const none = new GroundKeyer(), all = new GroundKeyer();
  none.key(checker()); all.key(plain);
  expect([none.note(), all.note()]).toEqual(['no frame has a ground of one flat colour, so the film is opaque: ask for a plain background, or for another seed', null]);
});

test('a ground that somebody walks out over stays the ground; another shot has another; chunks make no difference', () => {
  const coat: Rgb = [60, 30, 40], green: Rgb = [104, 138, 92], blue: Rgb = [98, 124, 160];
  const film = concatFrames([
    blocks(green, [8, 8, 16, 16, coat]), blocks(green, [14, 6, 18, 26, coat]), blocks(blue, [8, 8, 16, 16, coat]), blocks([107, 141, 95], [8, 8, 16, 16, coat]),
  ]), keyer = new GroundKeyer(), whole = keyer.key(film);
  expect(keyer.note()).toBeNull();
  for (let t = 0; t < 4; t++) expect([t, alphaAt(sliceFrames(whole, t, t + 1), 1, 1), alphaAt(sliceFrames(whole, t, t + 1), 16, 16)]).toEqual([t, 0, 255]);
  const single = new GroundKeyer(), parts = [0, 1, 2, 3].map((t) => single.key(sliceFrames(film, t, t + 1)));
  expect(concatFrames(parts)).toEqual(whole);
  expect(whole.data.length).toBe(4 * frameBytes({ width: 32, height: 32, channels: 4 }));
});
