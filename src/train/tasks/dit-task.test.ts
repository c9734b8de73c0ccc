import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ortBackend } from '../../backend/ort/ort.ts';
import { sizeOf } from '../../core/shape.ts';
import { draws, normals } from '../../core/random.ts';
import { readPrompt } from '../../data/sprites/reader.ts';
import { writeFixture } from '../../data/sprites/testing-fixture.ts';
import { drawClip, loadSpriteWorld, renderClip, type SpriteWorld } from '../../data/sprites/world.ts';
import { sha256 } from '../../io/safetensors.ts';
import { concatFrames, sliceFrames } from '../../media/frames.ts';
import { DIT_PRESETS } from '../../models/dit/config.ts';
import { CONTEXT_SIGMA, GENERATED, GIVEN } from '../../models/dit/pack-feeds.ts';
import { packPlaces } from '../../models/dit/layout.ts';
import { stage, type Walk } from '../../models/dit/regions.ts';
import { latentFrames, VAE_PRESETS } from '../../models/vae/config.ts';
import { vaeParams } from '../../models/vae/vae.ts';
import { listParams } from '../../nn/param.ts';
import { loadTokenizer } from '../../pipeline/prompt/tokenizer.ts';
import { ditTask, sampleMaker, stageBank, type DiTTaskConfig, type DiTTaskParts } from './dit-task.ts';
import { dataFingerprint } from '../clips/identity.ts';
import { clipStream, givenFrames, keptFrames, shapeName, shapeOf } from '../clips/clip-shape.ts';
import { cacheLatents, encoder, type CacheOptions, type FrozenVae, type LatentClips } from '../clips/latents.ts';
import type { SampleShape } from './layout-bank.ts';
import { spriteSource } from '../clips/sprite-source.ts';

const SEED = 3, CLIPS = 10, SHAPE = shapeOf('9x64x64'), ENDING = shapeOf('9x64x64/5'), CHANGE = shapeOf('17x64x64@change'), LATE = shapeOf('9x64x64@late');
const backend = ortBackend(), config = DIT_PRESETS.tiny, perFrame = config.channels * 64;
const weights = Object.fromEntries(listParams(vaeParams(VAE_PRESETS.tiny)).map(({ name, leaf }, step) =>
  [name, normals({ seed: 1, stream: 'vae', step }, sizeOf(leaf.shape)).map((x) => x / 8)]));
const ones = new Array<number>(config.channels).fill(1), vae: FrozenVae = { config: VAE_PRESETS.tiny, weights, hash: 'abc', mean: ones.map(() => 0), std: ones };
const DATA: DiTTaskConfig = {
  seed: SEED, prediction: 'x', shift: 1, tokens: 1024, layouts: 2, stages: [], dropCaption: 0, noisyCaption: 0, deedCaption: 0, independent: 0, prefix: 0,
};
const kind = (o: Partial<SampleShape> = {}): SampleShape => ({ ...SHAPE, given: 0, share: 1, ...o });

let dir: string, world: SpriteWorld, latents: Map<string, LatentClips>;
const cache = (o: Partial<CacheOptions> = {}): Promise<LatentClips> => cacheLatents({
  vae, source: spriteSource(world), backend, dir: path.join(dir, 'cache'), seed: SEED, split: 'train', shape: SHAPE, clips: CLIPS, ...o,
});
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'kinora-dit-'));
  await writeFixture(path.join(dir, 'lpc'));
  world = await loadSpriteWorld(path.join(dir, 'lpc'));
  latents = new Map([['9x64x64', await cache()], ['9x64x64/5', await cache({ shape: ENDING, clips: 4 })]]);
  for (const shape of [CHANGE, LATE]) latents.set(shapeName(shape), await cache({ shape }));
}, 60_000);
afterAll(() => rm(dir, { recursive: true, force: true }));

const parts = (data: Partial<DiTTaskConfig> = {}): Omit<DiTTaskParts, 'tokenizer' | 'text' | 'backend'> =>
  ({ config, data: { ...DATA, ...data }, source: spriteSource(world), vae, latents });
const sampleOf = (shape: SampleShape, step: number, data: Partial<DiTTaskConfig> = {}) => sampleMaker(parts(data)).sample(shape, 'train', { seed: SEED, stream: 'test', step });
const steps = Array.from({ length: 200 }, (_, step) => step);

