import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FileError } from '../core/errors.ts';
import { CODECS, encodeFilm, scene } from '../data/footage/film.fixture.ts';
import { type Area, areaResize, whole } from '../data/footage/plane.ts';
import { ApngEncoder } from './apng.ts';
import { type Fit, type Size, streamFilm, type StreamedFrame, type StreamFacts } from './film-stream.ts';
import { rampFilm, walkFilm } from './fixtures.ts';
import { type Frames, sliceFrames, toRgba, upscaleNearest } from './frames.ts';
import { psnr } from './metrics.ts';
import { pngChunk } from './png.ts';
import { writeFilm } from './sink.ts';

let dir: string;
beforeAll(async () => { dir = await mkdtemp(join(tmpdir(), 'kinora-stream-')); });
afterAll(async () => { await rm(dir, { recursive: true, force: true }); });

const OPTIONS = { lumaSide: 32, pictureArea: 64 * 64, imageFps: 8 };
type Read = Omit<StreamedFrame, 'picture'> & { readonly picture: Frames };
async function all(file: string, o = OPTIONS): Promise<{ frames: Read[]; facts: StreamFacts }> {
  const stream = await streamFilm(file, o), frames: Read[] = [];
  for await (const { picture, ...rest } of stream.frames) frames.push({ ...rest, picture: await picture() });
  return { frames, facts: stream.facts() };
}

test('an MP4 comes frame by frame: times, small planes, pictures of the wanted size', async () => {
  const film = upscaleNearest(walkFilm(64, 12), 2), file = join(dir, 'a.mp4');
  await writeFilm(file, film);
  const { frames, facts } = await all(file);
  expect(facts).toMatchObject({ kind: 'mp4', width: 128, height: 128, damaged: 0 });
  expect(frames.map((f) => f.time)).toEqual(Array.from({ length: 12 }, (_, t) => expect.closeTo(t / 8, 5) as number));
  expect(frames.every((f) => Math.abs(f.duration - 1 / 8) < 1e-5 && f.luma.width === 32 && f.luma.height === 32)).toBe(true);
  const walk = walkFilm(64, 12);
  for (const [t, { picture }] of frames.entries()) expect(psnr(picture, sliceFrames(walk, t, t + 1))).toBeGreaterThan(24);
});

test('a film that was turned by its display matrix comes upright', async () => {
  const film = rampFilm(64, 4), half: Frames = { ...film, height: 32, count: 8 }, plain = join(dir, 'plain.mp4'), turned = join(dir, 'turned.mp4');
  await writeFilm(plain, half);
  const bytes = await readFile(plain), at = bytes.indexOf('tkhd') + 4 + 4 + 20 + 16;      // version and flags, times and ids, layer … reserved
  for (const [i, v] of [0, 65536, 0, -65536, 0, 0].entries()) bytes.writeInt32BE(v, at + 4 * i);
  await writeFile(turned, bytes);
  const a = await all(plain), b = await all(turned);
  expect([b.facts.width, b.facts.height, b.frames[0]!.picture.width, b.frames[0]!.picture.height, b.frames[0]!.luma.height]).toEqual([32, 64, 32, 64, 32]);
  const picture = a.frames[0]!.picture, upright = await sharp(picture.data, { raw: { width: 64, height: 32, channels: 3 } }).rotate(90).raw().toBuffer();
  expect(psnr(b.frames[0]!.picture, { ...picture, width: 32, height: 64, data: new Uint8Array(upright) })).toBeGreaterThan(30);
});

test('a fitted picture is the middle of the upright frame, averaged in one step; whole frames and films that are turned or have alpha too', async () => {
  const film = scene(3, 3, { width: 192, height: 128 }), plain = join(dir, 'fit.mp4'), turned = join(dir, 'fit-turned.mp4'), clear = join(dir, 'fit.webm');
  await encodeFilm(plain, film, CODECS.mp4);
  const bytes = await readFile(plain), at = bytes.indexOf('tkhd') + 4 + 4 + 20 + 16;
  for (const [i, v] of [0, 65536, 0, -65536, 0, 0].entries()) bytes.writeInt32BE(v, at + 4 * i);
  await writeFile(turned, bytes);
  await writeFilm(clear, toRgba(film));
  const fitted = async (file: string, fit: Fit): Promise<Frames[]> => {
    const sizes: Size[] = [], stream = await streamFilm(file, { ...OPTIONS, fit: (size) => { sizes.push(size); return fit; } }), frames: Frames[] = [];
    for await (const frame of stream.frames) frames.push(await frame.fitted!());
    expect(sizes).toEqual([{ width: stream.facts().width, height: stream.facts().height }]);         // asked once
    return frames;
  };
  const answer = (t: number, area: Area, size: Size): Frames =>
    ({ ...film, ...size, count: 1, data: areaResize({ ...film, data: sliceFrames(film, t, t + 1).data }, area, { ...size, channels: 3 }) });
  const middle = { shares: { width: 0.75, height: 1 }, size: { width: 48, height: 40 } }, entire = { shares: { width: 1, height: 1 }, size: { width: 48, height: 32 } };
  for (const file of [plain, clear]) for (const [fit, area] of [[middle, { x: 24, y: 0, width: 144, height: 128 }], [entire, whole(film)]] as const) {
    const frames = await fitted(file, fit);
    expect(frames).toHaveLength(3);
    for (const [t, frame] of frames.entries()) expect(psnr(frame, answer(t, area, fit.size))).toBeGreaterThan(32);
  }
  for (const [t, frame] of (await fitted(turned, { shares: { width: 1, height: 0.75 }, size: { width: 40, height: 48 } })).entries()) {
    const wide = answer(t, { x: 24, y: 0, width: 144, height: 128 }, { width: 48, height: 40 });
    const upright = await sharp(wide.data, { raw: { width: 48, height: 40, channels: 3 } }).rotate(90).raw().toBuffer();
    expect(psnr(frame, { ...wide, width: 40, height: 48, data: new Uint8Array(upright) })).toBeGreaterThan(32);
  }
  expect((await all(plain)).frames.some((f) => 'fitted' in f)).toBe(false);
});

