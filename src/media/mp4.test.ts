import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as av from 'node-av';
import { expect, test } from 'vitest';
import { chartFilm, inFolder, largestDifference, METADATA, walkFilm } from './fixtures.ts';
import { frameBytes, type Frames, upscaleNearest } from './frames.ts';
import { nalType, splitSample, withVui } from './h264.ts';
import { psnr } from './metrics.ts';
import { findMoov, readMp4Info, readMp4Tags } from './mp4-read.ts';
import { rationalFps } from './rational.ts';
import { readFilm } from './read.ts';
import { writeFilm } from './sink.ts';

/** What FFmpeg says of a file. */
async function ffprobe(file: string) {
  await using format = new av.FormatContext();
  av.FFmpegError.throwIfError(await format.openInput(file), 'open');
  av.FFmpegError.throwIfError(await format.findStreamInfo(), 'streams');
  const [stream] = format.streams, p = stream!.codecpar;
  return {
    frames: Number(stream!.nbFrames), seconds: (Number(stream!.duration) * stream!.timeBase.num) / stream!.timeBase.den,
    fps: [stream!.avgFrameRate.num, stream!.avgFrameRate.den], size: [p.width, p.height],
    colour: [p.colorPrimaries, p.colorTrc, p.colorSpace, p.colorRange], tags: stream && format.metadata?.getAll(),
  };
}

test.each([
  [8, [8, 1]], [24, [24, 1]], [30000 / 1001, [30000, 1001]], [12.5, [25, 2]],
])('FFmpeg sees every frame, the exact rate and the colour tags at %d fps', async (fps, rate) => {
  await inFolder(async (folder) => {
    const file = join(folder, 'a.mp4');
    const written = await writeFilm(file, { ...walkFilm(64, 17), fps }, { metadata: METADATA });
    expect(written).toEqual({ file, format: 'mp4', codec: 'h264', width: 64, height: 64, frames: 17, fps, seconds: 17 / fps, bytes: (await readFile(file)).length });
    const seen = await ffprobe(file);
    expect(seen).toMatchObject({ frames: 17, fps: rate, size: [64, 64], colour: [1, 1, 1, 2] }); // BT.709 ×3, full range
    expect(seen.seconds).toBeCloseTo(17 / fps, 12);
    expect(seen.tags).toMatchObject({ title: METADATA.prompt, encoder: 'Kinora' });
    expect(JSON.parse(seen.tags!['comment']!)).toMatchObject({ metadata: METADATA });
  });
});

test('our own reader agrees: colr box, sync table, tags, moov in front, no times', async () => {
  await inFolder(async (folder) => {
    const file = join(folder, 'a.mp4');
    await writeFilm(file, walkFilm(32, 50), { metadata: METADATA });    // 6.25 s: two starting points
    const bytes = await readFile(file), moov = findMoov(bytes), info = readMp4Info(moov);
    expect(info).toMatchObject({ width: 32, height: 32, frames: 50, seconds: 6.25, fps: 8, colour: { codes: [1, 1, 1], full: true } });
    expect(Object.keys(readMp4Tags(moov))).toEqual(['©nam', '©cmt', '©too']);
    const types = info.samples.map(([at, size]) => splitSample(bytes.subarray(at, at + size)).map(nalType));
    expect(types.flatMap((t, i) => (t.includes(5) ? [i] : []))).toEqual([0, 40]);
    const stss = bytes.indexOf('stss');
    expect([bytes.readUInt32BE(stss + 8), bytes.readUInt32BE(stss + 12), bytes.readUInt32BE(stss + 16)]).toEqual([2, 1, 41]);
    expect(bytes.indexOf('moov')).toBeLessThan(bytes.indexOf('mdat'));
    for (const box of ['mvhd', 'tkhd', 'mdhd']) expect(bytes.readBigUInt64BE(bytes.indexOf(box) + 8)).toBe(0n);
  });
});

