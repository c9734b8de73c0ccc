/** @file Films with adaptations, on a tiny model with random weights. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { remix, replay } from '../../src/pipeline/again.ts';
import type { FilmOptions } from '../../src/pipeline/settings/film-options.ts';
import type { InstalledModel } from '../../src/pipeline/model/model-store.ts';
import { openPipeline, type Pipeline } from '../../src/pipeline/pipeline.ts';
import { readMetadata } from '../../src/media/read.ts';
import { writeTinyLora } from '../support/tiny-lora.ts';
import { writeTinyModel } from '../support/tiny-model.ts';

let dir: string, model: InstalledModel, pipeline: Pipeline, style: string, other: string;

async function randomLora(name: string, o: Parameters<typeof writeTinyLora>[2] = {}): Promise<string> {
  await writeTinyLora(join(dir, name), name, o);
  return join(dir, name);
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kinora-lora-'));
  model = await writeTinyModel(join(dir, 'tiny'));
  pipeline = await openPipeline({ model: model.dir, threads: 1 });
  [style, other] = [await randomLora('style.safetensors'), await randomLora('other.safetensors')];
});
afterAll(async () => { pipeline[Symbol.dispose](); await rm(dir, { recursive: true, force: true }); });

async function film(loras: FilmOptions['loras'], o: Partial<FilmOptions> = {}): Promise<string> {
  const options = { prompt: 'a man walks', seed: 3, frames: 5, scale: 1, palette: 0, ...(loras ? { loras } : {}), ...o };
  for await (const { film: made } of pipeline.films(options)) return Buffer.from(made!.data).toString('base64');
  throw new Error('no film');
}

test('an adaptation changes the film by its strength; none, and strength 0, leave it; the pipeline is the model again afterwards', async () => {
  const plain = await film(undefined), whole = await film([{ file: style }]), half = await film([{ file: style, strength: 0.5 }]);
  expect(new Set([plain, whole, half]).size).toBe(3);
  expect(await film([{ file: style, strength: 0 }])).toBe(plain);
  expect(await film([])).toBe(plain);
  expect(await film([{ file: style }])).toBe(whole);
  expect(await film([{ file: style }], { quantize: 'int8' })).not.toBe(await film(undefined, { quantize: 'int8' }));
});

test('several count together, in any order', async () => {
  const both = await film([{ file: style }, { file: other, strength: -1 }]);
  expect(await film([{ file: other, strength: -1 }, { file: style }])).toBe(both);
  expect(new Set([both, await film([{ file: style }]), await film([{ file: other, strength: -1 }])]).size).toBe(3);
});

test('words of several adaptations count together, in any order; a prompt in such words is read as it is, and no longer known without', async () => {
  const dir2 = join(dir, 'worded'), worded = await writeTinyModel(dir2);
  await writeFile(join(dir2, 'model.json'), JSON.stringify({ ...worded.info, expander: 'sprites' }));
  using sprites = await openPipeline({ model: dir2, threads: 1 });
  const [slime, both] = [await randomLora('slime.safetensors', { words: ['slime', 'hops'] }), await randomLora('both.safetensors', { words: ['robot', 'slime'] })];
  const make = async (prompt: string, loras: FilmOptions['loras'] = []) => {
    for await (const made of sprites.films({ prompt, seed: 3, frames: 5, scale: 1, palette: 0, loras })) return made;
    throw new Error('no film');
  };
  const bytes = ({ film: made }: Awaited<ReturnType<typeof make>>): string => Buffer.from(made!.data).toString('base64');
  const [plain, one] = [await make('a man, a slime and a robot'), await make('a man, a slime and a robot', [{ file: slime }])];
  expect([plain.ignored, plain.expanded !== undefined, one.ignored, one.expanded]).toEqual([['slime', 'robot'], true, ['robot'], undefined]);
  const together = await make('a man, a slime and a robot', [{ file: slime }, { file: both, strength: 0.5 }]);
  expect(together.ignored).toEqual([]);
  expect(bytes(await make('a man, a slime and a robot', [{ file: both, strength: 0.5 }, { file: slime }]))).toBe(bytes(together));
  expect(bytes(await make('a man, a slime and a slime', [{ file: slime }, { file: both, strength: 0.5 }]))).not.toBe(bytes(together));
  const still = await make('a man walks', [{ file: slime }]);
  expect(still.expanded).toBeDefined();                              // no word of the adaptation: worded as ever
});

test('what does not fit is named before weights are read', async () => {
  await expect(film([{ file: join(dir, 'none.safetensors') }])).rejects.toThrow('none.safetensors: no such file');
  await expect(film([{ file: join(model.dir, 'vae.safetensors') }])).rejects.toThrow('vae.safetensors holds no adaptation');
  await expect(film([{ file: style, strength: 3 }])).rejects.toThrow('3 is not possible');
  await expect(film([{ file: style }, { file: style }])).rejects.toThrow('given twice');
  const wide = await randomLora('wide.safetensors', { width: 64 });
  await expect(film([{ file: wide }])).rejects.toThrow(/wide\.safetensors is of another model than tiny: "dit\.blocks\.0\.attn\.qkv\.down" does not fit/);
});

test('a film knows its adaptations; to make it again their files are needed', async () => {
  const output = join(dir, 'film.png');
  const made = pipeline.films({ prompt: 'a man walks', seed: 3, frames: 5, scale: 1, loras: [{ file: style, strength: 0.75 }], output });
  for await (const { file } of made) expect(file).toBe(output);
  expect((await readMetadata(output))!.settings['loras']).toEqual([{ name: 'style.safetensors', sha256: expect.stringMatching(/^[0-9a-f]{64}$/), strength: 0.75 }]);
  const again = { model: model.dir, threads: 1, output: join(dir, 'again.png') };
  await expect(replay(output, again)).rejects.toThrow('was made with the adaptation style.safetensors');
  await expect(replay(output, { ...again, loras: [{ file: other }] })).rejects.toThrow('give that file with --lora');
  expect((await replay(output, { ...again, loras: [{ file: other }, { file: style }] })).same).toBe(true);
  await expect(remix(output, { ...again, prompt: 'a woman walks' })).rejects.toThrow('give that file with --lora');
});
