import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, test, vi } from 'vitest';
import { FileError, ResourceError } from '../core/errors.ts';
import { inFolder, largestDifference, rampFilm, walkFilm } from './fixtures.ts';
import { sliceFrames } from './frames.ts';
import { readFilm, readImage, readMetadata } from './read.ts';
import { writeFilm } from './sink.ts';

const raw = { width: 24, height: 24, channels: 3 } as const;

test('images of every kind, whatever they are called', async () => {
  await inFolder(async (folder) => {
    const film = rampFilm(24, 1), image = sharp(film.data, { raw });
    const kinds = { 'a.png': image.clone().png(), 'b.dat': image.clone().webp({ lossless: true }), 'c.jpg': image.clone().jpeg({ quality: 100, chromaSubsampling: '4:4:4' }) };
    for (const [name, pixels] of Object.entries(kinds)) {
      await pixels.toFile(join(folder, 'x')).catch(() => undefined);
      await writeFile(join(folder, name), await pixels.toBuffer());
      const read = await readImage(join(folder, name));
      expect(read).toMatchObject({ count: 1, width: 24, height: 24, channels: 3, fps: 8 });
      expect(largestDifference(film.data, read.data).difference).toBeLessThanOrEqual(name === 'c.jpg' ? 8 : 0);
    }
    const gif = walkFilm(24, 5), file = join(folder, 'd.gif');
    await writeFilm(file, gif);
    expect(await readImage(file)).toMatchObject({ data: sliceFrames(gif, 0, 1).data, count: 1 });
  });
});

test('16 bits, grey, palettes and camera rotation become upright sRGB bytes', async () => {
  await inFolder(async (folder) => {
    const film = rampFilm(24, 1), file = join(folder, 'a');
    const wide = sharp(film.data, { raw: { width: 48, height: 12, channels: 3 } });
    await writeFile(file, await wide.clone().withMetadata({ orientation: 6 }).jpeg().toBuffer());
    expect(await readImage(file)).toMatchObject({ width: 12, height: 48 });
    await writeFile(file, await sharp(film.data, { raw }).toColourspace('rgb16').png().toBuffer());
    expect((await readImage(file)).data).toEqual(film.data);
    await writeFile(file, await sharp(film.data, { raw }).greyscale().png().toBuffer());
    expect(await readImage(file)).toMatchObject({ channels: 3, width: 24 });
  });
});

test('an animated WebP is a film', async () => {
  await inFolder(async (folder) => {
    const film = walkFilm(24, 6), file = join(folder, 'a.webp');
    const webp = await sharp(film.data, { raw: { width: 24, height: 24 * 6, channels: 3, pageHeight: 24 } }).webp({ lossless: true, delay: Array<number>(6).fill(125) }).toBuffer();
    await writeFile(file, webp);
    expect(await readFilm(file)).toEqual(film);
    expect(await readMetadata(file)).toBeUndefined();
  });
});

test('a GIF that ends within a frame is damaged, not shorter; one that lacks its last byte alone is whole', async () => {
  await inFolder(async (folder) => {
    const film = walkFilm(24, 6), file = join(folder, 'a.gif');
    await writeFilm(file, film);
    const bytes = await readFile(file);
    for (const left of [0.5, 0.9]) {
      await writeFile(file, bytes.subarray(0, Math.floor(bytes.length * left)));
      await expect(readFilm(file)).rejects.toThrow(`cannot read ${file}: it ends in the middle of a frame`);
    }
    await writeFile(file, bytes.subarray(0, -1));
    expect((await readFilm(file)).count).toBe(6);
  });
});

test('a film whose frames take more memory than they may is refused, of whatever kind', async () => {
  await inFolder(async (folder) => {
    const film = walkFilm(64, 6), bytes = 4 * 64 * 64 * 6;
    for (const name of ['a.gif', 'a.webp', 'a.png', 'a.mp4', 'frames']) {
      const file = join(folder, name);
      await writeFilm(file, film);
      expect((await readFilm(file, { mostBytes: bytes })).count).toBe(6);
      const refused = readFilm(file, { mostBytes: bytes / 2 });
      await expect(refused).rejects.toThrow(`cannot read ${file}: its pixels take more than the 0 MB of memory that are free for them`);
      await expect(refused).rejects.toBeInstanceOf(ResourceError);
    }
    const still = join(folder, 'still.png');
    await writeFilm(still, walkFilm(64, 1));
    expect((await readImage(still, { mostBytes: 4 * 64 * 64 })).width).toBe(64);
    await expect(readImage(still, { mostBytes: 64 * 64 })).rejects.toThrow(ResourceError);
  });
});

test('files of another kind, cut off, missing or empty: one line that names the file', async () => {
  await inFolder(async (folder) => {
    const file = join(folder, 'first.png');
    const error = async (run: Promise<unknown>): Promise<string> => {
      const e = await run.then(() => undefined, (cause: unknown) => cause);
      expect(e).toBeInstanceOf(FileError);
      expect((e as Error).message).not.toContain('\n');
      return (e as Error).message;
    };
    await writeFile(file, 'hello, this is text 你好\n');
    expect(await error(readImage(file))).toBe(`cannot read ${file}: expected an image (PNG, JPEG, WebP or GIF), found text`);
    expect(await error(readFilm(file))).toContain('found text');
    await writeFile(file, '');
    expect(await error(readImage(file))).toContain('found an empty file');
    await writeFilm(file, rampFilm(64, 1));
    const whole = await readFile(file);
    await writeFile(file, whole.subarray(0, whole.length >> 1));
    expect(await error(readImage(file))).toContain(`cannot read ${file}: `);
    await writeFilm(join(folder, 'a.mp4'), walkFilm(16, 2));
    expect(await error(readImage(join(folder, 'a.mp4')))).toContain('found mp4');
    await writeFile(join(folder, 'a.mp4'), (await readFile(join(folder, 'a.mp4'))).subarray(0, 200));
    expect(await error(readFilm(join(folder, 'a.mp4')))).toContain('cannot read');
    expect(await error(readMetadata(join(folder, 'a.mp4')))).toContain('cannot read');
    expect(await error(readImage(join(folder, 'none.png')))).toBe(`cannot read ${join(folder, 'none.png')}: no such file or folder`);
    expect(await error(readFilm(folder))).toContain('it holds no frames');
  });
});

test('without node-av, a compressed film says what to install', async () => {
  vi.resetModules();
  vi.doMock('node-av', () => { throw new Error('not installed'); });
  const read = await import('./read.ts'), sink = await import('./sink.ts');
  await inFolder(async (folder) => {
    const file = join(folder, 'a.mp4');
    await sink.writeFilm(file, walkFilm(16, 2), { metadata: { prompt: 'p', seed: 1, model: 'm', settings: {} } });
    await expect(read.readFilm(file)).rejects.toThrow(`cannot read ${file}: mp4 films need the optional package node-av`);
    expect(await read.readMetadata(file)).toMatchObject({ prompt: 'p', seed: 1 });
  });
  vi.doUnmock('node-av');
  vi.resetModules();
});
