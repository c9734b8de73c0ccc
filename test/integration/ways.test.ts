/** @file Ways into a film, through files, on a tiny model with random weights: what stays, how long it is, what is refused; films made again from their files. */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sliceFrames, toRgb, upscaleNearest, type Frames } from '../../src/media/frames.ts';
import { readFilm, readMetadata } from '../../src/media/read.ts';
import { writeFilm } from '../../src/media/sink.ts';
import { sha256 } from '../../src/io/safetensors.ts';
import { master, remix, replay } from '../../src/pipeline/again.ts';
import { generate, type GenerateOptions } from '../../src/pipeline/generate.ts';
import type { ModelInfo } from '../../src/pipeline/model/model-store.ts';
import { readStoryboard } from '../../src/pipeline/settings/storyboard.ts';
import { atRate } from '../../src/pipeline/settings/ways.ts';
import { kinora } from '../support/cli.ts';
import { writeTinyModel } from '../support/tiny-model.ts';

let dir: string, model: string, walk: string;
const at = (name: string): string => join(dir, name);
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kinora-ways-'));
  model = at('tiny');
  await writeTinyModel(model, { window: 33 });
  walk = at('walk.gif');
  await generate({ prompt: 'a man walks', seed: 3, frames: 9, width: 96, height: 64, model, output: walk });
});
afterAll(async () => { await rm(dir, { recursive: true, force: true }); });

async function made(o: Partial<Omit<GenerateOptions, 'count'>>): Promise<Frames> {
  const { film } = await generate({ seed: 5, model, ...o });
  return film!;
}
const same = (a: Frames, b: Frames): boolean => Buffer.compare(toRgb(a).data, toRgb(b).data) === 0;

test('before and after a film, from its file alone: its pixels, size and words stay', async () => {
  const source = await readFilm(walk), film = await made({ video: { file: walk }, extendBefore: 0.5, extend: 1 });
  expect([film.count, film.width, film.height, film.fps]).toEqual([4 + 9 + 8, 576, 384, 8]);
  expect(same(sliceFrames(film, 4, 13), source)).toBe(true);
  const output = at('longer.gif');
  await generate({ seed: 5, model, video: { file: walk }, extend: 1, output });
  expect(await readMetadata(output)).toMatchObject({ prompt: 'a man walks', settings: { frames: 17, width: 96, height: 64 } });
});

test('a passage between two films, and a film closed to a loop', async () => {
  const source = await readFilm(walk), passage = await made({ connect: [{ file: walk }, { film: source }], seconds: 0.5 });
  expect(passage.count).toBe(9 + 4 + 9);
  expect([same(sliceFrames(passage, 0, 9), source), same(sliceFrames(passage, 13), source)]).toEqual([true, true]);
  const loop = await made({ video: { file: walk }, loop: true });
  expect(loop.count).toBe(9 + 8);
  expect(same(sliceFrames(loop, 0, 9), source)).toBe(true);
});

test('two films that show different things: both stay, each end has its own words, and what was kept of it is gone on with', async () => {
  const other = at('other.gif'), output = at('passage.gif'), source = await readFilm(walk);
  const blue = { ...source, data: new Uint8Array(source.data.length).map((_, i) => (i % 3 === 2 ? 250 : 20)) };
  await generate({ prompt: 'an orc falls', seed: 4, frames: 9, width: 96, height: 64, model, clips: [{ clip: sliceFrames(blue, 0, 8) }], output: other });
  const again = { seed: 5, model, connect: [{ file: walk }, { file: other }] as const, seconds: 0.5, keepParts: true, output };
  const film = await generate(again), frames = await readFilm(output);
  expect(film.shots?.map(({ at: seconds, reads }) => [seconds, reads])).toEqual([[0, 'a man walks'], [(9 + 4) / 8, 'an orc falls']]);
  expect([same(sliceFrames(frames, 0, 9), source), same(sliceFrames(frames, 13), await readFilm(other))]).toEqual([true, true]);
  expect((await generate(again)).reused).toBe(1);
  const told = await generate({ ...again, prompt: 'a man walks', shots: [{ frame: 13, prompt: 'an orc walks', join: 'free' }] });
  expect(told.reused).toBe(0);                                    // only the words at its end differ
  expect((await replay(output, { model, output: at('passage-replay.gif') })).same).toBe(true);
  const short = at('short.gif');                                 // too short for a shot of its own
  await generate({ prompt: 'an orc falls', seed: 4, frames: 5, width: 96, height: 64, model, output: short });
  expect((await generate({ seed: 5, model, connect: [{ file: walk }, { file: short }], seconds: 0.5 })).frames).toBe(9 + 4 + 5);
});

