import { expect, test } from 'vitest';
import { normals } from '../../core/random.ts';
import { Graph } from '../../graph/graph.ts';
import { DIT_PRESETS } from './config.ts';
import { packInputs } from './dit.ts';
import { packFeeds, type PackSegment } from './pack-feeds.ts';
import { patchify, unpatchify } from './patch.ts';

const values = (n: number, seed = 1): Float32Array => normals({ seed, stream: 'test', step: 0 }, n);
const layout = { groups: [{ frames: 2, height: 4, width: 8, count: 2 }, { frames: 1, height: 4, width: 4, count: 1 }], captions: 2 };
const segment = (frames: number, size: number, start = 0): PackSegment => ({
  times: Array.from({ length: frames }, (_, i) => start + 4 * i), kinds: Array.from({ length: frames }, (_, i) => Number(i > 0)),
  sigmas: Array.from({ length: frames }, () => 0.5), captions: Array.from({ length: frames }, () => frames - 1), tokens: values(size * 4),
});
const segments = [segment(2, 64), segment(2, 64, 3), segment(1, 16)];

test('feeds have the names and sizes that the graph declares', () => {
  const inputs = packInputs(new Graph(), layout, DIT_PRESETS.tiny), feeds = packFeeds(layout, segments, DIT_PRESETS.tiny);
  for (const [name, x] of Object.entries(inputs)) {
    const feed = feeds[name as keyof typeof feeds]!;
    expect([name, feed.length]).toEqual([name, x.shape.reduce((n: number, s: number) => n * s, 1)]);
    expect(feed instanceof Int32Array).toBe(x.dtype === 'i32');
  }
  expect([...feeds.kind]).toEqual([0, 1, 0, 1, 0]);
  expect([...feeds.captionOfFrames!]).toEqual([1, 1, 1, 1, 0]);
  expect([...feeds.frameOfRuns]).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4]);
});

test('positions restart per segment, and time moves with the segment', () => {
  const { cos } = packFeeds(layout, segments, DIT_PRESETS.tiny), half = DIT_PRESETS.tiny.width / DIT_PRESETS.tiny.heads / 2;
  const row = (token: number): number[] => [...cos!.subarray(token * half, (token + 1) * half)];
  expect(row(128)).toEqual(row(0));                              // the third segment starts at (0, 0, 0) again
  expect(row(64)).not.toEqual(row(0));                           // the second one at t = 3
});

test('what does not fit the layout is refused with both figures', () => {
  expect(() => packFeeds(layout, segments.slice(1), DIT_PRESETS.tiny)).toThrow('the layout has 3 segments, got 2');
  expect(() => packFeeds(layout, [segments[2]!, ...segments.slice(1)], DIT_PRESETS.tiny)).toThrow('segment 0 has 2 frames, but 1 times');
  expect(() => packFeeds(layout, [{ ...segments[0]!, captions: [0, 2] }, ...segments.slice(1)], DIT_PRESETS.tiny)).toThrow('caption 2 of a pack with 2');
  expect(() => packFeeds(layout, [{ ...segments[0]!, tokens: values(4) }, ...segments.slice(1)], DIT_PRESETS.tiny)).toThrow('segment 0 needs 256 values, got 4');
});

test.each([1, 2])('patchify with patch %i, and back', (patch) => {
  const o = { channels: 3, frames: 2, height: 4, width: 6, patch, stats: { mean: [1, 2, 3], std: [2, 4, 0.5] } };
  const latents = values(3 * 2 * 4 * 6), tokens = patchify(latents, o);
  const [c, t, y, x] = [2, 1, 3, 4];                             // one value by hand
  const token = (t * (4 / patch) + Math.floor(y / patch)) * (6 / patch) + Math.floor(x / patch);
  const inside = c * patch ** 2 + (y % patch) * patch + (x % patch);
  expect(tokens[token * 3 * patch ** 2 + inside]).toBe(Math.fround((latents[((c * 2 + t) * 4 + y) * 6 + x]! - 3) / Math.sqrt((4 + 16 + 0.25) / 3)));
  const back = unpatchify(tokens, o);
  expect(Math.max(...back.map((v, i) => Math.abs(v - latents[i]!)))).toBeLessThan(1e-6);
});
