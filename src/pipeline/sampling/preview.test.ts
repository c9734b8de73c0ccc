import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeTinyModel } from '../../../test/support/tiny-model.ts';
import { sliceFrames, type Frames } from '../../media/frames.ts';
import { openPipeline } from '../pipeline.ts';
import { previewSteps } from './preview.ts';

test('a film that is watched is the one that nobody watches; its last preview is what Euler lands on', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'kinora-preview-'));
  try {
    await writeTinyModel(dir, { window: 33, maxFrames: 200, minSide: 64 });
    using pipeline = await openPipeline({ model: dir });
    const make = async (frames: number, onPreview?: (frame: Frames) => void, sampler: 'euler' | 'heun' = 'euler'): Promise<Frames> => {
      const o = { prompt: 'a man walks', width: 64, height: 64, frames, steps: 4, seed: 7, sampler, steady: 0, palette: 0, scale: 1 };
      for await (const { film } of pipeline.films({ ...o, ...(onPreview ? { onPreview: ({ frame }) => { onPreview(frame); } } : {}) })) return film!;
      throw new Error('no film');
    };
    const shown: Frames[] = [], calm = await make(57), watched = await make(57, (frame) => { shown.push(frame); });
    expect(Buffer.compare(watched.data, calm.data)).toBe(0);
    expect(shown).toHaveLength(6);                               // three of each of two windows
    for (const { data, ...shape } of shown) expect([data.length, shape]).toEqual([3 * 64 * 64, { count: 1, width: 64, height: 64, channels: 3, fps: 8 }]);
    const one: Frames[] = [], film = await make(1, (frame) => { one.push(frame); });
    expect(one).toHaveLength(3);
    expect(one[2]!.data).toEqual(sliceFrames(film, 0, 1).data);
    expect(one[0]!.data).not.toEqual(film.data);
    const heun: Frames[] = [];
    expect((await make(9, (frame) => { heun.push(frame); }, 'heun')).data).toEqual((await make(9, undefined, 'heun')).data);
    expect(heun).toHaveLength(3);
  } finally { await rm(dir, { recursive: true, force: true }); }
}, 120_000);

test('steps that are shown', () => {
  expect([1, 2, 3, 4, 10, 40].map((steps) => [...previewSteps(steps)])).toEqual([[], [1], [1, 2], [1, 2, 3], [2, 5, 7], [10, 20, 30]]);
});
