import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sliceFrames } from '../../media/frames.ts';
import { type DrawnClip, drawnClip, writeDataset } from './dataset.fixture.ts';
import { clipsOf, footageSource, openFootage, tokenShape, type Footage } from './footage-source.ts';
import { shapeOf } from './clip-shape.ts';

const FILM = { frames: 9, width: 48, height: 32 }, TALL = { frames: 5, width: 32, height: 48 }, IMAGE = { frames: 1, width: 40, height: 32 };
const CLIPS: readonly DrawnClip[] = [...Array.from({ length: 12 }, () => FILM), ...Array.from({ length: 5 }, () => TALL), ...Array.from({ length: 3 }, () => IMAGE)];
let dir: string, footage: Footage;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kinora-footage-'));
  await writeDataset(join(dir, 'set'), CLIPS);
  footage = await openFootage(join(dir, 'set'), { seed: 1, heldout: 0.2 });
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const filesOf = (of: Footage, split: 'train' | 'heldout'): string[] => clipsOf(of, split).map(({ row }) => row.file).sort();
const source = () => footageSource(footage, shapeOf('9x48x32'));
const indexOf = (file: string): number => Number(/(\d+)\.webp/.exec(file)![1]);

test('a seed splits a dataset into parts that share nothing, and the same seed the same way', async () => {
  const [train, heldout] = [filesOf(footage, 'train'), filesOf(footage, 'heldout')];
  expect([train.length, heldout.length]).toEqual([16, 4]);
  expect(new Set([...train, ...heldout]).size).toBe(20);
  expect(filesOf(await openFootage(join(dir, 'set'), { seed: 1, heldout: 0.2 }), 'heldout')).toEqual(heldout);
  expect(filesOf(await openFootage(join(dir, 'set'), { seed: 2, heldout: 0.2 }), 'heldout')).not.toEqual(heldout);
  expect(filesOf(await openFootage(join(dir, 'set'), { seed: 1, heldout: 0.001 }), 'heldout')).toHaveLength(1);
});

test('of many films whole ones are held out, of one film whole shots, of one shot clips', async () => {
  const heldout = async (name: string, of: (i: number) => Partial<DrawnClip>) => {
    await writeDataset(join(dir, name), Array.from({ length: 24 }, (_, i) => ({ ...IMAGE, ...of(i) })));
    return clipsOf(await openFootage(join(dir, name), { seed: 3, heldout: 0.25 }), 'heldout').map(({ row }) => row);
  };
  const films = await heldout('films', (i) => ({ source: `${i % 8}.mp4` })), shots = await heldout('shots', (i) => ({ source: 'a.mp4', shot: i % 8 }));
  expect([films.length, new Set(films.map((row) => row.source)).size]).toEqual([6, 2]);             // 8 films of 3 clips; 6 of 24 are a quarter
  expect([shots.length, new Set(shots.map((row) => row.shot)).size]).toEqual([6, 2]);
  expect(await heldout('one', () => ({ source: 'a.mp4' }))).toHaveLength(6);
});

test('clips come back to the byte with the captions of their rows, images too; prompts are held-out captions', async () => {
  for (const [name, shape] of [['9x48x32', FILM], ['5x32x48', TALL], ['1x40x32', IMAGE]] as const) {
    for (const [index, { row }] of footage.clips.train.get(name)!.entries()) {
      const ref = { seed: 1, split: 'train' as const, shape: shapeOf(name), index }, i = indexOf(row.file);
      const { data, ...facts } = await source().clip(ref), { data: wanted, ...size } = drawnClip(i, shape);
      expect([facts, Buffer.compare(data, wanted)]).toEqual([size, 0]);
      expect(source().caption(ref, { key: { seed: 1, stream: 'x', step: 0 }, looks: true })).toBe(`a red texture ${i}`);
    }
  }
  const told = new Set(footage.clips.heldout.get('9x48x32')!.map(({ row }) => row.caption));
  expect(source().prompts(1, 5)).toHaveLength(5);
  expect(new Set(source().prompts(1, 5))).toEqual(told);
  const missing = { seed: 1, split: 'train' as const, shape: shapeOf('9x48x32'), index: 99 };
  await expect(source().clip(missing)).rejects.toThrow('has no clip 99 of 9x48x32; it has 9x48x32, ');
});

test('for a transformer clips are cut, in the middle, to frames of whole tokens and a multiple of sixteen of them', async () => {
  const sizes = [[64, 64], [104, 64], [256, 144], [104, 72], [48, 32], [32, 24]] as const;
  expect(sizes.map(([width, height]) => tokenShape({ frames: 9, width, height }, 1)).map((s) => s && [s.width, s.height]))
    .toEqual([[64, 64], [96, 64], [256, 144], [96, 64], [32, 32], undefined]);
  expect(tokenShape({ frames: 9, width: 144, height: 80 }, 2)).toEqual({ frames: 9, width: 128, height: 64 });
  await writeDataset(join(dir, 'odd'), [...Array.from({ length: 4 }, () => FILM), { frames: 1, width: 32, height: 24 }]);
  const odd = await openFootage(join(dir, 'odd'), { seed: 1, heldout: 0.1, patch: 1 });
  expect([[...odd.clips.train.keys()], odd.tooSmall]).toEqual([['9x32x32'], ['1x32x24']]);
  const ref = { seed: 1, split: 'train' as const, shape: shapeOf('9x32x32'), index: 0 }, clip = await footageSource(odd, ref.shape).clip(ref);
  const whole = drawnClip(indexOf(odd.clips.train.get('9x32x32')![0]!.row.file), FILM);
  const rows = Array.from({ length: 9 * 32 }, (_, i) => whole.data.slice((i * 48 + 8) * 3, (i * 48 + 40) * 3));
  expect([clip.width, clip.height, clip.count, Buffer.compare(clip.data, Buffer.concat(rows))]).toEqual([32, 32, 9, 0]);
  await expect(openFootage(join(dir, 'odd'), { seed: 1, heldout: 0.1, patch: 2 })).rejects.toThrow('too small (9x48x32, 1x32x24): frames need room for 16 tokens of 16×16 pixels');
});

