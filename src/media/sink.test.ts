import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { FileError, InputError } from '../core/errors.ts';
import { filmFormat } from './film-format.ts';
import { inFolder, METADATA, rampFilm, walkFilm } from './fixtures.ts';
import { sliceFrames, toRgba } from './frames.ts';
import { nodeAv } from './node-av.ts';
import { readFilm, readMetadata } from './read.ts';
import { openSink, writeFilm } from './sink.ts';

afterEach(() => { vi.restoreAllMocks(); });

const NAMES = ['a.mp4', 'a.webm', 'a.mov', 'a.mkv', 'a.gif', 'a.webp', 'a.apng', 'a.png', 'frames', 'frames2/'] as const;
/** What a name leaves in its folder: a sheet has a JSON beside it. */
const left = (name: string): string[] => (name === 'a.png' ? ['a.json', 'a.png'] : [name.replace('/', '')]);
const options = { width: 32, height: 32, fps: 8, metadata: METADATA };

/** SHA-256 over all files of a path. */
async function hash(path: string): Promise<string> {
  const files = await readdir(path).then((names) => names.sort().map((n) => join(path, n)), () => [path]);
  const sum = createHash('sha256');
  for (const file of files) sum.update(file.slice(path.length)).update(await readFile(file));
  return sum.digest('hex');
}

test('the path decides; unknown extensions list the allowed ones', () => {
  expect(['x.mp4', 'X.MP4', 'a.b.gif', 'x.png', 'x', 'x.mp4/', 'a.d/x'].map(filmFormat)).toEqual(['mp4', 'mp4', 'gif', 'png', 'folder', 'folder', 'folder']);
  expect(['x.webm', 'x.mov', 'x.MKV', 'x.webp', 'x.apng'].map(filmFormat)).toEqual(['webm', 'mov', 'mkv', 'webp', 'apng']);
  expect(() => filmFormat('x.avi')).toThrow(InputError);
  expect(() => filmFormat('x.avi')).toThrow('"x.avi": extension ".avi" is not known; allowed: .mp4, .webm, .mov, .mkv, .gif, .webp, .apng, .png, or none for a folder of PNGs');
});

test.each(NAMES)('%s: written twice, whole or in pieces, the bytes are equal; metadata comes back; nothing else is left', async (name) => {
  await inFolder(async (folder) => {
    const film = walkFilm(32, 9), path = join(folder, name);
    await writeFilm(name.endsWith('/') ? `${path}/` : path, film, { metadata: METADATA });
    const first = await hash(path);
    expect(await readMetadata(path)).toEqual(METADATA);
    const sink = await openSink(path, options), other = await openSink(join(folder, `other-${name}`), options); // two at once
    for (let t = 0; t < 9; t++) { await sink.write(sliceFrames(film, t, t + 1)); await other.write(film); }
    await other.abort();
    await sink.finish();
    expect(await hash(path)).toBe(first);
    expect(await readdir(folder)).toEqual(left(name));
    expect(await readFilm(path)).toMatchObject({ count: 9, width: 32, height: 32, fps: 8, channels: 3 });
  });
});

test.each(NAMES)('%s: abort leaves the target as it was', async (name) => {
  await inFolder(async (folder) => {
    const path = join(folder, name);
    await writeFilm(path, walkFilm(32, 2));
    const before = await hash(path);
    const sink = await openSink(path, options);
    await sink.write(walkFilm(32, 3));
    await sink.abort();
    await sink.abort();
    expect(await hash(path)).toBe(before);
    expect(await readdir(folder)).toEqual(left(name));
    await expect(sink.write(walkFilm(32, 1))).rejects.toThrow('is aborted already');
  });
});

test.each(NAMES)('%s: a full disk is one clear line, and nothing is left', async (name) => {
  await inFolder(async (folder) => {
    const path = join(folder, name);
    const sink = await openSink(path, options);
    const probe = await open(join(folder, 'probe'), 'w');
    vi.spyOn(Object.getPrototypeOf(probe) as typeof probe, 'write').mockRejectedValue(Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }));
    await probe.close();
    const failed = (async () => { await sink.write(walkFilm(32, 3)); await sink.finish(); })();
    await expect(failed).rejects.toThrow(new FileError(`cannot write ${path.replace(/\/$/, '')}: the disk is full`));
    expect(await readdir(folder)).toEqual(['probe']);
  });
});

test('targets that cannot be written are refused before any frame', async () => {
  await inFolder(async (folder) => {
    await expect(openSink(join(folder, 'no', 'a.mp4'), options)).rejects.toThrow(`folder ${join(folder, 'no')} does not exist`);
    await mkdir(join(folder, 'dir.gif'));
    await expect(openSink(join(folder, 'dir.gif'), options)).rejects.toThrow('it is a folder');
    await writeFile(join(folder, 'file'), 'x');
    await expect(openSink(join(folder, 'file'), options)).rejects.toThrow('a file of that name exists');
    await expect(openSink(join(folder, 'file', 'a.png'), options)).rejects.toThrow(FileError);
    await mkdir(join(folder, 'holiday'));
    await writeFile(join(folder, 'holiday', 'photo.png'), 'x');
    await expect(openSink(join(folder, 'holiday'), options)).rejects.toThrow('it holds other files (photo.png)');
    expect((await readdir(folder)).sort()).toEqual(['dir.gif', 'file', 'holiday']);
  });
});

test('wrong frames and options name both numbers', async () => {
  await inFolder(async (folder) => {
    await expect(openSink(join(folder, 'a.mp4'), { ...options, width: 63 })).rejects.toThrow('even width and height (4:2:0 colour), got 63×32');
    await expect(openSink(join(folder, 'a.gif'), { ...options, fps: 60 })).rejects.toThrow('at most 50');
    await expect(openSink(join(folder, 'a.png'), { ...options, height: 0 })).rejects.toThrow('height must be an integer ≥ 1, got 0');
    await expect(openSink(join(folder, 'a.mp4'), { ...options, codec: nodeAv })).rejects.toThrow('codec node-av does not write');
    const sink = await openSink(join(folder, 'a.mp4'), options);
    await expect(sink.write(walkFilm(30, 1))).rejects.toThrow('30×30 for a film of 32×32');
    const empty = await openSink(join(folder, 'b.mp4'), options);
    await expect(empty.finish()).rejects.toThrow('no frame was written');
    expect(await readdir(folder)).toEqual([]);
  });
});

test('one PNG is an image; several are a sheet that reads back as the film; a folder keeps rate and alpha', async () => {
  await inFolder(async (folder) => {
    for (const count of [1, 2, 4, 17]) {
      const film = rampFilm(10, count, 12), file = join(folder, `${count}.png`);
      await writeFilm(file, film);
      expect(await readFilm(file)).toEqual(film);
    }
    const glass = toRgba(walkFilm(6, 3));
    glass.data[3] = 100;
    await writeFilm(join(folder, 'glass'), glass);
    expect(await readdir(join(folder, 'glass'))).toEqual(['0001.png', '0002.png', '0003.png']);
    expect(await readFilm(join(folder, 'glass'))).toEqual(glass);
  });
});
