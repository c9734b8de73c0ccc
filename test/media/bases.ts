/** @file Small whole files of every kind that an ingest reads, drawn: what the fuzz test damages. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { type Codec, CODECS, encodeFilm, scene } from '../../src/data/footage/film.fixture.ts';
import { ApngEncoder } from '../../src/media/apng.ts';
import { type Frames, sliceFrames } from '../../src/media/frames.ts';
import { encodePng } from '../../src/media/png.ts';
import type { Base } from './damage.ts';

const SIZE = { width: 48, height: 32 }, COUNT = 5;
/** x265 crashes on sides below its blocks of 64 pixels. */
const LARGER = { width: 96, height: 64 };

/** Codecs beside those of the tests of ingest. */
const MORE = {
  mov: { encoder: 'prores_ks', format: 'mov', pixels: 'yuv422p10le' },
  mkv: { encoder: 'ffv1', format: 'matroska', pixels: 'yuv420p' },
  mp4: { encoder: 'mpeg4', format: 'mp4', pixels: 'yuv420p', options: { bf: '2' } },
  avi: { encoder: 'mjpeg', format: 'avi', pixels: 'yuvj420p' },
  webm: { encoder: 'libvpx', format: 'webm', pixels: 'yuv420p', options: { deadline: 'realtime', 'cpu-used': '8', crf: '20' } },
} as const satisfies Readonly<Record<string, Codec>>;

const pages = ({ data, width, height, count }: Frames) => sharp(data, { raw: { width, height: height * count, channels: 3, pageHeight: height } });

/** The files, by name. */
export async function mediaBases(): Promise<ReadonlyMap<string, Base>> {
  const dir = await mkdtemp(join(tmpdir(), 'kinora-bases-')), bases = new Map<string, Base>();
  const add = (name: string, extension: string, bytes: Uint8Array): void => { bases.set(name, { extension, bytes: Buffer.from(bytes) }); };
  try {
    for (const [i, [extension, codec]] of [...Object.entries(CODECS), ...Object.entries(MORE)].entries()) {
      const file = join(dir, `${i}.${extension}`);
      await encodeFilm(file, scene(i, COUNT, codec.encoder === 'libx265' ? LARGER : SIZE), codec);
      add(`${extension} ${codec.encoder}`, extension, await readFile(file));
    }
  } finally { await rm(dir, { recursive: true, force: true }); }
  const film = scene(20, COUNT, SIZE), delay = Array.from({ length: COUNT }, () => 120), image = sliceFrames(film, 0, 1), apng = new ApngEncoder(8);
  add('gif', 'gif', await pages(film).gif({ delay }).toBuffer());
  add('webp lossless', 'webp', await pages(film).webp({ lossless: true, delay }).toBuffer());
  add('webp lossy', 'webp', await pages(film).webp({ quality: 60, delay }).toBuffer());
  for (let t = 0; t < COUNT; t++) await apng.add(sliceFrames(film, t, t + 1));
  add('apng', 'png', Buffer.concat(apng.finish({})));
  add('png', 'png', await encodePng(image));
  add('webp still', 'webp', await pages(image).webp({ lossless: true }).toBuffer());
  add('jpeg', 'jpg', await pages(image).jpeg({ quality: 80 }).toBuffer());
  add('jpeg progressive', 'jpg', await pages(image).jpeg({ quality: 80, progressive: true }).withExif({ IFD0: { Orientation: '6' } }).toBuffer());
  return bases;
}
