import { expect, test } from 'vitest';
import type { ClipSpec, RenderedClip } from '../data/sprites/world.ts';
import type { Frames } from '../media/frames.ts';
import { vaeReport } from './vae-metrics.ts';

const SIDE = 16;
const frames = (value: (i: number) => number): Frames => ({
  data: Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => value(i)), count: 1, height: SIDE, width: SIDE, channels: 3, fps: 8,
});
const clip: RenderedClip = { frames: frames(() => 100), silhouette: Uint8Array.from({ length: SIDE * SIDE }, (_, i) => Number(i < 64)) };
const spec = (action: string, kind: string): ClipSpec => ({ characters: [{ labels: { action } }], ground: { kind } }) as unknown as ClipSpec;
const decibels = (meanSquare: number): number => 10 * Math.log10(255 ** 2 / meanSquare);

test('groups pool their squared errors, or average decibels; the silhouette counts alone', () => {
  const off = (by: number): Frames => frames((i) => 100 + (i < 64 * 3 ? by : 0));               // wrong in the silhouette only, a quarter of the frame
  const report = vaeReport({ specs: [spec('walk', 'grass'), spec('fall', 'grass')], clips: [clip, clip], made: [off(2), off(4)], images: [{ clip, made: off(2) }] });
  expect(report.psnr).toBeCloseTo(decibels((4 / 4 + 16 / 4) / 2), 9);
  expect(report.psnr_character).toBeCloseTo(decibels((4 + 16) / 2), 9);
  expect(report.psnr_mean).toBeCloseTo((decibels(4 / 4) + decibels(16 / 4)) / 2, 9);
  expect(report.psnr_character_mean).toBeCloseTo((decibels(4) + decibels(16)) / 2, 9);
  expect(report.by_action['walk']!.psnr).toBeCloseTo(decibels(1), 9);
  expect(report.by_ground['grass']!.psnr).toBeCloseTo(report.psnr, 9);
  expect([report.images!.clips, Object.keys(report.by_action)]).toEqual([1, ['fall', 'walk']]);
  expect(report.ssim).toBeLessThan(1);
});
