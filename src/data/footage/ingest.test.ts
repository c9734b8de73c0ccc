import { createHash } from 'node:crypto';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CancelledError } from '../../core/errors.ts';
import { ApngEncoder } from '../../media/apng.ts';
import { concatFrames, type Frames, sliceFrames } from '../../media/frames.ts';
import { psnr } from '../../media/metrics.ts';
import { encodePng } from '../../media/png.ts';
import { fitClip } from './clips.ts';
import { encodeClip, readClip, readManifest } from './dataset.ts';
import { CODECS, encodeFilm, scene } from './film.fixture.ts';
import { ingest } from './ingest.ts';
import { whole } from './plane.ts';

let dir: string, films: string;
const out = (): Promise<string> => mkdtemp(join(dir, 'out-'));
/** SHA-256 of each file below a folder. */
async function hashes(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name)).sort();
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, createHash('sha256').update(await readFile(name)).digest('hex')])));
}
const pages = (film: Frames) => sharp(film.data, { raw: { width: film.width, height: film.height * film.count, channels: 3, pageHeight: film.height } });
const jpeg = (image: Frames) => sharp(image.data, { raw: { width: image.width, height: image.height, channels: 3 } }).jpeg({ quality: 95 }).toBuffer();

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kinora-ingest-'));
  films = join(dir, 'films');
  await mkdir(join(films, 'frames'), { recursive: true });
  await encodeFilm(join(films, 'two scenes.mp4'), concatFrames([scene(1, 30, { fps: 24, speed: 0.7 }), scene(2, 50, { fps: 24, speed: 0.7 })]), CODECS.mp4);
  await encodeFilm(join(films, 'upright.webm'), scene(3, 20, { width: 64, height: 112 }), CODECS.webm);
  await encodeFilm(join(films, 'ten bits.mkv'), scene(4, 20), CODECS.mkv);
  await encodeFilm(join(films, 'old.avi'), scene(5, 20, { width: 110, height: 66 }), CODECS.avi);
  await writeFile(join(films, 'gif.gif'), await pages(scene(6, 12)).gif({ delay: Array.from({ length: 12 }, () => 120) }).toBuffer());
  await writeFile(join(films, 'exact.webp'), await pages(scene(7, 13)).webp({ lossless: true, delay: Array.from({ length: 13 }, () => 125) }).toBuffer());
  const frames = scene(8, 10);
  for (let t = 0; t < 10; t++) await writeFile(join(films, 'frames', `f${t + 1}.png`), await encodePng(sliceFrames(frames, t, t + 1)));
  await writeFile(join(films, 'still.jpg'), await jpeg(scene(9, 1)));
  // What is nasty.
  await writeFile(join(films, 'copy of old.avi'), await readFile(join(films, 'old.avi')));
  await writeFile(join(films, 'letter.mp4'), 'dear diary, this is no film\n');
  await writeFile(join(films, 'nothing.mov'), '');
  const long = join(films, 'torn.mkv');
  await encodeFilm(long, scene(10, 40), { ...CODECS.mp4, format: 'matroska' });
  const bytes = await readFile(long);
  await writeFile(long, bytes.subarray(0, Math.floor(bytes.length * 0.6)));
  await writeFile(join(films, 'headless.mp4'), (await readFile(join(films, 'two scenes.mp4'))).subarray(0, 3000));
  const turned = join(films, 'turned.mp4');
  await encodeFilm(turned, scene(11, 12), CODECS.mp4);
  const mp4 = await readFile(turned), at = mp4.indexOf('tkhd') + 4 + 4 + 20 + 16;
  for (const [i, v] of [0, 65536, 0, -65536, 0, 0].entries()) mp4.writeInt32BE(v, at + 4 * i);
  await writeFile(turned, mp4);
  await encodeFilm(join(films, 'dark.mp4'), { ...scene(12, 12), data: scene(12, 12).data.map((v) => v / 16) }, CODECS.mp4);
  await writeFile(join(films, 'two scenes.txt'), 'a texture  pans,\nthen another');
  await writeFile(join(films, 'captions.csv'), 'file,caption\nupright.webm,"tall, and ""quoted"""\ngone.mp4,nobody\n');
});
afterAll(async () => { await rm(dir, { recursive: true, force: true }); });

