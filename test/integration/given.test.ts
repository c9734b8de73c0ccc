/** @file Films that hold parts of other films, on a tiny model with random weights. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { draws } from '../../src/core/random.ts';
import { sliceFrames, type Frames } from '../../src/media/frames.ts';
import type { InstalledModel } from '../../src/pipeline/model/model-store.ts';
import { openPipeline } from '../../src/pipeline/pipeline.ts';
import type { FilmOptions } from '../../src/pipeline/settings/film-options.ts';
import { writeTinyModel } from '../support/tiny-model.ts';

let dir: string, model: InstalledModel;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kinora-given-'));
  model = await writeTinyModel(join(dir, 'tiny'));
});
afterAll(async () => { await rm(dir, { recursive: true, force: true }); });

const noise = (count: number, step: number): Frames => {
  const d = draws({ seed: 1, stream: 'given', step });
  return { data: Uint8Array.from({ length: count * 64 * 64 * 3 }, () => d.int(256)), count, width: 64, height: 64, channels: 3, fps: 8 };
};

async function film(o: Partial<FilmOptions>): Promise<Frames> {
  using pipeline = await openPipeline({ model: model.dir, threads: 1 });
  for await (const { film: made } of pipeline.films({ prompt: 'a man walks', seed: 3, frames: 9, scale: 1, palette: 0, ...o })) return made!;
  throw new Error('no film');
}

test('given clips stand in the film pixel for pixel, under a palette too', async () => {
  const clip = noise(5, 0), end = noise(2, 1), made = await film({ clips: [{ clip: end, frame: 'end' }, { clip }], palette: 8 });
  expect(made.count).toBe(9);
  expect(Buffer.compare(sliceFrames(made, 0, 5).data, clip.data)).toBe(0);
  expect(Buffer.compare(sliceFrames(made, 7).data, end.data)).toBe(0);
});

test('what is given decides the rest, as do its place and order', async () => {
  const clip = noise(5, 0), other = noise(5, 1), one = noise(1, 2);
  const part = async (start: number, end: number, o: Partial<FilmOptions>): Promise<string> => hash(sliceFrames(await film(o), start, end));
  const after = [{}, { clips: [{ clip }] }, { clips: [{ clip: other }] }, { images: [{ image: one }] }].map((o) => part(5, 9, o));
  expect(new Set(await Promise.all(after)).size).toBe(after.length);
  const end = { clip, frame: 'end' as const }, before = [{}, { clips: [end] }, { clips: [{ clip, frame: 2 }] }, { clips: [{ clip: one }, end] }].map((o) => part(1, 2, o));
  expect(new Set(await Promise.all(before)).size).toBe(before.length);
  expect(await part(1, 2, { clips: [end, { clip: one }] })).toBe(await before[3]);
});

const hash = ({ data }: Frames): string => Buffer.from(data).toString('base64');

test('a film longer than a window is made in pieces that see each other; the first piece is the film of its own length', async () => {
  const short = await writeTinyModel(join(dir, 'short'), { window: 33 }), whole = model;
  model = short;
  try {
    const [one, long] = [await film({ frames: 33 }), await film({ frames: 61 })];
    expect(long.count).toBe(61);
    expect(hash(sliceFrames(long, 0, 33))).toBe(hash(one));
    expect(hash(await film({ frames: 61 }))).toBe(hash(long));
    expect(hash(sliceFrames(await film({ frames: 61, shots: [{ frame: 33, prompt: 'a woman falls' }] }), 33))).not.toBe(hash(sliceFrames(long, 33)));
  } finally { model = whole; }
});

test('a region alone is made again; strength 0 changes nothing, 1 keeps nothing', async () => {
  const source = noise(9, 4), mask: Frames = { ...noise(1, 5), data: new Uint8Array(64 * 64 * 3).map((_, i) => ((i / 3) % 64 < 20 ? 255 : 0)) };
  const made = await film({ source: { film: source, mask }, palette: 8 });
  let inside = 0;
  made.data.forEach((value, i) => {
    if (value === source.data[i]) return;
    expect((i / 3 | 0) % 64).toBeLessThan(20);
    inside++;
  });
  expect(inside).toBeGreaterThan(9 * 64 * 20);
  expect(hash(await film({ source: { film: source, strength: 0 } }))).toBe(hash(source));
  const strengths = [0, 0.2, 0.9, 1].map(async (strength) => hash(await film({ source: { film: source, strength } })));
  expect(new Set(await Promise.all(strengths)).size).toBe(4);
  expect(await strengths[3]).toBe(hash(await film({})));        // nothing is left of the source
  await expect(film({ source: { film: source, mask: { ...mask, data: new Uint8Array(64 * 64 * 3) } } })).rejects.toThrow('the mask is dark everywhere');
});

test('a variation of 0 is the film itself, and the further the more it differs', async () => {
  const own = await film({}), away = async (amount: number): Promise<number> => {
    const varied = await film({ vary: { amount, seed: 9 } });
    return varied.data.reduce((sum, value, i) => sum + (value - own.data[i]!) ** 2, 0);
  };
  expect([await away(0), await away(0.1) > 0, await away(0.8) > await away(0.1)]).toEqual([0, true, true]);
});

test('a loop is as long as asked for and ends otherwise than without it', async () => {
  const made = await film({ loop: true, frames: 17 });
  expect(made.count).toBe(17);
  expect(hash(made)).not.toBe(hash(await film({ frames: 17 })));
});
