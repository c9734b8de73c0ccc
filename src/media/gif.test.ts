import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { chartFilm, inFolder, METADATA, rampFilm, walkFilm } from './fixtures.ts';
import { concatFrames, sliceFrames } from './frames.ts';
import { encodeGif, gifDelays, readGifComment } from './gif.ts';
import { psnr } from './metrics.ts';
import { nodeAv } from './node-av.ts';
import { readFilm } from './read.ts';
import { openSink, writeFilm } from './sink.ts';

test('delays add up to the duration', () => {
  expect(gifDelays(4, 8)).toEqual([13, 12, 13, 12]);
  expect(gifDelays(17, 8).reduce((a, b) => a + b)).toBe(213);           // 2.125 s
  expect(gifDelays(24, 24).reduce((a, b) => a + b)).toBe(100);
  expect(() => gifDelays(1, 60)).toThrow('at most 50 frames a second, got 60');
});

test('a film of few colours comes back exactly, by two independent decoders', async () => {
  await inFolder(async (folder) => {
    const film = walkFilm(40, 17), file = join(folder, 'a.gif');
    const sink = await openSink(file, { width: 40, height: 40, fps: 8, metadata: METADATA });
    for (const [from, to] of [[0, 5], [5, 6], [6, 17]]) await sink.write(sliceFrames(film, from!, to));
    expect(await sink.finish()).toMatchObject({ codec: 'gif', frames: 17, seconds: 2.125 });
    expect(await readFilm(file)).toEqual(film);                         // libnsgif, through sharp
    const ffmpeg = await nodeAv.readFilm(file);
    expect(ffmpeg.data).toEqual(film.data);
    const { delay, loop, pages } = await sharp(file, { pages: -1 }).metadata();
    expect([pages, loop, delay!.slice(0, 4)]).toEqual([17, 0, [130, 120, 130, 120]]);
    expect(JSON.parse(readGifComment(await readFile(file))!)).toMatchObject({ metadata: METADATA });
  });
});

test('frames that do not change, one frame, two colours, a chart', async () => {
  await inFolder(async (folder) => {
    const still = concatFrames([chartFilm(5, 3), chartFilm(5, 1)]), file = join(folder, 'still.gif');
    await writeFilm(file, still);
    expect(await readFilm(file)).toEqual(still);
    const one = walkFilm(9, 1), oneFile = join(folder, 'one.gif');
    await writeFilm(oneFile, one);
    expect(await readFilm(oneFile)).toEqual(one);
    const black = { ...one, data: one.data.map(() => 0) };
    await writeFilm(oneFile, black);
    expect(await readFilm(oneFile)).toEqual(black);
  });
});

test('many colours: long codes and dictionary resets decode, near the original', async () => {
  await inFolder(async (folder) => {
    const film = rampFilm(160, 3), file = join(folder, 'a.gif');
    await writeFilm(file, film);
    const back = await readFilm(file);
    expect(back.count).toBe(3);
    expect(psnr(film, back)).toBeGreaterThan(26);
    expect((await nodeAv.readFilm(file)).data).toEqual(back.data);
  });
});

test('the table is as small as the film allows', () => {
  const bytes = encodeGif([chartFilm(2, 1)], { fps: 8 });
  expect(bytes[10]! & 7).toBe(4);                                       // 24 colours and "unchanged": 32 entries
});
