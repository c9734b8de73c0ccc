/** @file The library's generate, on a tiny model with random weights: what it returns, what it depends on, what it writes. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CancelledError } from '../../src/core/errors.ts';
import { sha256 } from '../../src/io/safetensors.ts';
import { sliceFrames, toRgb, type Frames } from '../../src/media/frames.ts';
import { psnr } from '../../src/media/metrics.ts';
import { readFilm, readMetadata } from '../../src/media/read.ts';
import { writeFilm } from '../../src/media/sink.ts';
import { replay } from '../../src/pipeline/again.ts';
import { generate, type GenerateOptions } from '../../src/pipeline/generate.ts';
import { PHASES, type FilmProgress } from '../../src/pipeline/job.ts';
import { openPipeline } from '../../src/pipeline/pipeline.ts';
import { writeTinyModel } from '../support/tiny-model.ts';

let dir: string, model: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kinora-generate-'));
  model = join(dir, 'tiny');
  await writeTinyModel(model);
});
afterAll(async () => { await rm(dir, { recursive: true, force: true }); });

const prompt = 'a woman with long red hair walks to the left';
/** The delivered pixels of a film, hashed. */
async function pixels(o: Partial<Omit<GenerateOptions, 'count'>> = {}): Promise<string> {
  const { film } = await generate({ prompt, seed: 7, frames: 5, scale: 1, threads: 1, model, ...o });
  return sha256(film!.data);
}

test('the default film: 17 frames at 8 frames a second, 512 pixels, all facts told', async () => {
  const file = join(dir, 'a.mp4');
  const made = await generate({ prompt: `${prompt} on a zeppelin`, seed: 7, model, output: file });
  expect(made).toEqual({
    file, width: 512, height: 512, native: { width: 64, height: 64 }, frames: 17, fps: 8, seconds: 17 / 8, seed: 7, model: 'tiny', codec: 'h264', steps: 2, ignored: ['zeppelin'],
    ms: { load: expect.any(Number), text: expect.any(Number), sample: expect.any(Number), decode: expect.any(Number), encode: expect.any(Number) },
    packs: { packs: 2, films: 2, tokens: 960, ms: expect.any(Number) },
  });
  const again = join(dir, 'b.mp4');
  await generate({ prompt: `${prompt} on a zeppelin`, seed: 7, model, output: again });
  expect(sha256(await readFile(again))).toBe(sha256(await readFile(file)));
  const metadata = await readMetadata(file);
  expect(metadata).toMatchObject({
    prompt: `${prompt} on a zeppelin`, seed: 7, model: 'tiny',
    settings: { frames: 17, width: 64, height: 64, steps: 2, guidance: 3, sampler: 'euler', palette: 32, scale: 8 },
  });
});

test('a film depends on its seed and settings alone: not on threads, position, neighbours or a warm pipeline', async () => {
  const alone = { 7: await pixels(), 8: await pixels({ seed: 8 }), 9: await pixels({ seed: 9 }) };
  expect(new Set(Object.values(alone)).size).toBe(3);
  expect(await pixels({ threads: 2 })).toBe(alone[7]);
  const films = await generate({ prompt, seed: 7, frames: 5, scale: 1, threads: 2, model, count: 3 });
  expect(films.map(({ seed, film }) => [seed, sha256(film!.data)])).toEqual(Object.entries(alone).map(([seed, hash]) => [Number(seed), hash]));
  const pipeline = await openPipeline({ model });
  for (const o of [{ seed: 9 }, { seed: 8, width: 96, frames: 9 }, { seed: 7 }]) {
    for await (const { film } of pipeline.films({ prompt, frames: 5, scale: 1, ...o })) if (!o.width) expect(sha256(film!.data)).toBe(alone[o.seed as 7]);
  }
  pipeline[Symbol.dispose]();
});

test('an image without guidance does not depend on threads either', async () => {
  expect(await pixels({ frames: 1, guidance: 1, threads: 2 })).toBe(await pixels({ frames: 1, guidance: 1 }));
});

