import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as av from 'node-av';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { FileError, InputError } from '../core/errors.ts';
import { apngFrames, readApng } from './apng.ts';
import { checkTransparent } from './film-format.ts';
import { chartFilm, glassFilm, inFolder, largestDifference, METADATA, rampFilm, SATURATED, visibleDifference, walkFilm } from './fixtures.ts';
import { concatFrames, sliceFrames, toRgb, upscaleNearest } from './frames.ts';
import { psnr } from './metrics.ts';
import { nodeAv } from './node-av.ts';
import { encodePng, PNG_SIGNATURE, pngChunk, pngChunks } from './png.ts';
import { readFilm, readMetadata } from './read.ts';
import { openSink, writeFilm } from './sink.ts';
import { readWebpRecord } from './webp.ts';

/** What FFmpeg says of a film: packets, seconds, rate, colour tags, size. */
async function ffprobe(file: string) {
  await using format = new av.FormatContext();
  av.FFmpegError.throwIfError(await format.openInput(file), 'open');
  av.FFmpegError.throwIfError(await format.findStreamInfo(), 'streams');
  const [stream] = format.streams, p = stream!.codecpar, seconds = Number(format.duration) / 1e6;
  using packet = new av.Packet();
  packet.alloc();
  let frames = 0, keys = 0;
  while ((await format.readFrame(packet)) >= 0) { frames++; if (packet.isKeyframe) keys++; packet.unref(); }
  return {
    frames, keys, seconds, rate: stream!.avgFrameRate.num / stream!.avgFrameRate.den, size: [p.width, p.height], pixels: av.avGetPixFmtName(p.format as av.AVPixelFormat),
    colour: [p.colorPrimaries, p.colorTrc, p.colorSpace, p.colorRange], tags: format.metadata?.getAll() ?? {},
  };
}

const COMPRESSED = ['webm', 'mov', 'mkv'] as const;

const RATES = COMPRESSED.flatMap((format) => [8, 24, 30000 / 1001, 12.5].map((fps) => [format, fps] as const));

test.each(RATES)('%s at %d fps: FFmpeg sees every frame, the rate, the length and the tags', async (format, fps) => {
  await inFolder(async (folder) => {
    const file = join(folder, `a.${format}`), film = { ...walkFilm(64, 17), fps }, written = await writeFilm(file, film, { metadata: METADATA });
    expect(written).toMatchObject({ format, frames: 17, fps, seconds: 17 / fps, codec: { webm: 'vp9', mov: 'prores', mkv: 'ffv1' }[format], bytes: (await readFile(file)).length });
    const seen = await ffprobe(file);
    expect(seen).toMatchObject({ frames: 17, size: [64, 64] });
    expect(Math.abs(seen.rate / fps - 1)).toBeLessThan(1e-5);
    expect(Math.abs(seen.seconds - 17 / fps)).toBeLessThan(format === 'mov' ? 1e-6 : 1e-3);             // Matroska counts milliseconds
    expect(seen.colour).toEqual({ webm: [1, 1, 1, 2], mov: [1, 1, 1, 1], mkv: [1, 13, 0, 2] }[format]);  // BT.709 in full range, in limited range; sRGB
    expect(seen.tags['title']).toBe(METADATA.prompt);
    expect(seen.keys).toBe(format === 'webm' ? 1 : 17);                 // for editing, each frame stands alone
    expect(await readFilm(file)).toMatchObject({ count: 17, fps, width: 64, height: 64, channels: 3 });
    expect(await readMetadata(file)).toEqual(METADATA);
  });
});

const CHARTS = [['ColorChecker', chartFilm(32, 5)], ['saturated', chartFilm(32, 5, 8, SATURATED)]] as const;

test.each(CHARTS)('%s: 24 colours come back within 3/255 in every pixel of every format', async (_, chart) => {
  await inFolder(async (folder) => {
    for (const [format, most] of Object.entries({ mp4: 3, webm: 1, mov: 1, mkv: 0, gif: 0, webp: 0, apng: 0, png: 0 })) {
      const file = join(folder, `a.${format}`);
      await writeFilm(file, chart);
      const back = await readFilm(file);
      expect([format, back.count, back.fps]).toEqual([format, 5, 8]);
      expect([format, largestDifference(chart.data, back.data).difference <= most]).toEqual([format, true]);
    }
  });
});

test('ProRes keeps single pixels too', async () => {
  await inFolder(async (folder) => {
    const file = join(folder, 'a.mov'), noise = { ...walkFilm(64, 3), data: Uint8Array.from({ length: 3 * 64 * 64 * 3 }, (_, i) => (Math.imul(i + 1, 2654435761) >>> 13) & 255) };
    await writeFilm(file, noise);
    expect(largestDifference(noise.data, (await readFilm(file)).data).difference).toBeLessThanOrEqual(4);
  });
});