test('each clip of a shape comes once an epoch, in another order each epoch, the same for the same seed', () => {
  const { stock } = source(), shape = shapeOf('9x48x32'), count = stock!.count('train', shape);
  const epoch = (seed: number, e: number): number[] => Array.from({ length: count }, (_, i) => stock!.turn(seed, shape, e * count + i));
  const orders = [0, 1, 2].map((e) => epoch(5, e));
  for (const order of orders) expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
  expect(new Set(orders.map(String)).size).toBe(3);
  expect(epoch(5, 1)).toEqual(orders[1]);
  expect(epoch(6, 0)).not.toEqual(orders[0]);
});

test('a piece is a part of a clip that is large enough, at a place that the key draws', async () => {
  const size = { frames: 5, width: 24, height: 16 }, found = new Set<string>();
  for (let step = 0; step < 12; step++) {
    const key = { seed: 1, stream: 'piece', step }, { frames, silhouette } = await source().piece({ key, split: 'train', size });
    expect([frames.count, frames.width, frames.height, frames.data.length, silhouette.length]).toEqual([5, 24, 16, 5 * 24 * 16 * 3, 5 * 24 * 16]);
    expect(Buffer.compare((await source().piece({ key, split: 'train', size })).frames.data, frames.data)).toBe(0);
    const row = Buffer.from(frames.data.subarray(0, 24 * 3)), last = Buffer.from(frames.data.subarray(frames.data.length - 24 * 3));
    for (const { row: { file, ...clip } } of clipsOf(footage, 'train')) {                          // where is it?
      const whole = drawnClip(indexOf(file), clip), at = Buffer.from(whole.data).indexOf(row);
      if (at < 0 || clip.frames < 5) continue;
      const end = at + ((4 * clip.height + 15) * clip.width) * 3;
      if (Buffer.from(whole.data).subarray(end, end + 24 * 3).equals(last)) found.add(`${file} ${at}`);
    }
  }
  expect(found.size).toBeGreaterThan(8);
  await expect(source().piece({ key: { seed: 1, stream: 'p', step: 0 }, split: 'train', size: { ...size, frames: 13 } })).rejects.toThrow('no train clip of');
});

test('a fingerprint tells other pixels and other captions; a clip is the same clip with another caption', async () => {
  const print = async (clips: readonly DrawnClip[]): Promise<[string, readonly string[]]> => {
    const folder = await mkdtemp(join(dir, 'print-'));
    await writeDataset(folder, clips);
    const opened = footageSource(await openFootage(folder, { seed: 1, heldout: 0.2 }), FILM);
    return [opened.fingerprint(), opened.stock!.identity('train', FILM)];
  };
  const [same, clips] = await print(CLIPS), [told, toldClips] = await print(CLIPS.map((clip) => ({ ...clip, caption: 'a blue one' })));
  expect(same).toBe(source().fingerprint());
  expect(told).not.toBe(same);
  expect(toldClips).toEqual(clips);
  expect((await print([...CLIPS, FILM]))[0]).not.toBe(same);
});

test('a folder that is no dataset, an empty one, and one that lacks a clip are named', async () => {
  const open = (name: string) => openFootage(join(dir, name), { seed: 1, heldout: 0.1 });
  await expect(open('nothing')).rejects.toThrow(/nothing is no dataset: wanted a folder with clips\.jsonl, as kinora data ingest makes it/);
  await mkdir(join(dir, 'empty'));
  await writeFile(join(dir, 'empty', 'clips.jsonl'), '');
  await expect(open('empty')).rejects.toThrow(/empty has no clips: wanted at least 2/);
  await writeDataset(join(dir, 'single'), [FILM]);
  await expect(open('single')).rejects.toThrow('has one clip: wanted at least 2');
  await writeDataset(join(dir, 'lost'), [FILM, FILM]);
  await rm(join(dir, 'lost', 'clips', '1.webp'));
  await expect(open('lost')).rejects.toThrow('lacks clips/1.webp');
  await appendFile(join(dir, 'lost', 'clips.jsonl'), '{"kind":"other"}\n');
  await expect(open('lost')).rejects.toThrow('line 3 is no row of it');
});

test('a cut of whole frames is the film\'s own part', async () => {
  const { row } = footage.clips.train.get('9x48x32')![0]!, whole = drawnClip(indexOf(row.file), FILM);
  const one = footageSource({ ...footage, clips: { ...footage.clips, train: new Map([['9x48x32', footage.clips.train.get('9x48x32')!.slice(0, 1)]]) } }, FILM);
  const { frames } = await one.piece({ key: { seed: 1, stream: 'p', step: 0 }, split: 'train', size: { ...FILM, frames: 5 } });
  const parts = [0, 1, 2, 3, 4].map((t) => sliceFrames(whole, t, t + 5));
  expect(parts.filter((part) => Buffer.from(part.data).equals(Buffer.from(frames.data)))).toHaveLength(1);
});