test('a mask keeps the rest of the film as it is', async () => {
  const source = await readFilm(walk), data = new Uint8Array(96 * 64 * 3).map((_, i) => (Math.floor(i / 3 / 96) < 16 ? 255 : 0));
  const mask: Frames = { data, count: 1, width: 96, height: 64, channels: 3, fps: 8 };
  await writeFilm(at('mask.png'), upscaleNearest(mask, 6));
  const film = await made({ video: { file: walk }, mask: { file: at('mask.png') } }), row = 576 * 3;
  const rows = (f: Frames, t: number, from: number, to: number): Uint8Array => toRgb(f).data.subarray((t * 384 + from) * row, (t * 384 + to) * row);
  for (let t = 0; t < 9; t++) expect(Buffer.compare(rows(film, t, 96, 384), rows(source, t, 96, 384))).toBe(0);
  expect(Buffer.compare(rows(film, 4, 0, 96), rows(source, 4, 0, 96))).not.toBe(0);
});

test('a storyboard: shots at their times, the file itself refused where it is wrong', async () => {
  const file = at('story.yaml');
  await writeFile(file, 'seconds: 4.5\nshots:\n  - { at: 0, prompt: a man walks }\n  - { at: 2.5, prompt: a woman falls, join: free }\n');
  const film = await made({ storyboard: await readStoryboard(file) });
  expect(film.count).toBe(36);
  expect(same(sliceFrames(film, 0, 20), sliceFrames(await made({ prompt: 'a man walks', frames: 20 }), 0, 20))).toBe(false);   // one palette over the film
  const plain = { palette: 0, scale: 1 }, raw = await made({ ...plain, storyboard: await readStoryboard(file) });
  expect(same(sliceFrames(raw, 0, 20), await made({ ...plain, prompt: 'a man walks', frames: 20 }))).toBe(true);
  const other = await made({ ...plain, storyboard: { seconds: 4.5, shots: [{ at: 0, prompt: 'a man walks' }, { at: 2.5, prompt: 'an orc walks', join: 'free' }] } });
  expect([same(sliceFrames(other, 0, 20), sliceFrames(raw, 0, 20)), same(sliceFrames(other, 20), sliceFrames(raw, 20))]).toEqual([true, false]);
  for (const [text, message] of [
    ['seconds: 4\nshots: []\n', 'shots'], ['seconds: 4\nshots: [{ at: 0, prompt: x, join: wipe }]\n', 'shot 1: join: "wipe" is not known; allowed: free, cut, blend'],
    ['a: [', 'is not YAML'], ['seconds: 4\nshots: [{ at: 0, promt: x, prompt: y }]\n', 'shot 1: promt is not known; allowed: at, prompt, join, image'],
    ['seconds: 4\nfps: 8\nshots: [{ at: 0, prompt: x }]\n', 'fps is not known; allowed: seconds, shots'],
    ['seconds: 4\nshots: [{ at: 0, prompt: "  " }]\n', 'shot 1: prompt is "  "'],
    ['seconds: -4\nshots: [{ at: 0, prompt: x }]\n', 'seconds is -4: '], ['seconds: 4\nshots: [{ at: 0 }]\n', 'shot 1: prompt: '], ['', 'it: '],
    ['seconds: .inf\nshots: [{ at: 0, prompt: x }]\n', 'seconds is Infinity: '],
  ] as const) {
    await writeFile(file, text);
    await expect(readStoryboard(file)).rejects.toThrow(message);
  }
  await expect(made({ storyboard: { seconds: 4, shots: [{ at: 0, prompt: 'a man walks', join: 'free' }] } })).rejects.toThrow('first shot has join "free": wanted none');
  await expect(readStoryboard(at('none.yaml'))).rejects.toThrow('no such file');
});