test('cached latents are those of the clip, of its given frames and of its ending, each encoded alone', async () => {
  const index = 2, { frames } = renderClip(world, drawClip(world, { key: { seed: SEED, stream: clipStream('train', ENDING), step: index }, split: 'train', ...SHAPE }));
  const alone = async (from: number, to: number): Promise<Float32Array> => encoder(vae, backend)([sliceFrames(frames, from, to)]);
  const far = (a: Float32Array, b: Float32Array): number => a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0);
  const size = 4e-3;                                            // of half precision of values up to 4
  const whole = latents.get('9x64x64')!, ending = latents.get('9x64x64/5')!;
  expect([whole.frames, whole.perFrame, ending.frames]).toEqual([3, perFrame, 2]);
  expect([keptFrames(SHAPE), keptFrames(ENDING), keptFrames(shapeOf('1x64x64'))]).toEqual([3 + 3, 2, 1]);
  expect([keptFrames(LATE), keptFrames(shapeOf('9x64x64@fall'))]).toEqual([3, 3 + 3]);
  expect(far(whole.clip(index), await alone(0, 9))).toBeLessThan(size);
  for (const [which, t] of givenFrames(SEED, 'train', SHAPE, index).entries()) expect(far(whole.given(index, which), await alone(t, t + 1))).toBeLessThan(size);
  const reused = await alone(4, 9);
  expect(far(ending.clip(index), reused)).toBeLessThan(size);
  const inside = encoder(vae, backend)([concatFrames([frames])])
    .then((z) => Float32Array.from({ length: reused.length }, (_, i) => z[Math.floor(i / 2 / 64) * 3 * 64 + 64 + i % 128]!));
  expect(far(reused, await inside)).toBeGreaterThan(0.05);      // and not a cut of the clip's own latents
});

test('sprites\' caches are called by what they were always called by, so that those on disk stay valid', async () => {
  const name = (label: string, shape: object, clips: number): string =>
    `train-${label}-${sha256(JSON.stringify([SEED, 'train', shape, clips, 3, dataFingerprint(world)])).slice(0, 12)}.safetensors`;
  const names = await readdir(path.join(dir, 'cache'));
  expect(names).toEqual(expect.arrayContaining([name('9x64x64', SHAPE, CLIPS), name('9x64x64-5', ENDING, 4), name('17x64x64@change', CHANGE, CLIPS)]));
});

test('a cache belongs to one autoencoder; shapes without whole latents are refused and leave nothing', async () => {
  await expect(cache({ vae: { ...vae, hash: 'other' } })).rejects.toThrow('holds latents of autoencoder abc, this one is other');
  const files = await readdir(path.join(dir, 'cache'));
  await expect(cache({ shape: shapeOf('8x64x64') })).rejects.toThrow('clips of 8 frames have no whole latents: wanted 4n + 1');
  await expect(cache({ shape: shapeOf('9x64x64/9') })).rejects.toThrow('an ending of 9 frames of clips of 9: wanted fewer');
  expect(await readdir(path.join(dir, 'cache'))).toEqual(files);
  expect(() => sampleOf(kind({ width: 96 }), 0)).toThrow('keeps no clips of 9x96x64, it has 9x64x64, 9x64x64/5, 17x64x64@change, 9x64x64@late');
  expect(() => shapeOf('9x64x64@jump')).toThrow('"9x64x64@jump" names no clips: wanted such as 17x64x64, 17x64x64@fall, 17x64x64/9');
});

test('without more, a sample is a clip at one noise level, with its caption', () => {
  const s = sampleOf(kind(), 1);
  expect(s).toEqual(sampleOf(kind(), 1));
  expect([s.times, s.kinds, s.clean.length]).toEqual([[0, 4, 8], [GENERATED, GENERATED, GENERATED], 3 * perFrame]);
  expect(new Set(s.sigmas).size).toBe(1);
  const captions = new Set(steps.map((step) => sampleOf(kind(), step).captions[0]));
  expect(captions.size).toBeGreaterThan(100);                   // a new wording each time, of ten clips
  expect(captions.has('')).toBe(false);
  const dropped = steps.filter((step) => sampleOf(kind(), step, { dropCaption: 0.25 }).captions[0] === '').length;
  expect(dropped).toBeGreaterThan(30); expect(dropped).toBeLessThan(70);
});

test('a kind with a shift of its own has its noise levels by it, clips and words as without', () => {
  for (const step of steps.slice(0, 20)) {
    const { sigmas, ...plain } = sampleOf(kind(), step), { sigmas: moved, ...own } = sampleOf(kind({ shift: 3 }), step, { shift: 7 }), odds = (s: number): number => s / (1 - s);
    expect(own).toEqual(plain);
    expect(odds(moved[0]!) / odds(sigmas[0]!)).toBeCloseTo(3, 3);
  }
});

