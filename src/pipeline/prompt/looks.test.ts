import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ortBackend } from '../../backend/ort/ort.ts';
import { ProgramCache } from '../../backend/cache.ts';
import { FileError } from '../../core/errors.ts';
import { writeTensors } from '../../io/safetensors.ts';
import type { Frames } from '../../media/frames.ts';
import { writeTinyModel } from '../../../test/support/tiny-model.ts';
import type { GivenParts } from '../sampling/context.ts';
import type { FilmSettings, PlacedShot } from '../settings/film-options.ts';
import { describeShots, LOOKS_FILE, openLooks, type LooksReader, type SeenLooks } from './looks.ts';
import { addModelFile, findModel } from '../model/model-store.ts';
import { loadTokenizer } from './tokenizer.ts';
import { readFile } from 'node:fs/promises';

const words = await loadTokenizer(fileURLToPath(new URL('../../../models/sprites-64/', import.meta.url)));
const picture = (value: number, count = 1): Frames => ({ data: new Uint8Array(count * 64 * 64 * 3).fill(value), count, width: 64, height: 64, channels: 3, fps: 8 });
const RED: SeenLooks = { people: 'one', folk: 'human', sex: 'female', hairColour: 'red', hairStyle: 'long', garment: 'plate_armor' };
const SEEN: Readonly<Record<number, SeenLooks>> = { 1: RED, 2: { ...RED, hairColour: 'black' }, 3: { people: 'two' }, 4: {} };
const read: LooksReader = (film) => Promise.resolve(SEEN[film.data[0]!]!);
const shot = (start: number, prompt: string, join: PlacedShot['join'] = 'free'): PlacedShot => ({ start, prompt, join });

type At = readonly [value: number, frame: number];
async function reads(shots: readonly PlacedShot[], given: { images?: readonly At[]; clips?: readonly At[] }, recorded: readonly number[] = []) {
  const parts: Pick<GivenParts, 'images' | 'clips'> = {
    images: (given.images ?? []).map(([value, frame]) => ({ image: picture(value), frame, name: null })),
    clips: (given.clips ?? []).map(([value, frame]) => ({ clip: picture(value, 9), frame })),
  };
  const s = { shots, frames: 33, negative: 'a hat' } as unknown as FilmSettings;
  return (await describeShots(s, parts, { read, recorded: (i) => recorded.includes(i), words })).shots.map((made) => made.reads);
}

describe('the looks of given pictures are told', () => {
  const fall = shot(0, 'falls to the ground'), walk = shot(17, 'walks to the left'), told = 'a woman with long red hair in plate armor falls down';
  test('of an image, of a clip; the negative prompt stays', async () => {
    for (const given of [{ images: [[1, 0]] }, { clips: [[1, 0]] }, { images: [[1, 32]] }] as const)
      expect(await reads([fall], given as never)).toEqual([{ prompt: told, negative: 'a hat', ignored: [], mended: {} }]);
  });
  test('only in what all agree on, of one character, with certainty', async () => {
    const [both] = await reads([fall], { images: [[1, 0], [2, 32]] });
    expect(both!.prompt).toMatch(/plate armor/);
    expect(both!.prompt).not.toMatch(/hair/);
    for (const value of [3, 4]) expect(await reads([fall], { images: [[value, 0]] })).toEqual([undefined]);
    expect(await reads([fall], {})).toEqual([undefined]);
  });
  test('to the shots that hold them, and to those that go on from them', async () => {
    expect((await reads([fall, walk], { images: [[1, 0]] })).map((r) => /red/.test(r?.prompt ?? ''))).toEqual([true, true]);
    expect((await reads([fall, { ...walk, join: 'cut' }], { images: [[1, 0]] })).map((r) => r !== undefined)).toEqual([true, false]);
    expect((await reads([fall, walk], { images: [[1, 20]] })).map((r) => r !== undefined)).toEqual([false, true]);
    expect((await reads([fall, walk], { clips: [[1, 12]] })).map((r) => r !== undefined)).toEqual([true, true]);
  });
  test('beside what an expander wrote, and never over a record', async () => {
    const expanded = { ...fall, reads: { prompt: 'falls to the ground', negative: 'a beard', ignored: ['dragon'], mended: { fals: 'falls' } } };
    expect(await reads([expanded], { images: [[1, 0]] })).toEqual([{ prompt: told, negative: 'a beard', ignored: ['dragon'], mended: { fals: 'falls' } }]);
    expect(await reads([expanded], { images: [[1, 0]] }, [0])).toEqual([expanded.reads]);
  });
  test('weights of the prompt stay on their words', async () => {
    expect((await reads([shot(0, '(falls:1.5) to the ground')], { images: [[1, 0]] }))[0]!.prompt).toBe('a woman with long red hair in plate armor (falls down:1.5)');
  });
});

describe('a model with a reader', () => {
  let dir: string;
  beforeAll(async () => { dir = await mkdtemp(join(tmpdir(), 'kinora-looks-')); });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  test('one without reads nothing; a file that is no reader is refused by name', async () => {
    const model = await writeTinyModel(join(dir, 'tiny')), backend = ortBackend({ threads: 1 });
    using programs = new ProgramCache(2);
    expect(await openLooks(model, backend, programs)).toBeNull();
    for (const [metadata, message] of [[{}, 'holds no reader of looks'], [{ looks: '{"world":"ships"}' }, 'reads looks of ships; known: sprites']] as const) {
      await writeTensors(join(dir, 'x.safetensors'), new Map([['a', { shape: [1], data: new Float32Array(1) }]]), { type: 'F16', metadata });
      const holding = await addModelFile(model, LOOKS_FILE, await readFile(join(dir, 'x.safetensors')));
      await expect(openLooks(holding, backend, programs)).rejects.toThrow(FileError);
      await expect(openLooks(holding, backend, programs)).rejects.toThrow(message);
    }
  });

  test('the shipped one is certain of nothing where nobody stands, and reads films of any size', async () => {
    using programs = new ProgramCache(2);
    const look = (await openLooks(await findModel(), ortBackend({ threads: 1 }), programs))!;
    const flat = { ...picture(120), width: 128, data: new Uint8Array(128 * 64 * 3).fill(120) };
    expect(Object.keys(await look(flat)).length).toBeLessThan(12);
  });
});