test('a picture of another shape or with holes is told of; one that fits is not', async () => {
  const source = await readFilm(walk), image = sliceFrames(source, 0, 1), plain = { prompt: 'a man walks', frames: 5, width: 64, height: 64, palette: 0, scale: 1 };
  const notes = async (o: Partial<Omit<GenerateOptions, 'count'>>): Promise<readonly string[] | undefined> => (await generate({ seed: 5, model, ...o })).notes;
  const square = (channels: 3 | 4, alpha = 255): Frames =>
    ({ data: new Uint8Array(64 * 64 * channels).map((_, i) => (i % channels === 3 ? alpha : 90)), count: 1, width: 64, height: 64, channels, fps: 8 });
  await writeFilm(at('holes.png'), square(4, 0));
  await writeFilm(at('square.png'), upscaleNearest(square(3), 2));
  const wide = "image in memory is 576x384, another shape than the film's 64x64: its middle is used, 384x384";
  expect(await notes({ ...plain, images: [{ image }] })).toEqual([wide]);
  expect(await notes({ ...plain, images: [{ file: at('holes.png') }, { file: at('square.png'), frame: 'last' }] }))
    .toEqual([`image ${at('holes.png')} is transparent in places: white stands there`]);
  expect(await notes({ ...plain, images: [{ file: at('square.png') }] })).toBeUndefined();
  expect(await notes({ video: { film: source }, extend: 0.5, width: 64, height: 64 })).toEqual([wide.replace('image in memory', 'the given film')]);
  expect(await notes({ video: { file: walk }, extend: 0.5 })).toBeUndefined();
  const white = await made({ ...plain, clips: [{ clip: square(4, 0) }] });
  expect([...toRgb(sliceFrames(white, 0, 1)).data].every((value) => value === 255)).toBe(true);
});

