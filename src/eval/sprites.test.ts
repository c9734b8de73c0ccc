import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ortBackend } from '../backend/ort/ort.ts';
import { InputError } from '../core/errors.ts';
import { writeFixture } from '../data/sprites/testing-fixture.ts';
import { loadSpriteWorld, renderClip, splitOf, type HairColour, type SpriteWorld, type Action, type Garment } from '../data/sprites/world.ts';
import { frameBytes, type Frames } from '../media/frames.ts';
import { ATTRIBUTES } from '../models/judge/config.ts';
import { initialValues, listParams } from '../nn/param.ts';
import { judgeParams } from '../models/judge/judge.ts';
import type { Reading } from '../train/tasks/judge-read.ts';
import { SPRITES_JUDGE, STILL, writeJudge } from '../train/tasks/judge-task.ts';
import { loadJudge, makeJudge, type SpriteJudge } from './judge.ts';
import { drawEvalPrompts, withUnknownWord } from './prompts.ts';
import { dealt, frozen, scoreReadings, shuffledScores } from './score.ts';
import { evalSprites, type EvalRecord, type EvalSpritesOptions, type GenerateClip } from './sprites.ts';

const COUNT = 24, FRAMES = 9;
let dir: string, world: SpriteWorld, clips: Frames[], knowing: SpriteJudge;
const keyOf = (film: Frames, t: number): string => Buffer.from(film.data.subarray(t * frameBytes(film), (t + 1) * frameBytes(film))).toString('latin1');

beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'kinora-eval-'));
  await writeFixture(path.join(dir, 'lpc'));
  world = await loadSpriteWorld(path.join(dir, 'lpc'));
  const drawn = drawEvalPrompts(world, { count: COUNT, frames: FRAMES }), known = new Map<string, Reading>();
  clips = drawn.map(({ spec }) => renderClip(world, spec).frames);
  clips.forEach((clip, i) => { for (let t = 0; t < clip.count; t++) known.set(keyOf(clip, t), drawn[i]!.prompt.truth); });
  knowing = {                                                  // a judge that knows every real frame, and sees whether anything moves
    read: async (films) => films.map((film) => {
      const still = Array.from({ length: film.count }, (_, t) => keyOf(film, t)).every((k, _, [first]) => k === first);
      const truth = known.get(keyOf(film, 0)) ?? { action: 'walk', facing: 'left', hair: 'none', garment: 'none' };
      return still ? { ...truth, action: STILL } : truth;
    }),
  };
}, 60_000);
afterAll(() => rm(dir, { recursive: true, force: true }));

const perfect: GenerateClip = (_, seed) => Promise.resolve(clips[seed]!);
const evaluate = (o: Partial<EvalSpritesOptions> = {}) => evalSprites({
  model: 'test', judge: knowing, generateClip: perfect, lpc: { world, reconstruct: (films) => Promise.resolve([...films]) }, prompts: COUNT, frames: FRAMES,
  environment: { config: {}, threads: 2, now: new Date(0) }, ...o,
});

describe('prompts', () => {
  test('held-out combinations, each telling garment, action and facing, hair where it shows; a function of the index', () => {
    const drawn = drawEvalPrompts(world, { count: COUNT, frames: FRAMES });
    expect(drawEvalPrompts(world, { count: 5, frames: FRAMES })).toEqual(drawn.slice(0, 5));
    for (const { prompt: { truth, told, index, deed, prompt: asked }, spec } of drawn) {
      expect(splitOf(truth.garment as Garment, truth.hair === 'none' ? null : truth.hair as HairColour, truth.action as Action)).toBe('heldout');
      expect(told).toEqual(ATTRIBUTES.filter((a) => !(a === 'hair' && truth.hair === 'none') && !(a === 'facing' && truth.action === 'fall')));
      expect([deed.length > 0, deed.length < asked.length, /hair|发|plate|shirt|robe|袍|甲|衫/.test(deed)]).toEqual([true, true, false]);
      expect([spec.frames, spec.characters.length, drawn[index]!.prompt.index]).toEqual([FRAMES, 1, index]);
    }
    expect(new Set(drawn.map((d) => d.prompt.language)).size).toBe(2);
  });

  test('an unknown word is inserted and nothing else changes', () => {
    for (const { prompt } of drawEvalPrompts(world, { count: COUNT, frames: FRAMES })) {
      const text = withUnknownWord(prompt);
      expect(withUnknownWord(prompt)).toBe(text);
      const strange = text.length - prompt.prompt.length;
      expect(strange).toBeGreaterThan(1);
      expect(Array.from({ length: text.length }, (_, i) => text.slice(0, i) + text.slice(i + strange))).toContain(prompt.prompt);
    }
  });
});