test('given frames stand behind the clip at their own times, nearly clean; prefixes stand in it', () => {
  for (const step of steps.slice(0, 40)) {
    const s = sampleOf(kind({ given: 2 }), step);
    expect([s.times.length, s.kinds, s.clean.length]).toEqual([5, [GENERATED, GENERATED, GENERATED, GIVEN, GIVEN], 5 * perFrame]);
    expect(Array.from(s.sigmas.slice(3))).toEqual([Math.fround(CONTEXT_SIGMA), Math.fround(CONTEXT_SIGMA)]);
    expect(s.times.slice(3).every((t) => t >= 0 && t <= 8)).toBe(true);
  }
  const prefixed = steps.map((step) => sampleOf(kind(), step, { prefix: 1 }));
  for (const s of prefixed) {
    expect([s.kinds[0], s.kinds[2], s.times]).toEqual([GIVEN, GENERATED, [0, 4, 8]]);
    expect(s.sigmas[0]).toBe(Math.fround(CONTEXT_SIGMA));
  }
  expect(new Set(prefixed.map((s) => s.kinds[1])).size).toBe(2);
  const mixed = steps.map((step) => sampleOf(kind(), step, { independent: 0.5, prefix: 0.5 }));
  expect(mixed.filter((s) => s.kinds[0] === GENERATED && new Set(s.sigmas).size === 3).length).toBeGreaterThan(70);
  expect(mixed.filter((s) => s.kinds[0] === GENERATED && new Set(s.sigmas).size === 1).length).toBeGreaterThan(25);
});

test('a given ending is a clip of its own at the film\'s end; in half of the samples the beginning is given too', () => {
  const samples = steps.map((step) => sampleOf(kind({ ending: 5 }), step));
  for (const s of samples) expect([s.times, s.kinds.slice(2), s.clean.length]).toEqual([[0, 4, 8, 4, 8], [GENERATED, GIVEN, GIVEN], 5 * perFrame]);
  const both = samples.filter((s) => s.kinds[0] === GIVEN).length;
  expect(both).toBeGreaterThan(70); expect(both).toBeLessThan(130);
});

test('of a clip whose deed changes, what comes before is given and the caption tells what comes then', () => {
  const told: Record<string, RegExp> = { walk: /walk|stroll|strid|step|走|行/, fall: /fall|collaps|倒|摔|跌/ };
  let read = 0;
  for (const step of steps.slice(0, 60)) {
    const s = sampleOf(kind(CHANGE), step, { prefix: 1, independent: 1 }), given = s.kinds.filter((k) => k === GIVEN).length;
    expect([s.kinds.length, s.kinds.lastIndexOf(GIVEN) + 1, given === 2 || given === 3]).toEqual([5, given, true]);
    const index = draws({ seed: SEED, stream: 'test', step }).int(CLIPS);                        // a sample's first draw is its clip
    const { next } = drawClip(world, { key: { seed: SEED, stream: clipStream('train', CHANGE), step: index }, split: 'train', ...CHANGE }).characters[0]!;
    expect(given).toBe(latentFrames(next!.from));
    const words = told[next!.labels.action];
    if (words) { expect(s.captions[0]).toMatch(words); read++; }
  }
  expect(read).toBeGreaterThan(10);
});

test('of a clip whose deed had begun before, the beginning is given; what is drawn evenly keeps its shares', () => {
  const counts = steps.slice(0, 60).map((step) => sampleOf(kind(LATE), step, { independent: 1 }).kinds.filter((k) => k === GIVEN).length);
  expect(new Set(counts)).toEqual(new Set([1, 2]));
  const shapes = [kind({ share: 3 }), kind({ ...LATE, share: 1 })], bank = stageBank({ ...DATA, tokens: 768, layouts: 4, even: true }, { from: 0, shapes }, config.patch);
  expect(bank.flatMap(({ samples }) => samples).filter((s) => s.deeds === 'late').length).toBe(4);       // of 16
});