test('every setting that should matter does', async () => {
  const changes: readonly Partial<Omit<GenerateOptions, 'count'>>[] = [
    {}, { prompt: '一个女人向左走' }, { negative: 'a knight' }, { guidance: 1 }, { guidance: 5 }, { steps: 3 },
    { sampler: 'heun' }, { sampler: 'euler-maruyama' }, { palette: 0 }, { palette: 8 },
    { images: [{ file: join(dir, 'hero.png') }] }, { images: [{ file: join(dir, 'hero.png'), frame: 'last' }] },
    { images: [{ file: join(dir, 'hero.png') }, { file: join(dir, 'hero.png'), frame: 'last' }] },
  ];
  await writeFilm(join(dir, 'hero.png'), { data: new Uint8Array(512 * 512 * 3).map((_, i) => (i * 7) % 256), count: 1, width: 512, height: 512, channels: 3, fps: 8 });
  const seen = await Promise.all(changes.map((change) => pixels(change)));
  expect(new Set(seen).size).toBe(changes.length);
  expect(await pixels({ guidance: 1, negative: 'a knight' })).toBe(await pixels({ guidance: 1 }));       // without guidance nobody asks what it should not show
  expect(await pixels({ fps: 12 })).toBe(seen[0]);
});

test('in 8-bit integers: another film, near the one without, the same with any threads and from a warm pipeline, and again from its file', async () => {
  const o = { prompt, seed: 7, frames: 5, scale: 1, palette: 0, model }, pipeline = await openPipeline({ model, threads: 2 });
  const films: Frames[] = [];
  for (const quantize of ['int8', 'none', 'int8'] as const) for await (const { film } of pipeline.films({ ...o, quantize })) films.push(film!);
  pipeline[Symbol.dispose]();
  const [int8, none, again] = films as [Frames, Frames, Frames];
  expect(sha256(again.data)).toBe(sha256(int8.data));
  expect(await pixels({ palette: 0, quantize: 'int8' })).toBe(sha256(int8.data));
  expect(await pixels({ palette: 0 })).toBe(sha256(none.data));
  expect(psnr(int8, none)).toBeGreaterThan(40);                 // reached: 50.8 dB
  expect(psnr(int8, none)).toBeLessThan(80);
  const output = join(dir, 'int8.png');
  await generate({ ...o, quantize: 'int8', output });
  expect((await readMetadata(output))?.settings['quantize']).toBe('int8');
  expect(await replay(output, { model, output: join(dir, 'int8-again.png') })).toMatchObject({ same: true });
  await expect(pixels({ quantize: 'int4' as 'int8' })).rejects.toThrow('quantize "int4" is not known; allowed: none, int8');
});

test('an image in memory is the image in its file', async () => {
  const image = { data: new Uint8Array(64 * 64 * 4).map((_, i) => (i % 4 === 3 ? 255 : (i * 7) % 256)), count: 1, width: 64, height: 64, channels: 4, fps: 8 } as const;
  await writeFilm(join(dir, 'small.png'), image);
  expect(await pixels({ images: [{ image, frame: 2 }] })).toBe(await pixels({ images: [{ file: join(dir, 'small.png'), frame: 2 }] }));
  const film = join(dir, 'given.png');
  await generate({ prompt, frames: 1, model, output: film, images: [{ image }] });
  expect((await readMetadata(film))?.settings['images']).toMatchObject([{ name: null, frame: 0, width: 64, height: 64, sha256: expect.any(String) as string }]);
  await expect(pixels({ images: [{ image: { ...image, count: 2, height: 32 } }] })).rejects.toThrow('has 2 frames: wanted one');
  await expect(pixels({ images: [{ image }, { image }] })).rejects.toThrow('image in memory: frame 0 is given already');
});

test('what cannot be kept out is told; seeds of several films stay exact', async () => {
  const notes = async (o: Partial<Omit<GenerateOptions, 'count'>>): Promise<readonly string[] | undefined> => (await generate({ prompt, seed: 7, frames: 1, model, ...o })).notes;
  expect(await notes({ guidance: 1, negative: 'a knight' })).toEqual(['"a knight" is not kept out of the film: that acts through guidance, and guidance 1 is none']);
  expect([await notes({ negative: 'a knight' }), await notes({ guidance: 1 })]).toEqual([undefined, undefined]);
  const seed = Number.MAX_SAFE_INTEGER;
  await expect(generate({ prompt, seed, frames: 1, model, count: 2 })).rejects.toThrow(`seed ${seed} leaves no room for 2 films`);
  await expect(generate({ prompt, seed: 1, frames: 1, model, vary: { amount: 0.3, seed }, count: 2 })).rejects.toThrow('leaves no room for 2 films');
});

test('an unknown word is named, and it alone', async () => {
  const { ignored } = await generate({ prompt: 'a dragon and a knight', frames: 1, model });
  expect(ignored).toEqual(['dragon']);
});