describe('scores', () => {
  const asked = [
    { truth: { action: 'walk', facing: 'left', hair: 'red', garment: 'robe' }, told: ATTRIBUTES },
    { truth: { action: 'fall', facing: 'towards', hair: 'none', garment: 'vest' }, told: ['action', 'garment'] as const },
  ];
  test('count only what is told', () => {
    const scores = scoreReadings([asked[0]!.truth, { action: 'fall', facing: 'left', hair: 'red', garment: 'robe' }], asked);
    expect(ATTRIBUTES.map((a) => [scores[a].share, scores[a].count])).toEqual([[1, 2], [1, 1], [1, 1], [0.5, 2]]);
  });
  test('nobody keeps the place, and all are dealt', () => {
    for (const n of [2, 3, 50]) {
      expect(dealt(n).filter((x, i) => x === i)).toEqual([]);
      expect([...dealt(n)].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
    }
  });
  test('shuffled prompts agree as often as chance says', () => {
    const names = ['a', 'b', 'c', 'd'], many = Array.from({ length: 2000 }, (_, i) => ({
      truth: { action: names[i % 4]!, facing: names[(i * 7) % 3]!, hair: 'x', garment: names[(i * 5) % 4]! }, told: ATTRIBUTES,
    }));
    const found = shuffledScores(many.map((m) => m.truth), many);
    expect(ATTRIBUTES.map((a) => Math.round(found[a].chance * 100))).toEqual([25, 33, 100, 25]);
    for (const a of ATTRIBUTES) expect(Math.abs(found[a].share! - found[a].chance)).toBeLessThan(0.04);
  });
});

describe('evaluation', () => {
  test('real clips as the model: everything at its ceiling, and the controls fail', async () => {
    const report = await evaluate();
    for (const a of ATTRIBUTES) {
      const { films, ceiling, ceiling_reconstructed: reconstructed, of_ceiling: share } = report.attributes[a];
      expect([films, ceiling, reconstructed, share]).toEqual([1, 1, 1, 1]);
    }
    for (const a of ['action', 'garment'] as const) expect(report.controls.shuffled[a].share).toBeLessThan(0.6);
    expect([report.controls.frozen.action.share, report.controls.frozen_real!.action.share, report.controls.frozen.garment.share]).toEqual([0, 0, 1]);
    expect(report.controls.unknown_word).toEqual({ films: COUNT, cost: { action: 0, facing: 0, hair: 0, garment: 0 } });
    const { motion_ratio: motion, motion_ratio_median: median, hair, garment } = report.image_to_video;
    expect([report.motion_ratio, report.saturation_ratio, motion, median, hair.films, garment.of_ceiling]).toEqual([1, 1, 1, 1, 1, 1]);
    expect([report.vae!.psnr, report.vae!.ssim, report.vae!.clips, report.vae!.images!.clips]).toEqual([Infinity, 1, COUNT, COUNT]);
    expect([report.suite, report.prompts, report.train_on_films, report.attributes.action.count]).toEqual(['sprites', COUNT, null, COUNT]);
    expect(Object.keys(report)).toContain('configHash');
  }, 120_000);

  test('the parts with unknown words and from images can be left out', async () => {
    const report = await evaluate({ unknownWord: 0, imageToVideo: 0 });
    expect(report.controls.unknown_word).toEqual({ films: 0, cost: { action: null, facing: null, hair: null, garment: null } });
    expect([report.image_to_video.films, report.image_to_video.motion_ratio, report.attributes.action.films]).toEqual([0, null, 1]);
  }, 120_000);

  test('a model that is put off by unknown words, and stands still on images, is found out', async () => {
    const prompts = drawEvalPrompts(world, { count: COUNT, frames: FRAMES }).map((d) => d.prompt);
    const report = await evaluate({
      generateClip: (text, seed, { images }) => Promise.resolve(
        images.length > 0 ? frozen(clips[seed]!) : text === prompts[seed]!.prompt ? clips[seed]! : clips[(seed + 1) % COUNT]!),
      unknownWord: COUNT, imageToVideo: 6,
    });
    expect(report.controls.unknown_word.cost.garment).toBeGreaterThan(40);
    expect([report.image_to_video.films, report.image_to_video.motion_ratio, report.image_to_video.garment.films]).toEqual([6, 0, 1]);
  }, 120_000);

  test('without sheets the record stands in for real clips', async () => {
    let record: EvalRecord | undefined;
    await evaluate({ imageToVideo: 1, unknownWord: 1, onRecord: (made) => { record = made; } });
    const { lpc: _, ...rest } = {
      model: 'test', judge: knowing, generateClip: perfect, lpc: null, prompts: 12, frames: FRAMES,
      environment: { config: {}, threads: 2, now: new Date(0) },
    };
    const report = await evalSprites({ ...rest, record: record!, imageToVideo: 2, unknownWord: 2 });
    expect([report.attributes.hair.ceiling, report.prompts, report.motion_ratio, report.image_to_video.films, report.vae?.clips]).toEqual([1, 12, null, 2, COUNT]);
    await expect(evalSprites({ ...rest, prompts: 1000, record: record! })).rejects.toThrow(`holds ${COUNT}`);
    await expect(evalSprites(rest)).rejects.toThrow(InputError);
  }, 120_000);

  test('learning from films that are the real clips is learning from real clips', async () => {
    const drawn = drawEvalPrompts(world, { count: 12, frames: FRAMES, split: 'train', stream: 'eval/train-on-films' });
    const report = await evaluate({
      generateClip: (text, seed) => Promise.resolve(drawn[seed]?.prompt.prompt === text ? renderClip(world, drawn[seed].spec).frames : clips[seed]!),
      trainOnFilms: { films: 12, steps: 2, backend: ortBackend() }, imageToVideo: 1, unknownWord: 1,
    });
    const { films, on_films: onFilms, on_real: onReal } = report.train_on_films!;
    expect([films, onFilms.action.count]).toEqual([drawn.filter((d) => d.prompt.told.includes('hair')).length, COUNT]);
    expect(onFilms).toEqual(onReal);
  }, 120_000);
});

test('a judge is the same after it was written and read, to half precision', async () => {
  const backend = ortBackend(), weights = Object.fromEntries(listParams(judgeParams(SPRITES_JUDGE)).map(({ name, leaf }) => [name, initialValues(leaf, name, 3)]));
  const file = path.join(dir, 'judge.safetensors');
  await writeJudge(file, SPRITES_JUDGE, weights);
  using read = await loadJudge(file, backend);
  using own = await makeJudge(SPRITES_JUDGE, weights, backend);
  const some = [...clips.slice(0, 5), ...clips.slice(0, 3).map((clip) => frozen(clip))];
  expect(await read.read(some)).toEqual(await own.read(some));
  await expect(read.read([{ ...clips[0]!, width: 32, height: 128 }])).rejects.toThrow(/64×64/);
});