test.each<[string, (source: Frames) => Partial<Omit<GenerateOptions, 'count'>>, string]>([
  ['nothing asked of a film', () => ({ video: { file: walk } }), 'nothing is asked of the film'],
  ['a way without a film', () => ({ prompt: 'x', extend: 1 }), 'extend needs a film to act on'],
  ['two ways', (film) => ({ video: { film }, connect: [{ film }, { film }] }), 'video and connect exclude each other'],
  ['a still', (film) => ({ video: { film: sliceFrames(film, 0, 1) }, extend: 1 }), 'has 1 frame: wanted two and more'],
  ['a mask of another shape', (film) => ({ video: { film }, mask: { image: { ...sliceFrames(film, 0, 1), width: film.height, height: film.width } } }),
    'is 384x576: wanted the size of the film in memory, 576x384'],
  ['strength 2', (film) => ({ video: { film }, strength: 2 }), 'strength 2 is not possible'],
  ['no time', (film) => ({ video: { film }, extend: 0 }), 'extend 0 is not possible: wanted a number of seconds > 0'],
  ['a length beside a film', (film) => ({ video: { film }, extend: 1, frames: 9 }), 'frames 9 is not possible with a given film'],
  ['shots that overlap', () => ({ storyboard: { seconds: 4, shots: [{ at: 0, prompt: 'x' }, { at: 0, prompt: 'y' }] } }), "storyboard's shots overlap: shot 2 begins at 0 s"],
  ['a loop of two films', (film) => ({ connect: [{ film }, { film }], loop: true }), 'connect and loop exclude each other'],
  ['words beside a storyboard', () => ({ prompt: 'an orc', storyboard: { seconds: 4, shots: [{ at: 0, prompt: 'x' }] } }),
    'the prompt "an orc" and a storyboard exclude each other'],
  ['more than can be added', () => ({ video: { file: walk }, extend: 1e9 }), 'walk.gif has 9, to which come after 8000000000; wanted at most 65 (8.125 s)'],
  ['a passage that is too long', (film) => ({ connect: [{ film }, { film }], seconds: 9 }), 'in memory has 9, to which come passage 72, the other film 9; wanted at most 65'],
  ['an image where the film is', (film) => ({ video: { film }, extend: 1, images: [{ image: sliceFrames(film, 0, 1) }] }),
    'image in memory cannot be frame 0: a given film has frames 0 to 8'],
  ['a shot in the last second', () => ({ storyboard: { seconds: 4, shots: [{ at: 0, prompt: 'x' }, { at: 3.5, prompt: 'y' }] } }),
    "the storyboard's shot 2 cannot begin at 3.5 s: wanted 1.125 to 2.875 s, since the shot before begins at 0 s and each shot has at least 1.125 s"],
  ['shots without room', () => ({ storyboard: { seconds: 2, shots: [{ at: 0, prompt: 'x' }, { at: 1, prompt: 'y' }] } }),
    "the storyboard's shot 2 cannot begin at 1 s: no room is left for it in 2 s, each shot has at least 1.125 s"],
  ['a story without end', () => ({ storyboard: { seconds: 99, shots: [{ at: 0, prompt: 'x' }] } }), 'the storyboard: seconds 99 is not possible: wanted at most 8.125'],
  ['a late first shot', () => ({ storyboard: { seconds: 4, shots: [{ at: 1, prompt: 'x' }] } }), 'first shot begins at 1 s: wanted 0'],
])('%s is refused, and nothing is left', async (_, options, message) => {
  const source = await readFilm(walk), before = (await readdir(dir)).sort();
  await expect(generate({ seed: 5, model, ...options(source), output: at('refused.gif') })).rejects.toThrow(message);
  expect((await readdir(dir)).sort()).toEqual(before);
});

test('a film made again from its file is the same to the byte, whatever it was made of', async () => {
  const film = at('again.gif'), source = await readFilm(walk), hero = at('hero.png');
  await writeFilm(hero, sliceFrames(source, 0, 1));
  for (const o of [
    { prompt: 'a man walks', frames: 9, images: [{ file: hero, frame: 'last' as const }] }, { video: { file: walk }, extend: 0.5 },
    { video: { file: walk }, strength: 0.5 }, { prompt: 'a man walks', frames: 9, vary: { amount: 0.3, seed: 2 }, negative: 'an orc' },
  ]) {
    await generate({ seed: 5, model, ...o, output: film });
    const again = await replay(film, { model, output: at('again-replay.gif') });
    expect([JSON.stringify(o).slice(0, 60), again.same]).toEqual([JSON.stringify(o).slice(0, 60), true]);
  }
  await expect(replay(hero, { model, output: at('x.gif') })).rejects.toThrow('does not say how it was made');
});

test('a remix has the settings of its film, other words, and their effect; a draft its film in full', async () => {
  const output = at('remix.gif'), film = await remix(walk, { model, prompt: 'a woman falls', output });
  expect(film).toMatchObject({ frames: 9, seed: 3, native: { width: 96, height: 64 } });
  expect(Buffer.compare(await readFile(output), await readFile(walk))).not.toBe(0);
  const draft = at('draft.gif'), whole = at('whole.gif'), full = at('full.gif'), options = { prompt: 'a man walks', seed: 9, frames: 5, model, steps: 8 };
  expect((await generate({ ...options, draft: true, output: draft })).steps).toBe(2);
  await generate({ ...options, output: whole });
  const { film: mastered, psnr, ssim } = await master(draft, { model, output: full });
  expect(mastered.steps).toBe(8);
  expect(psnr).toBeGreaterThan(5);
  expect([ssim > 0, ssim < 1]).toEqual([true, true]);
  expect(Buffer.compare(await readFile(full), await readFile(whole))).toBe(0);
  await cp(model, at('newer'), { recursive: true });
  const newer = at('newer'), info = JSON.parse(await readFile(join(newer, 'model.json'), 'utf8')) as ModelInfo, dit = join(newer, 'dit.safetensors');
  const bytes = await readFile(dit), last = bytes.length - 1;
  bytes[last] = bytes[last]! ^ 1;                                       // the exponent of the last weight, in half precision
  await writeFile(dit, bytes);
  await writeFile(join(newer, 'model.json'), JSON.stringify({
    ...info, version: '2', files: { ...info.files, 'dit.safetensors': { ...info.files['dit.safetensors']!, sha256: sha256(bytes) } },
  }));
  const other = await remix(walk, { model: newer, prompt: 'a woman falls', output: at('newer.gif') }),
    otherFull = await master(draft, { model: newer, output: at('newer-full.gif') });
  for (const { notes } of [other, otherFull.film])
    expect(notes).toEqual([expect.stringMatching(/was made by tiny 1 \(weights \S+\), installed is tiny 2 \(\S+\): less of it is kept$/)]);
  expect(film.notes).toBeUndefined();
  await expect(master(whole, { model, output: at('y.gif') })).rejects.toThrow('is no draft: it was made with all of its 8 steps');
});