test.each([
  ['33 frames as a sprite sheet', 'sheet.png', { frames: 33, scale: 1 }, { width: 64, height: 64, frames: 33, codec: 'png' }],
  ['seconds as GIF', 'a.gif', { seconds: 0.8 }, { frames: 6, codec: 'gif', width: 512 }],
  ['one frame is an image', 'one.png', { frames: 1 }, { frames: 1, codec: 'png', width: 512 }],
  ['a wide film in a folder', 'frames', { frames: 2, width: 128, height: 64 }, { frames: 2, width: 512, height: 256, native: { width: 128, height: 64 } }],
  ['a WebM', 'a.webm', { frames: 3, width: 128, height: 64 }, { frames: 3, codec: 'vp9', width: 512, height: 256 }],
  ['a MOV at the model\'s own size', 'a.mov', { frames: 3, scale: 1 }, { frames: 3, codec: 'prores', width: 64 }],
  ['a lossless MKV', 'a.mkv', { frames: 3, scale: 2 }, { frames: 3, codec: 'ffv1', width: 128 }],
  ['an animated WebP', 'a.webp', { frames: 5 }, { frames: 5, codec: 'webp', width: 512 }],
  ['an animated PNG', 'a.apng', { frames: 5, fps: 12 }, { frames: 5, codec: 'apng', seconds: 5 / 12 }],
  ['a tall film at 12 frames a second', 'tall.mp4', { frames: 4, width: 64, height: 96, fps: 12 }, { frames: 4, width: 384, height: 576, seconds: 4 / 12 }],
])('%s', async (_, name, o, facts) => {
  const made = await generate({ prompt, seed: 3, model, output: join(dir, name), ...o });
  expect(made).toMatchObject(facts);
  if (name.endsWith('.mp4')) return;
  const film = await readFilm(made.file!), { film: kept } = await generate({ prompt, seed: 3, model, ...o });
  expect([film.count, film.width, film.height]).toEqual([made.frames, made.width, made.height]);
  if (/\.(webm|mov)$/.test(name)) expect(psnr(film, kept!)).toBeGreaterThan(40);
  else expect(Buffer.compare(toRgb(film).data, kept!.data)).toBe(0);  // the file holds the frames that the library returns
  expect((await readMetadata(made.file!))?.settings['frames']).toBe(made.frames);
});

test('several films in files of their own names', async () => {
  const films = await generate({ prompt, seed: 40, frames: 1, model, output: join(dir, 'x.png'), count: 2 });
  expect(films.map(({ file }) => file)).toEqual([join(dir, 'x-40.png'), join(dir, 'x-41.png')]);
});

test('progress names every phase, in order, from 0 to all; an abort stops the work and leaves nothing', async () => {
  const events: FilmProgress[] = [], abort = new AbortController(), file = join(dir, 'stopped', 'a.mp4');
  await mkdir(join(dir, 'stopped'));
  await generate({ prompt, frames: 5, model, onProgress: (event) => { events.push(event); } });
  expect([...new Set(events.map(({ phase }) => phase))]).toEqual(PHASES);
  for (const phase of PHASES) {
    const own = events.filter((e) => e.phase === phase);
    expect([phase, own[0]!.step, own.at(-1)!.step]).toEqual([phase, 0, own[0]!.steps]);
  }
  const stopped = generate({
    prompt, steps: 50, model, output: file, signal: abort.signal,
    onProgress: ({ phase, step }) => { if (phase === 'sample' && step === 3) abort.abort(); },
  });
  await expect(stopped).rejects.toThrow(CancelledError);
  expect(await readdir(join(dir, 'stopped'))).toEqual([]);
});

test('a model that names an expander reads captions: told, kept in the file, and the same film again without it', async () => {
  const expanding = join(dir, 'expanding'), file = join(dir, 'expanded.png');
  await writeTinyModel(expanding);
  const info = JSON.parse(await readFile(join(expanding, 'model.json'), 'utf8')) as object;
  await writeFile(join(expanding, 'model.json'), JSON.stringify({ ...info, expander: 'sprites' }));
  const o = { model: expanding, prompt: 'a lass without a hat strolls west over a zeppelin', seed: 3, frames: 1, scale: 1 };
  const made = await generate({ ...o, output: file }), { settings } = (await readMetadata(file))!, read = settings['reads'] as { prompt: string; negative: string };
  expect(made.expanded).toMatch(/^A woman with .* walks to the left\. /);
  expect([made.expanded, read.negative, made.ignored]).toEqual([read.prompt, 'a leather hat', ['zeppelin']]);
  expect(await pixels(o)).toBe(await pixels({ ...o, prompt: read.prompt, negative: read.negative, expand: false }));
  expect(await pixels(o)).not.toBe(await pixels({ ...o, expand: false }));
  expect((await generate({ ...o, expand: false })).expanded).toBeUndefined();
  const story = { seconds: 3, shots: [{ at: 0, prompt: 'knight walks left' }, { at: 1.5, prompt: 'she falls' }] };
  const told = await generate({ seed: 7, model: expanding, storyboard: story });
  expect(told.shots).toEqual([{ at: 0, reads: told.expanded }, { at: 1.5, reads: expect.stringMatching(/ falls/) as string }]);
});