test('the parameter set keeps its first bits and says BT.709, full range and the frame rate', () => {
  const sps = Uint8Array.of(0x67, 0x42, 0x00, 0x16, 0xa6, 0x80, 0x80, 0x10, 0x64); // minih264, 512×512
  const out = withVui(sps, { fps: { numerator: 8, denominator: 1 } });
  expect(out.subarray(0, 8)).toEqual(sps.subarray(0, 8));
  expect(withVui(out, { fps: { numerator: 8, denominator: 1 } })).toEqual(out); // replaces what is there
  expect(() => withVui(Uint8Array.of(0x67, 100, 0, 30, 0), { fps: rationalFps(8) })).toThrow('profile 100');
});

/** The largest error in the middle of each patch. */
function patchError(film: Frames, decoded: Frames, patch: number): number {
  let worst = 0;
  for (let t = 0; t < film.count; t++) for (let y = patch >> 1; y < film.height; y += patch) for (let x = patch >> 1; x < film.width; x += patch) {
    const at = t * frameBytes(film) + (y * film.width + x) * 3;
    worst = Math.max(worst, largestDifference(film.data.subarray(at, at + 3), decoded.data.subarray(at, at + 3)).difference);
  }
  return worst;
}

test('24 colours come back within 3/255 in every pixel, and pixel art above 40 dB', async () => {
  await inFolder(async (folder) => {
    const chart = chartFilm(32, 9), file = join(folder, 'chart.mp4');
    await writeFilm(file, chart);
    const decoded = await readFilm(file);
    expect([decoded.count, decoded.fps, decoded.width, decoded.height]).toEqual([9, 8, 192, 128]);
    expect(patchError(chart, decoded, 32)).toBeLessThanOrEqual(1);
    expect(largestDifference(chart.data, decoded.data).difference).toBeLessThanOrEqual(3);
    const art = upscaleNearest(walkFilm(64, 17), 4), artFile = join(folder, 'art.mp4');
    await writeFilm(artFile, art);
    expect(psnr(art, await readFilm(artFile))).toBeGreaterThan(40);
  });
});

test.each([[2, 2], [18, 10], [96, 70], [130, 34], [1280, 722]])('%d×%d: any even size is cropped right', async (width, height) => {
  await inFolder(async (folder) => {
    const data = new Uint8Array(3 * height * width * 3);                // gentle ramps, brighter at the right and bottom edge
    for (let t = 0, i = 0; t < 3; t++) for (let y = 0; y < height; y++) for (let x = 0; x < width; x++, i += 3) {
      data.set([x === width - 1 ? 160 : 40 + (60 * x) / width, y === height - 1 ? 160 : 50 + (60 * y) / height, 80 + 10 * t], i);
    }
    const film: Frames = { data, count: 3, width, height, channels: 3, fps: 24 }, file = join(folder, 'a.mp4');
    await writeFilm(file, film);
    const back = await readFilm(file), edge = new Uint8Array(width * height);
    expect([back.count, back.width, back.height]).toEqual([3, width, height]);
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) if (x >= width - 2 || y >= height - 2) edge[y * width + x] = 1;
    expect(psnr(film, back, edge)).toBeGreaterThan(15);                 // the last chroma column mixes two colours
    if (width > 2) expect(psnr(film, back, edge.map((v) => 1 - v))).toBeGreaterThan(40);
  });
});

test('the encoder leaves no process-wide handlers behind', async () => {
  const before = [process.listenerCount('uncaughtException'), process.listenerCount('unhandledRejection')];
  await inFolder(async (folder) => { await writeFilm(join(folder, 'a.mp4'), walkFilm(16, 1)); });
  expect([process.listenerCount('uncaughtException'), process.listenerCount('unhandledRejection')]).toEqual(before);
});

test('frame rates become the fractions they stand for', () => {
  expect([8, 23.976, 29.97, 12.5, 59.94005994].map((f) => Object.values(rationalFps(f)).join('/')))
    .toEqual(['8/1', '24000/1001', '30000/1001', '25/2', '60000/1001']);
  expect(() => rationalFps(0)).toThrow('got 0');
});