test('a folder of mixed and nasty files: each is kept at its shape, or refused with its reason; originals are only read', async () => {
  const before = await hashes(films), target = await out();
  const { clips, refused, sources, notes, report } = await ingest({ inputs: [films], out: target });
  expect(await hashes(films)).toEqual(before);
  const name = (source: string): string => source.replace('../films/', '');
  expect(clips.map((c) => [name(c.source), c.shot, c.frames, c.width, c.height])).toEqual([
    ['copy of old.avi', 0, 17, 104, 64], ['exact.webp', 0, 13, 96, 64], ['gif.gif', 0, 9, 96, 64], ['still.jpg', 0, 1, 96, 64], ['ten bits.mkv', 0, 17, 96, 64],
    ['torn.mkv', 0, expect.any(Number), 96, 64], ['turned.mp4', 0, 9, 64, 96], ['two scenes.mp4', 0, 9, 96, 64], ['two scenes.mp4', 1, 17, 96, 64],
    ['upright.webm', 0, 17, 64, 112], ['frames', 0, 9, 96, 64],
  ]);
  expect(refused.map((r) => [name(r.source), r.stage])).toEqual([['dark.mp4', 'dark'], ['old.avi', 'duplicates']]);
  expect(sources.filter((s) => s.error !== undefined).map((s) => [name(s.source), s.error])).toEqual([
    ['headless.mp4', expect.stringContaining('index is missing')], ['letter.mp4', 'it looks like text, not like a film or an image'],
    ['nothing.mov', 'it looks like an empty file, not like a film or an image'],
  ]);
  const by = (source: string) => clips.find((c) => name(c.source) === source)!;
  expect([by('two scenes.mp4').caption, by('upright.webm').caption]).toEqual(['a texture pans, then another', 'tall, and "quoted"']);
  expect(by('copy of old.avi').caption).toMatch(/^copy of old, the camera pans right/);
  expect(notes).toEqual(['a caption is given for ../films/gone.mp4, which is not among the files']);
  const html = await readFile(report, 'utf8');
  const told = ['11 clips kept, 2 parts refused', 'letter.mp4: it looks like text', 'resembles clips/', '96×64', 'Own movement', 'data:image/jpeg;base64,'];
  for (const text of ['Packing waste, %', 'packs of 1024 tokens']) expect(html).toContain(text);
  for (const text of told) expect(html).toContain(text);
  expect(html).not.toMatch(/(src|href)="(?!data:)/);
  expect(await readManifest(target)).toEqual(clips);
  // Pixels: exact where the film was lossless and of this shape, close where it was compressed.
  expect(Buffer.compare(Buffer.from((await readClip(target, by('exact.webp'))).data), Buffer.from(scene(7, 13).data))).toBe(0);
  expect(psnr(await readClip(target, by('ten bits.mkv')), sliceFrames(scene(4, 20), 0, 17))).toBeGreaterThan(28);
  expect(psnr(await readClip(target, by('frames')), sliceFrames(scene(8, 10), 0, 9))).toBe(Infinity);
  // Called again, nothing is read anew, and a new file is added.
  const again = await ingest({ inputs: [films], out: target });
  expect([again.clips, again.refused]).toEqual([clips, refused]);
});

test('a dataset that another process writes is refused and left as it is; what a killed one left is taken over', async () => {
  const target = await out(), lock = join(target, '.lock.json'), still = join(films, 'still.jpg');
  await writeFile(lock, JSON.stringify({ pid: process.ppid }));
  await expect(ingest({ inputs: [still], out: target })).rejects
    .toThrow(`the dataset ${target} is in use by process ${process.ppid}: wait for it, stop it, or name another folder`);
  expect(await readdir(target)).toEqual(['.lock.json']);
  await writeFile(lock, JSON.stringify({ pid: 2 ** 22 + 1 }));
  expect((await ingest({ inputs: [still], out: target })).clips).toHaveLength(1);
  expect(await readdir(target)).not.toContain('.lock.json');
});

test('a film of changing rate keeps its clock', async () => {
  const folder = await mkdtemp(join(dir, 'vfr-')), film = scene(1, 12), ticks = [0, 1, 2, 3, 4, 8, 12, 13, 14, 15, 16, 17];    // sixteenths of a second
  await encodeFilm(join(folder, 'a.mp4'), film, CODECS.mp4, { ticks, clock: 16 });
  const target = await out(), { clips } = await ingest({ inputs: [folder], out: target }), clip = await readClip(target, clips[0]!);
  const shown = Array.from({ length: clip.count }, (_, k) => ticks.findLastIndex((t) => t <= 2 * k));
  expect(shown).toEqual([0, 2, 4, 4, 5, 5, 6, 8, 10]);
  for (const [k, t] of shown.entries()) expect(psnr(sliceFrames(clip, k, k + 1), sliceFrames(film, t, t + 1))).toBeGreaterThan(30);
});

test('interrupted, with a torn line in the journal, it goes on to the same dataset; other options are refused', async () => {
  const whole = await out(), torn = await out();
  await ingest({ inputs: [films], out: whole });
  for (const stopAt of [1, 4, 8]) {
    const stop = new AbortController();
    await expect(ingest({ inputs: [films], out: torn, signal: stop.signal, onProgress: ({ kept }) => { if (kept >= stopAt) stop.abort(); } })).rejects.toThrow(CancelledError);
    await appendFile(join(torn, 'journal.jsonl'), '{"kind":"clip","source":"../fi');
  }
  await ingest({ inputs: [films], out: torn });
  const relative = async (folder: string) => Object.entries(await hashes(folder)).map(([file, hash]) => [file.replace(folder, ''), hash]);
  expect(await relative(torn)).toEqual(await relative(whole));
  await expect(ingest({ inputs: [films], out: torn, fps: 12 })).rejects.toThrow('was begun with other options');
});

test('a large film is averaged in one step: with bars, without, and where they last for a part of the shot only', async () => {
  const folder = await mkdtemp(join(dir, 'large-')), area = 48 * 32, film = scene(3, 17, { width: 192, height: 128 });
  /** With bars of a quarter of the height in the first `count` frames. */
  const boxed = (count: number): Frames =>
    ({ ...film, data: film.data.map((v, i) => { const row = Math.floor(i / (192 * 3)), y = row % 128; return row < 128 * count && (y < 32 || y >= 96) ? 0 : v; }) });
  const drawn = [boxed(17), boxed(6), film], box = [{ x: 0, y: 32, width: 192, height: 64 }, whole(film), whole(film)], names = ['boxed', 'sometimes', 'whole'];
  for (const [i, name] of names.entries()) await encodeFilm(join(folder, `${name}.mp4`), drawn[i]!, CODECS.mp4);
  const target = await out(), { clips } = await ingest({ inputs: [folder], out: target, area, skip: ['cuts', 'duplicates'] });      // pictures of 68×45: 68×21 between the bars
  expect(clips.map((c) => [c.source.split('/').at(-1), c.frames, c.width, c.height]))
    .toEqual([['boxed.mp4', 17, 64, 16], ['sometimes.mp4', 17, 48, 32], ['whole.mp4', 17, 48, 32]]);
  for (const [i, row] of clips.entries()) {
    const clip = await readClip(target, row), answer = fitClip(Array.from({ length: 17 }, (_, t) => sliceFrames(drawn[i]!, t, t + 1)), box[i]!, row, 8);
    for (let t = 0; t < 17; t++) expect(psnr(sliceFrames(clip, t, t + 1), sliceFrames(answer, t, t + 1))).toBeGreaterThan(28);
  }
  const unasked = await ingest({ inputs: [folder], out: await out(), area, skip: ['cuts', 'duplicates', 'bars'] });
  expect(unasked.clips.map((c) => [c.width, c.height])).toEqual([[48, 32], [48, 32], [48, 32]]);
});

test('a dataset that another version began is not gone on with: its clips would be mixed with others', async () => {
  const folder = await mkdtemp(join(dir, 'version-')), target = await out(), journal = join(target, 'journal.jsonl');
  await encodeFilm(join(folder, 'a.mp4'), scene(1, 12), CODECS.mp4);
  await ingest({ inputs: [folder], out: target });
  const text = await readFile(journal, 'utf8');
  expect(text).toMatch(/^\{"kind":"begin","kinora":"footage","version":2,/);
  await writeFile(journal, text.replace('"version":2', '"version":1'));
  await expect(ingest({ inputs: [folder], out: target })).rejects.toThrow('was begun by another version of Kinora, which makes other clips');
  expect(await readManifest(target)).toHaveLength(1);
});

test('nothing kept is an error that says what to change', async () => {
  const folder = await mkdtemp(join(dir, 'none-'));
  await expect(ingest({ inputs: [folder], out: await out() })).rejects.toThrow(/^no footage in .*: wanted films/);
  await expect(ingest({ inputs: [join(folder, 'gone')], out: await out() })).rejects.toThrow('no such file or folder');
  const still = scene(1, 1);
  await encodeFilm(join(folder, 'a.mp4'), concatFrames(Array.from({ length: 20 }, () => still)), CODECS.mp4);
  await writeFile(join(folder, 'b.mp4'), 'text');
  await expect(ingest({ inputs: [folder], out: await out() })).rejects
    .toThrow(/^no clip is kept: 1 still \(skip stage still\); 1 file \(.*report\.html shows each with its reason$/);
  expect((await ingest({ inputs: [folder], out: await out(), skip: ['still'] })).clips).toHaveLength(1);
  await writeFile(join(folder, 'IMG_0001.gif'), await pages(scene(2, 12)).gif({ delay: Array.from({ length: 12 }, () => 120) }).toBuffer());
  await expect(ingest({ inputs: [join(folder, 'IMG_0001.gif')], out: await out(), skip: ['tags'] })).rejects.toThrow('1 caption (put a .txt');
  await expect(ingest({ inputs: [folder], out: folder })).rejects.toThrow('is read and written');
  const other = await out();
  await writeFile(join(other, 'thesis.doc'), '');
  await expect(ingest({ inputs: [folder], out: other })).rejects.toThrow('holds other files (thesis.doc)');
});

test('numbered images are one film only where each of them stands still', async () => {
  const folder = await mkdtemp(join(dir, 'numbered-')), kinds = ['webp', 'png', 'stills'] as const;
  for (const kind of kinds) await mkdir(join(folder, kind));
  for (let i = 1; i <= 5; i++) {
    const film = scene(i, 5, { width: 48, height: 32 }), encoder = new ApngEncoder(8);
    await writeFile(join(folder, 'webp', `clip-00${i}.webp`), await pages(film).webp({ lossless: true, delay: Array.from({ length: 5 }, () => 125) }).toBuffer());
    for (let t = 0; t < 5; t++) await encoder.add(sliceFrames(film, t, t + 1));
    await writeFile(join(folder, 'png', `clip-00${i}.png`), Buffer.concat(encoder.finish({})));
    await writeFile(join(folder, 'stills', `f-00${i}.webp`), await pages(sliceFrames(scene(9, 5), i - 1, i)).webp({ lossless: true }).toBuffer());
  }
  const { sources } = await ingest({ inputs: [folder], out: await out(), minFrames: 5, skip: ['duplicates'] });
  const counted = Object.fromEntries(sources.map((s) => [s.source.slice(s.source.indexOf('numbered-')).split('/').slice(1).join('/'), s.frames]));
  const five = (kind: string): [string, number][] => [1, 2, 3, 4, 5].map((i) => [`${kind}/clip-00${i}.${kind}`, 5]);
  expect(counted).toEqual({ ...Object.fromEntries([...five('webp'), ...five('png')]), stills: 5 });
});

test('a dataset inside its own input is not footage', async () => {
  const folder = await mkdtemp(join(dir, 'inside-'));
  await encodeFilm(join(folder, 'a.mp4'), scene(1, 12), CODECS.mp4);
  for (let i = 0; i < 2; i++) expect((await ingest({ inputs: [folder], out: join(folder, 'dataset') })).sources).toHaveLength(1);
});

test('clips come back to the byte, equal frames too', async () => {
  const folder = await mkdtemp(join(dir, 'bytes-')), film = concatFrames([scene(1, 3), ...Array.from({ length: 6 }, () => scene(2, 1))]);
  await writeFile(join(folder, 'a.webp'), await encodeClip(film));
  const row = { file: 'a.webp', width: 96, height: 64, frames: 9, fps: 8 } as Parameters<typeof readClip>[1];
  expect(Buffer.compare(Buffer.from((await readClip(folder, row)).data), Buffer.from(film.data))).toBe(0);
  await expect(readClip(folder, { ...row, frames: 13 })).rejects.toThrow('is not what clips.jsonl says: 13 frames');
});
