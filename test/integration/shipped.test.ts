/** @file The weights that ship, from words to a file: the same film twice, in English and in Chinese. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sha256 } from '../../src/io/safetensors.ts';
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