test('a sample told by regions has a caption of each of two, told as one alone; one character is told twice, and pictures of both layouts fit a pack', async () => {
  const PAIR = shapeOf('17x128x64@pair'), ONE = shapeOf('1x96x64');
  for (const shape of [PAIR, ONE]) latents.set(shapeName(shape), await cache({ shape }));
  const shapes = [kind({ ...PAIR, regions: 2 }), kind({ ...ONE, regions: 2, share: 4 }), kind({ share: 2 })], relations = new Map<string, number>();
  for (const step of steps.slice(0, 60)) {
    const { captions, hears, columns, times } = sampleOf(shapes[0]!, step), key = { seed: SEED, stream: clipStream('train', PAIR) };
    const { characters, relation } = drawClip(world, { key: { ...key, step: draws({ ...key, stream: 'test', step }).int(CLIPS) }, split: 'train', ...PAIR });
    relations.set(relation, (relations.get(relation) ?? 0) + 1);
    expect(captions).toHaveLength(2);
    captions.forEach((caption, i) => {
      const { characters: read } = readPrompt(caption) ?? { characters: [] };
      for (const { facts } of read) if (facts.hairColour) expect([caption, facts.hairColour]).toEqual([caption, characters[i]!.labels.hairColour]);
      expect(read.length, caption).toBeLessThan(2);
    });
    const staging = characters.map(({ place: { x, dx } }) => ({ from: x + 32, to: x + 32 + 16 * dx })) as [Walk, Walk];
    expect({ hears, columns }).toEqual(stage({ staging, progress: times.map((t) => t / 16), height: 8, width: 16, side: 8 }));
  }
  expect([...relations.keys()].sort()).toEqual(['apart', 'crossing']);
  const alone = steps.map((step) => sampleOf(shapes[1]!, step)).filter(({ captions: [a, b] }) => a === b), heard = alone.map(({ hears }) => hears!.reduce((n, one) => n + one, 0));
  expect(alone.length).toBeGreaterThan(20);
  const whole = alone[0]!.hears!.length, placed = heard.filter((n) => n < whole);                  // most are told where they are: in 7 or 8 of 12 columns, fewer at a side
  expect(placed.length / alone.length).toBeGreaterThan(0.6);
  expect(placed.length).toBeLessThan(alone.length);
  expect(Math.max(...placed)).toBeLessThanOrEqual(whole * 8 / 12);
  expect(sampleOf(shapes[0]!, 0, { dropCaption: 1 })).toMatchObject({ captions: ['', ''] });
  const [bank] = stageBank({ ...DATA, tokens: 1024, layouts: 1, even: true }, { from: 0, shapes }, config.patch), samples = bank!.samples.map((s, i) => sampleOf(s, i));
  const { feeds } = sampleMaker(parts()).pack(bank!, samples, { seed: SEED, stream: 'eps', step: 0 });
  expect(bank!.layout.captions).toBe(samples.reduce((n, s) => n + s.captions.length, 0));
  expect([feeds.captionOfFrames!.length, Math.max(...feeds.captionOfFrames!)]).toEqual([packPlaces(bank!.layout), bank!.layout.captions - 1]);
  expect(() => sampleMaker({ ...parts(), source: { ...parts().source, regions: undefined } as never }).sample(shapes[0]!, 'train', { seed: SEED, stream: 'test', step: 0 }))
    .toThrow('told by 2 regions, which these clips have no words for: wanted 1');
});

test('captions of clips with given frames can leave looks to the given frames; others always tell what they like', () => {
  const LOOKS = /hair|mohawk|ponytail|topknot|pigtails|curls|afro|armou?r|chain|mail|jerkin|tabard|surcoat|robe|shirt|top\b|dress|gown|vest|waistcoat|[发甲袍衫裙装]/;
  const telling = (shape: SampleShape, data: Partial<DiTTaskConfig>): number => steps.filter((step) => LOOKS.test(sampleOf(shape, step, data).captions[0]!)).length;
  expect(telling(kind({ given: 1 }), { deedCaption: 1 })).toBe(0);
  expect(telling(kind(), { prefix: 1, deedCaption: 1 })).toBe(0);
  const half = telling(kind({ given: 1 }), { deedCaption: 0.5 }), all = telling(kind(), { deedCaption: 1 });
  expect(all).toBeGreaterThan(150);
  expect(half).toBeGreaterThan(0.3 * all); expect(half).toBeLessThan(0.7 * all);
});

test('a batch holds the noised tokens of a whole layout, with the clean ones as target; given frames do not count', async () => {
  const tokenizer = await loadTokenizer(fileURLToPath(new URL('../../../models/sprites-64/', import.meta.url)), { length: 48 });
  const text = { vocabulary: tokenizer.vocabulary, length: tokenizer.length, width: config.textWidth!, depth: 1, heads: 2, mlp: 'relu2' as const };
  const stages = [{ from: 0, shapes: [kind(), kind({ given: 1 }), kind({ ending: 5 })] }];
  const task = ditTask({ ...parts({ stages }), tokenizer, text, backend }), { feeds, samples, layout } = await task.batch(4);
  expect(await task.batch(4)).toEqual({ feeds, samples, layout, describe: expect.stringContaining('dit/sample 4096') as string });
  const tokens = feeds['tokens'] as Float32Array, target = feeds['target'] as Float32Array, weight = feeds['weight'] as Float32Array;
  expect(tokens.length).toBe(target.length);
  expect(tokens.length / perFrame).toBe(weight.length);
  const noise = Array.from(weight, (_, f) => Math.sqrt(
    tokens.subarray(f * perFrame, (f + 1) * perFrame).reduce((sum, z, i) => sum + (z - target[f * perFrame + i]!) ** 2, 0) / perFrame));
  noise.forEach((rms, f) => { if (weight[f] === 0) expect(rms).toBeLessThan(0.2); });                                    // given frames do not count and are nearly clean
  expect(weight.some((w) => w === 0)).toBe(true);
  expect(weight.filter((w) => w > 0).length).toBeGreaterThanOrEqual(samples);
  expect(noise.some((rms) => rms > 0.4)).toBe(true);
});