test('weights change the film, those of 1 do not', async () => {
  const plain = await pixels({ prompt: 'a woman with red hair walks' });
  expect(await pixels({ prompt: 'a woman with (red hair:1) walks' })).toBe(plain);
  expect(await pixels({ prompt: 'a woman with (red hair:3) walks' })).not.toBe(plain);
  expect(await pixels({ negative: '(a knight:0.5)' })).not.toBe(await pixels({ negative: 'a knight' }));
  await expect(pixels({ prompt: 'a (knight:5)' })).rejects.toThrow('weight "5" of "(knight:5)" is not possible: wanted a number from 0 to 4');
});

/** A square before a plain ground, as a film to act on. */
const square: Frames = {
  data: new Uint8Array(9 * 64 * 64 * 3).map((_, i) => {
    const p = Math.floor(i / 3), x = p % 64, y = (p >> 6) % 64;
    return (x > 20 && x < 44 && y > 20 && y < 50 ? [200, 40, 60] : [104, 138, 92])[i % 3]!;
  }),
  count: 9, width: 64, height: 64, channels: 3, fps: 8,
};

test('a transparent film: cut out in every format that can, made again to the byte from what it says, and the same film with and without an output', async () => {
  const o = { prompt, model, seed: 4, video: { film: square }, strength: 0, transparent: true } as const;
  const { film, notes } = await generate(o);
  expect([film!.channels, film!.data[3], film!.data[4 * (32 * 8 * 512 + 32 * 8) + 3], notes]).toEqual([4, 0, 255, undefined]);
  for (const name of ['cut.webm', 'cut.mov', 'cut.mkv', 'cut.gif', 'cut.webp', 'cut.apng', 'cut.png', 'cut']) {
    const file = join(dir, name), made = await generate({ ...o, output: file }), back = await readFilm(file);
    expect([name, back.count, back.channels, made.json]).toEqual([name, 9, 4, name === 'cut.png' ? join(dir, 'cut.json') : undefined]);
    let alpha = 0;
    for (let i = 3; i < back.data.length; i += 4) alpha = Math.max(alpha, Math.abs(back.data[i]! - film!.data[i]!));
    expect([name, alpha]).toEqual([name, 0]);
    expect((await readMetadata(file))?.settings['transparent']).toBe(true);
  }
  for (const name of ['cut.webp', 'cut.webm', 'cut']) {
    const { same } = await replay(join(dir, name), { model, output: join(dir, `again-${name}`) });
    expect([name, same]).toEqual([name, true]);
  }
  await expect(generate({ ...o, output: join(dir, 'cut.mp4') })).rejects.toThrow('.mp4 films cannot be transparent; those that can: .webm, .mov');
});

test('what has no plain ground stays opaque, and that is told; a prompt that tells another ground is refused', async () => {
  const noise = { ...sliceFrames(square, 0, 2), data: new Uint8Array(2 * 64 * 64 * 3).map((_, i) => (i * 7919) % 251) };
  const { film, notes } = await generate({ prompt, model, video: { film: noise }, strength: 0, transparent: true, palette: 0 });
  expect([film!.channels, film!.data[3]]).toEqual([4, 255]);
  expect(notes).toEqual(['no frame has a ground of one flat colour, so the film is opaque: ask for a plain background, or for another seed']);
  const expanding = join(dir, 'expanding');
  await expect(generate({ prompt: 'a knight walks on the grass', model: expanding, transparent: true })).rejects.toThrow('a transparent film needs a ground of one flat colour');
  expect((await generate({ prompt: 'a knight walks to the left', model: expanding, transparent: true, frames: 1 })).expanded).toMatch(/on a plain green background\.$/);
});