test('pixel art and ramps: lossless is lossless, the others above 40 dB', async () => {
  await inFolder(async (folder) => {
    for (const film of [upscaleNearest(walkFilm(64, 9), 4), upscaleNearest(rampFilm(30, 5), 2)]) for (const format of ['webm', 'mov', 'mkv', 'webp', 'apng']) {
      const file = join(folder, `a.${format}`);
      await writeFilm(file, film);
      expect([format, psnr(film, await readFilm(file)) > (format === 'webm' || format === 'mov' ? 40 : 1000)]).toEqual([format, true]);
    }
  });
});

test('alpha comes back with the colours that are seen; GIF has one bit of it', async () => {
  await inFolder(async (folder) => {
    const film = upscaleNearest(glassFilm(32, 7), 2);
    for (const [format, [colour, alpha]] of Object.entries({ webm: [2, 0], mov: [2, 1], mkv: [0, 0], webp: [0, 0], apng: [0, 0], png: [0, 0], folder: [0, 0] })) {
      const file = join(folder, format === 'folder' ? 'frames' : `a.${format}`);
      await writeFilm(file, film, { metadata: METADATA });
      const back = await readFilm(file);
      expect([format, back.count, back.channels, back.fps]).toEqual([format, 7, 4, 8]);
      const seen = visibleDifference(film, back);
      expect([format, seen.colour <= colour!, seen.alpha <= alpha!, seen]).toEqual([format, true, true, seen]);
    }
    const file = join(folder, 'a.gif'), hard = { ...film, data: film.data.map((v, i) => (i % 4 < 3 ? v : v >= 128 ? 255 : 0)) };
    await writeFilm(file, film);
    expect(visibleDifference(hard, await readFilm(file))).toEqual({ colour: 0, alpha: 0 });              // libnsgif
    expect(visibleDifference(hard, await nodeAv.readFilm(file))).toEqual({ colour: 0, alpha: 0 });       // FFmpeg
    expect((await sharp(file, { pages: -1 }).metadata()).pages).toBe(7);
  });
});

test('no colour of what cannot be seen comes into what can: red beside invisible green, in one block of chroma', async () => {
  await inFolder(async (folder) => {
    const data = new Uint8Array(2 * 16 * 16 * 4).map((_, i) => ((i >> 2) % 16 < 7 ? [200, 30, 40, 255] : [0, 255, 0, 0])[i % 4]!);
    const film = { data, count: 2, width: 16, height: 16, channels: 4, fps: 8 } as const;
    for (const format of ['webm', 'mov']) {
      await writeFilm(join(folder, `a.${format}`), film);
      const { colour, alpha } = visibleDifference(film, await readFilm(join(folder, `a.${format}`)));
      expect([format, colour <= 2, alpha]).toEqual([format, true, 0]);
    }
  });
});

test('a film that is transparent in part of its time, all of it nowhere, opaque chunks among others', async () => {
  await inFolder(async (folder) => {
    const glass = glassFilm(32, 3), solid = { ...walkFilm(32, 2) }, nothing = { ...glass, data: new Uint8Array(glass.data.length) };
    for (const format of ['webm', 'mov', 'mkv', 'webp', 'apng', 'gif', 'png']) {
      const file = join(folder, `a.${format}`), sink = await openSink(file, { width: 32, height: 32, fps: 8 });
      for (const chunk of [glass, solid, nothing]) await sink.write(chunk);
      expect((await sink.finish()).frames).toBe(8);
      const back = await readFilm(file);
      expect([format, back.count, back.channels]).toEqual([format, 8, 4]);
      expect([format, ...[4, 6].map((t) => sliceFrames(back, t, t + 1).data[3])]).toEqual([format, 255, 0]);
      expect([format, visibleDifference(nothing, sliceFrames(back, 5)).alpha]).toEqual([format, 0]);
    }
    await writeFilm(join(folder, 'none.gif'), nothing);
    expect((await readFilm(join(folder, 'none.gif'))).data.every((v, i) => i % 4 < 3 || v === 0)).toBe(true);
  });
});

test('equal frames are frames all the same', async () => {
  await inFolder(async (folder) => {
    const film = concatFrames([walkFilm(32, 1), walkFilm(32, 1), walkFilm(32, 2)]);
    for (const format of ['webp', 'apng', 'gif', 'webm', 'mov', 'mkv', 'mp4']) {
      await writeFilm(join(folder, `a.${format}`), film);
      expect([format, (await readFilm(join(folder, `a.${format}`))).count]).toEqual([format, 4]);
    }
    expect((await sharp(join(folder, 'a.webp'), { pages: -1 }).metadata()).delay).toEqual([125, 125, 125, 125]);
  });
});

