import { expect, test } from 'vitest';
import type { Frames } from '../../media/frames.ts';
import { clipLength, fitClip, fitWhole, nativeShape } from './clips.ts';
import { whole } from './plane.ts';

test('shapes are multiples of 8, within the area, never larger than the source, close to its ratio', () => {
  expect(nativeShape({ width: 1280, height: 720 }, 65536)).toEqual({ width: 336, height: 192 });
  expect(nativeShape({ width: 720, height: 1280 }, 65536)).toEqual({ width: 192, height: 336 });
  expect(nativeShape({ width: 64, height: 64 }, 65536)).toEqual({ width: 64, height: 64 });
  expect(nativeShape({ width: 70, height: 37 }, 65536)).toEqual({ width: 64, height: 32 });
  expect(nativeShape({ width: 7, height: 400 }, 65536)).toBeUndefined();
  for (let width = 8; width < 900; width += 37) for (let height = 8; height < 900; height += 53) {
    const shape = nativeShape({ width, height }, 16384)!, ratio = (shape.width / shape.height) / (width / height);
    expect([shape.width % 8, shape.height % 8, shape.width <= width, shape.height <= height, shape.width * shape.height <= 16384]).toEqual([0, 0, true, true, true]);
    if (Math.min(width, height) >= 64 && Math.max(ratio, 1 / ratio) > 1.34) expect([width, height, shape]).toBe('cropped by more than a quarter');
  }
});

test('lengths are 4n + 1', () => {
  expect([0, 1, 4, 5, 8, 9, 16, 33, 40].map((n) => clipLength(n, 33))).toEqual([0, 1, 1, 5, 5, 9, 13, 33, 33]);
  expect(clipLength(40, 20)).toBe(17);
});

test('frames of a large film fit in one step; of a small one, or one that is too narrow, they do not', () => {
  const fit = fitWhole({ width: 1280, height: 720 }, 65536, 2 * 65536)!;
  expect(fit.size).toEqual(nativeShape({ width: 1280, height: 720 }, 65536));
  expect([fit.shares.width, fit.shares.height]).toEqual([expect.closeTo((720 * 336) / 192 / 1280, 9), 1]);           // 1260 of 1280 columns
  expect([fitWhole({ width: 256, height: 512 }, 65536, 2 * 65536), fitWhole({ width: 7, height: 40_000 }, 65536, 2 * 65536)]).toEqual([undefined, undefined]);
});

test('without resizing pixels are copied, from the middle; else they are averaged', () => {
  const picture: Frames = { data: Uint8Array.from({ length: 10 * 8 * 3 }, (_, i) => i), count: 1, width: 10, height: 8, channels: 3, fps: 30 };
  const clip = fitClip([picture, picture], whole(picture), { width: 8, height: 8 }, 8);
  expect(clip).toMatchObject({ count: 2, width: 8, height: 8, channels: 3, fps: 8 });
  for (let y = 0, i = 0; y < 8; y++) for (let x = 1; x < 9; x++) for (let c = 0; c < 3; c++, i++) expect(clip.data[i]).toBe(picture.data[(y * 10 + x) * 3 + c]);
  const big: Frames = { data: Uint8Array.from({ length: 16 * 16 * 3 }, (_, i) => (Math.floor(i / 3) % 2 ? 200 : 100)), count: 1, width: 16, height: 16, channels: 3, fps: 30 };
  expect(new Set(fitClip([big], whole(big), { width: 8, height: 8 }, 8).data)).toEqual(new Set([150]));
});
