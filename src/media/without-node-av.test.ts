import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { ResourceError } from '../core/errors.ts';
import { FFMPEG_FORMATS, FILE_FORMATS, type FfmpegFormat } from './film-format.ts';
import { glassFilm, inFolder, METADATA, visibleDifference, walkFilm } from './fixtures.ts';
import { readFilm, readMetadata } from './read.ts';
import { openSink, writeFilm } from './sink.ts';

vi.mock('node-av', () => { throw new Error('not installed'); });

test('without node-av MP4 and all images are written and read; the others say in one line what to install, before any frame, and leave nothing', async () => {
  await inFolder(async (folder) => {
    for (const format of FILE_FORMATS) {
      const file = join(folder, `a.${format}`);
      if ((FFMPEG_FORMATS as readonly string[]).includes(format)) {
        await expect(openSink(file, { width: 32, height: 32, fps: 8 })).rejects
          .toThrow(new ResourceError(`cannot write ${file}: ${format as FfmpegFormat} films need the optional package node-av (npm install node-av)`));
        continue;
      }
      expect((await writeFilm(file, walkFilm(32, 5), { metadata: METADATA })).frames).toBe(5);
      expect(await readMetadata(file)).toEqual(METADATA);
      if (format === 'mp4') continue;                                   // writing needs nothing, decoding does
      expect((await readFilm(file)).count).toBe(5);
      await writeFilm(file, glassFilm(32, 3));
      if (format !== 'gif') expect(visibleDifference(glassFilm(32, 3), await readFilm(file))).toEqual({ colour: 0, alpha: 0 });
    }
    expect((await readdir(folder)).sort()).toEqual(['a.apng', 'a.gif', 'a.json', 'a.mp4', 'a.png', 'a.webp']);
  });
});