test('durations of a WebP add up; an APNG says its rate exactly; both refuse what browsers do not play', async () => {
  await inFolder(async (folder) => {
    const webp = join(folder, 'a.webp'), apng = join(folder, 'a.apng');
    for (const fps of [24, 30000 / 1001, 85.25]) {
      const film = { ...walkFilm(16, 24), fps };
      await writeFilm(webp, film, { metadata: METADATA });
      const { delay, loop } = await sharp(webp, { pages: -1 }).metadata();
      expect([delay!.length, delay!.reduce((a, b) => a + b), loop]).toEqual([24, Math.round(24000 / fps), 0]);
      expect(Math.max(...delay!) - Math.min(...delay!)).toBeLessThanOrEqual(1);
      expect(JSON.parse(readWebpRecord(await readFile(webp))!)).toMatchObject({ metadata: METADATA });
      await writeFilm(apng, film);
      expect((await nodeAv.readFilm(apng)).count).toBe(24);
      expect((await readApng(await readFile(apng)))!.fps).toBeCloseTo(fps, 9);
    }
    for (const name of ['a.webp', 'a.apng']) await expect(writeFilm(join(folder, name), { ...walkFilm(16, 2), fps: 120 })).rejects.toThrow('at most 90 frames a second, got 120');
    await expect(openSink(webp, { width: 16384, height: 2, fps: 8 })).rejects.toThrow('at most 16383 pixels a side, got 16384×2');
  });
});

test('FFmpeg decodes our APNG as we do; a still WebP is no animation', async () => {
  await inFolder(async (folder) => {
    for (const film of [walkFilm(40, 9), rampFilm(24, 4), glassFilm(24, 5)]) {
      const file = join(folder, 'a.apng');
      await writeFilm(file, film);
      const ffmpeg = await nodeAv.readFilm(file);
      expect(ffmpeg.channels).toBe(film.channels);
      if (film.channels === 3) expect(ffmpeg.data).toEqual(film.data); else expect(visibleDifference(film, ffmpeg)).toEqual({ colour: 0, alpha: 0 });
      expect((await sharp(file).metadata()).format).toBe('png');
    }
    await writeFilm(join(folder, 'one.webp'), walkFilm(24, 1), { metadata: METADATA });
    expect((await sharp(join(folder, 'one.webp')).metadata()).pages ?? 1).toBe(1);
    expect(await readFilm(join(folder, 'one.webp'))).toEqual(walkFilm(24, 1));
    expect(await readMetadata(join(folder, 'one.webp'))).toEqual(METADATA);
  });
});

test('APNGs of others: a still in front, parts laid over and taken away, as the standard says', async () => {
  const pixel = async (rgba: readonly number[]): Promise<Buffer[]> => {
    const png = await encodePng({ data: Uint8Array.from(rgba), count: 1, width: 1, height: 1, channels: 4, fps: 1 });
    return [...pngChunks(png)].filter(({ type }) => type === 'IDAT').map(({ body }) => body);
  };
  const bytes = (...v: readonly number[]): Uint8Array => Uint8Array.from(v), u32 = (v: number): number[] => [0, 0, v >> 8, v & 255];
  const control = (sequence: number, x: number, [dispose, blend]: readonly [number, number]): Buffer =>
    pngChunk('fcTL', bytes(...u32(sequence), ...u32(1), ...u32(1), ...u32(x), ...u32(0), 0, 1, 0, 4, dispose, blend));
  const wide = await encodePng({ data: new Uint8Array(8).fill(9), count: 1, width: 2, height: 1, channels: 4, fps: 1 });
  const header = [...pngChunks(wide)].find(({ type }) => type === 'IHDR')!.body, still = [...pngChunks(wide)].find(({ type }) => type === 'IDAT')!.body;
  const red = (await pixel([255, 0, 0, 255]))[0]!, glass = (await pixel([0, 0, 255, 128]))[0]!;
  const file = Buffer.concat([
    PNG_SIGNATURE, pngChunk('IHDR', header), pngChunk('acTL', bytes(...u32(4), ...u32(0))), pngChunk('IDAT', still),
    control(0, 0, [0, 0]), pngChunk('fdAT', bytes(...u32(1)), red),                     // red stays
    control(2, 0, [2, 1]), pngChunk('fdAT', bytes(...u32(3)), glass),                   // blue glass over it, then as before
    control(4, 1, [1, 1]), pngChunk('fdAT', bytes(...u32(5)), glass),                   // beside it, then nothing there
    control(6, 1, [0, 1]), pngChunk('fdAT', bytes(...u32(7)), glass), pngChunk('IEND')]);
  expect(apngFrames(file)).toBe(4);
  const film = (await readApng(file))!;
  expect([film.count, film.width, film.fps]).toEqual([4, 2, 4]);
  expect([...film.data]).toEqual([
    255, 0, 0, 255, 0, 0, 0, 0, 127, 0, 128, 255, 0, 0, 0, 0,
    255, 0, 0, 255, 0, 0, 255, 128, 255, 0, 0, 255, 0, 0, 255, 128]);
  await expect(readApng(file.subarray(0, file.length - 12 - 6))).rejects.toThrow(new FileError('the PNG ends inside its fdAT chunk'));
});

