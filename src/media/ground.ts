/**
 * @file The flat ground of a frame: the colour that most of its border has, and how flat it is. What stands on it is cut out by key.ts.
 */
import type { Frames } from './frames.ts';
import { oklab } from './oklab.ts';

/** A frame's ground. */
export interface Ground {
  /** sRGB bytes. */
  readonly rgb: readonly [number, number, number];
  /** Share of the frame's border that has this colour, 0 to 1. */
  readonly share: number;
  /** How far the ground's own pixels stray from it, in OKLab: nine of ten are within. */
  readonly stray: number;
}

/** Pixels of the border that is looked at. */
const RING = 2;
/** Border pixels within this OKLab distance of a colour have that colour: some 12 bytes of a mid grey. */
const ALIKE = 0.05;
/** Share of the border from which a ground is plain, and from which it stays plain once it was: who walks out of the picture covers some of it. */
const PLAIN = 0.75, STILL_PLAIN = 0.6;
/** Colours of the border that are tried. */
const TRIED = 32;

/** OKLab distance of the i-th colour of `a` and the only one of `b`. */
export const labDistance = (a: Float64Array, i: number, b: Float64Array): number => {
  const x = a[3 * i]! - b[0]!, y = a[3 * i + 1]! - b[1]!, z = a[3 * i + 2]! - b[2]!;
  return Math.sqrt(x * x + y * y + z * z);
};

/** OKLab of each pixel of one frame, `[H, W, 3]`. */
export function labOf({ data, width, height, channels }: Frames): Float64Array {
  const out = new Float64Array(width * height * 3);
  for (let i = 0, p = 0; i < width * height; i++, p += channels) oklab(data[p]!, data[p + 1]!, data[p + 2]!, out, 3 * i);
  return out;
}

/** Indices of the pixels along the border. */
export function borderOf({ width, height }: Pick<Frames, 'width' | 'height'>): number[] {
  const out: number[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) if (x < RING || y < RING || x >= width - RING || y >= height - RING) out.push(y * width + x);
  }
  return out;
}

/** The ground of one frame `[1, H, W, C]`; null where no colour has most of the border. `before` is that of the frame before, kept while most of the border still has it. */
export function groundOf(frame: Frames, before: Ground | null = null): Ground | null {
  const lab = labOf(frame), border = borderOf(frame), { data, channels } = frame;
  const measure = (rgb: readonly [number, number, number]) => {
    const centre = new Float64Array(3);
    oklab(...rgb, centre);
    const members = border.filter((i) => labDistance(lab, i, centre) <= ALIKE), far = members.map((i) => labDistance(lab, i, centre)).sort((a, b) => a - b);
    return { ground: { rgb, share: members.length / border.length, stray: far[Math.floor(0.9 * far.length)] ?? 0 }, members };
  };
  if (before) {
    const { ground } = measure(before.rgb);
    if (ground.share >= STILL_PLAIN) return ground;
  }
  const counts = new Map<number, number>();
  for (const i of border) {
    const p = i * channels, key = data[p]! << 16 | data[p + 1]! << 8 | data[p + 2]!;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const tried = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, TRIED).map(([key]) => measure([key >> 16, key >> 8 & 255, key & 255]));
  const { members } = tried.reduce((a, b) => (b.ground.share > a.ground.share ? b : a));
  const mean = (c: number): number => Math.round(members.reduce((sum, i) => sum + data[i * channels + c]!, 0) / members.length);
  const { ground } = measure([mean(0), mean(1), mean(2)]);
  return ground.share >= PLAIN ? ground : null;
}