test('what is compared with a film takes neither its place nor another kind of file', async () => {
  const before = (await readdir(dir)).sort(), draft = at('again-draft.gif');
  await generate({ prompt: 'a man walks', seed: 9, frames: 5, model, steps: 4, draft: true, output: draft });
  const same = `${dir}/./again-draft.gif`, bytes = await readFile(draft);
  await expect(master(draft, { model, output: same })).rejects.toThrow('is the film itself: name another file');
  await expect(replay(draft, { model, output: same })).rejects.toThrow('is the film itself: name another file');
  await expect(replay(draft, { model, output: at('z.mp4') })).rejects.toThrow('wanted a file that ends in .gif');
  expect(Buffer.compare(await readFile(draft), bytes)).toBe(0);
  expect((await readdir(dir)).sort()).toEqual([...before, 'again-draft.gif'].sort());
});

test('a remix of several shots says which words stay; the command line tells all that a film has to tell', async () => {
  const story = at('shots.gif'), remixed = at('shots-remix.gif');
  await generate({ seed: 5, model, storyboard: { seconds: 3, shots: [{ at: 0, prompt: 'a man walks' }, { at: 1.5, prompt: 'a woman falls' }] }, output: story });
  const note = 'the new words are those of the first shot; from 1.5 s on the film keeps its own: "a woman falls"';
  expect((await remix(story, { model, prompt: 'an orc walks', output: remixed })).notes).toEqual([note]);
  const told = await kinora('remix', story, 'an orc walks on a zeppelin', '--model', model, '-o', remixed);
  expect(told).toMatchObject({ exit: 0, errors: '' });
  expect(told.out.split('\n').slice(1)).toEqual(['reads from 0 s: an orc walks on a zeppelin', 'reads from 1.5 s: a woman falls', 'ignored: zeppelin', `note: ${note}`, '']);
});

test('a variation says how far it is from its seed, and which it is', async () => {
  const films = await generate({ prompt: 'a man walks', seed: 3, frames: 5, model, vary: { amount: 0.3, seed: 7 }, count: 2 });
  expect(films.map(({ seed, vary }) => ({ seed, vary }))).toEqual([{ seed: 3, vary: { amount: 0.3, seed: 7 } }, { seed: 3, vary: { amount: 0.3, seed: 8 } }]);
});

test('another rate shows at each time the frame of that time', () => {
  const film = (count: number, fps: number): Frames =>
    ({ data: Uint8Array.from({ length: count * 3 }, (_, i) => Math.floor(i / 3)), count, width: 1, height: 1, channels: 3, fps });
  const shown = (f: Frames): number[] => Array.from({ length: f.count }, (_, t) => f.data[3 * t]!);
  expect(shown(atRate(film(9, 24), 8))).toEqual([1, 4, 7]);
  expect(shown(atRate(film(2, 4), 8))).toEqual([0, 0, 1, 1]);
});