test('a damaged APNG or WebP is an error of one line or a film, never more memory than a film takes', async () => {
  await inFolder(async (folder) => {
    for (const format of ['apng', 'webp']) {
      const file = join(folder, `a.${format}`), broken = join(folder, `b.${format}`);
      await writeFilm(file, glassFilm(16, 4), { metadata: METADATA });
      const whole = await readFile(file);
      for (let seed = 1; seed <= 150; seed++) {
        const bytes = Buffer.from(whole.subarray(0, seed % 5 === 0 ? (Math.imul(seed, 2654435761) >>> 0) % whole.length : whole.length));
        const rest = bytes.length - 12, changes = rest > 0 ? 1 + (seed % 3) : 0;
        for (let k = 0; k < changes; k++) bytes[12 + ((Math.imul(seed * 7 + k, 2654435761) >>> 0) % rest)] = (seed * 37 + k * 101) & 255;
        await writeFile(broken, bytes);
        const read = await readFilm(broken).catch((cause: unknown) => cause);
        if (read instanceof Error) expect([read instanceof FileError, read.message.includes('\n'), read.message.includes(folder)]).toEqual([true, false, true]);
        await readMetadata(broken).catch((cause: unknown) => { expect(cause).toBeInstanceOf(FileError); });
      }
    }
    const huge = await readFile(join(folder, 'a.apng'));
    huge.writeUInt32BE(60000, 16);
    huge.writeUInt32BE(60000, 20);
    await writeFile(join(folder, 'b.apng'), huge);
    await expect(readFilm(join(folder, 'b.apng'))).rejects.toThrow('an APNG of 4 frames of 60000×60000 takes 54932 MiB, 2048 are read');
  });
});

test('a sheet has a JSON beside it that says where each frame lies; a file of others is left alone', async () => {
  await inFolder(async (folder) => {
    const file = join(folder, 'walk.png'), film = glassFilm(16, 7, 24), written = await writeFilm(file, film);
    expect(written.json).toBe(join(folder, 'walk.json'));
    const { frames, animations, meta } = JSON.parse(await readFile(written.json!, 'utf8')) as {
      frames: Record<string, { frame: { x: number; y: number; w: number; h: number }; duration: number; sourceSize: object }>; animations: Record<string, string[]>; meta: object;
    };
    const names = Array.from({ length: 7 }, (_, t) => `walk-000${t + 1}.png`);
    expect([Object.keys(frames), animations]).toEqual([names, { walk: names }]);
    expect(Object.values(frames).reduce((sum, f) => sum + f.duration, 0)).toBe(Math.round(7000 / 24));
    expect(meta).toMatchObject({ image: 'walk.png', format: 'RGBA8888', size: { w: 48, h: 48 }, scale: '1', frameTags: [{ name: 'walk', from: 0, to: 6, direction: 'forward' }] });
    for (const [t, name] of names.entries()) {
      const { frame: { x, y, w, h }, sourceSize } = frames[name]!;
      expect(sourceSize).toEqual({ w: 16, h: 16 });
      const cell = await sharp(file).extract({ left: x, top: y, width: w, height: h }).raw().toBuffer();
      expect(new Uint8Array(cell)).toEqual(sliceFrames(film, t, t + 1).data);
    }
    await writeFilm(file, film);                                        // ours may be written over
    await writeFile(join(folder, 'hero.json'), '{"hp": 12}');
    await expect(openSink(join(folder, 'hero.png'), { width: 16, height: 16, fps: 8 })).rejects
      .toThrow(`cannot write ${join(folder, 'hero.json')}, which lies beside a sprite sheet: another file of that name exists`);
    expect((await writeFilm(join(folder, 'hero.png'), toRgb(sliceFrames(film, 0, 1)))).json).toBeUndefined();
    expect(await readFile(join(folder, 'hero.json'), 'utf8')).toBe('{"hp": 12}');
  });
});

test('which films can be transparent', () => {
  for (const name of ['a.webm', 'a.mov', 'a.mkv', 'a.gif', 'a.webp', 'a.apng', 'a.png', 'frames']) expect(() => { checkTransparent(name); }).not.toThrow();
  expect(() => { checkTransparent('a.mp4'); }).toThrow(InputError);
  expect(() => { checkTransparent('a.mp4'); }).toThrow('"a.mp4": .mp4 films cannot be transparent; '
    + 'those that can: .webm, .mov, .mkv, .gif, .webp, .apng, .png, or a folder of PNGs');
});
