import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Frames } from '../../media/frames.ts';
import { fitting } from './wall-html.ts';
import { cutWalls, readWalls, sideBySide, thinned, wallWriter } from './walls.ts';

let root: string;
beforeAll(async () => { root = await mkdtemp(join(tmpdir(), 'kinora-walls-')); });
afterAll(() => rm(root, { recursive: true, force: true }));

/** A square that moves over a ground of one brightness. */
function film(width: number, height: number, count: number, ground = 40): Frames {
  const data = new Uint8Array(count * height * width * 3).fill(ground);
  for (let t = 0; t < count; t++) for (let y = 0; y < 4; y++) data.fill(250, ((t * height + y) * width + t) * 3, ((t * height + y) * width + t + 4) * 3);
  return { data, width, height, count, channels: 3, fps: 8 };
}
const decode = async (webp: Uint8Array): Promise<{ data: Uint8Array; width: number; height: number; pages: number; delay: readonly number[] }> => {
  const { width, pageHeight, height, pages = 1, delay = [] } = await sharp(webp, { pages: -1 }).metadata();
  return { data: await sharp(webp, { pages: -1 }).removeAlpha().raw().toBuffer(), width, height: pageHeight ?? height, pages, delay };
};

test('what is hung is read again: small films byte for byte, large ones scaled down, in the order of steps', async () => {
  const dir = join(root, 'hung'), small = film(32, 16, 5), still = film(16, 16, 1), large = film(320, 176, 9);
  await wallWriter(dir, 200)('samples', [{ film: large, caption: 'b' }]);
  await wallWriter(dir, 100)('samples', [{ film: small, caption: 'a <knight>' }, { film: still, caption: 'still' }]);
  const { samples, worst } = await readWalls(dir);
  expect([samples.map(({ step, films }) => [step, films.map(({ caption }) => caption)]), worst]).toEqual([[[100, ['a <knight>', 'still']], [200, ['b']]], []]);
  const [a, b, c] = await Promise.all([samples[0]!.films[0]!, samples[0]!.films[1]!, samples[1]!.films[0]!].map(({ webp }) => decode(webp)));
  expect([a!.width, a!.height, a!.pages, a!.delay]).toEqual([32, 16, 5, [125, 125, 125, 125, 125]]);
  expect(Buffer.from(a!.data).equals(small.data)).toBe(true);
  expect([b!.width, b!.pages]).toEqual([16, 1]);
  expect([c!.width, c!.height, c!.pages]).toEqual([160, 88, 9]);
});

test('walls are cut at a step; what a kill left half-hung is not there', async () => {
  const dir = join(root, 'cut');
  for (const step of [10, 20, 30]) await wallWriter(dir, step)('reconstructions', [{ film: film(8, 8, 1), caption: String(step) }]);
  await mkdir(join(dir, 'walls', 'reconstructions', '00000040'));
  await writeFile(join(dir, 'walls', 'reconstructions', '00000040', '0.webp'), '');
  expect((await readWalls(dir)).reconstructions.map(({ step }) => step)).toEqual([10, 20, 30]);
  await cutWalls(dir, 20);
  expect((await readdir(join(dir, 'walls', 'reconstructions'))).sort()).toEqual(['00000010', '00000020']);
  await cutWalls(join(root, 'nothing'), 20);
});

test('of many steps a spread few stay, the first and the last among them; of the worst the newest alone', async () => {
  let kept: number[] = [];
  for (let step = 1; step <= 200; step++) kept = thinned([...kept, step], 24);
  expect([kept.length, kept[0], kept.at(-1)]).toEqual([24, 1, 200]);
  expect(Math.max(...kept.slice(1).map((step, i) => step - kept[i]!))).toBeLessThanOrEqual(32);
  const dir = join(root, 'worst');
  for (const step of [1, 2, 3]) await wallWriter(dir, step)('worst', [{ film: film(8, 8, 1), caption: '' }]);
  expect(await readdir(join(dir, 'walls', 'worst'))).toEqual(['00000003']);
  const steps = [1, 2, 3, 4, 5].map((step) => ({ step, films: [{ caption: '', webp: new Uint8Array(100) }] }));
  expect([500, 300, 1].map((most) => fitting(steps, most).map(({ step }) => step))).toEqual([[1, 2, 3, 4, 5], [1, 3, 5], [5]]);
});

test('side by side stand both films, a white line between', () => {
  const { data, width, height } = sideBySide(film(6, 5, 2, 10), film(6, 5, 2, 90));
  expect([width, height, data.length]).toEqual([14, 5, 2 * 5 * 14 * 3]);
  expect([...data.subarray(4 * 14 * 3, 5 * 14 * 3)].filter((_, i) => i % 3 === 0)).toEqual([10, 10, 10, 10, 10, 10, 255, 255, 90, 90, 90, 90, 90, 90]);
  expect(() => sideBySide(film(6, 5, 2), film(6, 5, 3))).toThrow('2 frames of 5 lines and 3 of 5');
});
