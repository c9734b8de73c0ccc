import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Frames } from '../../media/frames.ts';
import { captionBeside, colourNames, nameWords, readCaptionTable, tagsOf } from './captions.ts';
import { isFrameFolder } from './sources.ts';

test('names that say something are words, names of cameras are not', () => {
  expect(['old-man_walks (2).mp4', 'IMG_2041.mov', 'VID-20240101-WA0003.mp4', '狐狸跑.gif', 'sunset 1080p 30fps.webm', '0001.png', 'b.mp4'].map(nameWords))
    .toEqual(['old man walks', '', '', '狐狸跑', 'sunset', '', '']);
});

test('tables of captions: CSV with quotes, JSON lines; a wrong row is named', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'kinora-captions-')), file = (name: string, text: string) => writeFile(join(dir, name), text).then(() => join(dir, name));
  try {
    expect([...await readCaptionTable(await file('a.csv', '\uFEFFFile,Caption\r\na.mp4,"one, ""two""\nthree"\r\n\r\nsub/b.mp4,four\r\n'))])
      .toEqual([[join(dir, 'a.mp4'), 'one, "two" three'], [join(dir, 'sub/b.mp4'), 'four']]);
    expect([...await readCaptionTable(await file('a.jsonl', '{"file_name":"a.mp4","text":"one"}\n\n{"file":"b.mp4","caption":"two"}\n'))])
      .toEqual([[join(dir, 'a.mp4'), 'one'], [join(dir, 'b.mp4'), 'two']]);
    await expect(readCaptionTable(await file('b.jsonl', '{"file":"a.mp4","caption":"one"}\nnot json\n'))).rejects.toThrow('row 2: it is no JSON object');
    await expect(readCaptionTable(await file('c.csv', 'name,words\na,b\n'))).rejects.toThrow('row 2: wanted texts named file and caption, found name, words');
    await file('walk.txt', ' a man\nwalks ');
    expect([await captionBeside(join(dir, 'walk.mp4')), await captionBeside(join(dir, 'walk')), await captionBeside(join(dir, 'run.mp4'))])
      .toEqual(['a man walks', 'a man walks', undefined]);
  } finally { await rm(dir, { recursive: true }); }
});

test('colours and tags say what was measured', () => {
  const film = (...colours: [number, number, number][]): Frames => {
    const pixels = Array.from({ length: 64 * 64 }, (_, i) => colours[Math.floor(i / 64) % colours.length]!);
    return { data: Uint8Array.from(pixels.flat()), count: 1, width: 64, height: 64, channels: 3, fps: 8 };
  };
  expect([film([220, 30, 30]), film([30, 160, 60], [120, 80, 40]), film([5, 5, 9]), film([250, 250, 250]), film([40, 80, 220])].map(colourNames))
    .toEqual([['red'], ['green', 'brown'], ['black'], ['white'], ['blue']]);
  const measures = { brightness: 190, highlights: 255, changed: 1, flicker: 0, text: 0 };
  expect(tagsOf({ measures, motion: { own: 1, speed: 1, camera: ['pan left', 'zoom in'] }, colours: ['green', 'brown'] }))
    .toEqual(['the camera pans left', 'the camera zooms in', 'some movement', 'bright', 'mostly green and brown']);
  expect(tagsOf({ measures: { ...measures, brightness: 100 }, motion: null, colours: [] })).toEqual([]);
});

test('a folder of numbered images is a film; photographs are not', () => {
  const names = (...n: number[]): string[] => n.map((i) => `f${i}.png`);
  expect([names(1, 2, 3, 4, 5), names(1, 2, 3, 4), names(1, 2, 3, 5, 6), [...names(1, 2, 3, 4, 5), 'a.mp4'], []].map(isFrameFolder))
    .toEqual([true, false, false, false, false]);
});
