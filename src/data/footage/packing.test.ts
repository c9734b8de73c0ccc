import { expect, test } from 'vitest';
import { draws } from '../../core/random.ts';
import { packingWaste } from './packing.ts';

const film = { frames: 17, width: 64, height: 64 }, image = { frames: 1, width: 64, height: 64 };   // 5 · 64 = 320 and 64 tokens

test('waste of packs and of padding, counted by hand', () => {
  const { packs, padded } = packingWaste([film, image, film, film]);
  expect([...packs.keys()]).toEqual([1024, 2048, 4096, 8192, 16_384]);
  expect(packs.get(1024)).toBe(0);                                // 3 · 320 + 64
  expect(packs.get(2048)).toBe(0.5);
  expect(padded).toBe(1 - 1024 / (4 * 320));
  expect(packingWaste([film, film, film, film]).packs.get(1024)).toBe(1 - 1280 / 2048);
  expect(packingWaste([{ frames: 33, width: 128, height: 64 }, film]).packs.has(1024)).toBe(false);       // 1,152 tokens
  expect(packingWaste([{ frames: 1, width: 8, height: 128 }, { frames: 1, width: 128, height: 8 }]).padded).toBe(1 - 32 / 512);
  expect(packingWaste([])).toEqual({ packs: new Map(), padded: 0 });
});

test('packs hold every clip and are never more than twice what is needed', () => {
  const d = draws({ seed: 1, stream: 'packing', step: 0 });
  for (let round = 0; round < 50; round++) {
    const clips = Array.from({ length: 1 + d.int(200) }, () => ({ frames: 1 + 4 * d.int(5), width: 8 * (1 + d.int(12)), height: 8 * (1 + d.int(8)) }));
    const all = clips.reduce((sum, c) => sum + (1 + (c.frames - 1) / 4) * c.width * c.height / 64, 0);
    for (const [size, waste] of packingWaste(clips).packs) {
      const packs = all / (size * (1 - waste)), least = Math.ceil(all / size);
      expect(Math.abs(packs - Math.round(packs))).toBeLessThan(1e-6);
      expect(Math.round(packs)).toBeGreaterThanOrEqual(least);
      expect(Math.round(packs)).toBeLessThan(2 * least + 1);
    }
  }
});