test('delays of a GIF are kept', async () => {
  const file = join(dir, 'a.gif'), film = walkFilm(32, 4);
  await writeFile(file, await sharp(film.data, { raw: { width: 32, height: 128, channels: 3, pageHeight: 32 } }).gif({ delay: [100, 400, 100, 200] }).toBuffer());
  const { frames } = await all(file);
  expect(frames.map((f) => [f.time, f.duration])).toEqual([[0, 0.1], [0.1, 0.4], [0.5, 0.1], [0.6, 0.2]].map((p) => p.map((v) => expect.closeTo(v, 6) as number)));
});

test('a folder of frames in the order of numbers; a broken one is left out and counted; alpha lies on white', async () => {
  const folder = await mkdtemp(join(dir, 'frames-'));
  for (const n of [1, 2, 10]) {
    const background = { r: 10 * n, g: 0, b: 0, alpha: n === 10 ? 0 : 1 };
    await sharp({ create: { width: 20, height: 16, channels: 4, background } }).png().toFile(join(folder, `f${n}.png`));
  }
  await writeFile(join(folder, 'f3.png'), 'not an image');
  const { frames, facts } = await all(folder);
  expect(facts).toMatchObject({ kind: 'folder', width: 20, height: 16, damaged: 1 });
  expect(frames.map((f) => [f.time, ...f.picture.data.subarray(0, 3)])).toEqual([[0, 10, 0, 0], [0.125, 20, 0, 0], [0.375, 255, 255, 255]]);
});

test('a cut-off film gives what is whole, or a FileError; text is refused', async () => {
  const file = join(dir, 'b.mp4'), cut = join(dir, 'cut.mp4');
  await writeFilm(file, walkFilm(64, 12));
  const bytes = await readFile(file);
  await writeFile(cut, bytes.subarray(0, Math.floor(bytes.length * 0.8)));
  const read = await all(cut).then(({ frames }) => frames.length, (cause: unknown) => cause);
  if (typeof read !== 'number') expect(read).toBeInstanceOf(FileError);
  else expect(read).toBeLessThan(12);
  await writeFile(cut, 'hello, this is text');
  await expect(all(cut)).rejects.toThrow('it looks like text');
});

test('frames that are said to be larger than 8K are refused before there is room made for them', async () => {
  const small = scene(1, 3, { width: 48, height: 32 }), file = join(dir, 'huge.webm'), before = process.resourceUsage().maxRSS;
  await encodeFilm(file, small, { ...CODECS.webm, encoder: 'libvpx' });
  const vp8 = await readFile(file), start = vp8.indexOf(Buffer.of(0x9d, 0x01, 0x2a));         // of a key frame: then its width and height, 14 bits each
  expect(start).toBeGreaterThan(0);
  for (const at of [3, 5]) vp8.writeUInt16LE(16_000, start + at);
  await writeFile(file, vp8);
  await expect(all(file)).rejects.toThrow('no frame could be decoded');
  await encodeFilm(file, small, { encoder: 'prores_ks', format: 'mov', pixels: 'yuv422p10le' });
  const mov = await readFile(file), entry = mov.indexOf('apcn') < 0 ? mov.indexOf('apch') : mov.indexOf('apcn');
  for (const at of [28, 30]) mov.writeUInt16BE(16_000, entry + at);
  await writeFile(file, mov);
  await expect(all(file)).rejects.toThrow('its frames of 16000×16000 are too large');
  expect(process.resourceUsage().maxRSS - before).toBeLessThan(300 * 1024);                  // kilobytes; one such frame of VP8 takes 366 MiB
});

test('an APNG that holds more frames than it says is refused: its memory goes by what it says', async () => {
  const encoder = new ApngEncoder(8), film = walkFilm(32, 3), file = join(dir, 'more.png');
  for (let t = 0; t < 3; t++) await encoder.add(sliceFrames(film, t, t + 1));
  const bytes = Buffer.concat(encoder.finish({})), at = bytes.indexOf('acTL') - 4, said = Buffer.from(bytes.subarray(at + 8, at + 16));
  await writeFile(file, bytes);
  expect((await all(file)).frames).toHaveLength(3);
  said.writeUInt32BE(1);
  await writeFile(file, Buffer.concat([bytes.subarray(0, at), pngChunk('acTL', said), bytes.subarray(at + 20)]));
  await expect(all(file)).rejects.toThrow('says that it has 1 frames, and has 3');
});
