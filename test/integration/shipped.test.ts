/** @file The weights that ship, from words to a file: the same film twice, in English and in Chinese. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sha256 } from '../../src/io/safetensors.ts';
import { sliceFrames, type Frames } from '../../src/media/frames.ts';
import { readFilm } from '../../src/media/read.ts';
import { generate, type GenerateOptions } from '../../src/pipeline/generate.ts';

let dir: string;
beforeAll(async () => { dir = await mkdtemp(join(tmpdir(), 'kinora-shipped-')); });
afterAll(async () => { await rm(dir, { recursive: true, force: true }); });

const make = (name: string, prompt: string, o: Partial<Omit<GenerateOptions, 'count'>> = {}) => generate({ prompt, seed: 7, threads: 1, output: join(dir, name), ...o });

test('a woman with long red hair in plate armor: equal bytes twice, 17 frames at 8 a second, nothing ignored; the same in Chinese', async () => {
  const prompt = 'a woman with long red hair in plate armor walks to the left', first = await make('a.mp4', prompt), again = await make('b.mp4', prompt);
  expect(first).toMatchObject({ frames: 17, fps: 8, width: 512, height: 512, ignored: [], model: 'sprites-64' });
  expect(sha256(await readFile(again.file!))).toBe(sha256(await readFile(first.file!)));
  const chinese = await make('c.png', '一个留着红色长发、穿板甲的女人向左走', { scale: 1 });
  expect(chinese).toMatchObject({ frames: 17, ignored: [] });
  const { data } = await readFilm(chinese.file!);
  expect(new Set(data).size).toBeGreaterThan(20);                // a picture, not a plain colour
}, 120_000);

test('a passage between films of different figures on different grounds: it leaves the one and comes to the other by and by', async () => {
  const plain = { scale: 1, palette: 0 } as const, a = (await make('walk.png', 'a woman with long red hair walks to the left', plain)).file!;
  const b = (await generate({ ...plain, prompt: 'a knight walks to the right', seed: 5, threads: 1, output: join(dir, 'knight.png') })).file!;
  const { file } = await generate({ ...plain, seed: 7, threads: 1, connect: [{ file: a }, { file: b }], seconds: 2, output: join(dir, 'passage.png') });
  const passage = await readFilm(file!), from = await readFilm(a), to = await readFilm(b);
  const mean = ({ data }: Frames): number[] => [0, 1, 2].map((c) => data.reduce((sum, x, i) => (i % 3 === c ? sum + x : sum), 0) * 3 / data.length);
  const [first, last] = [mean(sliceFrames(from, 16, 17)), mean(sliceFrames(to, 0, 1))], way = first!.map((x, c) => last![c]! - x), length = way.reduce((sum, d) => sum + d * d, 0);
  /** How far a frame's mean colour is on the way from the one film to the other. */
  const along = (t: number): number => mean(sliceFrames(passage, t, t + 1)).reduce((sum, x, c) => sum + (x - first![c]!) * way[c]!, 0) / length;
  expect(Math.sqrt(length)).toBeGreaterThan(20);
  const places = [18, 22, 26, 30].map(along);                     // the middle of each latent frame
  for (const [i, place] of places.entries()) expect(Math.abs(place - (i + 1) / 5)).toBeLessThan(0.2);
}, 120_000);
